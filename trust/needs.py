"""What a spoke asks of its hub, and the sentences on what it lacks. They complete "<hub> cannot serve this spoke: ..."."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from config.sections import UntrustedZone
from model.attestation import initdata
from model.azure import vm_sizes
from model.paths import ResourcePath
from model.policy import image_policy
from model.samples import DEBUG, WEB_IMAGE
from model.workloads.workload import Workload
from trust.contract import Contract, Offer
from trust.paths import Paths, unreachable


@dataclass(frozen=True, kw_only=True)
class Needs:
    """``spoke`` is the name of its stack. ``tees``: kinds of confidential VM that its pods may get. ``workloads``: by name, the
    digest of the manifests that it deploys. ``sealed``: by workload, the secrets of the hub that its pods get as sealed secrets.
    ``images``: what its pods run, by who runs it. ``paths``: from the network that its stack makes; None where somebody else knows them.
    ``ruled_subscription``: the one that the cluster's own credentials rule as a whole, where there is one.
    """

    spoke: str
    osc_version: str
    tees: frozenset[str]
    profiles: frozenset[str]
    workloads: Mapping[str, str] = field(default_factory=dict[str, str])
    sealed: Mapping[str, frozenset[ResourcePath]] = field(default_factory=dict[str, frozenset[ResourcePath]])
    images: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    paths: Paths | None = None
    ruled_subscription: str | None = None


def needs(
    zone: UntrustedZone,
    spoke: str,
    workloads: Mapping[str, Workload],
    *,
    paths: Paths | None = None,
    ruled_subscription: str | None = None,
) -> Needs:
    """What the hub must publish for an untrusted zone, the stack ``spoke``, which deploys ``workloads``.

    ``paths`` and ``ruled_subscription``: see ``Needs``.
    """
    profiles = {zone.peer_pods.profile}
    images = {f"workload {name}": frozenset(each.images) for name, each in workloads.items()}
    if zone.samples.hello_openshift:
        profiles.add(DEBUG)
        images["coco:samples"] = frozenset({WEB_IMAGE})
    return Needs(
        spoke=spoke,
        osc_version=zone.sandboxed_containers.version,
        tees=frozenset(tee.value for size in zone.peer_pods.vm_sizes if (tee := vm_sizes.tee_of(size))),
        profiles=frozenset(profiles),
        workloads={name: workload.digest() for name, workload in workloads.items()},
        sealed={name: workload.sealed for name, workload in workloads.items()},
        images=images,
        paths=paths,
        ruled_subscription=ruled_subscription,
    )


def unfinished(contract: Contract) -> list[str]:
    """What the contract lacks because the hub's last update did not finish."""
    return [
        f"its {key} is empty: the hub's last update did not finish, bring it up again"
        for key, value in (("kbsUrl", contract.kbs_url), ("kbsCa", contract.kbs_ca))
        if not value
    ]


def lacking(contract: Contract, needs: Needs) -> list[str]:
    """What a spoke with ``needs`` lacks in the contract of its hub."""
    return [
        *unfinished(contract),
        *unreachable(contract, needs.paths),
        *_ruled(contract, needs),
        *not_offered(contract, needs, profiles=contract.profiles, sealed=contract.sealed),
        *(
            problem
            for name, manifests in needs.workloads.items()
            for problem in _workload(contract, needs.spoke, name, manifests)
        ),
    ]


def _ruled(contract: Contract, needs: Needs) -> Iterator[str]:
    if needs.ruled_subscription is not None and contract.azure_subscription == needs.ruled_subscription:
        yield (
            f"it is in subscription {needs.ruled_subscription} too (coco:azure.subscriptionId), and a self-managed cluster holds"
            " credentials for all of its subscription: whoever administers this spoke could take over the hub. Give the spoke a"
            " subscription of its own, or write cluster.kind aro"
        )


def _workload(contract: Contract, spoke: str, name: str, manifests: str) -> Iterator[str]:
    measured = contract.workloads.get(name)
    if measured is None:
        yield f"it has no workload {name}: define coco:workloads.{name} in the hub, with {spoke} under spokes, and bring it up"
        return
    if spoke not in measured.accepted:
        yield (
            f"it lets no pod of workload {name} attest from {spoke}: add {spoke} to coco:workloads.{name}.spokes of the hub, or"
            " take it out of coco:revoked, and bring the hub up"
        )
    if measured.manifests != manifests:
        yield (
            f"its workload {name} was measured from other manifests than workloads/{name}/ has here: bring the hub up first,"
            " from the same commit"
        )


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
    problems += [
        problem
        for name, paths in needs.sealed.items()
        for path in sorted(paths, key=str)
        if (problem := _unsealed(offer, name, path, sealed))
    ]
    if offer.images.policy != "insecure":
        problems += [
            f"its image policy ({offer.images.policy}) refuses {image}, which {runs_it} would run: add its repository to "
            "coco:trustee.signedImages of the hub, or leave it out of the spoke"
            for runs_it, images in sorted(needs.images.items())
            for image in sorted(images)
            if not image_policy.covers(offer.images.repositories, image)
        ]
    return problems


def _unsealed(
    offer: Offer, workload: str, path: ResourcePath, sealed: Collection[ResourcePath]
) -> str | None:
    readers = offer.resources.get(path)
    if readers is None:
        return f"it serves no {path}: add the secret to coco:secrets of the hub"
    if workload not in readers:
        return f"its {path} is not readable by workload {workload}: add it to readableBy in coco:secrets of the hub"
    if path not in sealed:
        return f"it publishes no sealed secret for {path}: write sealed: true at the secret in coco:secrets of the hub"
    return None


def tampering(contract: Contract, needs: Needs) -> list[str]:
    """What is wrong with initdata that is not what the hub measured, or that would send a pod elsewhere: it must reach no pod."""
    found = [(f"profile {name}", _of_profile(contract, name)) for name in sorted(needs.profiles)]
    found += [(f"workload {name}", _of_workload(contract, name, needs.spoke)) for name in needs.workloads]
    return [
        f"the initdata of {whose} {what}: bring the hub up again, and find out who wrote its outputs"
        for whose, what in found
        if what
    ]


def _of_profile(contract: Contract, name: str) -> str | None:
    profile = contract.profiles[name]
    try:
        decoded = initdata.decode(profile.encoded)
        if (decoded.toml, decoded.digest, decoded.pcr8) != (profile.toml, profile.digest, profile.pcr8):
            return "is not what the hub measured"
        return _elsewhere(contract, decoded.toml)
    except initdata.InitdataError as error:
        return f"cannot be read ({error})"


def _of_workload(contract: Contract, name: str, spoke: str) -> str | None:
    workload = contract.workloads[name]
    try:
        document = workload.document(spoke)
        if document.pcr8 != workload.accepted[spoke][0]:
            return f"with the name {spoke} is not what the hub measured"
        return _elsewhere(contract, document.toml)
    except initdata.InitdataError as error:
        return f"cannot be read ({error})"


def _elsewhere(contract: Contract, toml: str) -> str | None:
    pinned = initdata.documents(toml)
    if (pinned.kbs_url, pinned.kbs_ca.strip()) == (contract.kbs_url, contract.kbs_ca.strip()):
        return None
    return "names another KBS or CA than the hub does"
