"""From the texts of a workload's folder to a checked workload, with everything that is wrong reported at once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from model.policy.pins import ContainerPins, VolumeKind
from model.workloads import images, lock, objects, persistence, sealed
from model.workloads.documents import DocumentError
from model.workloads.grants import Grants, NeededGrants, commands
from model.workloads.lock import Lock
from model.workloads.merging import Pod, container_pins
from model.workloads.objects import HOLDERS, WorkloadObject
from model.workloads.persistence import Persistence
from model.workloads.pod_rules import check_pod, containers
from model.workloads.problems import Field, Problem, WorkloadError
from model.workloads.volume_rules import NO_STORAGE
from model.workloads.workload import Workload, lacking

_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?")


def read(name: str, files: Mapping[str, str], grants: Grants | None = None) -> Workload:
    """The workload of the folder ``workloads/<name>``; ``files``: the text of each file by its name.

    With ``grants`` what they lack is among the problems; without, `Workload.pins` judges that. Raises WorkloadError.
    """
    problems: list[Problem] = []
    folder = Field(name, f"workloads/{name}", "", "", problems)
    if not _NAME.fullmatch(name):
        folder.refuse(
            "must be lower-case letters, digits and dashes, at most 40, and begin with a letter", "rename it"
        )
    known = objects.identify(objects.parse(folder.file, files, problems))
    for item, field in known:
        if item.kind == sealed.KIND:
            sealed.check(field)
    holders = [(item, field) for item, field in known if item.kind in HOLDERS]
    if len(holders) != 1:
        folder.refuse(
            f"must have exactly one object that holds pods ({', '.join(HOLDERS)}), not {len(holders)}",
            "give each a folder of its own, because each kind of pod has a policy of its own",
            show=False,
        )
    saved = _persistence(name, files, holders, problems)
    locked = _lock(name, files, problems)
    found = [_pod(item, field, locked) for item, field in holders]
    if locked is not None:
        _compare(name, locked, [image for each in found for image in each.images], problems)
    for each in found if grants is not None else ():
        problems += lacking(each.needs, grants or Grants())
    if problems or locked is None:
        raise WorkloadError(dict.fromkeys(problems))
    return Workload(
        name=name,
        objects=tuple(item for item, _ in known),
        holder=holders[0][0],
        lock=locked,
        containers=tuple(found[0].pins),
        needs=found[0].needs,
        persistence=saved,
    )


def references(name: str, files: Mapping[str, str]) -> tuple[str, ...]:
    """The images that the manifests name, sorted; the lock file is not looked at.

    Raises WorkloadError where a text cannot be read or an image's name is not one; other rules are left to `read`.
    """
    reported: list[Problem] = []
    known = objects.identify(objects.parse(f"workloads/{name}", files, reported))
    _persistence(name, files, [(item, field) for item, field in known if item.kind in HOLDERS], reported)
    wrong = list(reported)
    found = set[str]()
    for item, field in known:
        template = objects.template(item, field) if item.kind in HOLDERS else None
        for image in _images(template):
            try:
                images.parse(image.value)
            except images.BadReference as error:
                image.refuse(str(error), "write the image's full name")
                wrong.append(reported[-1])
            else:
                found.add(image.value)
    if wrong:
        raise WorkloadError(wrong)
    return tuple(sorted(found))


def _persistence(
    name: str, files: Mapping[str, str], holders: Sequence[tuple[WorkloadObject, Field]], found: list[Problem]
) -> Persistence | None:
    """What the file of that name says; its containers are put into the pod template where nothing speaks against it."""
    if persistence.FILE not in files:
        return None
    at = Field(None, f"workloads/{name}/{persistence.FILE}", "", "", found)
    try:
        said = persistence.read(files[persistence.FILE])
    except DocumentError as error:
        at.refuse(error.rule, error.fix, show=False)
        return None
    for item, holder in holders:
        template = objects.template(item, holder)
        if template is None or not isinstance(template.value, dict):
            continue
        wrong = list(persistence.problems(holder, item.kind, template, said))
        for place, rule, fix in wrong:
            place.refuse(rule, fix, show=False)
        if not wrong:
            persistence.add(cast(dict[str, Any], template.value), name, said)
    return said


@dataclass(frozen=True, kw_only=True)
class _Found:
    images: Sequence[Field]
    pins: Sequence[ContainerPins]
    needs: NeededGrants


def _pod(item: WorkloadObject, field: Field, locked: Lock | None) -> _Found:
    """Report what the pod of an object has wrong, and merge each container that has nothing wrong."""
    spec = field.mapping().get("spec")
    if item.kind == "StatefulSet" and spec is not None and "volumeClaimTemplates" in spec.mapping():
        spec.mapping()["volumeClaimTemplates"].refuse(*NO_STORAGE, show=False)
    template = objects.template(item, field)
    if template is None:
        return _Found(
            images=(), pins=(), needs=NeededGrants(containers=(), commands=(), volumes={}, holder=field)
        )
    kinds = check_pod(template)
    spec = template.mapping().get("spec")
    found = [] if spec is None else containers(spec)
    volumes = _volumes(spec, kinds)
    sound = [(each, init) for each, init in found if _is_sound(each, template)]
    needs = NeededGrants(
        containers=tuple(name for each, _ in found if (name := each.name())),
        commands=tuple(
            (each.value["name"], at, command) for each, _ in sound for at, command in commands(each)
        ),
        volumes=volumes,
        holder=field,
    )
    pins: list[ContainerPins] = []
    for each, init in sound:
        image = None if locked is None else locked.images.get(each.value["image"])
        if image is not None:
            merged = container_pins(each, _context(item, template.value, kinds), image, init=init)
            pins += [] if merged is None else [merged]
    return _Found(images=_images(template), pins=pins, needs=needs)


def _context(item: WorkloadObject, template: Mapping[str, Any], kinds: Mapping[str, VolumeKind]) -> Pod:
    return Pod(
        holder=item.kind,
        holder_name=item.name,
        namespace=item.namespace,
        metadata=template.get("metadata", {}),
        spec=template["spec"],
        volumes=kinds,
    )


def _is_sound(container: Field, template: Field) -> bool:
    """Whether neither the container nor what it shares with the others of its pod has a problem."""
    shared = ("volumes", "securityContext", "serviceAccountName")
    prefix = f"{template.path}.spec" if template.path else "spec"
    paths = (container.path, *(f"{prefix}.{key}" for key in shared), f"{template.path}.metadata".lstrip("."))
    return not any(
        problem.object == container.object and problem.path.startswith(paths)
        for problem in container.problems
    )


def _volumes(spec: Field | None, kinds: Mapping[str, VolumeKind]) -> dict[str, tuple[VolumeKind, Field]]:
    volumes = None if spec is None else spec.mapping().get("volumes")
    found: dict[str, tuple[VolumeKind, Field]] = {}
    for volume in volumes.sequence() if volumes is not None else ():
        if (name := volume.name()) in kinds:
            found[name] = (kinds[name], volume)
    return found


def _images(template: Field | None) -> list[Field]:
    spec = None if template is None else template.mapping().get("spec")
    found = [] if spec is None else [each.mapping().get("image") for each, _ in containers(spec)]
    return [image for image in found if image is not None and isinstance(image.value, str)]


def _lock(name: str, files: Mapping[str, str], problems: list[Problem]) -> Lock | None:
    at = Field(None, f"workloads/{name}/{lock.FILE}", "", "", problems)
    if lock.FILE not in files:
        at.refuse("is missing, so the digests of the images are not known", f"run {_pin(name)}", show=False)
        return None
    try:
        return lock.read(files[lock.FILE])
    except DocumentError as error:
        at.refuse(error.rule, f"run {_pin(name)}: {error.fix}", show=False)
        return None


def _compare(name: str, locked: Lock, named: Sequence[Field], problems: list[Problem]) -> None:
    """The lock must be of exactly the images that the manifests name."""
    for image in named:
        entry = locked.images.get(image.value)
        if entry is None:
            image.refuse(f"is not in {lock.FILE}, so its digest is not known", f"run {_pin(name)}")
        elif "@" in image.value and not image.value.endswith(f"@{entry.digest}"):
            image.refuse(
                f"must have the digest that {lock.FILE} has, which is {entry.digest}", f"run {_pin(name)}"
            )
    for reference in sorted(locked.images.keys() - {image.value for image in named}):
        Field(reference, f"workloads/{name}/{lock.FILE}", "", f"images[{reference}]", problems).refuse(
            "is an image that no manifest names", f"run {_pin(name)}", show=False
        )


def _pin(name: str) -> str:
    return f"make pin WORKLOAD={name}"
