"""Who may read which secret: the report says what the deployed policies do, for every pair, and notices every weakening."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from model.paths import served
from model.policy import resource_policy
from model.policy.resource_policy import Release
from tests.config.committed import NAMES, ROOT
from tests.tools import deployed
from tools.posture import release
from tools.posture.deployment import Deployment
from tools.posture.model import Trusted
from tools.posture.release import ANYTHING_ELSE

PUBLIC = "default/sealing-key/jwk"
SECTIONS = {
    name: yaml.safe_load((ROOT / f"stacks/Pulumi.{name}.yaml").read_text())["config"] for name in NAMES
}
# By stack: each profile, and each workload on each of its spokes, as the report labels it and as the stack file names it.
LABELS = {
    stack: {
        **{name: name for name in sections.get("coco:profiles", {})},
        **{
            f"{name} on {spoke}": name
            for name, workload in sections["coco:workloads"].items()
            for spoke in workload["spokes"]
        },
    }
    for stack, sections in SECTIONS.items()
    if "coco:secrets" in sections and stack.startswith("dev-")  # the environment that the fixtures bring up
}
PAIRS = [
    (stack, label, f"default/{secret}/{key}", name in section["readableBy"])
    for stack, labels in LABELS.items()
    for secret, section in SECTIONS[stack]["coco:secrets"].items()
    for key in section["keys"]
    for label, name in labels.items()
]


@cache
def trusted(home: Path, stack: str) -> Trusted:
    found = deployed.posture(deployed.export(home, stack)).trusted
    assert found is not None
    return found


def readers(hub: Trusted, path: str) -> set[str]:
    row = next(row for row in hub.matrix.rows if row.path.removeprefix("kbs:///") == path)
    return {reader.label for reader, allowed in zip(hub.matrix.readers, row.allowed, strict=True) if allowed}


@pytest.mark.parametrize(("stack", "profile", "path", "may"), PAIRS)
def test_each_profile_reads_exactly_the_paths_that_the_stack_file_gives_it(
    home: Path, stack: str, profile: str, path: str, may: bool
) -> None:
    assert (profile in readers(trusted(home, stack), path)) is may


@pytest.mark.parametrize("stack", sorted({pair[0] for pair in PAIRS}))
def test_nobody_else_reads_anything_and_nothing_else_is_read(home: Path, stack: str) -> None:
    hub = trusted(home, stack)
    known = {path for at, _, path, _ in PAIRS if at == stack} | {PUBLIC, ANYTHING_ELSE}
    assert {row.path.removeprefix("kbs:///") for row in hub.matrix.rows} <= known
    assert readers(hub, ANYTHING_ELSE) == set()
    for row in hub.matrix.rows:
        assert not readers(hub, row.path.removeprefix("kbs:///")) - set(LABELS[stack])


def without(line: str) -> Callable[[str], str]:
    return lambda text: text.replace(line, "")


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


OPEN = '\nallow if {\n\tattested\n\tdata["resource-path"][1] == "kbsres1"\n}\n'
WEAKER = {
    "open by default": (
        instead("default allow := false", "default allow := true"),
        "attestation decides nothing",
    ),
    "open to all initdata": (lambda text: text + OPEN, "pods with any initdata whatever"),
    "open without attestation": (without("\tattested\n"), "attestation decides nothing"),
    "status ignored": (without('\t\tsubmod["ear.status"] == "affirming"\n'), "attestation decides nothing"),
    "executables ignored": (
        without('\t\taffirms(submod["ear.trustworthiness-vector"].executables)\n'),
        "attestation decides nothing",
    ),
    "hardware ignored": (
        without('\t\taffirms(submod["ear.trustworthiness-vector"].hardware)\n'),
        "attestation decides nothing",
    ),
    "configuration ignored": (
        without('\t\taffirms(submod["ear.trustworthiness-vector"].configuration)\n'),
        "attestation decides nothing",
    ),
    "warnings affirm": (instead("claim <= 31", "claim <= 99"), "attestation decides nothing"),
    "any path": (
        lambda text: text.replace('asks(["default", "kbsres1", "key1"]', 'asks(data["resource-path"]'),
        "more than the paths it names",
    ),
    "any plugin": (without('\tdata.plugin == "resource"\n'), "more than the paths it names"),
}


@pytest.mark.parametrize("how", WEAKER)
def test_a_weaker_resource_policy_is_reported(home: Path, how: str) -> None:
    change, words = WEAKER[how]
    hub = deployed.export(home, "dev-hub")
    before = deployed.posture(hub).warnings
    after = deployed.posture(deployed.with_text(hub, "resource-policy", change)).warnings
    assert not any(words in warning for warning in before)
    assert any(words in warning for warning in after), after


def test_many_spokes_with_many_workloads_have_a_table() -> None:
    """regopy fails on documents of this size that call built-in functions (see resource_policy)."""
    workloads = {f"w{number}": [f"{number + 1}{spoke:063x}" for spoke in range(30)] for number in range(5)}
    profiles = [
        SimpleNamespace(label=f"{name} {value}", pcr8=value, accepted_earlier=())
        for name, values in workloads.items()
        for value in values
    ]
    releases = [Release(path=served(name, "key"), pcr8=tuple(values)) for name, values in workloads.items()]
    found = release.matrix(
        resource_policy.render(releases),
        cast(Any, profiles),
        [one.path for one in releases],
        trustee_1_0=False,
    )
    assert len(found.readers) == 152
    for row, one in zip(found.rows, (*releases, None), strict=True):
        reads = {reader.pcr8 for reader, may in zip(found.readers, row.allowed, strict=True) if may}
        assert reads == (set(one.pcr8) if one else set())


def test_one_good_device_beside_a_bad_one_is_not_attested(home: Path) -> None:
    def some(rego: str) -> str:
        start, end = rego.index("\tevery submod"), rego.index("affirms(claim)")
        some_ = '\tsome submod in input.submods\n\tsubmod["ear.status"] == "affirming"\n'
        claims = "".join(
            f'\taffirms(submod["ear.trustworthiness-vector"].{claim})\n'
            for claim in ("executables", "hardware", "configuration")
        )
        return f"{rego[:start]}{some_}{claims}}}\n\n{rego[end:]}"

    hub = deployed.with_text(deployed.export(home, "dev-hub"), "resource-policy", some)
    assert any("attestation decides nothing" in warning for warning in deployed.posture(hub).warnings)


def unpinned(home: Path) -> Deployment:
    """The hub with a profile among the readers of kbsres2."""
    return deployed.with_unpinned_reader(deployed.export(home, "dev-hub"), "hardened")


def test_a_secret_that_a_debug_profile_reads_is_reported_whoever_promised_it(home: Path) -> None:
    hub = unpinned(home)
    hardened, debug = (hub.outputs["profiles"][name]["pcr8"] for name in ("hardened", "debug"))
    changed = deployed.with_text(hub, "resource-policy", instead(f'"{hardened}"', f'"{hardened}", "{debug}"'))
    warnings = deployed.posture(changed).warnings
    assert any("Profile debug may read kbs:///default/kbsres2/key1" in warning for warning in warnings)
    assert "kbs:///default/kbsres2/key1 is given to debug, and the stack says that it is not." in warnings
    assert not any("debug may read kbs:///default/sealing-key" in warning for warning in warnings)


def test_a_measurement_that_no_profile_has_is_reported_wherever_it_is_accepted(home: Path) -> None:
    hub, other = unpinned(home), "ab" * 32
    hardened = hub.outputs["profiles"]["hardened"]["pcr8"]
    changed = deployed.with_text(hub, "resource-policy", instead(hardened, other))
    warnings = deployed.posture(changed).warnings
    assert any("initdata that is no profile (PCR8 abababab)" in warning for warning in warnings)
    assert any(
        "key1 is not given to hardened, and the stack says that it is" in warning for warning in warnings
    )


def test_an_earlier_version_that_is_still_accepted_has_its_own_column_and_is_reported(home: Path) -> None:
    hub, earlier = unpinned(home), "cd" * 32
    hardened = hub.outputs["profiles"]["hardened"]["pcr8"]
    changed = deployed.with_profile(hub, "hardened", accepted=[hardened, earlier])
    changed = deployed.with_text(
        changed, "resource-policy", instead(f'"{hardened}"', f'"{hardened}", "{earlier}"')
    )
    found = deployed.posture(changed)
    assert found.trusted is not None
    assert readers(found.trusted, "default/kbsres2/key1") == {
        "hardened",
        "hardened, earlier cdcdcdcd",
        "kbs-sealed on dev-spoke",
    }
    assert any("An earlier version of profile hardened is still accepted" in one for one in found.warnings)


def test_a_policy_that_does_not_compile_makes_no_report(home: Path) -> None:
    hub = deployed.with_text(
        deployed.export(home, "dev-hub"), "resource-policy", lambda rego: rego + "\nallow if {"
    )
    with pytest.raises(ValueError, match="resource policy is not valid Rego"):
        deployed.posture(hub)


def test_a_reader_that_pins_nothing_is_reported_with_each_secret_and_a_workload_is_not(home: Path) -> None:
    def said(hub: Deployment) -> list[str]:
        warnings = deployed.posture(hub).warnings
        return [one.partition(",")[0] for one in warnings if "does not pin what runs" in one]

    assert said(deployed.export(home, "dev-hub")) == []
    assert said(unpinned(home)) == ["Profile hardened may read kbs:///default/kbsres2/key1"]


def test_a_workload_reads_nothing_once_its_policy_is_another(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    published = hub.outputs["workloads"]["kbs-access"]
    wider = {
        **published,
        "toml": published["toml"].replace(
            "default SetPolicyRequest := false", "default SetPolicyRequest := true"
        ),
    }
    assert wider != published
    changed = replace(
        hub, outputs={**hub.outputs, "workloads": {**hub.outputs["workloads"], "kbs-access": wider}}
    )
    warnings = deployed.posture(changed).warnings
    assert (
        "Workload kbs-access on dev-spoke lets its own policy be replaced: nothing else in it holds."
        in warnings
    )
    assert (
        "No pod of workload kbs-access on dev-spoke can attest: its PCR8 is no reference value." in warnings
    )
    assert (
        "kbs:///default/kbsres1/key1 is not given to kbs-access, and the stack says that it is." in warnings
    )
