"""What the official engine needs: found on this machine, else built once for the user, or downloaded when somebody says so."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Final

from sandbox import cache
from sandbox.apiserver import PROGRAMS as API_SERVER
from sandbox.apiserver import external
from sandbox.certmanager import PROGRAMS as CERT_MANAGER
from sandbox.engine.errors import SandboxError
from sandbox.golang import BuildError, GoPrograms, Say, fetching
from sandbox.official.build import CLI, KUBERNETES
from sandbox.official.cli import BY_HAND, Cli
from sandbox.official.plugin import sdk_version
from sandbox.olm import PROGRAMS as OLM

_INSTALL: Final = "python -m sandbox up --engine pulumi --install"


def to_build(home: Path) -> list[GoPrograms]:
    """What this machine has not and `get` would build."""
    needed: list[GoPrograms] = []
    if _command(home) is None:
        needed.append(CLI)
    if _kubernetes(home) is None:
        needed.append(KUBERNETES)
    if not os.environ.get(external.VARIABLE):
        needed += [API_SERVER, OLM, CERT_MANAGER]
    return [programs for programs in needed if not programs.is_built()]


def get(home: Path, say: Say, *, install: bool = False) -> Path:
    """The command `pulumi`, after which nothing of `to_build` is missing. Raises SandboxError.

    Somebody at the terminal is asked first. With `install`, Pulumi's own installer downloads the command into the sandbox.
    """
    if install and _command(home) is None:
        from pulumi.automation import PulumiCommand

        PulumiCommand.install(root=str(_ours(home)))
    missing = to_build(home)
    if missing:
        _agree(missing, say)
    try:
        with fetching(missing):
            for programs in missing:
                programs.build(say)
    except BuildError as error:
        raise SandboxError(
            f"{error}\nWhere Pulumi can be downloaded, its own installer gets it: {_INSTALL}"
        ) from error
    return Path(_command(home) or CLI.folder / "pulumi")


def link_kubernetes(cli: Cli, *, install: bool = False) -> None:
    """Put the official Kubernetes plugin beside the stand-ins, after `get`.

    It is the one on PATH or that of the user's own `pulumi`, else the one that was downloaded (`install`) or built.
    """
    place = cli.plugin("kubernetes")
    found = _users_kubernetes()
    if found is None and install and not _downloaded(place):
        place.unlink(missing_ok=True)
        cli.read("plugin", "install", "resource", "kubernetes", f"v{sdk_version('kubernetes')}")
    if found is None and _downloaded(place):
        return
    source = Path(found or KUBERNETES.folder / place.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists() or place.resolve() != source.resolve():
        place.unlink(missing_ok=True)
        place.symlink_to(source)


def _agree(missing: list[GoPrograms], say: Say) -> None:
    """Say once what is built, and how long it takes. Raises SandboxError when somebody at the terminal does not want it."""
    names = [programs.what for programs in missing]
    what = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    minutes = sum(programs.minutes for programs in missing)
    words = (
        f"{what} {'is' if len(names) == 1 else 'are'} not on this machine: built once from pinned Go modules into "
        f"{cache.folder()}, in about {minutes} minutes on two cores"
    )
    if not sys.stdin.isatty():
        say(f"{words}.")
    elif input(f"{words}. Build now? [Y/n] ").strip().lower() not in ("", "y", "yes"):
        raise SandboxError(
            "nothing was built. The embedded engine needs none of it (leave ENGINE out). Your own `pulumi` and its plugins come "
            f"first when they are on PATH (https://www.pulumi.com/docs/install), or Pulumi's installer gets them: {_INSTALL}"
        )


def _ours(home: Path) -> Path:
    return home / "pulumi" / "cli"


def _command(home: Path) -> str | None:
    """The user's own, or the one that was downloaded into the sandbox; not the one of `by_hand`, which asks for it."""
    found = [folder for folder in os.get_exec_path() if Path(folder).name != BY_HAND]
    return shutil.which("pulumi", path=os.pathsep.join([*found, str(_ours(home) / "bin")]))


def _kubernetes(home: Path) -> Path | None:
    place = Cli(pulumi=Path("pulumi"), root=home, home=home).plugin("kubernetes")
    found = _users_kubernetes()
    return Path(found) if found else place if _downloaded(place) else None


def _users_kubernetes() -> str | None:
    """The plugin on PATH, or the one that the user's own `pulumi` has."""
    name, version = "pulumi-resource-kubernetes", sdk_version("kubernetes")
    users = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return shutil.which(name) or shutil.which(
        name, path=str(users / "plugins" / f"resource-kubernetes-v{version}")
    )


def _downloaded(place: Path) -> bool:
    """Whether Pulumi's own installer put it there; we put links there."""
    return place.is_file() and not place.is_symlink()
