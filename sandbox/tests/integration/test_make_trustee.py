"""`make trustee`: what it says, where it leads, and what it leaves behind."""

import http.client
import signal
import ssl
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.engine.errors import SandboxError
from sandbox.engine.workspace import Workspace
from sandbox.tests.integration.guests import HUB, ROOT, needs, started
from sandbox.trustee import router
from sandbox.trustee.process import running
from sandbox.trustee.source import DeployedTrustee
from tests import certificates

pytestmark = [pytest.mark.integration, needs("kbs")]


def test_secrets_are_readable_for_their_owner_only_and_gone_afterwards(
    trustee: DeployedTrustee, tmp_path: Path
) -> None:
    with started(trustee, tmp_path / "log") as kbs:
        assert kbs.root.stat().st_mode & 0o777 == 0o700
        values = trustee.deployment.secrets["kbsres1"].values()
        holding = [path for path in kbs.root.rglob("*") if path.is_file() and path.read_bytes() in values]
        assert len(holding) == len(values)
        assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}
    assert not kbs.root.exists()


def test_the_router_leads_to_the_kbs_and_nowhere_else(trustee: DeployedTrustee, tmp_path: Path) -> None:
    context = ssl.create_default_context(cadata=trustee.ca)

    def through(proxy: str, host: str) -> int:
        way = urlsplit(proxy)
        connection = http.client.HTTPSConnection(str(way.hostname), way.port, context=context)
        connection.set_tunnel(host, 443)
        with closing(connection):
            connection.request("GET", "/kbs/v0/resource/default/kbsres1/key1")
            return connection.getresponse().status

    with started(trustee, tmp_path / "log") as kbs, router.serving(trustee.host, kbs.port) as proxy:
        assert through(proxy, trustee.host) == 401
        with pytest.raises(OSError, match="403 this router has a route for kbs"):
            through(proxy, "example.com")


def test_a_certificate_of_another_authority_than_the_published_one_is_not_explained_away(
    trustee: DeployedTrustee,
) -> None:
    other = replace(trustee, ca=certificates.certificate())
    with (
        pytest.raises(SandboxError, match="does not verify with the CA that the stack publishes"),
        running(other),
    ):
        pytest.fail("it was taken for good")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_make_trustee_says_what_it_changed_and_leaves_nothing_behind(
    workspace: Workspace, trustee: DeployedTrustee, number: signal.Signals, code: int
) -> None:
    command = [sys.executable, "-m", "sandbox.trustee", HUB, "--home", str(workspace.home)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as make:
        assert make.stdout is not None
        said = ""
        for line in make.stdout:  # ends with the command, should it fail
            if line == "Ctrl-C stops it and deletes its files.\n":
                break
            said += line
        files = Path(said.partition("\nCA   ")[2].partition("\n")[0]).parent
        assert (files / "ca.crt").read_text() == trustee.ca
        make.send_signal(number)
        said += make.stdout.read()
    assert make.returncode == code
    assert not files.exists()
    assert "http_server.sockets: 0.0.0.0:8080 -> 127.0.0.1:" in said
    assert "A request without a token: 401 TokenNotFound" in said
    for secret in trustee.deployment.secrets.values():
        assert not any(value.decode() in said for value in secret.values())
