"""What somebody must know and decide on, a sentence each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from model.trustee import sealed_secrets
from tools.posture import attestation, images, measurements, storage, trusted
from tools.posture.model import Access, Matrix, PodPowers, Profile, Reader, ReferenceValue, Trusted, Untrusted
from tools.posture.release import ANYTHING_ELSE

# Served like secrets, but public by nature: what a guest needs to check what it runs, or to open what is sealed for it.
SEALING_KEY: Final = sealed_secrets.KEY_PATH.uri


def of_hub(
    hub: Trusted, now: datetime, public: Sequence[str], promised: dict[str, list[str]]
) -> Iterator[str]:
    """`public`: paths that hold no secret. `promised`: the readers that the stack publishes, by path."""
    yield from _of_profiles(hub)
    yield from _of_access(hub.matrix, hub.profiles, {SEALING_KEY, *public}, promised)
    yield from _of_attestation(hub)
    yield from _of_values(hub, now)
    yield from storage.warnings(hub.saved, now)
    if hub.admin_api != "closed":
        yield f"Trustee's admin API is {hub.admin_api}: whoever uses it can replace policies and secrets."
    if hub.issuer != trusted.OWN_ISSUER:
        yield (
            f"The KBS's certificate is of {hub.issuer}, which this stack does not keep: who gets one for the KBS's name from there can"
            " pose as the KBS and hand guests secrets of their own (coco:trustee.issuer)."
        )
    for setting in trusted.insecure_settings(hub.documents["kbs-config.toml"]):
        yield f"The KBS runs with {setting}: tokens or the connection can be forged."


def of_spoke(spoke: Untrusted, profiles: Sequence[Profile]) -> Iterator[str]:
    for workload in spoke.workloads:
        where = f"{workload.kind} {workload.name}"
        match workload.state:
            case "unknown":
                yield f"{where} runs under initdata that is no profile or workload of {spoke.hub}: nobody knows what it allows."
            case "refused":
                yield f"{where} runs under initdata that {spoke.hub} no longer accepts: it gets no secret. Bring the spoke up."
            case "earlier":
                yield f"{where} runs under an earlier version of {workload.profile}: bring the spoke up."
            case "current" | "ordinary":
                pass
    if profiles and any(spoke.kbs_url != profile.kbs_url for profile in profiles):
        yield f"The spoke was brought up for the KBS {spoke.kbs_url}, and its hub's profiles name another: bring the spoke up."


def permissive(powers: PodPowers) -> bool:
    """Whether whoever runs the spoke has a way to whatever the pod holds."""
    return powers.full


def _of_profiles(hub: Trusted) -> Iterator[str]:
    free = [
        one.name
        for one in hub.profiles
        if one.powers.other_image and (one.powers.images == "any" or "any image of" in one.powers.images)
    ]
    if free:
        yield (
            f"Pods of {_profiles(free)} run any image: whoever runs the spoke can put a program of their own in their place, "
            "which then reads their secrets (coco:trustee.imagePolicy, or a workload instead of a profile)."
        )
    if hidden := [
        one.name for one in hub.profiles if one.powers.other_image and one.powers.images == images.UNKNOWN
    ]:
        yield f"Which images pods of {_profiles(hidden)} run is not known: the hub does not publish its image policy."
    measured = {v for one in hub.reference_values if one.name.endswith("_pcr08") for v in one.values}
    for profile in hub.profiles:
        called = profile.called[0].upper() + profile.called[1:]
        if profile.powers.fails_open:
            yield f"{called} has a policy that can fail open (AllowRequestsFailingPolicy): what it refuses is done all the same."
        if profile.powers.set_policy:
            yield f"{called} lets its own policy be replaced: nothing else in it holds."
        for value in profile.accepted_earlier:
            yield (
                f"An earlier version of {profile.called} is still accepted (PCR8 {value[:8]}): it may allow what this one "
                "does not."
            )
        if profile.pcr8 not in measured:
            yield f"No pod of {profile.called} can attest: its PCR8 is no reference value."
        if profile.kbs_url != hub.kbs_url:
            yield f"{called} names the KBS {profile.kbs_url}, and this one is {hub.kbs_url}."


def _profiles(names: Sequence[str]) -> str:
    return f"profile{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _of_access(
    matrix: Matrix, profiles: Sequence[Profile], public: set[str], promised: dict[str, list[str]]
) -> Iterator[str]:
    by_label = {profile.label: profile for profile in profiles}
    for row in matrix.rows:
        for reader, allowed in zip(matrix.readers, row.allowed, strict=True):
            if not allowed:
                continue
            if reader.kind == "foreign":
                yield f"{_secret(row)} is given to pods with any initdata whatever."
            elif reader.kind == "unattested":
                yield f"{_secret(row)} is given to pods whose evidence is not affirmed: attestation decides nothing."
            elif reader.kind == "unlisted":
                yield f"{_secret(row)} is given to initdata that is no profile (PCR8 {str(reader.pcr8)[:8]})."
            elif row.path == ANYTHING_ELSE:
                yield f"The resource policy gives {_called(reader, by_label)} more than the paths it names."
            elif reader.kind == "profile" and row.path not in public:
                yield from _of_reader(row, by_label[reader.label])
        yield from _of_promise(row, matrix, promised, by_label)


def _of_reader(row: Access, profile: Profile) -> Iterator[str]:
    called = profile.called[0].upper() + profile.called[1:]
    if permissive(profile.powers):
        yield (
            f"{called} may read {row.path}, and whoever runs the spoke may run any command in its pods: "
            "that secret is theirs."
        )
    elif not profile.powers.pinned:
        yield (
            f"{called} may read {row.path}, and its policy does not pin what runs: whoever runs the spoke chooses "
            "image, command, environment or mounts, and can read that secret. Name a workload instead."
        )


def _called(reader: Reader, by_label: Mapping[str, Profile]) -> str:
    return by_label[reader.label].called if reader.label in by_label else reader.label


def _of_promise(
    row: Access, matrix: Matrix, promised: dict[str, list[str]], by_label: Mapping[str, Profile]
) -> Iterator[str]:
    if row.path == ANYTHING_ELSE:
        return
    readers = set(promised.get(row.path, ()))
    answers = [
        (by_label[reader.label].name, allowed)
        for reader, allowed in zip(matrix.readers, row.allowed, strict=True)
        if reader.kind == "profile"
    ]
    found = {name for name, allowed in answers if allowed}
    # A promise to a workload is kept only where all its spokes may read.
    kept = found - {name for name, allowed in answers if not allowed}
    if more := sorted(found - readers):
        yield f"{row.path} is given to {', '.join(more)}, and the stack says that it is not."
    if fewer := sorted(readers - kept):
        yield f"{row.path} is not given to {', '.join(fewer)}, and the stack says that it is."


def _secret(row: Access) -> str:
    return "Every other path" if row.path == ANYTHING_ELSE else row.path


def _of_attestation(hub: Trusted) -> Iterator[str]:
    if not hub.tees:
        yield "No evidence is affirmed, whatever it says: no pod gets any secret."
    for tee in hub.tees:
        if tee not in attestation.TEES:
            yield f"Evidence of {tee} is affirmed: attestation protects nothing."
    for one in hub.requirements:
        if not one.enforced and attestation.essential(one):
            yield f"Attestation does not ask for {one.what} on {one.tee}."


def _of_values(hub: Trusted, now: datetime) -> Iterator[str]:
    by_source: dict[tuple[str, str], list[ReferenceValue]] = {}
    for value in hub.reference_values:
        by_source.setdefault((value.origin, value.source), []).append(value)
        known = {pcr8 for profile in hub.profiles for pcr8 in (profile.pcr8, *profile.accepted_earlier)}
        if value.origin == "profiles" and (strange := set(value.values) - known):
            shown = ", ".join(sorted(one[:8] for one in strange))
            yield f"{value.name} accepts initdata that is no profile (PCR8 {shown})."
    for (origin, source), values in by_source.items():
        names = ", ".join(value.name for value in values)
        if origin == "unknown":
            yield f"Nobody vouches for reference values of {names}: {source} of this project holds what is deployed."
        elif origin == "unverified":
            yield f"Reference values of {names} are unverified: by its provenance nobody checked {source} against the vendor's signed image."
        if late := [value for value in values if measurements.expired(value, now)]:
            names = ", ".join(value.name for value in late)
            yield f"Reference values of {names} expired on {late[0].expires}, and Trustee takes them all the same."
