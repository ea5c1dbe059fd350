"""What a stack publishes. A hub's outputs are a contract: spokes read them, through the same class that publishes them."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import pulumi

from model.attestation import initdata
from model.policy import image_policy
from trust.serving import CONTRACT_VERSION

# For a moment while the engine writes it, a state in a backend of files has no end.
_HALF_WRITTEN = "failed to load checkpoint"
_PAUSES = (0.2, 0.5, 1, 2, None)
"""Seconds before the next attempt."""


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What a spoke asks of its hub.

    ``tees``: kinds of confidential VM its pods may get. ``resources``: paths ``default/<secret>/<key>`` with the profile that
    reads them; ``sealed``: those that it needs sealed as well. ``images``: what its own workloads run.
    """

    osc_version: str
    tees: frozenset[str]
    profiles: frozenset[str]
    resources: Mapping[str, str] = field(default_factory=dict[str, str])
    sealed: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class HubOutputs:
    """Nothing here is secret.

    ``profiles``: by name ``{toml, encoded, digest, pcr8, accepted}``. ``osc_versions``: whose pod VM images may attest.
    ``tees``: on which kinds of confidential VM. ``resources``: by path, the names of the profiles that may read it.
    ``released``: by path, the PCR8 values that it is let out to. ``sealed``: by path, a sealed secret that stands for it.
    ``images``: ``{policy, repositories, document}``, what pods may run.
    """

    kbs_url: pulumi.Output[str]
    kbs_ca: pulumi.Output[str]
    profiles: pulumi.Output[dict[str, dict[str, Any]]]
    osc_versions: pulumi.Output[list[str]]
    tees: pulumi.Output[list[str]]
    resources: pulumi.Output[dict[str, list[str]]]
    released: pulumi.Output[dict[str, list[str]]]
    sealed: pulumi.Output[dict[str, str]]
    images: pulumi.Output[dict[str, Any]]
    console_url: pulumi.Output[str]

    def exports(self) -> dict[str, Any]:
        return {
            "contractVersion": CONTRACT_VERSION,
            "kbsUrl": self.kbs_url,
            "kbsCa": self.kbs_ca,
            "profiles": self.profiles,
            "oscVersions": self.osc_versions,
            "tees": self.tees,
            "resources": self.resources,
            "released": self.released,
            "sealed": self.sealed,
            "images": self.images,
            "consoleUrl": self.console_url,
        }

    def encoded(self, profile: str) -> pulumi.Output[str]:
        """The initdata of a profile as a pod's annotation takes it."""
        return self.profiles.apply(lambda profiles: profiles[profile]["encoded"])

    @classmethod
    def of(cls, stack: str, needs: Needs) -> Self:
        """Read the hub ``stack``; RunError with everything that ``needs`` misses, before anything of the spoke is declared."""
        outputs = _outputs(
            stack,
            f"coco:hub: the stack {stack} cannot be read. It must be the full name, organization/project/stack, of a hub that "
            f"has been brought up: run `pulumi up --stack {stack.rsplit('/', 1)[-1]}` first.",
        )
        problems = contract_problems(outputs, needs) or tampering(outputs, needs.profiles)
        if problems:
            raise pulumi.RunError(
                f"coco:hub: {stack} cannot serve this spoke:\n" + "\n".join(f"  {p}" for p in problems)
            )
        reference = pulumi.StackReference(stack)
        return cls(
            kbs_url=reference.require_output("kbsUrl"),
            kbs_ca=reference.require_output("kbsCa"),
            profiles=reference.require_output("profiles"),
            osc_versions=reference.require_output("oscVersions"),
            tees=reference.require_output("tees"),
            resources=reference.require_output("resources"),
            released=reference.require_output("released"),
            sealed=reference.require_output("sealed"),
            images=reference.require_output("images"),
            console_url=reference.require_output("consoleUrl"),
        )


@dataclass(frozen=True, kw_only=True)
class LastUpdate:
    """PCR8 values since the last update of this very stack: those accepted, by profile, and who read what, by path."""

    accepted: Mapping[str, Sequence[str]]
    released: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls) -> Self:
        """Empty before the first update; RunError when it cannot be read, as what is accepted would be forgotten."""
        outputs = _outputs(
            f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}",
            "the outputs of this stack's last update cannot be read, and with them which measurements stay accepted: run the "
            "same command again.",
        )
        return cls(
            accepted={name: profile["accepted"] for name, profile in outputs.get("profiles", {}).items()},
            released=outputs.get("released", {}),
        )


def _outputs(stack: str, unreadable: str) -> dict[str, Any]:
    """The outputs of a stack as plain values; RunError with ``unreadable`` and what the engine said when there is no reading them.

    A StackReference alone would let the engine stop the program without our word.
    """
    for pause in _PAUSES:
        try:
            result: dict[str, Any] = pulumi.runtime.invoke(
                "pulumi:pulumi:readStackOutputs", {"name": stack}
            ).value
            return result["outputs"]
        except Exception as error:  # the SDK raises nothing narrower
            if pause is None or _HALF_WRITTEN not in str(error):
                raise pulumi.RunError(f"{unreadable} ({error})") from None
            time.sleep(pause)
    raise AssertionError("the last pause is None")


def contract_problems(outputs: Mapping[str, Any], needs: Needs) -> list[str]:
    """Sentences on what a spoke with ``needs`` lacks in the outputs of its hub."""
    if not outputs:
        return ["it has no outputs: bring the hub up first"]
    version = outputs.get("contractVersion")
    if version != CONTRACT_VERSION:
        # Over the engine's protocol every number is a float.
        published = f"{version:g}" if isinstance(version, float) else version
        return [
            f"it publishes contract version {published}, and this program reads {CONTRACT_VERSION}: "
            "bring the hub up with this version of the program first"
        ]
    problems = [
        f"its {key} is empty: the hub's last update did not finish, bring it up again"
        for key in ("kbsUrl", "kbsCa")
        if not outputs.get(key)
    ]
    if needs.osc_version not in outputs["oscVersions"]:
        problems.append(
            f"it accepts no pod VM image of OSC {needs.osc_version} (coco:sandboxedContainers.version): add "
            f"reference-values/{needs.osc_version}.yaml and name it in coco:trustee.oscVersions of the hub, "
            f"which has {', '.join(outputs['oscVersions'])}"
        )
    if foreign := sorted(needs.tees - set(outputs["tees"])):
        problems.append(
            f"it attests no {', '.join(foreign)}, which sizes in coco:peerPods.vmSizes are: add it to coco:trustee.tees of the "
            f"hub, which has {', '.join(outputs['tees'])}, or leave those sizes out"
        )
    missing = sorted(needs.profiles - set(outputs["profiles"]))
    problems += [
        f"it has no profile {name}: define coco:profiles.{name} in the hub, which has {', '.join(outputs['profiles'])}"
        for name in missing
    ]
    for path, profile in needs.resources.items():
        readers = outputs["resources"].get(path)
        if readers is None:
            problems.append(f"it serves no {path}: add the secret to coco:secrets of the hub")
        elif profile not in readers:
            problems.append(
                f"its {path} is not readable by profile {profile}: add it to readableBy in coco:secrets of the hub"
            )
    problems += [
        f"it publishes no sealed secret for {path}: write sealed: true at the secret in coco:secrets of the hub"
        for path in sorted(needs.sealed - set(outputs["sealed"]))
    ]
    if outputs["images"]["policy"] != "insecure":
        problems += [
            f"its image policy ({outputs['images']['policy']}) refuses {image}, which coco:samples would run: add its repository to "
            "coco:trustee.signedImages of the hub, or switch the samples off"
            for image in sorted(needs.images)
            if not image_policy.covers(outputs["images"]["repositories"], image)
        ]
    return problems


def tampering(outputs: Mapping[str, Any], profiles: Collection[str]) -> list[str]:
    """Sentences on initdata that is not what the hub measured, or that would send a pod elsewhere: it must reach none."""
    problems: list[str] = []
    for name in sorted(profiles):
        profile = outputs["profiles"][name]
        what = None
        try:
            decoded = initdata.decode(profile["encoded"])
            pinned = initdata.documents(decoded.toml)
        except initdata.InitdataError as error:
            what = f"cannot be read ({error})"
        else:
            if (decoded.toml, decoded.digest, decoded.pcr8) != tuple(
                profile[key] for key in ("toml", "digest", "pcr8")
            ):
                what = "is not what the hub measured"
            elif (pinned.kbs_url, pinned.kbs_ca.strip()) != (outputs["kbsUrl"], outputs["kbsCa"].strip()):
                what = "names another KBS or CA than the hub does"
        if what:
            problems.append(
                f"the initdata of profile {name} {what}: bring the hub up again, and find out who wrote its outputs"
            )
    return problems


@dataclass(frozen=True, kw_only=True)
class SpokeOutputs:
    """For people: where to look."""

    console_url: pulumi.Output[str]
    kbs_url: pulumi.Output[str]
    default_profile: str
    egress_address: pulumi.Output[str] | None
    urls: Mapping[str, pulumi.Output[str]]

    def exports(self) -> dict[str, Any]:
        return {
            "consoleUrl": self.console_url,
            "kbsUrl": self.kbs_url,
            "defaultProfile": self.default_profile,
            "egressAddress": self.egress_address,
            "urls": dict(self.urls),
        }


@dataclass(frozen=True, kw_only=True)
class StandaloneOutputs:
    """Both zones on one cluster: what attests the pods is run by whoever runs the pods."""

    hub: HubOutputs
    spoke: SpokeOutputs

    def exports(self) -> dict[str, Any]:
        warning = "The trust zones are not separate: for a first trial only."
        return {**self.spoke.exports(), **self.hub.exports(), "warning": warning}
