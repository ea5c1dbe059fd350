"""A hub outside of Azure, on a cluster where somebody else keeps cert-manager and an authority, under the official engine."""

import base64
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509

from sandbox.apiserver.client import ApiClient, ApiError
from sandbox.engine.stackfile import StackFile
from sandbox.official.install import to_build
from sandbox.openshift.kinds import (
    CLUSTER_ISSUER,
    NAMESPACE,
    OPERATOR_GROUP,
    SECRET,
    SUBSCRIPTION,
)
from sandbox.openshift.objects import Manifest, condition, new
from sandbox.tests.integration import lifecycle
from sandbox.tests.integration.servers import built
from sandbox.tests.integration.world import TRUSTEE, World
from tests import certificates

pytestmark = pytest.mark.integration

HUB = "anywhere-hub"
THEIRS = "cert-manager-operator"
CA = certificates.certificate("Corporate CA")


def somebody_elses() -> Iterator[Manifest]:
    """cert-manager, which OLM keeps by itself, and an authority of its own."""
    yield new(NAMESPACE, THEIRS)
    yield new(OPERATOR_GROUP, THEIRS, THEIRS, spec={"targetNamespaces": [THEIRS]})
    catalogue = {"source": "redhat-operators", "sourceNamespace": "openshift-marketplace"}
    package = {"name": "openshift-cert-manager-operator", "channel": "stable-v1"}
    yield new(SUBSCRIPTION, THEIRS, THEIRS, spec={**catalogue, **package, "installPlanApproval": "Automatic"})
    pair = {"tls.crt": CA, "tls.key": certificates.private_key()}
    data = {key: base64.b64encode(text.encode()).decode() for key, text in pair.items()}
    yield new(SECRET, "corporate", "cert-manager", type="kubernetes.io/tls", data=data)
    yield new(CLUSTER_ISSUER, "corporate", spec={"ca": {"secretName": "corporate"}})


def make(server: ApiClient, manifest: Manifest, deadline: float) -> None:
    """As somebody does who tries until it is taken: the kinds of cert-manager come with it, and its webhook is trusted later."""
    while True:
        try:
            server.apply(lifecycle.path(manifest), manifest, manager="somebody")
        except ApiError:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        else:
            return


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("anywhere")
    built(*to_build(folder))
    world = World(folder)
    try:
        (folder / "authorities").mkdir()
        (folder / "authorities/corporate.pem").write_text(CA)
        issuer: dict[str, Any] = {"name": "corporate", "ca": "authorities/corporate.pem"}
        world.project.configure(HUB, {"trustee.issuer": issuer, "operators.certManager": "present"})
        world.environment.cli.prepare()
        world.environment.stacks.configure(StackFile.of(world.environment.project, HUB))
        server, deadline = client(world), time.monotonic() + 180
        for manifest in somebody_elses():
            make(server, manifest, deadline)
        issuers = lifecycle.path(new(CLUSTER_ISSUER, "corporate"))
        while condition(server.get(issuers), "Ready") != "True":
            assert time.monotonic() < deadline
            time.sleep(0.5)
        done = world.sandbox("up", "--stack", HUB)
        assert done.code == 0, done.text
        yield world
    finally:
        world.environment.stand_ins.clusters.stop()


def client(world: World) -> ApiClient:
    return world.environment.stand_ins.clusters.server(HUB).client()


def test_the_issuer_that_was_there_has_signed_for_the_name_of_the_stack_file(anywhere: World) -> None:
    secret = client(anywhere).get(f"{TRUSTEE}/secrets/kbs-https")
    leaf = x509.load_pem_x509_certificates(base64.b64decode(secret["data"]["tls.crt"]))[0]
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(CA.encode()))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kbs.example.com"]
    assert anywhere.outputs(HUB)["kbsCa"] == CA
    assert anywhere.outputs(HUB)["kbsUrl"] == "https://kbs.example.com"


def test_a_second_preview_knows_what_the_program_made_and_changes_nothing(anywhere: World) -> None:
    anywhere.unchanged(HUB)


def test_down_leaves_what_somebody_else_keeps(anywhere: World) -> None:
    done = anywhere.pulumi("destroy", HUB, "--yes", "--skip-preview")
    assert done.code == 0, done.text
    server = client(anywhere)
    assert server.get(lifecycle.path(new(SUBSCRIPTION, THEIRS, THEIRS)))["status"]["installedCSV"]
    assert condition(server.get(lifecycle.path(new(CLUSTER_ISSUER, "corporate"))), "Ready") == "True"
    with pytest.raises(ApiError, match="not found"):
        server.get(f"{TRUSTEE}/configmaps/kbs-config")
