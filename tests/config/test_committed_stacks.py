"""Facts about the committed stack files, each by itself and across the stacks of one environment."""

import re
from itertools import combinations
from typing import Any

import pytest
import yaml

from config.load import Loaded
from config.roles import (
    AroSection,
    ContractConfig,
    HubConfig,
    PlacedStack,
    SpokeConfig,
    StandaloneConfig,
    required_secrets,
)
from model import versions
from tests.config.committed import NAMES, ROOT
from tests.config.edits import loaded

FILES = [ROOT / f"stacks/Pulumi.{name}.yaml" for name in NAMES]


@pytest.fixture(scope="module")
def stacks() -> dict[str, Loaded]:
    return {name: loaded(name) for name in NAMES}


def environment(name: str) -> str:
    return name.partition("-")[0]


def pairs(stacks: dict[str, Loaded]) -> list[tuple[str, str]]:
    return [(a, b) for a, b in combinations(stacks, 2) if environment(a) == environment(b)]


def test_the_dev_environment_is_complete() -> None:
    assert {"dev-hub", "dev-spoke", "dev-standalone"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_with_the_secrets_it_asks_for_and_no_other(name: str) -> None:
    stack = loaded(name)
    assert list(stack.secrets) == required_secrets(stack.config)


def test_the_role_is_in_the_name(stacks: dict[str, Loaded]) -> None:
    assert all(stack.config.role in name.split("-") for name, stack in stacks.items())


def ranges(stack: Loaded) -> list[Any]:
    config = stack.config
    if not isinstance(config, PlacedStack):
        return []
    found: list[Any] = []
    if config.network is not None and config.network.cidr is not None:
        found.append(config.network.cidr)
    if isinstance(config.cluster, AroSection):
        found += [config.cluster.pod_cidr, config.cluster.service_cidr]
    return found


def test_no_two_stacks_of_an_environment_have_addresses_in_common(stacks: dict[str, Loaded]) -> None:
    for one, other in pairs(stacks):
        for mine in ranges(stacks[one]):
            for theirs in ranges(stacks[other]):
                assert not mine.overlaps(theirs), f"{one} {mine} and {other} {theirs}"


def test_no_two_clusters_of_a_region_have_one_domain_or_service_principal(stacks: dict[str, Loaded]) -> None:
    # ARO refuses both: DuplicateDomain, DuplicateClientID.
    placed = [s.config for s in stacks.values() if isinstance(s.config, PlacedStack)]
    aro = [
        (config.required_azure.location, config.cluster)
        for config in placed
        if isinstance(config.cluster, AroSection)
    ]
    assert len({(region, cluster.domain) for region, cluster in aro}) == len(aro)
    principals = [cluster.service_principal for _, cluster in aro if cluster.service_principal is not None]
    assert len({principal.client_id for principal in principals}) == len(principals)


def test_every_spoke_has_its_hub_and_that_serves_what_it_needs(stacks: dict[str, Loaded]) -> None:
    for name, stack in stacks.items():
        config = stack.config
        if not isinstance(config, SpokeConfig):
            continue
        organization, project, hub_name = config.hub.split("/")
        assert (organization, project) == ("organization", "coco")
        assert environment(hub_name) == environment(name)
        hub = stacks[hub_name].config
        if isinstance(hub, ContractConfig):
            hub = stacks[hub.hub.last].config
        assert isinstance(hub, HubConfig)
        assert config.sandboxed_containers.version in hub.trustee.osc_versions
        assert versions.pair(osc=config.sandboxed_containers.version, trustee=hub.trustee.version)
        assert config.peer_pods.profile in hub.profiles


def test_no_secret_is_readable_under_a_permissive_profile(stacks: dict[str, Loaded]) -> None:
    for stack in stacks.values():
        if isinstance(stack.config, (HubConfig, StandaloneConfig)):
            assert not any(secret.allow_debug for secret in stack.config.secrets.values())


def test_only_dev_and_the_examples_take_unverified_reference_values_or_any_image(
    stacks: dict[str, Loaded],
) -> None:
    for name, stack in stacks.items():
        if isinstance(stack.config, (HubConfig, StandaloneConfig)) and environment(name) not in (
            "dev",
            "managed",
            "anywhere",
            "selfmanaged",
            "private",
            "vpn",
        ):
            assert not stack.config.trustee.allow_unverified_reference_values
            assert stack.config.trustee.image_policy != "insecure"


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_the_first_line_gives_editors_the_schema(file: Any) -> None:
    assert file.read_text("utf-8").splitlines()[0] == "# yaml-language-server: $schema=../config/schema.json"


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_identifiers_are_placeholders_that_nobody_owns(file: Any) -> None:
    text = file.read_text("utf-8")
    guids = re.findall("[0-9a-f]{8}-[0-9a-f-]{27}", text)
    assert bool(guids) == ("coco:azure:" in text)
    assert all(guid.startswith("00000000-0000-4000-8000-") for guid in guids)


def test_stand_in_reference_values_cannot_be_taken_for_real_ones() -> None:
    for file in (ROOT / "reference-values").glob("*.yaml"):
        document = yaml.load(file.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
        if document["provenance"]["tool"] == "none":
            assert "STAND-INS" in file.read_text("utf-8")
            assert document["provenance"]["signatureChecked"] == "false"
            assert "imageDigest" not in document["provenance"]
