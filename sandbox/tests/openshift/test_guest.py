"""A pod in a VM starts only as far as its own policy lets CRI-O and the shim get."""

import base64
import gzip
import json

import pytest

from model.policy import agent_policy
from model.samples import WEB_IMAGE
from sandbox.openshift.kinds import DEPLOYMENT, POD
from sandbox.openshift.reactions import initdata
from sandbox.provider import Incomplete
from sandbox.tests.guest.policies import ONCE, OPEN, policy
from sandbox.tests.openshift import cluster as objects
from sandbox.tests.openshift.cluster import OSC, Api

ANNOTATION = "io.katacontainers.config.hypervisor.cc_init_data"


def encoded(rego: str) -> str:
    text = f'algorithm = "sha256"\nversion = "0.1.0"\n[data]\n"policy.rego" = {json.dumps(rego)}\n'
    done = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    assert initdata.policy(done) == rego
    return done


def web(rego: str | None = None, **pod):
    spec = objects.deployment(runtimeClassName="kata-remote", **pod)
    if rego is not None:
        spec["template"]["metadata"]["annotations"] = {ANNOTATION: encoded(rego)}
    return spec


def bring_up(api: Api, spec) -> None:
    api.kata()
    api.put(objects.NAMESPACE, "web")
    api.put(objects.DEPLOYMENT, "web", "web", spec=spec)


def refused(api: Api, spec) -> str:
    with pytest.raises(Incomplete) as error:
        bring_up(api, spec)
    return str(error.value)


def waiting(api: Api):
    (pod,) = [one for one in api.cluster.objects.all(POD, "web")]
    return pod["status"]["containerStatuses"][0]["state"]["waiting"]


@pytest.mark.parametrize("rego", [OPEN, ONCE, agent_policy.render(agent_policy.AgentSettings())])
def test_a_pod_starts_where_its_policy_allows_what_starting_takes(api: Api, rego):
    bring_up(api, web(rego))
    assert api.get(DEPLOYMENT, "web", "web")["status"]["availableReplicas"] == 1


def test_a_container_that_the_policy_refuses_never_becomes_available_and_up_says_why(api: Api):
    rule = 'CreateContainerRequest if input.OCI.Annotations["io.kubernetes.cri-o.ContainerType"] == "sandbox"'
    message = refused(api, web(policy(rule, CreateContainer=False)))
    assert (
        'container web: CreateContainer failed: rpc error: code = PermissionDenied desc = "CreateContainer'
        in (message)
    )
    assert "CreateContainerRequest is blocked by policy" in message
    assert waiting(api)["reason"] == "CreateContainerError"


@pytest.mark.parametrize("request_", ["CreateSandbox", "CopyFile", "CreateContainer"])
def test_a_sandbox_that_the_policy_refuses_is_told_as_a_failed_sandbox(api: Api, request_):
    message = refused(api, web(policy(**{request_: False})))
    assert (
        f'Failed to create pod sandbox: rpc error: code = PermissionDenied desc = "{request_}Request is'
        in message
    )
    assert waiting(api)["reason"] == "FailedCreatePodSandBox"


def test_the_default_initdata_of_the_cluster_judges_pods_without_their_own(api: Api):
    api.kata()
    api.change(
        objects.CONFIG_MAP,
        "peer-pods-cm",
        OSC,
        data={**objects.PEER_PODS, "INITDATA": encoded(policy(CreateSandbox=False))},
    )
    api.put(objects.NAMESPACE, "web")
    with pytest.raises(Incomplete, match="CreateSandboxRequest is blocked by policy"):
        api.put(objects.DEPLOYMENT, "web", "web", spec=web())
    api.put(objects.DEPLOYMENT, "other", "web", spec=web(OPEN))


def test_a_pod_outside_a_vm_is_judged_by_no_policy(api: Api):
    spec = web(policy(CreateSandbox=False))
    del spec["template"]["spec"]["runtimeClassName"]
    bring_up(api, spec)


def test_a_policy_that_no_engine_takes_keeps_the_agent_from_starting(api: Api):
    assert "the agent in the pod VM does not start: the agent policy is not valid Rego" in refused(
        api, web("package agent_policy\nx {")
    )


def test_what_an_image_sets_itself_is_part_of_what_is_judged(api: Api):
    rule = 'CreateContainerRequest if {\n\tinput.OCI.Process.Args == ["container-entrypoint", "/usr/bin/run-httpd"]\n}\n'
    pause = 'CreateContainerRequest if input.storages[0].source == "pause"'
    rego = policy(rule, pause, CreateContainer=False)
    bring_up(api, web(rego, containers=[{"name": "web", "image": WEB_IMAGE}]))


def test_an_image_that_nobody_locked_is_named_where_a_policy_refuses_it(api: Api):
    pause = 'CreateContainerRequest if input.storages[0].source == "pause"'
    message = refused(api, web(policy(pause, CreateContainer=False)))
    assert "no lock file names the image web: the sandbox took it to set no entrypoint" in message


@pytest.mark.parametrize(("csv", "raw"), [("1.12.0", True), ("1.13.1", False)])
def test_the_operator_s_version_decides_how_the_policy_is_shown_files(api: Api, monkeypatch, csv, raw):
    rule = "CopyFileRequest if input.data" if raw else "CopyFileRequest if input.file_type"
    monkeypatch.setitem(
        objects.PACKAGES,
        OSC,
        ("sandboxed-containers-operator", "stable", f"sandboxed-containers-operator.v{csv}"),
    )
    bring_up(api, web(policy(rule, CopyFile=False)))


def test_the_user_comes_from_the_range_of_the_namespace(api: Api):
    rule = "CreateContainerRequest if input.OCI.Process.User.UID in {0, 1000770000}"
    api.kata()
    api.put(objects.NAMESPACE, "web", annotations={"openshift.io/sa.scc.uid-range": "1000770000/10000"})
    api.put(objects.DEPLOYMENT, "web", "web", spec=web(policy(rule, CreateContainer=False)))


def test_mounted_objects_are_copied_to_the_guest(api: Api):
    rule = 'CopyFileRequest if not endswith(input.path, "-conf/..data")'
    volumes = [{"name": "conf", "configMap": {"name": "conf"}}]
    containers = [
        {"name": "web", "image": "web", "volumeMounts": [{"name": "conf", "mountPath": "/etc/conf"}]}
    ]
    api.put(objects.NAMESPACE, "web")
    api.put(objects.CONFIG_MAP, "conf", "web", data={"a": "b"})
    api.kata()
    spec = web(policy(rule, CopyFile=False), containers=containers, volumes=volumes)
    with pytest.raises(Incomplete, match=r"container web: .*CopyFileRequest is blocked by policy"):
        api.put(objects.DEPLOYMENT, "web", "web", spec=spec)
