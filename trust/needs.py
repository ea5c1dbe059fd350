"""What a spoke asks of its hub, and the sentences on what it lacks. They complete "<hub> cannot serve this spoke: ..."."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from config.sections import UntrustedZone
from model.attestation import initdata
from model.azure import vm_sizes
from model.paths import ResourcePath
from model.policy import image_policy
from model.samples import DEBUG, HARDENED, SEALED, SHOWN, WEB_IMAGE
from trust.contract import Contract, Offer


@dataclass(frozen=True, kw_only=True)
class Needs:
    """``tees``: kinds of confidential VM that its pods may get. ``resources``: paths with the profile that reads each;
    ``sealed``: those that it needs sealed as well. ``images``: what its own workloads run.
    """

    osc_version: str
    tees: frozenset[str]
    profiles: frozenset[str]
    resources: Mapping[ResourcePath, str] = field(default_factory=dict[ResourcePath, str])
    sealed: frozenset[ResourcePath] = frozenset()
    images: frozenset[str] = frozenset()


def needs(zone: UntrustedZone) -> Needs:
    """What the hub must publish for an untrusted zone."""
    samples, profiles, resources = zone.samples, {zone.peer_pods.profile}, dict[ResourcePath, str]()
    if samples.hello_openshift:
        profiles |= {HARDENED, DEBUG}
    if samples.kbs_access:
        resources[SHOWN] = HARDENED
    if samples.kbs_sealed:
        resources[SEALED] = HARDENED
    any_sample = samples.hello_openshift or samples.kbs_access or samples.kbs_sealed
    return Needs(
        osc_version=zone.sandboxed_containers.version,
        tees=frozenset(tee.value for size in zone.peer_pods.vm_sizes if (tee := vm_sizes.tee_of(size))),
        profiles=frozenset({*profiles, *resources.values()}),
        resources=resources,
        sealed=frozenset({SEALED} if samples.kbs_sealed else ()),
        images=frozenset({WEB_IMAGE} if any_sample else ()),
    )


def lacking(contract: Contract, needs: Needs) -> list[str]:
    """What a spoke with ``needs`` lacks in the contract of its hub."""
    unfinished = [
        f"its {key} is empty: the hub's last update did not finish, bring it up again"
        for key, value in (("kbsUrl", contract.kbs_url), ("kbsCa", contract.kbs_ca))
        if not value
    ]
    return unfinished + not_offered(contract, needs, profiles=contract.profiles, sealed=contract.sealed)


def not_offered(
    offer: Offer, needs: Needs, *, profiles: Collection[str], sealed: Collection[ResourcePath]
) -> list[str]:
    """What a zone with ``needs`` lacks in what a trusted zone offers; ``profiles`` by name and ``sealed`` by path are there."""
    problems: list[str] = []
    if needs.osc_version not in offer.osc_versions:
        problems.append(
            f"it accepts no pod VM image of OSC {needs.osc_version} (coco:sandboxedContainers.version): add "
            f"reference-values/{needs.osc_version}.yaml and name it in coco:trustee.oscVersions of the hub, "
            f"which has {', '.join(offer.osc_versions)}"
        )
    if foreign := sorted(needs.tees - set(offer.tees)):
        problems.append(
            f"it attests no {', '.join(foreign)}, which sizes in coco:peerPods.vmSizes are: add it to coco:trustee.tees of the "
            f"hub, which has {', '.join(offer.tees)}, or leave those sizes out"
        )
    problems += [
        f"it has no profile {name}: define coco:profiles.{name} in the hub, which has {', '.join(profiles)}"
        for name in sorted(needs.profiles - set(profiles))
    ]
    for path, profile in needs.resources.items():
        readers = offer.resources.get(path)
        if readers is None:
            problems.append(f"it serves no {path}: add the secret to coco:secrets of the hub")
        elif profile not in readers:
            problems.append(
                f"its {path} is not readable by profile {profile}: add it to readableBy in coco:secrets of the hub"
            )
    problems += [
        f"it publishes no sealed secret for {path}: write sealed: true at the secret in coco:secrets of the hub"
        for path in sorted(needs.sealed - set(sealed), key=str)
    ]
    if offer.images.policy != "insecure":
        problems += [
            f"its image policy ({offer.images.policy}) refuses {image}, which coco:samples would run: add its repository to "
            "coco:trustee.signedImages of the hub, or switch the samples off"
            for image in sorted(needs.images)
            if not image_policy.covers(offer.images.repositories, image)
        ]
    return problems


def tampering(contract: Contract, profiles: Collection[str]) -> list[str]:
    """What is wrong with initdata that is not what the hub measured, or that would send a pod elsewhere: it must reach no pod."""
    problems: list[str] = []
    for name in sorted(profiles):
        profile = contract.profiles[name]
        what = None
        try:
            decoded = initdata.decode(profile.encoded)
            pinned = initdata.documents(decoded.toml)
        except initdata.InitdataError as error:
            what = f"cannot be read ({error})"
        else:
            if (decoded.toml, decoded.digest, decoded.pcr8) != (profile.toml, profile.digest, profile.pcr8):
                what = "is not what the hub measured"
            elif (pinned.kbs_url, pinned.kbs_ca.strip()) != (contract.kbs_url, contract.kbs_ca.strip()):
                what = "names another KBS or CA than the hub does"
        if what:
            problems.append(
                f"the initdata of profile {name} {what}: bring the hub up again, and find out who wrote its outputs"
            )
    return problems
