"""The committed environments come up, change as previewed and go, and nothing is left."""

import base64
import re
from pathlib import Path

import pytest
from cryptography import x509

from tests.end_to_end.project import ROLLS, CommittedProject, Run, changes

pytestmark = pytest.mark.integration

TRUSTEE = "trustee-operator-system"


def test_the_dev_environment_comes_up_and_says_what_matters(first_up: tuple[CommittedProject, Run]) -> None:
    project, run = first_up
    assert run.succeeded, run.text
    for line in (
        r"^dev-hub kbsUrl: https://kbs\.apps\.dev-hub\.eastus2\.aroapp\.io$",
        r"^dev-hub PCR8 of hardened: [0-9a-f]{64}$",
        r"^dev-spoke kbs-access: https://kbs-access\.apps\.dev-spoke\.",
        r"^Next: .*make preview$",
    ):
        assert re.search(line, run.text, re.MULTILINE), line
    spoke, hub = project.outputs("dev-spoke"), project.outputs("dev-hub")
    assert spoke["kbsUrl"] == hub["kbsUrl"]


def test_the_kbs_shows_a_certificate_for_its_route_that_the_pinned_ca_has_signed(
    is_up: CommittedProject,
) -> None:
    secret = is_up.object("Secret", "kbs-https", TRUSTEE)["data"]
    leaf = x509.load_pem_x509_certificates(base64.b64decode(secret["tls.crt"]))[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    route = is_up.object("Route", "kbs", TRUSTEE)["spec"]
    assert names.get_values_for_type(x509.DNSName) == [route["host"]]
    assert route["tls"]["termination"] == "passthrough"
    hub = is_up.outputs("dev-hub")
    assert hub["kbsUrl"] == f"https://{route['host']}"
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(hub["kbsCa"].encode()))


def test_a_second_up_changes_not_a_byte(dev: CommittedProject) -> None:
    before = dev.files()
    up = dev.up()
    assert up.succeeded
    assert re.findall(r"^(dev-\w+): nothing changes", up.text, re.MULTILINE) == ["dev-hub", "dev-spoke"]
    assert dev.files() == before


def test_a_change_is_previewed_by_resource_and_property_and_then_applied(dev: CommittedProject) -> None:
    before = dev.files()
    dev.configure("dev-hub", {"trustee.tokenMinutes": 10})
    dev.configure("dev-spoke", {"peerPods.limitPerNode": 5})
    preview = dev.preview()
    assert changes(preview.text) == {
        "trustee-kbs-config": "~",
        **ROLLS,
        "peer-pods-cm": "~",
        "sandboxed-containers-peer-pods": "±",
    }
    assert "-duration_min = 5" in preview.text
    assert "+duration_min = 10" in preview.text
    assert "~ data.PEERPODS_LIMIT_PER_NODE: 10 => 5" in preview.text
    assert dev.files() == before

    pods = dev.pods(TRUSTEE)
    up = dev.up()
    assert up.succeeded
    assert changes(up.text) == changes(preview.text)
    text = dev.object("ConfigMap", "kbs-config", TRUSTEE)["data"]["kbs-config.toml"]
    assert "duration_min = 10" in text
    assert dev.pods(TRUSTEE) != pods, "the KBS has not read it"


def test_what_is_made_outside_a_zone_is_kept_apart_by_name(is_up: CommittedProject) -> None:
    """Two stacks in one subscription: every id names its own stack, but for roles on the subscription, whose names are GUIDs."""
    in_groups = [id_ for id_ in is_up.azure() if "/resourcegroups/" in id_.lower()]
    assert in_groups
    for id_ in in_groups:
        assert ("coco-dev-hub" in id_) != ("coco-dev-spoke" in id_), id_


def test_down_takes_spoke_then_hub_in_reverse_order_and_leaves_nothing(dev: CommittedProject) -> None:
    run = dev.down()
    assert run.succeeded, run.text
    gone = re.findall(r"^- (\S+)  \S+ [\d.]+s$", run.text, re.MULTILINE)
    spoke = gone[: gone.index("coco-dev-spoke") + 1]
    in_order(
        spoke,
        "workload-kbs-access-deployment-kbs-access",  # a pod holds the KataConfig
        "sandboxed-containers-kata",
        "osc-operator-subscription",
        "cluster-aro",
        "network-workers",
        "network-vnet",
        "group",
        "coco-dev-spoke",
    )
    in_order(
        gone[len(spoke) :],
        "trustee-kbs",
        "trustee-kbs-config",
        "trustee-operator-subscription",
        "cluster-aro",
        "coco-dev-hub",
    )
    assert dev.azure() == []
    assert dev.sandbox.clusters == {}
    assert dev.resources("dev-hub") == dev.resources("dev-spoke") == {}
    assert "Nothing is up." in dev.down().text


def in_order(found: list[str], *wanted: str) -> None:
    places = [found.index(name) for name in wanted]
    assert places == sorted(places)


def test_a_protected_cluster_stays_with_everything_else(dev: CommittedProject) -> None:
    dev.configure("dev-hub", {"cluster.protect": True})
    assert dev.up("dev-hub").succeeded
    before = dev.files()
    with pytest.raises(Exception, match="protect"):
        dev.down()
    assert dev.files() == before


@pytest.mark.integration
def test_a_cluster_that_was_there_before_stays_and_keeps_nothing_of_the_stack(tmp_path: Path) -> None:
    project = CommittedProject.fresh(tmp_path)
    up = project.up("dev-standalone")
    assert up.succeeded, up.text
    assert "trust zones are not separate" in up.text
    azure, files = project.azure(), project.files()
    assert "dev-standalone: nothing changes" in project.up("dev-standalone").text
    assert project.files() == files
    before = {str(ref) for ref in _namespaces(project)}
    assert {"trustee-operator-system", "kbs-access"} <= before
    assert project.down("dev-standalone").succeeded
    assert list(project.sandbox.clusters) == ["dev-standalone"]
    assert not {"trustee-operator-system", "kbs-access", "kbs-sealed"} & _namespaces(project)
    assert [id_ for id_ in azure if id_ not in project.azure()] == [
        id_ for id_ in azure if "roleAssignments" in id_ or "coco-" in id_
    ]


def _namespaces(project: CommittedProject) -> set[str]:
    cluster = project.cluster("dev-standalone")
    return {item["metadata"].get("namespace", item["metadata"]["name"]) for item in cluster}
