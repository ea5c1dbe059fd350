"""OLM itself beside a real API server, in the place of its reaction. What it installs from is the catalogue that the reaction has."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sandbox.apiserver.process import Process
from sandbox.olm import PROGRAMS
from sandbox.openshift.definitions import definition
from sandbox.openshift.kinds import CSV, ObjectKind, crd_name
from sandbox.openshift.objects import Effect, Manifest, Objects, new
from sandbox.openshift.reactions.catalog import PACKAGES, SOURCE, SOURCE_NAMESPACE, Bundle, Package
from sandbox.openshift.reactions.workloads import deployment

NAME: Final = "olm"
PAUSE: Final = 5.0
"""Seconds before one that ended is started again."""
_INSTALL_MODES: Final = ("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces")


class Olm:
    """That of the cluster in `folder`, which holds `operators.kubeconfig`. It reacts by itself: nothing is left to do but to start it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = Process(folder, NAME)
        self._started = -PAUSE

    def react(self, objects: Objects) -> list[Effect]:
        del objects
        if self._process.pid() is None and time.monotonic() - self._started >= PAUSE:
            self._start()
        return []

    def _start(self) -> None:
        self._started = time.monotonic()
        file = self._folder / "catalogue.json"
        file.write_text(json.dumps(catalogue()))
        options = {
            "of": self._folder / "operators.kubeconfig",
            "catalogue": file,
            "source": SOURCE,
            "namespace": SOURCE_NAMESPACE,
        }
        command = [str(PROGRAMS.folder / NAME)]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        self._process.start(command)


def catalogue() -> Manifest:
    """All packages, and each version once for every channel that has it, as OLM's registry API says it."""
    return {
        "packages": [_package(package) for package in PACKAGES.values()],
        "bundles": [bundle for package in PACKAGES.values() for bundle in _bundles(package)],
    }


def _package(package: Package) -> Manifest:
    return {
        "packageName": package.name,
        "channels": [{"name": name, "currentCSV": package.head(name)} for name in package.channels],
        "defaultChannel": next(iter(package.channels)),
    }


def _bundles(package: Package) -> Iterator[Manifest]:
    apis = [_api(kind) for kind in package.kinds]
    definitions = [json.dumps(definition(kind)) for kind in package.kinds]
    for channel, bundles in package.channels.items():
        for bundle in bundles:
            csv = json.dumps(_csv(package, bundle))
            yield {
                "csvName": package.csv_name(bundle.version),
                "packageName": package.name,
                "channelName": channel,
                "version": bundle.version,
                "csvJson": csv,
                "object": [csv, *definitions],
                "providedApis": apis,
                "replaces": package.csv_name(bundle.replaces) if bundle.replaces else "",
                "skips": [package.csv_name(version) for version in bundle.skips],
                "skipRange": ">={} <{}".format(*bundle.skip_range) if bundle.skip_range else "",
            }


def _api(kind: ObjectKind) -> Manifest:
    version = kind.api_version.rpartition("/")[2]
    return {"group": kind.group, "version": version, "kind": kind.kind, "plural": kind.plural}


def _csv(package: Package, bundle: Bundle) -> Manifest:
    name = package.csv_name(bundle.version)
    supported = {
        "OwnNamespace": package.own_namespace,
        "SingleNamespace": package.own_namespace,
        "AllNamespaces": package.all_namespaces,
    }
    operator = deployment(package.deployment, "", image=name)
    return new(
        CSV,
        name,
        spec={
            "displayName": package.name,
            "version": bundle.version,
            **({"replaces": package.csv_name(bundle.replaces)} if bundle.replaces else {}),
            "installModes": [
                {"type": mode, "supported": supported.get(mode, False)} for mode in _INSTALL_MODES
            ],
            "install": {
                "strategy": "deployment",
                "spec": {
                    "deployments": [
                        {
                            "name": package.deployment,
                            "label": operator["metadata"]["labels"],
                            "spec": operator["spec"],
                        }
                    ]
                },
            },
            "customresourcedefinitions": {
                "owned": [
                    {
                        "name": crd_name(kind),
                        "version": kind.api_version.rpartition("/")[2],
                        "kind": kind.kind,
                        "displayName": kind.kind,
                        "description": kind.kind,
                    }
                    for kind in package.kinds
                ]
            },
        },
    )
