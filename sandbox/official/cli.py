"""The `pulumi` command: where it and its plugins are, and how it is run so that nothing of the user's is touched."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.engine.errors import SandboxError
from sandbox.engine.passphrase import ENVIRONMENT
from sandbox.official.plugin import SERVED, sdk_version


@dataclass(frozen=True, kw_only=True)
class Cli:
    """Runs in the project's folder `root`; backend, home and stand-ins are below `state`."""

    root: Path
    state: Path
    passphrase: Path

    def run(self, *arguments: str, cwd: Path | None = None) -> int:
        """The exit code; what it prints goes where our own output goes."""
        return subprocess.run(
            self._command(arguments), check=False, cwd=cwd or self.root, env=self.environment()
        ).returncode

    def read(self, *arguments: str, cwd: Path | None = None) -> str:
        """What it prints. Raises SandboxError with its own words when it fails."""
        done = subprocess.run(
            self._command(arguments),
            check=False,
            cwd=cwd or self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SandboxError(
                f"`pulumi {shlex.join(arguments)}` failed: {(done.stderr or done.stdout).strip()}"
            )
        return done.stdout

    def environment(self) -> dict[str, str]:
        """The caller's, with a backend and a home of its own, and without a way to a real cluster or Azure."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PULUMI_", "ARM_", "AZURE_", "KUBE"))
        }
        secret = (
            {ENVIRONMENT: os.environ[ENVIRONMENT]}
            if os.environ.get(ENVIRONMENT)
            else {f"{ENVIRONMENT}_FILE": str(self.passphrase)}
        )
        return (
            kept
            | secret
            | {
                "PULUMI_HOME": str(self.home),
                "PULUMI_BACKEND_URL": f"file://{self.backend}",
                # A plugin on PATH would come first, and a real azure-native there would speak to the real Azure.
                "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_SUPPRESS_NEO_LINK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "KUBECONFIG": os.devnull,
            }
        )

    @property
    def home(self) -> Path:
        return self.state / "home"

    @property
    def backend(self) -> Path:
        return self.state / "backend"

    def prepare(self) -> None:
        """Make the folders, and put the plugins where `pulumi` looks for them."""
        self.backend.mkdir(parents=True, exist_ok=True)
        for package in SERVED:
            # From the project's folder, because that is where Python finds the package `sandbox`.
            command = shlex.join(
                [sys.executable, "-m", "sandbox.official.plugin", package, "--home", str(self.state)]
            )
            text = f'#!/bin/sh\ncd {shlex.quote(str(self.root))} && exec {command} "$@"\n'
            path = self._plugin(package)
            if not path.exists() or path.read_text() != text:
                path.write_text(text)
                path.chmod(0o755)
        kubernetes = self._plugin("kubernetes")
        kubernetes.unlink(missing_ok=True)
        kubernetes.symlink_to(_kubernetes_plugin())

    def _plugin(self, package: str) -> Path:
        folder = self.home / "plugins" / f"resource-{package}-v{sdk_version(package)}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"pulumi-resource-{package}"

    @staticmethod
    def _command(arguments: tuple[str, ...]) -> list[str]:
        return ["pulumi", *arguments]


def _kubernetes_plugin() -> Path:
    """On PATH, or where the user's own `pulumi` keeps it. Raises SandboxError when it is missing."""
    name, version = "pulumi-resource-kubernetes", sdk_version("kubernetes")
    kept = Path(
        os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"),
        "plugins",
        f"resource-kubernetes-v{version}",
        name,
    )
    found = shutil.which(name) or (kept if kept.exists() else None)
    if found is None:
        raise SandboxError(
            f"the Kubernetes plugin {version} of pulumi is neither on PATH nor among the plugins of pulumi: "
            f"pulumi plugin install resource kubernetes v{version}"
        )
    return Path(found)
