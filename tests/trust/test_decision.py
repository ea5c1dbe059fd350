"""Invariants of the one decision of a hub, whatever its stack file says and whatever was accepted before."""

import json
import tomllib
from dataclasses import replace
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from config.sections import ProfileSection, ServedSecretSection, SignedImageSection
from model.attestation import initdata
from model.attestation.platform_values import ROOTS
from model.paths import served
from tests.answers import CA_PEM
from tests.config import committed
from tests.model.trustee.test_documents import read_as_trustee_does
from trust.contract import Contract
from trust.decision import Decision, Earlier, Kbs, decide
from trust.inputs import Inputs
from trust.needs import Needs, tampering

KBS = Kbs(url="https://kbs.apps.hub.example", ca=CA_PEM)
NAMES = ("hardened", "debug", "web", "batch")
SECRETS = ("kbsres1", "db", "cosign")
PCR8 = st.sampled_from([f"{n:064x}" for n in range(1, 9)])


@st.composite
def hubs(draw: st.DrawFn) -> Inputs:
    """The committed hub with other profiles, secrets, readers and image policies."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    commands = st.lists(st.sampled_from(["/bin/true", "/bin/cat 'a b'"]), unique=True).map(tuple)
    profiles = {
        name: ProfileSection(read_logs=draw(st.booleans()), exec_commands=draw(commands)) for name in names
    }
    readers = st.lists(st.sampled_from(names), unique=True).map(tuple)
    secrets = {
        name: ServedSecretSection(
            source="generated", keys=("key1", "key2"), readable_by=draw(readers), sealed=draw(st.booleans())
        )
        for name in draw(st.lists(st.sampled_from(SECRETS), unique=True))
    }
    config, loaded = committed.hub()
    trustee: dict[str, Any] = {
        "accepted_previous": draw(st.integers(0, 3)),
        "image_policy": draw(st.sampled_from(["insecure", "reject"])),
    }
    if "cosign" in secrets and draw(st.booleans()):
        signed = SignedImageSection(repository="registry.example/team", key=served("cosign", "key1"))
        trustee |= {"image_policy": "signed", "signed_images": (signed,)}
    zone = config.model_copy(
        update={
            "profiles": profiles,
            "secrets": secrets,
            "workloads": {},
            "trustee": config.trustee.model_copy(update=trustee),
        }
    )
    return Inputs(
        zone=zone,
        policies={},
        reference_values=loaded.reference_values,
        platform=loaded.platform,
        workloads={},
    )


earlier_updates = st.builds(
    Earlier,
    accepted=st.dictionaries(st.sampled_from(NAMES), st.lists(PCR8, unique=True, max_size=4)),
    released=st.dictionaries(
        st.sampled_from([str(served(name, "key1")) for name in SECRETS]),
        st.lists(PCR8, unique=True, max_size=4),
    ),
)


def published(decision: Decision) -> Contract:
    return decision.contract(sealed={}, console_url="https://console.example")


@given(hubs(), earlier_updates)
@settings(max_examples=40)
def test_a_path_is_released_to_its_readers_and_to_nobody_else(inputs: Inputs, earlier: Earlier) -> None:
    decision = decide(inputs, KBS, earlier)
    assert [release.path for release in decision.releases] == list(inputs.readers)
    for release, readers in zip(decision.releases, inputs.readers.values(), strict=True):
        present = {decision.profiles[name].pcr8 for name in readers}
        before = set(earlier.released.get(str(release.path), ()))
        accepted = {value for name in readers for value in decision.profiles[name].accepted}
        assert present <= set(release.pcr8) <= present | (before & accepted)


@given(hubs(), earlier_updates)
@settings(max_examples=40)
def test_what_is_accepted_is_what_was_measured_now_or_before_and_no_more_than_asked_for(
    inputs: Inputs, earlier: Earlier
) -> None:
    decision = decide(inputs, KBS, earlier)
    accepted = [value for profile in decision.profiles.values() for value in profile.accepted]
    read = read_as_trustee_does("1.2", decision.reference_values)
    pcr8 = cast(list[str], read["snp_pcr08"]["value"])
    assert set(pcr8) == set(accepted)
    for name, profile in decision.profiles.items():
        assert profile.accepted[0] == profile.pcr8 == initdata.decode(profile.encoded).pcr8
        assert len(profile.accepted) <= 1 + inputs.zone.trustee.accepted_previous
        assert set(profile.accepted[1:]) <= set(earlier.accepted.get(name, ()))
    assert len({profile.pcr8 for profile in decision.profiles.values()}) == len(decision.profiles)


@given(hubs(), earlier_updates)
@settings(max_examples=40)
def test_deciding_again_after_the_update_changes_nothing(inputs: Inputs, earlier: Earlier) -> None:
    first = decide(inputs, KBS, earlier)
    again = decide(inputs, KBS, Earlier.of(published(first).published()))
    assert (again.profiles, again.releases) == (first.profiles, first.releases)
    assert (again.resource_policy, again.reference_values) == (first.resource_policy, first.reference_values)


def parts_of(toml: str) -> dict[str, str]:
    return tomllib.loads(toml)["data"]


@settings(max_examples=10, deadline=None)
@given(hubs(), earlier_updates)
def test_every_document_carries_all_three_parts_so_that_nothing_of_the_host_s_survives(
    inputs: Inputs, earlier: Earlier
) -> None:
    """The guest takes a part that is missing from what the host wrote into its user data."""
    config, loaded = committed.hub()
    workloads = replace(inputs, zone=config, workloads=loaded.workloads)
    for one in (inputs, workloads):
        decided = decide(one, KBS, earlier)
        published = [*decided.profiles.values(), *decided.workloads.values()]
        for document in published:
            parts = parts_of(document.toml)
            assert set(parts) == {"aa.toml", "cdh.toml", "policy.rego"}
            assert all(part.strip() for part in parts.values())


@settings(max_examples=10, deadline=None)
@given(hubs(), st.sets(st.sampled_from(["az-snp-vtpm", "az-tdx-vtpm"]), min_size=1), st.booleans())
def test_a_paravisor_is_asked_for_on_every_tee_unless_the_stack_takes_any_platform(
    inputs: Inputs, tees: set[str], anything: bool
) -> None:
    trustee = {"tees": tuple(sorted(tees)), "allow_any_platform": anything}
    zone = inputs.zone.model_copy(update={"trustee": inputs.zone.trustee.model_copy(update=trustee)})
    one = replace(inputs, zone=zone)
    accepted = read_as_trustee_does(one.layout.version, decide(one, KBS, Earlier()).reference_values)
    for tee, claim in ROOTS.items():
        asked = f'"{claim}"' in one.attestation_policy
        assert asked == (tee in tees and not anything)
        assert (claim in accepted) == asked


@given(hubs())
@settings(max_examples=20)
def test_a_spoke_reads_what_the_hub_decided(inputs: Inputs) -> None:
    decision = decide(inputs, KBS, Earlier())
    contract = Contract.read(json.loads(json.dumps(published(decision).published())))
    assert contract.profiles == decision.profiles
    assert contract.resources == inputs.readers
    assert contract.released == {
        path: release.pcr8 for path, release in zip(inputs.readers, decision.releases, strict=True)
    }
    everything = Needs(
        spoke="one", osc_version="1.13.1", tees=frozenset(), profiles=frozenset(contract.profiles)
    )
    assert tampering(contract, everything) == []
