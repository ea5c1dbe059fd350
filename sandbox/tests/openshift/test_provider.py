from typing import Any

import pytest

from sandbox.openshift.jsonpath import select
from sandbox.openshift.kubernetes import KubernetesStandIn
from sandbox.openshift.objects import Objects, ref_of
from sandbox.openshift.reactions import settle
from sandbox.openshift.waits import unready
from sandbox.provider import UNKNOWN, Incomplete, Refused
from sandbox.tests.openshift.cluster import CONFIG_MAP, DEPLOYMENT, JOB, NAMESPACE, SECRET, Api, deployment

ROLE_BINDING = "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
SERVICE = "kubernetes:core/v1:Service"
ROUTE = "kubernetes:route.openshift.io/v1:Route"
POD = {"containers": [{"name": "a", "image": "a"}], "restartPolicy": "Never"}


@pytest.mark.parametrize(
    ("type_", "content"),
    [
        (CONFIG_MAP, {"data": {"a": "1"}}),
        (SECRET, {"stringData": {"a": "1"}}),
        (DEPLOYMENT, {"spec": deployment()}),
        (SERVICE, {"spec": {"ports": [{"port": 8080, "targetPort": "http"}]}}),
        (ROUTE, {"spec": {"to": {"kind": "Service", "name": "web"}}}),
        (JOB, {"spec": {"template": {"spec": POD}}}),
    ],
)
def test_what_was_just_written_has_no_difference_even_after_a_refresh(
    api: Api, type_: str, content: dict[str, Any]
) -> None:
    inputs = api.inputs("web", "app", **content)
    id_, outputs = api.provider.create(type_, "web", inputs, None)
    assert api.provider.diff(type_, id_, inputs, outputs, inputs).changed == ()
    found = api.provider.read(type_, id_, inputs)
    assert found is not None
    assert found[1] == inputs
    assert api.provider.diff(type_, id_, found[1], found[2], inputs).changed == ()


@pytest.mark.parametrize(
    ("type_", "old", "new", "path", "replaced"),
    [
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, "data.a", False),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"b/c": "1", "a": "1"}}, 'data["b/c"]', False),
        (SECRET, {"stringData": {"a": "1"}}, {"stringData": {"a": "2"}}, "data.a", False),
        (SECRET, {"type": "Opaque"}, {"type": "a/b"}, "type", True),
        (
            JOB,
            {"spec": {"template": {"spec": POD}}},
            {"spec": {"template": {"spec": {**POD, "restartPolicy": "OnFailure"}}}},
            "spec.template.spec.restartPolicy",
            True,
        ),
        (ROLE_BINDING, {"roleRef": {"name": "a"}}, {"roleRef": {"name": "b"}}, "roleRef.name", True),
    ],
)
def test_a_change_is_named_and_replaces_only_where_kubernetes_must(
    api: Api, type_: str, old: dict[str, Any], new: dict[str, Any], path: str, replaced: bool
) -> None:
    inputs = api.inputs("a", "app", **old)
    outputs = api.provider.preview_create(type_, "a", inputs)
    if "stringData" in old:
        outputs["data"] = {"a": "MQ=="}
    diff = api.provider.diff(type_, "app/a", inputs, outputs, api.inputs("a", "app", **new))
    assert diff.changed == (path,)
    assert (diff.replace, diff.delete_before_replace) == (((path,), True) if replaced else ((), False))


def test_a_config_map_is_replaced_unless_the_provider_may_change_it(api: Api) -> None:
    inputs, news = (api.inputs("a", "app", data={"a": value}) for value in "12")
    cautious = KubernetesStandIn(api.clusters, {"kubeconfig": api.kubeconfig})
    assert cautious.diff(CONFIG_MAP, "app/a", inputs, inputs, news).replace == ("data.a",)
    moved = api.provider.diff(CONFIG_MAP, "app/a", inputs, inputs, api.inputs("b", "app", data={"a": "1"}))
    assert (moved.replace, moved.delete_before_replace) == (("metadata.name",), False)


@pytest.mark.parametrize(
    ("type_", "inputs", "property_", "reason"),
    [
        ("kubernetes:helm.sh/v3:Release", {}, "", 'does not know kind "Release"'),
        (CONFIG_MAP, {"metadata": {}}, "metadata.name", "give it one"),
        (CONFIG_MAP, {"metadata": {"name": "a"}, "datas": {}}, "datas", 'unknown field "datas"'),
        (
            "kubernetes:confidentialcontainers.org/v1alpha1:KbsConfig",
            {"metadata": {"name": "a"}, "spec": {"kbsEnvVars": {}}},
            "spec.kbsEnvVars",
            'unknown field "spec.kbsEnvVars"',
        ),
        (CONFIG_MAP, {"metadata": {"name": "A"}}, "metadata.name", "RFC 1123"),
        (
            CONFIG_MAP,
            {"metadata": {"name": "a", "annotations": {"pulumi.com/waitFor": "status.ready"}}},
            'metadata.annotations["pulumi.com/waitFor"]',
            "expected",
        ),
    ],
)
def test_bad_input_is_found_before_anything_is_written(
    api: Api, type_: str, inputs: dict[str, Any], property_: str, reason: str
) -> None:
    (failure,) = api.provider.check(type_, "a", inputs)
    assert failure.property == property_
    assert reason in failure.reason


def test_a_preview_needs_no_cluster_and_touches_none(api: Api) -> None:
    unknown = KubernetesStandIn(api.clusters, {"kubeconfig": UNKNOWN})
    inputs = api.inputs("a", "app", stringData={"a": UNKNOWN})
    assert unknown.check(SECRET, "a", inputs) == []
    outputs = unknown.preview_create(SECRET, "a", inputs)
    assert (outputs["data"], outputs["metadata"]["uid"]) == (UNKNOWN, UNKNOWN)
    assert unknown.update(SECRET, "app/a", {}, inputs, inputs, preview=True, timeout=None)["stringData"]
    assert api.provider.read(SECRET, "app/a", {}) is None


def test_a_preview_of_an_update_finds_what_the_api_server_would_refuse(api: Api) -> None:
    api.put(CONFIG_MAP, "c", "app", data={"a": "1"}, immutable=True)
    news = api.inputs("c", "app", data={"a": "2"}, immutable=True)
    with pytest.raises(Refused, match="field is immutable"):
        api.provider.update(CONFIG_MAP, "app/c", {}, {}, news, preview=True, timeout=None)


def test_a_wait_that_never_comes_true_says_what_for_and_where_to_look(api: Api) -> None:
    wait = {"pulumi.com/waitFor": '["jsonpath={.status.phase}=Active", "condition=Healthy"]'}
    with pytest.raises(Incomplete) as waiting:
        api.put(NAMESPACE, "slow", annotations=wait)
    assert waiting.value.reasons == [
        "waited for condition=Healthy, found no such condition",
        "look at: oc describe namespaces slow",
    ]
    assert (waiting.value.id, waiting.value.outputs["status"]["phase"]) == ("slow", "Active")


def test_a_service_is_not_ready_while_its_pods_are_not(api: Api) -> None:
    volumes = [{"name": "v", "configMap": {"name": "later"}}]
    api.put(
        DEPLOYMENT,
        "web",
        "app",
        spec=deployment(volumes=volumes),
        annotations={"pulumi.com/skipAwait": "true"},
    )
    service = {"selector": {"app": "web"}, "ports": [{"port": 80}]}
    with pytest.raises(Incomplete, match="Service does not target any Pods"):
        api.put(SERVICE, "web", "app", spec=service)
    api.put(CONFIG_MAP, "later", "app", data={})
    api.change(SERVICE, "web", "app", spec=service)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".a.b", [1]),
        ("$.a['b']", [1]),
        (".list[?(@=='x')]", ["x"]),
        (".list[1]", ["y"]),
        (".list[*]", ["x", "y"]),
        (".conditions[?(@.type=='Ready')].status", ["True"]),
        ('.conditions[?@.type == "Other"].status', []),
        (".a.missing.deeper", []),
    ],
)
def test_paths_find_what_kubectl_finds(path: str, found: list[Any]) -> None:
    ready = {"type": "Ready", "status": "True"}
    assert select(path, {"a": {"b": 1}, "list": ["x", "y"], "conditions": [ready]}) == found


def test_reactions_work_on_plain_manifests_and_come_to_rest(api: Api) -> None:
    """They are driven against a real API server too, so nothing of this store may be in them."""
    api.kata()
    plain = Objects(api.cluster.objects)
    assert settle(plain) == []
    live = api.put(DEPLOYMENT, "web", "app", spec=deployment())
    fresh = {key: value for key, value in live.items() if key != "status"}
    objects = Objects([*plain, fresh])
    assert settle(objects)
    web = objects.at(ref_of(fresh))
    assert web is not None
    assert unready(objects, web) == []
