"""The guest's own programs: which there are on PATH, and how a pod VM of cloud-api-adaptor starts them (its podvm/files/etc/systemd)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from sandbox.guest.node import AgentLine
from sandbox.guest.real.elf import pause
from sandbox.guest.real.plan import SHARED, Program

COMPONENTS = ("attestation-agent", "confidential-data-hub", "api-server-rest")
AGENT_SOCKET = "agent.sock"
_BIN = "/usr/local/bin"
_CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
_PEER_POD = "/run/peerpod"
_CDH_SOCKET = "/run/confidential-containers/cdh.sock"
_AA_SOCKET = "/run/confidential-containers/attestation-agent/attestation-agent.sock"
_OPEN_FILES = "/etc/ocicrypt_config.json"
_PAUSE = "/pause_bundle"


def agent(line: AgentLine) -> Path | None:
    """The program `kata-agent-3.31`, or `kata-agent` where it says that it is of that line; None where neither is on PATH."""
    for name in (f"kata-agent-{line}", "kata-agent"):
        path = shutil.which(name)
        if path and _version(path).startswith(f"kata-agent version {line}."):
            return Path(path)
    return None


@lru_cache
def _version(path: str) -> str:
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=20).stdout


def missing(line: AgentLine) -> str | None:
    """Which program is not on PATH; None when all are."""
    lacking = [name for name in COMPONENTS if shutil.which(name) is None]
    return missing_agent(line) or (
        f"the guest's own programs are not on PATH: {', '.join(lacking)}" if lacking else None
    )


def missing_agent(line: AgentLine) -> str | None:
    return None if agent(line) else f"the program kata-agent-{line} (or kata-agent, of that release) is not on PATH"


def agent_binary(line: AgentLine) -> dict[str, Path]:
    path = agent(line)
    return {f"{_BIN}/kata-agent": path} if path else {}


def binaries(line: AgentLine) -> dict[str, Path]:
    """By place in the guest."""
    found = {f"{_BIN}/{name}": shutil.which(name) for name in COMPONENTS}
    return {place: Path(path) for place, path in found.items() if path} | agent_binary(line)


def files(documents: Mapping[str, str], initdata: str, ca: str) -> dict[str, str]:
    """What the image of a pod VM and process-user-data have written when the programs start. `ca` (PEM): of registries."""
    pause_process = {
        "terminal": False,
        "user": {"uid": 65535, "gid": 65535},
        "args": ["/pause"],
        "env": ["PATH=/usr/bin:/bin"],
        "cwd": "/",
        "noNewPrivileges": True,
    }
    return {
        **{f"{_PEER_POD}/{name}": text for name, text in documents.items()},
        f"{_PEER_POD}/initdata": initdata,
        f"{_PEER_POD}/auth.json": "{}",
        _CA_FILE: ca,
        _OPEN_FILES: json.dumps({"key-providers": {"attestation-agent": {"ttrpc": f"unix://{_CDH_SOCKET}"}}}),
        "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "/etc/group": "root:x:0:\n",
        "/etc/resolv.conf": "",
        # The socket lies outside of /run/kata-containers, which CreateSandbox deletes.
        "/etc/agent-config.toml": f'server_addr = "unix://{SHARED}/{AGENT_SOCKET}"\n'
        'guest_components_procs = "none"\nguest_components_rest_api = "all"\nlog_level = "info"\n',
        f"{_PAUSE}/config.json": json.dumps(
            {"ociVersion": "1.1.0", "process": pause_process, "root": {"path": "rootfs", "readonly": True}}
        ),
    }


def executables() -> dict[str, str]:
    return {f"{_PAUSE}/rootfs/pause": base64.b64encode(pause()).decode()}


def programs() -> tuple[Program, ...]:
    """In their order; the agent looks for the data hub's socket once, when it starts."""
    return (
        Program(
            name="attestation-agent",
            # A real guest measures the initdata into PCR 8, from where its evidence has the digest. Sample evidence is told it.
            command=(
                f"{_BIN}/attestation-agent",
                "-c",
                f"{_PEER_POD}/aa.toml",
                "--initdata-toml",
                f"{_PEER_POD}/initdata",
            ),
            awaits=_AA_SOCKET,
        ),
        Program(
            name="confidential-data-hub",
            command=(f"{_BIN}/confidential-data-hub", "-c", f"{_PEER_POD}/cdh.toml"),
            variables={
                "OCICRYPT_KEYPROVIDER_CONFIG": _OPEN_FILES,
                "CDH_DEFAULT_IMAGE_AUTHENTICATED_REGISTRY_CREDENTIALS": f"file://{_PEER_POD}/auth.json",
            },
            awaits=_CDH_SOCKET,
        ),
        Program(
            name="api-server-rest", command=(f"{_BIN}/api-server-rest", "--features", "all"), in_pod=True
        ),
        *agent_alone(),
    )


def agent_alone() -> tuple[Program, ...]:
    return (
        Program(
            name="kata-agent",
            command=(f"{_BIN}/kata-agent", "--config", "/etc/agent-config.toml"),
            variables={"KATA_AGENT_POLICY_FILE": f"{_PEER_POD}/policy.rego"},
            awaits=f"{SHARED}/{AGENT_SOCKET}",
        ),
    )
