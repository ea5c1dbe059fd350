"""The guest's own programs: which there are on PATH, and how a pod VM of cloud-api-adaptor starts them (its podvm/files/etc/systemd)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from sandbox.guest.node import LINES, AgentLine
from sandbox.guest.real.elf import pause
from sandbox.guest.real.plan import SHARED, Program

COMPONENTS = ("attestation-agent", "confidential-data-hub", "api-server-rest")
AGENT_SOCKET = "agent.sock"
_BIN = "/usr/local/bin"
_CA_FILE = "/etc/ssl/certs/ca-certificates.crt"
_PEER_POD = "/run/peerpod"
_POLICY = f"{_PEER_POD}/policy.rego"
_CDH_SOCKET = "/run/confidential-containers/cdh.sock"
_AA_SOCKET = "/run/confidential-containers/attestation-agent/attestation-agent.sock"
_KEY_PROVIDERS = "/etc/ocicrypt_config.json"
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
    """Why there is no agent of that line; None where there is one."""
    if agent(line):
        return None
    return f"the program kata-agent-{line} (or kata-agent, of that release) is not on PATH"


def missing_all() -> str | None:
    """Why there is no agent of any line; None where there is one."""
    reasons = [missing(line) for line in LINES]
    return reasons[-1] if all(reasons) else None


def missing_components() -> str | None:
    """Which of the programs beside the agent are not on PATH; None where all are."""
    lacking = [name for name in COMPONENTS if shutil.which(name) is None]
    return f"the guest's own programs are not on PATH: {', '.join(lacking)}" if lacking else None


def binaries(line: AgentLine) -> dict[str, Path]:
    """By place in the guest, what of the programs there is on PATH."""
    found = {f"{_BIN}/{name}": shutil.which(name) for name in COMPONENTS}
    path = agent(line)
    own = {f"{_BIN}/kata-agent": path} if path else {}
    return own | {place: Path(program) for place, program in found.items() if program}


def files(policy: str) -> dict[str, str]:
    """What is written when the agent starts: its policy as process-user-data writes it, and what the image of a pod VM has."""
    pause_process = {
        "terminal": False,
        "user": {"uid": 0, "gid": 0},
        "args": ["/pause"],
        "env": ["PATH=/usr/bin:/bin"],
        "cwd": "/",
        "noNewPrivileges": True,
    }
    return {
        _POLICY: policy,
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


def pod_files(documents: Mapping[str, str], initdata: str, ca: str) -> dict[str, str]:
    """`files`, and what process-user-data writes of an initdata (TOML) with its `documents`. `ca` (PEM): of registries."""
    return {
        **files(documents["policy.rego"]),
        **{f"{_PEER_POD}/{name}": text for name, text in documents.items()},
        f"{_PEER_POD}/initdata": initdata,
        f"{_PEER_POD}/auth.json": '{"auths": {}}',
        _CA_FILE: ca,
        _KEY_PROVIDERS: json.dumps(
            {"key-providers": {"attestation-agent": {"ttrpc": f"unix://{_CDH_SOCKET}"}}}
        ),
    }


def executables() -> dict[str, str]:
    return {f"{_PAUSE}/rootfs/pause": base64.b64encode(pause()).decode()}


def programs() -> tuple[Program, ...]:
    """The agent alone."""
    return (
        Program(
            name="kata-agent",
            command=(f"{_BIN}/kata-agent", "--config", "/etc/agent-config.toml"),
            variables={"KATA_AGENT_POLICY_FILE": _POLICY},
            awaits=f"{SHARED}/{AGENT_SOCKET}",
            # For a container of another user than root it asks, for a moment, for all capabilities, of which a guest has not all.
            keeps_capabilities=True,
        ),
    )


def pod_programs() -> tuple[Program, ...]:
    """All, in their order: the agent looks for the data hub's socket once, when it starts."""
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
                "OCICRYPT_KEYPROVIDER_CONFIG": _KEY_PROVIDERS,
                "CDH_DEFAULT_IMAGE_AUTHENTICATED_REGISTRY_CREDENTIALS": f"file://{_PEER_POD}/auth.json",
            },
            awaits=_CDH_SOCKET,
        ),
        Program(
            name="api-server-rest", command=(f"{_BIN}/api-server-rest", "--features", "all"), in_pod=True
        ),
        *programs(),
    )
