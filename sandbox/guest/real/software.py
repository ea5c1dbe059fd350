"""The kata agent: which there is on PATH, and how a pod VM of cloud-api-adaptor starts it (its podvm/files/etc/systemd)."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

from sandbox.guest.node import AgentLine
from sandbox.guest.real.elf import pause
from sandbox.guest.real.plan import SHARED, Program

AGENT_SOCKET = "agent.sock"
_BIN = "/usr/local/bin"
_POLICY = "/run/peerpod/policy.rego"
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
    return (
        None
        if agent(line)
        else f"the program kata-agent-{line} (or kata-agent, of that release) is not on PATH"
    )


def binaries(line: AgentLine) -> dict[str, Path]:
    path = agent(line)
    return {f"{_BIN}/kata-agent": path} if path else {}


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
        'guest_components_procs = "none"\nlog_level = "info"\n',
        f"{_PAUSE}/config.json": json.dumps(
            {"ociVersion": "1.1.0", "process": pause_process, "root": {"path": "rootfs", "readonly": True}}
        ),
    }


def executables() -> dict[str, str]:
    return {f"{_PAUSE}/rootfs/pause": base64.b64encode(pause()).decode()}


def programs() -> tuple[Program, ...]:
    return (
        Program(
            name="kata-agent",
            command=(f"{_BIN}/kata-agent", "--config", "/etc/agent-config.toml"),
            variables={"KATA_AGENT_POLICY_FILE": _POLICY},
            awaits=f"{SHARED}/{AGENT_SOCKET}",
        ),
    )
