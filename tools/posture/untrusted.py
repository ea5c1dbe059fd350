"""The spoke's part of the report: which profile each workload runs under, found by what it measures."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from tools.posture import decoded
from tools.posture.deployment import Deployment, PostureError, Resource, table, unknown
from tools.posture.model import PodPowers, PodRow, Profile, Untrusted

ANNOTATION: Final = "io.katacontainers.config.hypervisor.cc_init_data"
RUNTIME_CLASS: Final = "kata-remote"
_DEFAULT: Final = "(pods without initdata of their own)"
_OWN_JOBS: Final = (
    *("await-kbs", "await-key-vault", "await-peer-pods", "await-vault"),
    *("look-for-cert-manager-operator", "look-for-external-secrets-operator"),
    *("try-issuer", "try-key-vault", "try-vault"),
)
_WITH_PODS: Final = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet", "Pod")


class Measured(NamedTuple):
    """`profile` is the label of the hub's profile or workload, None where it has none that measures so."""

    state: Literal["current", "earlier", "refused", "unknown"]
    profile: str | None
    pcr8: str | None
    powers: PodPowers | None


def build(
    spoke: Deployment, hub: str, profiles: Sequence[Profile], image_policy: Mapping[str, Any]
) -> Untrusted:
    """`profiles` are those of the hub as it is now; a spoke may still run what it had at the spoke's last update."""
    default = next((one for one in spoke.objects("ConfigMap") if one.object_name == "peer-pods-cm"), None)
    fallback = (default and default.inputs["data"].get("INITDATA")) or None
    workloads = [
        workload
        for kind in _WITH_PODS
        for one in spoke.objects(kind)
        if (workload := _workload(one, profiles, fallback, image_policy))
    ]
    default_row = _row(_DEFAULT, "peer-pods-cm", fallback, profiles, image_policy)
    return Untrusted(
        hub=hub, kbs_url=str(spoke.outputs.get("kbsUrl", "")), workloads=(default_row, *workloads)
    )


def measured(encoded: str | None, profiles: Sequence[Profile], image_policy: Mapping[str, Any]) -> Measured:
    """Whose initdata this is. Nothing at all, and what no profile ever measured, is `unknown`."""
    if encoded is None or unknown(encoded):
        return Measured("unknown", None, None, None)
    try:
        document, inner, powers = decoded.read(encoded, image_policy)
    except PostureError:
        return Measured("unknown", None, None, None)
    for profile in profiles:
        if document.pcr8 == profile.pcr8:
            return Measured("current", profile.label, document.pcr8, powers)
        if document.pcr8 in profile.accepted_earlier:
            return Measured("earlier", profile.label, document.pcr8, powers)
    ours = any(inner.kbs_url == profile.kbs_url for profile in profiles)
    return Measured("refused" if ours else "unknown", None, document.pcr8, powers)


def _workload(
    one: Resource, profiles: Sequence[Profile], fallback: str | None, image_policy: Mapping[str, Any]
) -> PodRow | None:
    above = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}
    template = table(one.inputs, *above.get(one.kind[1], ("spec", "template")))
    annotation = table(template, "metadata", "annotations").get(ANNOTATION)
    confidential = table(template, "spec").get("runtimeClassName") == RUNTIME_CLASS
    name = f"{one.namespace}/{one.object_name}"
    if not confidential:
        if annotation is None and (one.object_name.startswith("approve-") or one.object_name in _OWN_JOBS):
            return None  # the program's own Jobs, which hold nothing to protect
        return PodRow(name=name, kind=one.kind[1], profile=None, state="ordinary", pcr8=None, powers=None)
    return _row(name, one.kind[1], annotation or fallback, profiles, image_policy)


def _row(
    name: str, kind: str, encoded: str | None, profiles: Sequence[Profile], image_policy: Mapping[str, Any]
) -> PodRow:
    found = measured(encoded, profiles, image_policy)
    return PodRow(
        name=name, kind=kind, profile=found.profile, state=found.state, pcr8=found.pcr8, powers=found.powers
    )
