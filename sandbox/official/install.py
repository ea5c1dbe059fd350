"""What the official engine needs and the sandbox does not have: found on this machine, or downloaded when somebody says so."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sandbox.apiserver import unavailable
from sandbox.engine.errors import SandboxError
from sandbox.official.cli import Cli
from sandbox.official.plugin import sdk_version

_INSTALL: Final = "python -m sandbox up --engine pulumi --install"


def missing(home: Path) -> str | None:
    """Why the official engine cannot run here as things are; None when it can, if need be after a build of the API server."""
    if _command(home) is None:
        return "the command `pulumi` is not on PATH"
    if _kubernetes() is None:
        return "the Kubernetes plugin of `pulumi` is neither on PATH nor among its plugins"
    return unavailable(home)


def find_pulumi(home: Path, *, install: bool) -> Path:
    """The command on PATH, or the one installed into the sandbox before. Raises SandboxError where there is none.

    With `install`, or when somebody at the terminal agrees, Pulumi's own installer downloads it into the sandbox.
    """
    found = _command(home)
    if found is None:
        _ask(
            "the official engine is the command `pulumi`, which is not on PATH. Install it as "
            "https://www.pulumi.com/docs/install says, or have Pulumi's own installer download it into the sandbox",
            install=install,
        )
        from pulumi.automation import PulumiCommand

        ours = _ours(home)
        PulumiCommand.install(root=str(ours))
        return ours / "bin" / "pulumi"
    return Path(found)


def link_kubernetes(cli: Cli, *, install: bool) -> None:
    """Put the official Kubernetes plugin beside the stand-ins. Raises SandboxError where there is none.

    It is the one on PATH or the one that the user's own `pulumi` has, else downloaded as in `find_pulumi`.
    """
    place, found = cli.plugin("kubernetes"), _kubernetes()
    if found is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or place.resolve() != Path(found).resolve():
            place.unlink(missing_ok=True)
            place.symlink_to(found)
    elif not place.exists():
        version = sdk_version("kubernetes")
        _ask(
            f"the Kubernetes plugin {version} of pulumi is neither on PATH nor among the plugins of pulumi. Install it with "
            f"`pulumi plugin install resource kubernetes v{version}`, or have that done for the sandbox alone",
            install=install,
        )
        cli.read("plugin", "install", "resource", "kubernetes", f"v{version}")


def _ours(home: Path) -> Path:
    return home / "pulumi" / "cli"


def _command(home: Path) -> str | None:
    return shutil.which("pulumi") or shutil.which("pulumi", path=str(_ours(home) / "bin"))


def _kubernetes() -> str | None:
    """The plugin on PATH, or the user's own."""
    name, version = "pulumi-resource-kubernetes", sdk_version("kubernetes")
    users = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return shutil.which(name) or shutil.which(
        name, path=str(users / "plugins" / f"resource-kubernetes-v{version}")
    )


def _ask(lacking: str, *, install: bool) -> None:
    """Returns when it is to be installed."""
    if install:
        return
    if not sys.stdin.isatty() or not _agreed(input, lacking):
        raise SandboxError(f"{lacking}: {_INSTALL}")


def _agreed(ask: Callable[[str], str], lacking: str) -> bool:
    return ask(f"{lacking}: download it now? [y/N] ").strip().lower() in ("y", "yes")
