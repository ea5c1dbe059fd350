"""From exports to the report."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.posture import attestation, images, trusted, untrusted, warnings
from tools.posture import root as roots
from tools.posture.deployment import STACK, Deployment, PostureError, table
from tools.posture.model import Posture, Trusted, Untrusted

_STANDALONE = "The trust zones are not separate: whoever runs this cluster also runs what attests its pods, and can read every secret."


def build(stack: Deployment, hub: Deployment | None, *, root: Path, now: datetime) -> Posture:
    """The report on `stack`; `hub` is the export of the hub it reads, None where that cannot be had.

    `root` is the project whose reviewed reference values count. Raises PostureError.
    """
    trusting, running = "profiles" in stack.outputs, "defaultProfile" in stack.outputs
    if trusting and all(one.type == STACK for one in stack.resources):
        raise PostureError(
            f"{stack.stack} only repeats what its hub publishes, and allows nothing itself: ask for the posture of the hub."
        )
    if trusting and running:
        zone = trusted.build(stack, root, now.date())
        pods = untrusted.build(stack, stack.stack, zone.profiles, _images(stack))
        found = [_STANDALONE, *_of_hub(stack, zone, root, now), *warnings.of_spoke(pods, zone.profiles)]
        return Posture(
            stack=stack.stack,
            role="standalone",
            warnings=tuple(found),
            notes=tuple(_notes(stack, zone, root)),
            trusted=zone,
            untrusted=pods,
        )
    if trusting:
        zone = trusted.build(stack, root, now.date())
        found = tuple(_of_hub(stack, zone, root, now))
        notes = tuple(_notes(stack, zone, root))
        return Posture(stack=stack.stack, role="hub", warnings=found, notes=notes, trusted=zone)
    if running:
        return _spoke(stack, hub)
    if hub := stack.outputs.get("waitsFor"):
        raise PostureError(
            f"{stack.stack} has no confidential part yet: it waits for {hub}. Bring that up, and {stack.stack} again."
        )
    raise PostureError(f"The last update of {stack.stack} did not finish: bring it up, then ask again.")


def _spoke(stack: Deployment, hub: Deployment | None) -> Posture:
    notes: list[str] = []
    if hub is None:
        hub = _remembered(stack)
        notes.append(
            f"{stack.hub} could not be read: its profiles are those that {stack.stack} saw at its own last update."
        )
    profiles = trusted.profiles(hub)
    pods: Untrusted = untrusted.build(stack, hub.stack, profiles, _images(hub))
    found = tuple(warnings.of_spoke(pods, profiles))
    return Posture(stack=stack.stack, role="spoke", warnings=found, notes=tuple(notes), untrusted=pods)


def _remembered(stack: Deployment) -> Deployment:
    """The hub as the spoke's own state has it."""
    for one in stack.resources:
        if stack.hub is not None and one.id == stack.hub:
            outputs: Mapping[str, Any] = one.outputs["outputs"]
            return Deployment(stack=stack.hub.last, outputs=outputs, resources=())
    raise PostureError(f"The stack {stack.stack} names no hub: it is no spoke.")


def _of_hub(stack: Deployment, zone: Trusted, project: Path, now: datetime) -> list[str]:
    promised = {path.uri: who for path, who in trusted.resources(stack).items()}
    return [
        *roots.warnings(zone.roots, zone.advisories, roots.values(project), now.date()),
        *warnings.of_hub(zone, now, _public(stack, zone), promised),
    ]


def _public(stack: Deployment, zone: Trusted) -> list[str]:
    """The image policy that initdata names, and the keys that it names."""
    named = [line for profile in zone.profiles for line in profile.documents["cdh.toml"].splitlines()]
    policies = [line.split('"')[1] for line in named if line.startswith("image_security_policy_uri")]
    return [*policies, *images.keys(_images(stack))]


def _images(stack: Deployment) -> Mapping[str, Any]:
    return table(stack.outputs, "images")


def _notes(stack: Deployment, zone: Trusted, project: Path) -> list[str]:
    notes: list[str] = []
    if roots.known_advisories(project) is None:
        notes.append("The advisories of this project cannot be read: none is listed.")
    elif roots.accepted(stack.stack, project) is None:
        notes.append(
            f"The file of {stack.stack} is not in this project: which advisories it accepts is not known."
        )
    said = {attestation.ROOT, *attestation.REGISTERS}
    for tee in zone.tees:
        mine = [one for one in zone.requirements if one.tee == tee]
        if free := [one.what for one in mine if not one.enforced and one.what not in said]:
            notes.append(f"Nothing is asked of hosts with {tee} as to {', '.join(free)}.")
    served = {path.secret for path in trusted.resources(stack)}
    notes += [
        f"Trustee serves the secret {name}, of which the stack publishes no key: no path of it is in the table."
        for name in zone.served_secrets
        if name not in served
    ]
    if _images(stack).get("policy", "insecure") != "insecure" and "document" not in _images(stack):
        notes.append(
            "The image policy is encrypted in the state: what it allows is what the stack's outputs say of it."
        )
    return notes
