import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openshift import kinds
from sandbox.openshift.apply import changed, leaves, merge
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.kubernetes import KubernetesStandIn
from sandbox.openshift.objects import Ref
from sandbox.provider import Refused
from sandbox.tests.openshift.cluster import (
    CONFIG_MAP,
    DEPLOYMENT,
    FACTS,
    KATA_CONFIG,
    NAMESPACE,
    OSC,
    PEER_PODS,
    SECRET,
    Api,
    deployment,
)

maps = st.recursive(
    st.text(max_size=3) | st.integers(),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))


def test_a_kind_is_known_only_once_its_operator_is_installed(api: Api) -> None:
    with pytest.raises(Refused, match='no matches for kind "KataConfig" in version "kataconfiguration'):
        api.put(KATA_CONFIG, "kata", spec={})
    api.install(OSC)
    api.put(KATA_CONFIG, "kata", spec={})


@pytest.mark.parametrize(
    ("type_", "name", "content", "answer"),
    [
        (CONFIG_MAP, "Upper", {"data": {}}, "lowercase RFC 1123 subdomain"),
        (CONFIG_MAP, "big", {"data": {"a": "x" * 1024 * 1024, "b": "x"}}, "at most 1048576 bytes"),
        (CONFIG_MAP, "number", {"data": {"port": 9000}}, "quote it"),
        (
            CONFIG_MAP,
            "a",
            {"metadata": {"name": "a", "namespace": "nowhere"}},
            'namespaces "nowhere" not found',
        ),
        (
            CONFIG_MAP,
            "a",
            {"metadata": {"name": "a", "namespace": "app", "annotations": {"x": "y" * 262145}}},
            "metadata.annotations: Too long",
        ),
        (
            CONFIG_MAP,
            "a",
            {"metadata": {"name": "a", "namespace": "app", "labels": {"x": "no spaces"}}},
            "valid label",
        ),
        (SECRET, "s", {"data": {"key": "not base64"}}, "illegal base64"),
        (
            SECRET,
            "s",
            {"type": "kubernetes.io/tls", "stringData": {"tls.crt": "x"}},
            "data\\[tls.key\\]: Required",
        ),
        (
            DEPLOYMENT,
            "d",
            {"spec": {**deployment(), "selector": {"matchLabels": {"app": "x"}}}},
            "does not match",
        ),
        (
            DEPLOYMENT,
            "d",
            {"spec": {**deployment(), "replica": 1}, "replicas": 1},
            'strict decoding error: unknown field "spec.replica", unknown field "replicas"',
        ),
    ],
)
def test_the_api_server_refuses_what_breaks_its_rules(
    api: Api, type_: str, name: str, content: dict[str, Any], answer: str
) -> None:
    with pytest.raises(Refused, match=answer):
        api.put(type_, name, "app", **content)


def test_an_object_of_somebody_else_is_not_adopted_but_an_interrupted_creation_is(api: Api) -> None:
    made = api.put(CONFIG_MAP, "mine", "app", data={"a": "1"})
    assert api.put(CONFIG_MAP, "mine", "app", data={"a": "1"}) == made
    with pytest.raises(Refused, match='configmaps "mine" already exists'):
        api.put(CONFIG_MAP, "mine", "app", data={"a": "2"})


def test_what_an_operator_wrote_survives_an_update_by_the_program(api: Api) -> None:
    api.kata()
    image = api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]["AZURE_IMAGE_ID"]
    api.change(CONFIG_MAP, "peer-pods-cm", OSC, data={**PEER_PODS, "PROXY_TIMEOUT": "9m"})
    data = api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]
    assert (data["AZURE_IMAGE_ID"], data["DISABLECVM"], data["PROXY_TIMEOUT"]) == (image, "false", "9m")


def test_writing_over_a_field_of_an_operator_is_a_conflict_unless_forced(api: Api) -> None:
    api.kata()
    greedy = {**PEER_PODS, "AZURE_IMAGE_ID": ""}
    with pytest.raises(Refused, match=r'conflict with "cluster-operators": \.data\.AZURE_IMAGE_ID'):
        api.change(CONFIG_MAP, "peer-pods-cm", OSC, data=greedy)
    forced = {"pulumi.com/patchForce": "true"}
    api.change(CONFIG_MAP, "peer-pods-cm", OSC, data={**PEER_PODS, "DISABLECVM": "true"}, annotations=forced)
    # ... and the operator puts its own value back at once.
    assert api.get(kinds.CONFIG_MAP, "peer-pods-cm", OSC)["data"]["DISABLECVM"] == "false"


def test_a_field_that_the_program_no_longer_names_goes(api: Api) -> None:
    api.put(CONFIG_MAP, "c", "app", data={"a": "1", "b": "2"})
    assert api.change(CONFIG_MAP, "c", "app", data={"a": "1"})["data"] == {"a": "1"}


def test_a_patch_resource_takes_its_fields_with_it_and_leaves_the_object(api: Api) -> None:
    api.put(CONFIG_MAP, "c", "app", data={"a": "1"})
    api.put(f"{CONFIG_MAP}Patch", "c", "app", data={"b": "2"})
    assert api.get(kinds.CONFIG_MAP, "c", "app")["data"] == {"a": "1", "b": "2"}
    api.delete(f"{CONFIG_MAP}Patch", "c", "app")
    assert api.get(kinds.CONFIG_MAP, "c", "app")["data"] == {"a": "1"}


def test_a_change_by_hand_is_seen_by_a_refresh_and_belongs_to_the_hand(api: Api) -> None:
    inputs = api.inputs("c", "app", data={"a": "1"})
    api.put(CONFIG_MAP, "c", "app", data={"a": "1"})
    ref = Ref(kinds.CONFIG_MAP, "app", "c")
    api.cluster.edit(ref, lambda live: {**live, "data": {"a": "by hand"}})
    found = api.provider.read(CONFIG_MAP, "app/c", inputs)
    assert found is not None
    assert found[1]["data"] == {"a": "by hand"}
    with pytest.raises(Refused, match="kubectl-edit"):
        api.change(CONFIG_MAP, "c", "app", data={"a": "1"})


def test_immutable_fields_stay(api: Api) -> None:
    api.put(CONFIG_MAP, "c", "app", data={"a": "1"}, immutable=True)
    with pytest.raises(Refused, match="field is immutable when `immutable` is set"):
        api.change(CONFIG_MAP, "c", "app", data={"a": "2"}, immutable=True)


def test_a_namespace_takes_its_contents_along(api: Api) -> None:
    api.put(DEPLOYMENT, "web", "app", spec=deployment())
    assert any(item["metadata"].get("namespace") == "app" for item in api.cluster.objects)
    api.delete(NAMESPACE, "app")
    assert not any(item["metadata"].get("namespace") == "app" for item in api.cluster.objects)
    api.delete(NAMESPACE, "app")


def test_no_secret_lies_in_the_files_in_any_encoding(api: Api) -> None:
    api.put(SECRET, "s", "app", stringData={"password": "canary-7f3a"})
    text = "".join(path.read_text(errors="replace") for path in api.clusters.directory.iterdir())
    token = api.kubeconfig.partition("token: ")[2].strip()
    for form in (
        b"canary-7f3a",
        base64.b64encode(b"canary-7f3a"),
        b"canary-7f3a".hex().encode(),
        token.encode(),
    ):
        assert form.decode() not in text
    assert (api.clusters.directory / "key").stat().st_mode & 0o077 == 0


def test_another_process_finds_the_same_cluster_under_the_same_kubeconfig(api: Api) -> None:
    api.put(SECRET, "s", "app", stringData={"a": "1"})
    elsewhere = StoreClusters(api.clusters.directory.parent)
    assert elsewhere.create("test", FACTS) == api.kubeconfig
    assert list(elsewhere.connect(api.kubeconfig).objects) == list(api.cluster.objects)
    KubernetesStandIn(elsewhere, {"kubeconfig": api.kubeconfig}).delete(SECRET, "app/s", {}, {}, None)
    assert api.provider.read(SECRET, "app/s", {}) is None


def test_a_token_of_a_former_cluster_is_not_accepted(api: Api) -> None:
    api.clusters.delete("test")
    with pytest.raises(Refused, match="Unreachable"):
        api.put(CONFIG_MAP, "c", "app", data={})
    api.clusters.create("test", FACTS)
    with pytest.raises(Refused, match="Unauthorized"):
        api.put(CONFIG_MAP, "c", "app", data={})


@given(live=maps, before=maps, wanted=maps)
def test_applying_twice_is_applying_once(
    live: dict[str, Any], before: dict[str, Any], wanted: dict[str, Any]
) -> None:
    once = merge(live, before, wanted, {})
    assert merge(once, wanted, wanted, {}) == once
    assert all(leaves(once).get(path) == value for path, value in leaves(wanted).items() if value != {})
    assert changed(once, once) == set()
