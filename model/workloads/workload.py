"""A workload that was read and checked: what it pins, what it is known by, and what is deployed."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from model.paths import ResourcePath
from model.policy.pins import ContainerPins, PodPins
from model.workloads import images, lock, sealed
from model.workloads.grants import Grants, NeededGrants, ungranted
from model.workloads.lock import Lock
from model.workloads.objects import HOLDERS, WorkloadObject
from model.workloads.persistence import Persistence
from model.workloads.pod_rules import INITDATA
from model.workloads.problems import Problem, WorkloadError


@dataclass(frozen=True, kw_only=True)
class Workload:
    """``objects`` in the order in which they can be made: first what a pod needs to start, then as the files have them.

    ``holder`` is the one that holds pods. ``containers`` are merged with their images, nothing granted. ``needs``: what the pod
    asks its owner for. ``persistence``: what is saved of it, whose containers are among all of these; None where nothing is.
    """

    name: str
    objects: tuple[WorkloadObject, ...]
    holder: WorkloadObject
    lock: Lock
    containers: tuple[ContainerPins, ...]
    needs: NeededGrants
    persistence: Persistence | None = None

    @property
    def namespace(self) -> str:
        return self.holder.namespace

    @property
    def images(self) -> tuple[str, ...]:
        """The images by repository and digest, as they are deployed."""
        return tuple(
            f"{images.parse(name).repository}@{image.digest}" for name, image in self.lock.images.items()
        )

    @property
    def sealed(self) -> frozenset[ResourcePath]:
        """The secrets of the hub whose sealed secrets its Secrets hold."""
        return frozenset(
            path for each in self.objects if each.kind == sealed.KIND for path in sealed.paths(each.manifest)
        )

    @property
    def unread(self) -> tuple[str, ...]:
        """The images whose lock entry a person wrote without asking the registry."""
        return tuple(name for name, image in self.lock.images.items() if image.read_from == lock.UNREAD)

    def pins(self, grants: Grants | None = None) -> PodPins:
        """What the policy allows. Raises WorkloadError where the manifests need what ``grants`` does not give."""
        grants = grants or Grants()
        if problems := lacking(self.needs, grants):
            raise WorkloadError(problems)
        security = pod_template(self.holder.kind, self.holder.manifest)["spec"].get("securityContext", {})
        return PodPins(
            workload=self.name,
            containers=tuple(
                replace(each, exec_commands=tuple(map(tuple, grants.exec_commands.get(each.name, ()))))
                for each in self.containers
            ),
            sysctls=tuple((each["name"], each["value"]) for each in security.get("sysctls", ())),
            fs_group=security.get("fsGroup"),
            read_logs=grants.read_logs,
        )

    def digest(self) -> str:
        """SHA-256, in hex, of all that the manifests and the lock say.

        The order and format of files, documents and keys do not matter, nor when and where the images were read. Hub and spoke
        compare it, so that a spoke deploys exactly what the hub measured.
        """
        settings = {name: image.settings for name, image in self.lock.images.items()}
        manifests = sorted(_canonical(each.manifest) for each in self.objects)
        whole = {"workload": self.name, "manifests": manifests, "images": settings}
        return hashlib.sha256(_canonical(whole).encode()).hexdigest()

    def confidential(
        self, runtime_class: Any, initdata: Any, sealed_secret: Callable[[ResourcePath], Any]
    ) -> tuple[dict[str, Any], ...]:
        """The objects with what makes the pod confidential, and nothing else changed.

        Added are the runtime class, the initdata (encoded), no token and no service links; images are named by digest, and
        ``sealed_secret`` takes the place of each address in a Secret. What is given is put in as it is, so it may stand for a text
        that is known only later.
        """
        made = tuple(
            sealed.filled(each.manifest, sealed_secret)
            if each.kind == sealed.KIND
            else copy.deepcopy(dict(each.manifest))
            for each in self.objects
        )
        template = pod_template(self.holder.kind, made[self.objects.index(self.holder)])
        template.setdefault("metadata", {}).setdefault("annotations", {})[INITDATA] = initdata
        spec: dict[str, Any] = template["spec"]
        spec["runtimeClassName"] = runtime_class
        spec["automountServiceAccountToken"] = False
        spec["enableServiceLinks"] = False
        for container in [*spec.get("initContainers", ()), *spec["containers"]]:
            reference: str = container["image"]
            container["image"] = f"{images.parse(reference).repository}@{self.lock.images[reference].digest}"
        return made


def lacking(needs: NeededGrants, grants: Grants) -> list[Problem]:
    """What ``needs`` asks for and ``grants`` does not give."""
    return [
        Problem(file=at.file, object=at.object, path=at.path, rule=rule, fix=fix)
        for at, rule, fix in ungranted(needs, grants)
    ]


def pod_template(kind: str, manifest: Mapping[str, Any]) -> Any:
    """The pod template inside a checked object of a kind that holds pods."""
    inner: Any = manifest
    for key in HOLDERS[kind][1]:
        inner = inner[key]
    return inner


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
