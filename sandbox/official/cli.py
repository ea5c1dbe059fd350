"""The `pulumi` command, run so that nothing of the user's is touched: no login, no plugin, no cluster, no Azure account."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import ENVIRONMENT
from sandbox.installer import put_on_path
from sandbox.official import foreground
from sandbox.official.plugin import SERVED, sdk_version

BY_HAND: Final = "by-hand"
"""The folder of the `pulumi` that `by_hand` puts on PATH, which is no `pulumi` to run here."""
STACK: Final = "PULUMI_STACK"
"""Names the stack to every command of `pulumi` that is not given one."""


@dataclass(frozen=True, kw_only=True)
class Cli:
    """Runs in the project's folder `root`; `home` is the sandbox's state directory."""

    pulumi: Path
    root: Path
    home: Path

    @property
    def state(self) -> Path:
        return self.home / "pulumi"

    def run(self, *arguments: str, cwd: Path | None = None) -> int:
        """The exit code; what it prints goes where our own output goes. Raises what interrupted it, once it has ended."""
        return foreground.run([str(self.pulumi), *arguments], cwd=cwd or self.root, env=self.environment())

    def read(self, *arguments: str, cwd: Path | None = None) -> str:
        """What it prints. Raises SandboxError with its own words when it fails."""
        done = subprocess.run(
            [str(self.pulumi), *arguments],
            check=False,
            cwd=cwd or self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise SandboxError(f"`pulumi {shlex.join(arguments)}` failed: {said}")
        return done.stdout

    def environment(self) -> dict[str, str]:
        """The caller's, with a backend and a home of its own, and without credentials of a real cluster or of Azure."""
        ours = ("PULUMI_", "ARM_", "AZURE_", "KUBE")
        kept = {
            name: value for name, value in os.environ.items() if name == STACK or not name.startswith(ours)
        }
        given = os.environ.get(ENVIRONMENT)
        secret = {ENVIRONMENT: given} if given else {f"{ENVIRONMENT}_FILE": str(self.home / "passphrase")}
        return (
            kept
            | secret
            | {
                "PULUMI_HOME": str(self.state / "home"),
                # Without the files of attributes beside the states: they are not written atomically, so a reader may
                # get `EOF`, also after `pulumi` was killed.
                "PULUMI_BACKEND_URL": f"file://{self.state / 'backend'}?metadata=skip",
                # A plugin on PATH would come first, and a real azure-native there would call the real Azure.
                "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_SUPPRESS_NEO_LINK": "true",
                "KUBECONFIG": os.devnull,
                # A real openshift-install would make machines that cost money.
                "PATH": os.pathsep.join((str(put_on_path(self.home, "pulumi")), *os.get_exec_path())),
                # Asked for by a `pulumi` that the sandbox built, and by no other.
                "SANDBOX_LANGUAGE_HOST": str(self._language_host),
                "SANDBOX_LANGUAGE_EXECUTOR": str(self.pulumi.with_name("pulumi-language-python-exec")),
            }
        )

    def prepare(self) -> None:
        """Make the backend, and put the stand-ins where `pulumi` looks for plugins."""
        (self.state / "backend").mkdir(parents=True, exist_ok=True)
        self._write_command(self._language_host, "language")
        for package in SERVED:
            self._write_command(self.plugin(package), "plugin", package, "--home", str(self.home))

    @property
    def _language_host(self) -> Path:
        return self.state / "home" / "language-host"

    def _write_command(self, path: Path, module: str, *arguments: str) -> None:
        """A module of this package, as a program that is run in the project's folder, where Python finds `sandbox`."""
        command = [sys.executable, "-m", f"sandbox.official.{module}", *arguments]
        text = f'#!/bin/sh\ncd {shlex.quote(str(self.root))} && exec {shlex.join(command)} "$@"\n'
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)

    def plugin(self, package: str) -> Path:
        """Where `pulumi` looks for the plugin that the installed SDK of a package asks for."""
        folder = self.state / "home" / "plugins" / f"resource-{package}-v{sdk_version(package)}"
        return folder / f"pulumi-resource-{package}"
