"""Every other claim of the report: it changes when what is deployed gets weaker."""

import base64
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from model.policy import agent_policy
from tests.config.committed import ROOT
from tests.tools import deployed
from tests.tools.deployed import NOW
from tools.posture import report
from tools.posture.deployment import Deployment
from tools.posture.model import Posture


def warned(posture: Posture, words: str) -> bool:
    return any(words in warning for warning in posture.warnings)


# What an administrator of a spoke can do


def profile(found: Posture, name: str) -> Any:
    assert found.trusted is not None
    return next(one for one in found.trusted.profiles if one.name == name)


@pytest.mark.parametrize(
    ("rule", "power", "granted"),
    [
        ("ExecProcessRequest", "exec", "any"),
        ("ReadStreamRequest", "read_logs", True),
        ("WriteStreamRequest", "write_stdin", True),
        ("SetPolicyRequest", "set_policy", True),
    ],
)
def test_a_power_that_the_deployed_policy_grants_is_reported(
    home: Path, rule: str, power: str, granted: object
) -> None:
    hub = deployed.export(home, "dev-hub")
    before = profile(deployed.posture(hub), "hardened").powers
    changed = deployed.with_agent_policy(
        hub, "hardened", lambda rego: rego.replace(f"default {rule} := false", f"default {rule} := true")
    )
    after = profile(deployed.posture(changed), "hardened").powers
    assert getattr(after, power) == granted
    others = ("exec", "read_logs", "write_stdin", "set_policy")
    assert all(getattr(after, other) == getattr(before, other) for other in others if other != power)
    assert after.full == (power in ("exec", "set_policy"))
    assert getattr(before, power) != granted


def test_a_permissive_profile_that_reads_a_secret_is_reported(home: Path) -> None:
    def permit(rego: str) -> str:
        return rego.replace("default ExecProcessRequest := false", "default ExecProcessRequest := true")

    hub = deployed.with_unpinned_reader(deployed.export(home, "dev-hub"), "hardened")
    hub = deployed.with_agent_policy(hub, "hardened", permit)
    assert warned(
        deployed.posture(hub),
        "Profile hardened may read kbs:///default/kbsres2/key1, and whoever runs the spoke may run any",
    )


def test_a_policy_that_can_fail_open_is_reported_and_counts_as_every_power(home: Path) -> None:
    def open_(rego: str) -> str:
        return rego.replace("AllowRequestsFailingPolicy := false", "AllowRequestsFailingPolicy := true")

    hub = deployed.with_unpinned_reader(deployed.export(home, "dev-hub"), "hardened")
    assert not warned(deployed.posture(hub), "can fail open")
    found = deployed.posture(deployed.with_agent_policy(hub, "hardened", open_))
    assert warned(found, "Profile hardened has a policy that can fail open (AllowRequestsFailingPolicy)")
    assert warned(
        found, "Profile hardened may read kbs:///default/kbsres2/key1, and whoever runs the spoke may run any"
    )
    held = profile(found, "hardened").powers
    assert (held.fails_open, held.full, held.pinned, held.replace_files) == (True, True, False, True)


def test_a_profile_does_not_pin_and_a_workload_does(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-hub"))
    does_not, does = profile(found, "hardened").powers, profile(found, "kbs-access").powers
    assert (does_not.other_image, does_not.other_command, does_not.extra_environment) == (True, True, True)
    assert (does_not.mount_over_files, does_not.replace_files, does_not.pinned) == (True, False, False)
    assert (does.other_image, does.other_command, does.extra_environment) == (False, False, False)
    assert (does.mount_over_files, does.replace_files, does.pinned) == (False, False, True)
    assert (does.exec, does.full) == ("none", False)


def test_the_listed_commands_are_named(home: Path) -> None:
    listed = agent_policy.render(agent_policy.AgentSettings(exec_commands=("cat '/etc/os release'",)))
    hub = deployed.with_agent_policy(deployed.export(home, "dev-hub"), "hardened", lambda _: listed)
    assert profile(deployed.posture(hub), "hardened").powers.exec == "only: cat '/etc/os release'"


# What a guest must prove


def loosened(condition: str) -> Callable[[str], str]:
    return lambda rego: "\n".join(line for line in rego.splitlines() if condition not in line) + "\n"


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            "tpm.pcr03 in",
            "does not ask for a constant: the firmware measures nothing but its separator (PCR3)",
        ),
        ("tpm.pcr08 in", "does not ask for initdata (PCR8)"),
        ("tpm.pcr09 in", "does not ask for initrd (PCR9)"),
        ("tpm.pcr11 in", "does not ask for kernel image (PCR11)"),
        ("tpm.pcr12 in", "does not ask for kernel command line and credentials (PCR12)"),
        ("tpm.pcr16 ==", "does not ask for registers that a guest can reset, untouched (PCR16)"),
        ("tpm.pcr23 ==", "does not ask for registers that a guest can reset, untouched (PCR23)"),
        ("tpm.pcr17 ==", "does not ask for registers that no guest changes, as they start (PCR17 to 22)"),
        ("measurement in", "asks for no paravisor on az-snp-vtpm: anybody with such a machine can attest"),
        ("policy_debug_allowed", "does not ask for no debugging by the host"),
        ("policy_migrate_ma", "does not ask for no migration agent"),
    ],
)
def test_a_weaker_attestation_policy_is_reported(home: Path, condition: str, words: str) -> None:
    hub = deployed.export(home, "dev-hub")
    assert not warned(deployed.posture(hub), words)
    assert warned(deployed.posture(deployed.with_text(hub, "attestation-policy", loosened(condition))), words)


def test_a_policy_that_takes_any_number_of_registers_is_reported(home: Path) -> None:
    def any_number(rego: str) -> str:
        return re.sub(r"\t\{register \|.*?\n\t\}\n", "", rego, flags=re.DOTALL)

    hub = deployed.with_text(deployed.export(home, "dev-hub"), "attestation-policy", any_number)
    assert warned(deployed.posture(hub), "does not ask for all 24 registers and no other on az-snp-vtpm")


# What roots attestation, and what no hub can see


def test_the_root_names_each_paravisor_with_its_generation_and_day(home: Path) -> None:
    hub = deployed.posture(deployed.export(home, "dev-hub")).trusted
    assert hub is not None
    [root] = hub.roots
    assert (root.tee, root.asked, root.firmware) == ("az-snp-vtpm", True, True)
    assert {(one.generation, one.seen) for one in root.paravisors} == {
        ("milan", "2026-07-16"),
        ("genoa", "2026-02-20"),
    }
    assert root.missing == ("boot loaders: shim, kernel image and its add-on (PCR4)",)


def test_paravisors_that_nobody_looked_at_for_long_are_reported(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-hub"))
    assert warned(found, "The paravisors of milan were last seen on 2026-07-16")
    early = report.build(deployed.export(home, "dev-hub"), None, root=ROOT, now=NOW.replace(month=8, day=1))
    assert not warned(early, "The paravisors of milan")


def test_firmware_that_is_not_asked_for_is_said(home: Path) -> None:
    hub = deployed.with_text(
        deployed.export(home, "dev-hub"), "attestation-policy", loosened("reported_tcb_snp)")
    )
    zone = deployed.posture(hub).trusted
    assert zone is not None
    assert not zone.roots[0].firmware


def states(found: Posture) -> dict[str, str]:
    assert found.trusted is not None
    return {one.name: one.state for one in found.trusted.advisories}


def test_an_advisory_is_open_until_the_stack_file_accepts_it_or_something_excludes_it(
    home: Path, tmp_path: Path
) -> None:
    hub = deployed.export(home, "dev-hub")
    before = deployed.posture(hub)
    assert states(before) == {
        "boot-loader-replay": "open",
        "initdata-disk": "open",
        "initdata-fallback": "open",
        "copy-file": "excluded",
        "quote-selection": "open",
        "milan-keys": "open",
        "kbs-metrics": "open",
    }
    assert warned(before, "nobody has accepted (coco:acceptedAdvisories): boot-loader-replay, initdata-disk")
    for part in ("platform-values", "reference-values"):
        shutil.copytree(ROOT / part, tmp_path / part)
    shutil.copy(ROOT / "advisories.yaml", tmp_path)
    (tmp_path / "stacks").mkdir()
    accepted = {
        "kbs-metrics": {"until": "2027-01-01", "reason": "names say nothing"},
        "milan-keys": {"until": "2026-11-21", "reason": "lapsed the day before"},
    }
    text = yaml.safe_dump({"config": {"coco:acceptedAdvisories": accepted}})
    (tmp_path / "stacks/Pulumi.dev-hub.yaml").write_text(text, "utf-8")
    after = states(deployed.posture(hub, root=tmp_path))
    assert (after["kbs-metrics"], after["milan-keys"]) == ("accepted", "open")


def test_hosts_of_genoa_alone_exclude_what_is_about_disks_and_milan(home: Path) -> None:
    hub = with_values(
        deployed.export(home, "dev-hub"),
        "measurement",
        value=["9X3AmlB8bs2CNpv/tgDwADeS9Nmbwm6YXsDCZvw0+vNwb6+BTJ5hBldopv+RfImu"],
    )
    found = states(deployed.posture(hub))
    assert "milan-keys" not in found
    assert found["initdata-disk"] == "excluded"


def test_evidence_of_no_tee_that_is_affirmed_is_reported(home: Path) -> None:
    def affirm(rego: str) -> str:
        for bad, good in (("executables := 33", "executables := 3"), ("hardware := 97", "hardware := 2")):
            rego = rego.replace(bad, good)
        return rego.replace("configuration := 36", "configuration := 2")

    hub = deployed.with_text(deployed.export(home, "dev-hub"), "attestation-policy", affirm)
    assert warned(deployed.posture(hub), "attestation protects nothing")


def test_a_policy_that_affirms_nothing_is_reported(home: Path) -> None:
    hub = deployed.with_text(
        deployed.export(home, "dev-hub"),
        "attestation-policy",
        lambda rego: rego.replace("executables := 3 if", "executables := 33 if"),
    )
    assert warned(deployed.posture(hub), "No evidence is affirmed")


# Reference values


def with_values(hub: Deployment, name: str, **changes: Any) -> Deployment:
    def change(text: str) -> str:
        document = json.loads(text)
        entry = {**json.loads(base64.b64decode(document[name])), **changes}
        document[name] = base64.b64encode(json.dumps(entry).encode()).decode()
        return json.dumps(document)

    return deployed.with_text(hub, "reference-values", change)


def test_values_that_nobody_verified_are_reported(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-hub"))
    assert warned(found, "Reference values of snp_pcr03, snp_pcr09, snp_pcr11, snp_pcr12 are unverified")


def test_a_value_that_no_reviewed_file_has_is_reported(home: Path) -> None:
    hub = with_values(deployed.export(home, "dev-hub"), "snp_pcr11", value=["ee" * 32])
    assert warned(deployed.posture(hub), "Nobody vouches for reference values of snp_pcr11")


def test_values_without_any_reviewed_file_are_reported(home: Path, tmp_path: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-hub"), root=tmp_path)
    assert warned(found, "Nobody vouches for reference values of measurement, snp_pcr03")
    assert warned(found, "Nobody vouches for the paravisor WwzmStHB...")


def test_verified_values_are_not_reported(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reference-values"
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "platform-values", tmp_path / "platform-values")
    values = yaml.load((ROOT / "reference-values/1.13.1.yaml").read_text(), yaml.BaseLoader)  # noqa: S506
    values["provenance"] |= {
        "signatureChecked": "true",
        "imageDigest": "sha256:" + "0" * 64,
        "toolVersion": "1.0",
    }
    (folder / "1.13.1.yaml").write_text(yaml.safe_dump(values))
    found = deployed.posture(deployed.export(home, "dev-hub"), root=tmp_path)
    assert not warned(found, "unverified")
    assert not warned(found, "Nobody vouches")


def test_values_past_their_end_are_reported(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    assert not warned(deployed.posture(hub), "expired")
    late = with_values(hub, "snp_pcr09", expiration="2026-01-01T00:00:00Z")
    assert warned(deployed.posture(late), "Reference values of snp_pcr09 expired on 2026-01-01")
    assert warned(
        deployed.posture(with_values(hub, "snp_pcr09", expiration="some day")), "expired on some day"
    )


def test_initdata_that_no_profile_has_is_reported_where_it_may_attest(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    known = [one["pcr8"] for one in hub.outputs["profiles"].values()]
    changed = with_values(hub, "snp_pcr08", value=[*known, "ab" * 32])
    assert warned(deployed.posture(changed), "snp_pcr08 accepts initdata that is no profile (PCR8 abababab)")
    assert warned(
        deployed.posture(with_values(hub, "snp_pcr08", value=known[1:])), "its PCR8 is no reference value"
    )


# Settings of the KBS


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"DenyAll"', '"InsecureAllowAll"', "admin API is open to everybody"),
        ('"DenyAll"', '"AuthenticatedAuthorization"', "admin API is open to the holders of its keys"),
        (
            "insecure_header_jwk = false",
            "insecure_header_jwk = true",
            "attestation_token.insecure_header_jwk",
        ),
        ("insecure_http = false", "insecure_http = true", "http_server.insecure_http"),
    ],
)
def test_an_insecure_setting_of_the_kbs_is_reported(home: Path, old: str, new: str, words: str) -> None:
    hub = deployed.export(home, "dev-hub")
    assert not warned(deployed.posture(hub), words)
    changed = deployed.with_text(hub, "kbs-config", lambda text: text.replace(old, new))
    assert warned(deployed.posture(changed), words)


def test_an_issuer_that_the_hub_does_not_keep_is_reported(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    assert not warned(deployed.posture(hub), "can pose as the KBS")
    spec = hub.object("Certificate", "kbs-https", deployed.NAMESPACE).inputs["spec"]  # pyright: ignore[reportOptionalMemberAccess]
    foreign = {"spec": {**spec, "issuerRef": {"kind": "ClusterIssuer", "name": "corporate"}}}
    found = deployed.posture(deployed.with_object(hub, "Certificate", "kbs-https", foreign))
    assert warned(found, "certificate is of ClusterIssuer corporate, which this stack does not keep")
    assert found.trusted
    assert found.trusted.issuer == "ClusterIssuer corporate"


def test_zones_that_are_not_separate_are_reported(home: Path) -> None:
    found = report.build(deployed.export(home, "dev-standalone"), None, root=ROOT, now=NOW)
    assert (found.role, bool(found.trusted), bool(found.untrusted)) == ("standalone", True, True)
    assert warned(found, "The trust zones are not separate")


def test_a_profile_for_another_kbs_is_reported(home: Path) -> None:
    hub = deployed.export(home, "dev-hub")
    moved = replace(hub, outputs={**hub.outputs, "kbsUrl": "https://kbs.elsewhere.example.com"})
    assert warned(deployed.posture(moved), "and this one is https://kbs.elsewhere.example.com")
