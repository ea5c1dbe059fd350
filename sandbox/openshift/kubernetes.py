"""The provider `kubernetes` in front of the sandbox's clusters, with the semantics of the official one in server-side apply
mode: ids, waits, replacements, Patch resources. Charts, YAML groups and generated names are not part of it.
"""

from __future__ import annotations

from typing import Any

from sandbox.openshift import admission, schemas
from sandbox.openshift.apply import overlaid
from sandbox.openshift.clusters import StoreClusters
from sandbox.openshift.defaults import defaulted
from sandbox.openshift.inputs import (
    differences,
    forces_replacement,
    has_unknowns,
    is_set,
    manifest_of,
    read_inputs,
    shaped,
)
from sandbox.openshift.kinds import JOB, KINDS, SECRET, SERVICE, ObjectKind
from sandbox.openshift.objects import Manifest, Ref, annotation, condition, ref_of
from sandbox.openshift.store import StoredCluster
from sandbox.openshift.waits import WAIT_FOR, parse, unready
from sandbox.provider import UNKNOWN, Diff, Failure, Incomplete, Refused, Values
from sandbox.shapes import is_map

PROPAGATION = "pulumi.com/deletionPropagationPolicy"
MANAGER, PATCH_MANAGER = "pulumi-kubernetes", "pulumi-kubernetes-patch"
"""Field managers. The official provider has one a resource; here two Patch resources of one object share theirs."""


class KubernetesStandIn:
    """A Provider once it is told which cluster it serves: `for_provider` with the inputs of the provider resource."""

    def __init__(self, clusters: StoreClusters, provider_inputs: Values | None = None) -> None:
        self._clusters = clusters
        self._settings = provider_inputs or {}

    def for_provider(self, provider_inputs: Values) -> KubernetesStandIn:
        return KubernetesStandIn(self._clusters, provider_inputs)

    def check(self, type_: str, name: str, news: Values) -> list[Failure]:
        try:
            kind, patch = _kind(type_)
        except Refused as refusal:
            return [Failure("", refusal.message)]
        metadata = news.get("metadata")
        if metadata == UNKNOWN:
            return []
        if not is_map(metadata) or not metadata.get("name"):
            return [
                Failure(
                    "metadata.name",
                    f"{name} has no metadata.name; the sandbox makes no names up, so give it one",
                )
            ]
        manifest = manifest_of(kind, news)
        failures = [
            Failure(field, f'unknown field "{field}" ({schemas.hint(kind)})')
            for field in schemas.unknown_fields(kind, manifest)
        ]
        wait = annotation(manifest, WAIT_FOR)
        if wait and wait != UNKNOWN:
            try:
                parse(wait)
            except ValueError as error:
                failures.append(Failure(f'metadata.annotations["{WAIT_FOR}"]', str(error)))
        if not failures and not patch and not has_unknowns(news):
            failures = [
                Failure(*_split(problem)) for problem in admission.problems(kind, defaulted(manifest))
            ]
        return failures

    def diff(self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        kind, patch = _kind(type_)
        before, after = manifest_of(kind, old_inputs), manifest_of(kind, news)
        changed = list(differences(shaped(old_outputs, before), after))
        replace = [path for path in changed if forces_replacement(kind, path, news, self._settings, patch)]
        if kind is JOB and annotation(after, "pulumi.com/replaceUnready") == "true":
            live = self._cluster().get(_ref(kind, id_))
            if live and condition(live, "Complete") != "True":
                path = 'metadata.annotations["pulumi.com/replaceUnready"]'
                changed.append(path)
                replace.append(path)
        same_name = bool(replace) and _id(after) == id_
        return Diff(tuple(changed), tuple(replace), delete_before_replace=same_name)

    def create(self, type_: str, name: str, inputs: Values, timeout: float | None) -> tuple[str, Values]:
        kind, patch = _kind(type_)
        manifest = manifest_of(kind, inputs)
        with self._clusters.lock:
            cluster = self._cluster()
            if patch:
                cluster.apply(manifest, PATCH_MANAGER, force=self._forced(manifest))
            elif cluster.applied(ref_of(manifest), MANAGER) != manifest:
                cluster.create(manifest, MANAGER)
            return _id(manifest), _awaited(cluster, manifest)

    def preview_create(self, type_: str, name: str, inputs: Values) -> Values:
        kind, _ = _kind(type_)
        manifest = manifest_of(kind, inputs)
        if kind is SECRET and "stringData" in manifest:
            manifest = {key: value for key, value in manifest.items() if key != "stringData"} | {
                "data": UNKNOWN
            }
        metadata = manifest.get("metadata")
        if is_map(metadata):
            computed = dict.fromkeys(("uid", "resourceVersion", "creationTimestamp", "generation"), UNKNOWN)
            manifest["metadata"] = {**metadata, **computed}
        spec = manifest.get("spec")
        if kind is SERVICE and is_map(spec):
            manifest["spec"] = {"clusterIP": UNKNOWN, **spec}
        return {**manifest, "status": UNKNOWN} if "spec" in manifest else manifest

    def read(self, type_: str, id_: str, inputs: Values) -> tuple[str, Values, Values] | None:
        kind, _ = _kind(type_)
        with self._clusters.lock:
            live = self._cluster().get(_ref(kind, id_))
        return (id_, read_inputs(kind, live, inputs), live) if live else None

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        news: Values,
        preview: bool,
        timeout: float | None,
    ) -> Values:
        kind, patch = _kind(type_)
        manifest = manifest_of(kind, news)
        if preview and has_unknowns([manifest, self._settings]):
            return overlaid(old_outputs, manifest)
        with self._clusters.lock:
            cluster = self._cluster()
            if cluster.get(ref_of(manifest)) is None and not patch:
                raise Refused("NotFound", f'{kind.resource} "{manifest["metadata"]["name"]}" not found')
            manager = PATCH_MANAGER if patch else MANAGER
            merged = cluster.apply(manifest, manager, force=self._forced(manifest), dry_run=preview)
            return merged if preview else _awaited(cluster, manifest)

    def delete(self, type_: str, id_: str, inputs: Values, outputs: Values, timeout: float | None) -> None:
        kind, patch = _kind(type_)
        with self._clusters.lock:
            try:
                cluster = self._cluster()
            except Refused:
                if is_set(self._settings, "deleteUnreachable"):
                    return
                raise
            if patch:
                cluster.relinquish(_ref(kind, id_), PATCH_MANAGER)
            else:
                # The official provider's default is foreground; the annotation counts as it was written last.
                policy = annotation(manifest_of(kind, inputs), PROPAGATION) if inputs else None
                cluster.delete(_ref(kind, id_), foreground=policy in (None, "foreground"))

    def invoke(self, token: str, args: Values) -> Values:
        raise Refused("NotSupported", f"the sandbox has no function {token}")

    def secret_outputs(self, type_: str) -> set[str]:
        return {"data", "stringData"} if _kind(type_)[0] is SECRET else set()

    def _cluster(self) -> StoredCluster:
        return self._clusters.connect(self._settings.get("kubeconfig") or "")

    def _forced(self, manifest: Manifest) -> bool:
        return annotation(manifest, "pulumi.com/patchForce") == "true" or is_set(
            self._settings, "enablePatchForce"
        )


def _kind(type_: str) -> tuple[ObjectKind, bool]:
    """The kind of a type token such as `kubernetes:core/v1:ConfigMapPatch`, and whether it is a Patch resource."""
    _, version, name = type_.split(":", 2)
    version = version.removeprefix("core/")
    for candidate, patch in ((name, False), (name.removesuffix("Patch"), True)):
        if kind := KINDS.get((version, candidate)):
            return kind, patch
    raise Refused("NotSupported", f'the sandbox does not know kind "{name}" in version "{version}"')


def _ref(kind: ObjectKind, id_: str) -> Ref:
    namespace, _, name = id_.rpartition("/")
    return Ref(kind, (namespace or "default") if kind.namespaced else "", name)


def _id(manifest: Manifest) -> str:
    _, namespace, name = ref_of(manifest)
    return f"{namespace}/{name}" if namespace else name


def _awaited(cluster: StoredCluster, manifest: Manifest) -> Values:
    """The live object; raises Incomplete when what the program waits for is not the case."""
    live: dict[str, Any] = cluster.get(ref_of(manifest)) or {}
    if reasons := unready(cluster.objects, live):
        raise Incomplete(_id(manifest), live, reasons)
    return live


def _split(problem: str) -> tuple[str, str]:
    """A sentence of the API server as property and reason."""
    path, _, reason = problem.partition(": ")
    return path, reason
