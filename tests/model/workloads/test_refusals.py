"""Whatever no policy can pin, or no peer pod can do, is refused with its place, the rule and the fix."""

from typing import Any

import pytest

from model.workloads import lock
from model.workloads.grants import Grants
from model.workloads.pod_rules import INITDATA
from model.workloads.reading import read
from tests.model.workloads.manifests import (
    IMAGE,
    SECURE,
    Manifest,
    container,
    deployment,
    files,
    other,
    problems,
    refusals,
    workload,
)

SPEC = "workloads/web/web.yaml: Deployment web: spec.template.spec"
PIN = "run make pin WORKLOAD=web"
MEMORY: Manifest = {"emptyDir": {"medium": "Memory"}}


def with_container(**settings: Any) -> Manifest:
    return deployment(containers=[container(**settings)])


def with_security(**settings: Any) -> Manifest:
    return with_container(securityContext=SECURE | settings)


def with_volume(source: Manifest, name: str = "data", **mount: Any) -> Manifest:
    mounted = container(volumeMounts=[{"name": name, "mountPath": "/data", **mount}])
    return deployment(containers=[mounted], volumes=[{"name": name, **source}])


def with_env(**variable: Any) -> Manifest:
    return with_container(env=[{"name": "X", **variable}])


def test_the_manifest_that_the_cases_change_has_nothing_wrong() -> None:
    assert refusals(deployment(), Grants()) == []
    assert refusals(with_volume(MEMORY), Grants()) == []


@pytest.mark.parametrize(
    ("manifest", "where", "rule", "fix"),
    [
        (deployment(hostNetwork=True), ".hostNetwork", "a machine of its own", "remove it"),
        (deployment(hostPID=True), ".hostPID", "a machine of its own", "remove it"),
        (deployment(hostIPC=True), ".hostIPC", "a machine of its own", "remove it"),
        (deployment(shareProcessNamespace=True), ".shareProcessNamespace", "each other's memory", "remove it"),
        (deployment(runtimeClassName="kata-remote"), ".runtimeClassName", "is added for you", "remove it"),
        (deployment(ephemeralContainers=[{}]), ".ephemeralContainers", "no other container", "remove it"),
        (deployment(automountServiceAccountToken=True), ".automountServiceAccountToken", "host writes", "KBS"),
        (deployment(enableServiceLinks=True), ".enableServiceLinks", "names the cluster chooses", "DNS"),
        (deployment(hostUsers=False), ".hostUsers", "is not a field", "remove it"),
        (deployment(contaners=[]), ".contaners", "is not a field", "did you mean containers?"),
        (deployment(dnsPolicy="ClusterFirstWithHostNet"), ".dnsPolicy", "must be ClusterFirst", "remove it"),
        (deployment(containers=[]), "", "must have a container", "write it under containers"),
        (deployment(securityContext={"runAsUser": 0}), ".securityContext.runAsUser", "root", "from 1000"),
        (deployment(securityContext={"seLinuxOptions": {"type": "spc_t"}}), ".securityContext.seLinuxOptions", "the worker obeys", "remove it"),
        (deployment(securityContext={"windowsOptions": {"hostProcess": True}}), ".securityContext.windowsOptions", "on Linux", "remove it"),
        (deployment(securityContext={"fsGroup": -1}), ".securityContext.fsGroup", "a group id", "from 0"),
        (deployment(securityContext={"supplementalGroups": ["a"]}), ".securityContext.supplementalGroups[0]", "whole number", "digits"),
        (deployment(securityContext={"seccompProfile": {"type": "Unconfined"}}), ".securityContext.seccompProfile.type", "RuntimeDefault", "write"),
        (deployment(securityContext={"sysctls": [{"name": "kernel.core_pattern", "value": "|/x"}]}), ".securityContext.sysctls[0].name", "whole guest", "remove it"),
        (deployment(securityContext={"sysctls": [{"name": "net.a", "value": "1"}, {"name": "net.a", "value": "2"}]}), ".securityContext.sysctls[1].name", "set once", "remove"),
        (deployment(securityContext={"sysctls": [{"name": "net.a", "value": 1}]}), ".securityContext.sysctls[0].value", "must be a text", "quotes"),
        (with_security(privileged=True), ".containers[0].securityContext.privileged", "read all others", "remove it"),
        (with_security(runAsUser=0), ".containers[0].securityContext.runAsUser", "root", "from 1000"),
        (with_security(allowPrivilegeEscalation=True), ".containers[0].securityContext.allowPrivilegeEscalation", "must be false", "write"),
        (with_security(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}), ".containers[0].securityContext.capabilities.add", "no capability", "remove it"),
        (with_security(capabilities={"drop": ["NET_RAW"]}), ".containers[0].securityContext.capabilities", "drop all", "drop: [ALL]"),
        (with_security(procMount="Unmasked"), ".containers[0].securityContext.procMount", "must be Default", "remove it"),
        (with_security(seLinuxOptions={"level": "s0"}), ".containers[0].securityContext.seLinuxOptions", "the worker obeys", "remove it"),
        (with_container(securityContext={"capabilities": {"drop": ["ALL"]}}), ".containers[0].securityContext.allowPrivilegeEscalation", "is missing", "false"),
        (with_container(securityContext={"allowPrivilegeEscalation": False}), ".containers[0].securityContext.capabilities", "is missing", "drop: [ALL]"),
        (deployment(containers=[{"name": "web", "image": IMAGE}]), ".containers[0].securityContext", "is missing", "allowPrivilegeEscalation: false"),
        (deployment(containers=[container(), container()]), ".containers[1].name", "one container only", "rename"),
        (deployment(containers=[container()], initContainers=[container()]), ".containers[0].name", "one container only", "rename"),
        (with_container(stdin=True), ".containers[0].stdin", "type into", "remove it"),
        (with_container(tty=True), ".containers[0].tty", "terminal", "remove it"),
        (with_container(envFrom=[{"configMapRef": {"name": "a"}}]), ".containers[0].envFrom", "cannot pin them", "under env"),
        (with_container(volumeDevices=[{"name": "a", "devicePath": "/dev/a"}]), ".containers[0].volumeDevices", "block devices", "emptyDir"),
        (with_container(resources={"limits": {"nvidia.com/gpu": 1}}), '.containers[0].resources.limits["nvidia.com/gpu"]', "must be cpu, memory", "remove it"),
        (with_container(resources={"limits": {"hugepages-2Mi": "4Mi"}}), ".containers[0].resources.limits.hugepages-2Mi", "must be cpu, memory", "remove it"),
        (with_container(resources={"claims": [{"name": "gpu"}]}), ".containers[0].resources.claims", "a device of the host", "remove it"),
        (with_container(terminationMessagePath="/x"), ".containers[0].terminationMessagePath", "must be /dev/termination-log", "remove it"),
        (with_container(restartPolicy="Always"), ".containers[0].restartPolicy", "is not a field", "remove it"),
        (with_container(lifecycle={"stopSignal": "SIGUSR1"}), ".containers[0].lifecycle.stopSignal", "of the image is pinned", "remove it"),
        (with_container(livenessProbe={"htpGet": {}}), ".containers[0].livenessProbe.htpGet", "is not a field", "did you mean httpGet?"),
        (with_container(ports=[{"containerPort": 1, "hostPort": 1}]), ".containers[0].ports[0].hostPort", "of the worker", "a Service"),
        (with_container(command="run"), ".containers[0].command", "must be a list", "dash"),
        (with_env(valueFrom={"secretKeyRef": {"name": "a", "key": "b"}}), ".containers[0].env[0].valueFrom.secretKeyRef", "can change", "KBS"),
        (with_env(valueFrom={"secretKeyRef": ""}), ".containers[0].env[0].valueFrom", "where the value comes from", "fieldRef"),
        (with_env(valueFrom={"configMapKeyRef": {"name": "a", "key": "b"}}), ".containers[0].env[0].valueFrom.configMapKeyRef", "can change", "write the value"),
        (with_env(valueFrom={"resourceFieldRef": {"resource": "limits.cpu"}}), ".containers[0].env[0].valueFrom.resourceFieldRef", "not known before", "write the number"),
        (with_env(valueFrom={"fieldRef": {"fieldPath": "spec.foo"}}), ".containers[0].env[0].valueFrom.fieldRef.fieldPath", "no pattern|has a pattern for", "metadata.name"),
        (with_env(valueFrom={"fieldRef": {"fieldPath": "metadata.labels['x']"}}), ".containers[0].env[0].valueFrom.fieldRef.fieldPath", "labels of the pod template", "add it"),
        (with_env(value="a", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}), ".containers[0].env[0]", "not both", "remove one"),
        (with_container(env=[{"name": "X"}, {"name": "X"}]), ".containers[0].env[1].name", "set once", "remove one"),
        (with_container(env=[{"name": "X=Y", "value": "1"}]), ".containers[0].env[0].name", "name of a variable", "letters"),
        (with_env(value="$(KUBERNETES_SERVICE_HOST)"), ".containers[0].env[0].value", "set by the cluster", "kubernetes.default.svc"),
        (with_container(command=["a"], args=["$(KUBERNETES_PORT)"]), ".containers[0].args[0]", "set by the cluster", "kubernetes.default.svc"),
        (with_container(command=["$(IP)"], env=[{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]), ".containers[0].command[0]", "only the cluster knows", "read the variable"),
        (with_volume({"hostPath": {"path": "/"}}), ".volumes[0].hostPath", "directory of the worker", "emptyDir"),
        (with_volume({"persistentVolumeClaim": {"claimName": "a"}}), ".volumes[0].persistentVolumeClaim", "never reaches the volume", "encrypt"),
        (with_volume({"csi": {"driver": "a"}}), ".volumes[0].csi", "never reaches the volume", "encrypt"),
        (with_volume({"ephemeral": {}}), ".volumes[0].ephemeral", "never reaches the volume", "encrypt"),
        (with_volume({"image": {"reference": "a"}}), ".volumes[0].image", "cannot pin", "into the image"),
        (with_volume({"nfs": {"server": "a"}}), ".volumes[0].nfs", "no volume that a peer pod", "emptyDir"),
        (with_volume({}), ".volumes[0]", "exactly one source", "emptyDir"),
        (with_volume({"emptyDir": {"medium": "HugePages"}}), ".volumes[0].emptyDir.medium", "must be Memory", "leave it out"),
        (with_volume({"emptyDir": {}}, name="api-keys"), ".volumes[0].emptyDir", "must be in memory", "medium: Memory"),
        (with_volume({"emptyDir": {}}, mountPath="/run/secrets/x"), ".containers[0].volumeMounts[0].mountPath", "volume in memory", "medium: Memory"),
        (deployment(volumes=[{"name": "a", **MEMORY}, {"name": "a", **MEMORY}]), ".volumes[1].name", "one volume only", "rename"),
        (with_container(volumeMounts=[{"name": "a", "mountPath": "/a"}]), ".containers[0].volumeMounts[0].name", "a volume of the pod", "add the volume"),
        (with_volume(MEMORY, mountPath="/proc/sys"), ".containers[0].volumeMounts[0].mountPath", "the guest itself uses", "elsewhere"),
        (with_volume(MEMORY, mountPath="/"), ".containers[0].volumeMounts[0].mountPath", "absolute path below /", "write it like"),
        (with_volume(MEMORY, mountPath="/a/../etc"), ".containers[0].volumeMounts[0].mountPath", "absolute path below /", "write it like"),
        (with_volume(MEMORY, subPath="a"), ".containers[0].volumeMounts[0].subPath", "copies files", "whole volume"),
        (with_volume(MEMORY, subPathExpr="$(A)"), ".containers[0].volumeMounts[0].subPathExpr", "choose the path", "subPath"),
        (with_volume({"configMap": {"name": "a"}}, subPath="../a"), ".containers[0].volumeMounts[0].subPath", "relative path", "write it like"),
        (with_volume(MEMORY, mountPropagation="HostToContainer"), ".containers[0].volumeMounts[0].mountPropagation", "of the host", "remove it"),
        (with_volume(MEMORY, recursiveReadOnly="Enabled"), ".containers[0].volumeMounts[0].recursiveReadOnly", "not supported", "readOnly"),
        (deployment(containers=[container("Web_1")]), ".containers[0].name", "lower-case letters", "rename"),
        (deployment(securityContext={"runAsNonRoot": "yes"}), ".securityContext.runAsNonRoot", "true or false", "without quotes"),
        (deployment(securityContext={"supplementalGroups": 1}), ".securityContext.supplementalGroups", "must be a list", "dash"),
        (deployment(securityContext={"sysctls": [{"value": "1"}]}), ".securityContext.sysctls[0].name", "is missing", "write its name"),
        (deployment(volumes=[MEMORY]), ".volumes[0].name", "is missing", "a name"),
        (with_volume(MEMORY, mountPath=1), ".containers[0].volumeMounts[0].mountPath", "must be a text", "quotes"),
        (deployment(containers=[container(volumeMounts=[{"name": "d", "mountPath": p} for p in ("/a", "/a")])], volumes=[{"name": "d", **MEMORY}]), ".containers[0].volumeMounts[1].mountPath", "once in a container", "elsewhere"),
        (with_container(image="nginx:1"), ".containers[0].image", "must be registry/repository", "full name"),
        (with_container(image="quay.io/a/b:2"), ".containers[0].image", "is not in images.lock.yaml", PIN),
    ],
)  # fmt: skip
def test_a_field_is_refused(manifest: Manifest, where: str, rule: str, fix: str) -> None:
    found = [each for each in refusals(manifest, Grants()) if each.startswith(f"{SPEC}{where}: ")]
    assert any(part in each for each in found for part in rule.split("|")), refusals(manifest, Grants())
    assert any(fix in each for each in found), found


@pytest.mark.parametrize(
    "annotation",
    [
        INITDATA,
        "io.katacontainers.config.agent.policy",
        "io.confidentialcontainers.org.cloud_volumes",
        "cdi.k8s.io/gpu",
        "io.kubernetes.cri-o.Devices",
        "io.kubernetes.container.terminationMessagePath",
    ],
)
@pytest.mark.parametrize("family", ["annotations", "labels"])
def test_a_manifest_cannot_steer_the_runtime(annotation: str, family: str) -> None:
    manifest = deployment()
    manifest["spec"]["template"]["metadata"][family] = {annotation: "x"}
    (found,) = refusals(manifest)
    assert f'spec.template.metadata.{family}["{annotation}"]: must not be set' in found


PROBE = {"exec": {"command": ["check", "$(X)"]}}


@pytest.mark.parametrize(
    ("settings", "path", "command"),
    [
        ({"readinessProbe": PROBE}, "readinessProbe.exec.command", ["check", "1"]),
        ({"livenessProbe": PROBE}, "livenessProbe.exec.command", ["check", "1"]),
        ({"startupProbe": PROBE}, "startupProbe.exec.command", ["check", "1"]),
        ({"lifecycle": {"preStop": PROBE}}, "lifecycle.preStop.exec.command", ["check", "$(X)"]),
        ({"lifecycle": {"postStart": PROBE}}, "lifecycle.postStart.exec.command", ["check", "$(X)"]),
    ],
)
def test_a_probe_or_hook_that_executes_needs_exactly_that_power(
    settings: Manifest, path: str, command: list[str]
) -> None:
    manifest = with_container(env=[{"name": "X", "value": "1"}], **settings)
    (found,) = refusals(manifest, Grants())
    assert found.startswith(f"{SPEC}.containers[0].{path}: needs the power to execute this in web")
    assert refusals(manifest, Grants(exec_commands={"web": [["check"]]})) == [found]
    assert refusals(manifest, Grants(exec_commands={"web": [["x"], command]})) == []


@pytest.mark.parametrize("kind", ["configMap", "secret", "projected", "downwardAPI"])
def test_a_volume_whose_content_the_host_writes_must_be_named_as_untrusted(kind: str) -> None:
    manifest = with_volume({kind: {"name": "a"}})
    (found,) = refusals(manifest, Grants())
    assert f"volumes[0]: is a {kind} volume" in found
    assert "add data to untrustedInput" in found
    assert refusals(manifest, Grants(untrusted_input=frozenset({"data"}))) == []


def test_a_grant_for_what_is_not_there_is_a_mistake() -> None:
    found = refusals(deployment(), Grants(exec_commands={"wbe": [["a"]]}, untrusted_input=frozenset({"x"})))
    assert len(found) == 2
    assert "must have the volume x, which untrustedInput names: correct untrustedInput" in found[0]
    assert "must have the container wbe, which execCommands names: correct execCommands" in found[1]


def test_what_the_grants_lack_is_judged_by_whoever_has_them() -> None:
    manifest = with_volume({"configMap": {"name": "a"}})
    assert refusals(manifest) == []
    assert len(problems(workload(manifest).pins)) == 1


def test_a_stateful_set_with_storage_of_its_own_is_refused() -> None:
    manifest: Manifest = deployment() | {"kind": "StatefulSet"}
    manifest["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "a"}}]
    (found,) = refusals(manifest)
    assert "StatefulSet web: spec.volumeClaimTemplates: does not work in a peer pod" in found


def test_everything_wrong_is_reported_at_once_and_once() -> None:
    bad = deployment(hostNetwork=True, containers=[container(image="nginx", tty=True, command=3)])
    texts = files(bad, other("Secret")) | {"b.yaml": "a: *b"}
    del texts[lock.FILE]
    found = problems(lambda: read("web", texts, Grants(untrusted_input=frozenset({"x"}))))
    assert len(found) == len(set(found)) == 8


def test_no_value_that_may_be_secret_is_repeated() -> None:
    canary = "hunter2-canary"
    secret = other("Secret", data={"a": canary}, stringData={"b": canary})
    variables = with_container(
        env=[
            {"name": "X", "value": f"{canary}$(KUBERNETES_PORT)"},
            {"name": "X", "value": canary, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "Y", "value": [canary]},
            {"name": "Z", "valeu": canary},
        ]
    )
    found = problems(lambda: workload(variables, secret, deployment("b", password=canary)))
    assert len(found) >= 6
    assert canary not in "\n".join(found)


def test_a_value_that_asks_for_nothing_may_stand_where_another_is_refused() -> None:
    manifest = deployment(hostNetwork=False, automountServiceAccountToken=False, enableServiceLinks=False)
    manifest["spec"]["template"]["spec"]["containers"] = [
        container(envFrom=[], tty=False, securityContext=SECURE | {"privileged": False})
    ]
    assert refusals(manifest) == []
