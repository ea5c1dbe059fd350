"""A folder whose files, objects or locked images do not fit together is refused with its place, the rule and the fix."""

from collections.abc import Callable
from typing import Any

import pytest

from model.workloads import lock
from model.workloads.lock import Lock
from model.workloads.reading import read, references
from tests.model.workloads.manifests import (
    DIGEST,
    IMAGE,
    container,
    deployment,
    files,
    image,
    other,
    problems,
    workload,
)

PIN = "run make pin WORKLOAD=web"


def beside(**change: Any) -> Callable[[], object]:
    return lambda: workload(deployment(), other("ConfigMap") | change)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: workload(deployment(), other("Secret", data={"a": "c2VjcmV0"})), "Secret a: data: must not hold a value, because whoever runs the cluster can read it: remove it, and use stringData"),
        (lambda: workload(deployment(), other("Secret")), "Secret a: stringData: is missing: write each key under it"),
        (lambda: workload(deployment(), other("Secret", stringData={"a": "hunter2"})), "Secret a: stringData.a: must not hold a value, because whoever runs the cluster can read it: serve the value with coco:secrets"),
        (lambda: workload(deployment(), other("Secret", stringData={"a": "kbs:///default/db"})), "write its address: kbs:///default/<secret>/<key>"),
        (lambda: workload(deployment(), other("Secret", stringData={"a/b": "kbs:///default/db/key"})), 'stringData["a/b"]: must have letters, digits, -, _ and . in its key'),
        (lambda: workload(deployment(), other("Secret", stringData={"a": "kbs:///default/db/key"}, type="kubernetes.io/tls")), "type: must be Opaque"),
        (lambda: workload(deployment(), other("DaemonSet", "apps/v1")), "DaemonSet a: kind: holds pods, but is no kind"),
        (lambda: workload(deployment(), other("ReplicaSet", "apps/v1")), "holds pods, but is no kind"),
        (lambda: workload(deployment(), other("DeploymentConfig", "apps.openshift.io/v1")), "holds pods, but is no kind"),
        (lambda: workload(deployment(), other("Workflow", "argoproj.io/v1alpha1")), "is no kind that a workload may have"),
        (lambda: workload(deployment(), {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": []}), "must not be a list"),
        (lambda: workload(deployment(), other("Route", "v1")), "apiVersion: must be route.openshift.io/v1 for a Route (got v1)"),
        (lambda: workload(deployment(), deployment("b")), "must have exactly one object that holds pods"),
        (lambda: workload(other("Service")), "not 0: give each a folder of its own"),
        (lambda: workload(deployment(), other("ConfigMap"), other("ConfigMap")), "ConfigMap a: comes more than once"),
        (beside(status={"a": 1}), "status: is written by the cluster"),
        (beside(metadata={"name": "a", "namespace": "web", "resourceVersion": "1"}), "metadata.resourceVersion: is written by the cluster"),
        (beside(metadata={"generateName": "a-", "namespace": "web"}), "metadata.generateName: must not be used"),
        (beside(metadata={"namespace": "web"}), "metadata.name: is missing"),
        (beside(metadata={"name": "a"}), "metadata.namespace: is missing"),
        (beside(metadata={"name": "a", "namespace": "other"}), "metadata.namespace: must be web, the namespace of the other objects (got other)"),
        (beside(kind=None), "kind: is missing"),
        (beside(metadata=None), "metadata: is missing"),
        (lambda: workload(deployment(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "b"}}), "metadata.name: must be web"),
        (lambda: workload(deployment(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web", "namespace": "web"}}), "must not be set on a Namespace"),
        (lambda: workload(deployment() | {"spec": {}}), "spec.template: is missing: write the template of the Deployment"),
        (lambda: workload(deployment() | {"spec": {"template": {"metadata": {}}}}), "spec.template.spec: is missing"),
        (lambda: read("web", files(deployment()) | {"x.json": "{}"}), "workloads/web/x.json: is not read: name it .yaml"),
        (lambda: read("web", files(deployment()) | {"x.yaml": "- a"}), "x.yaml: document 1: must be a mapping"),
        (lambda: read("web", files(deployment()) | {"x.yaml": "a: 1\na: 1"}), "x.yaml: the key a comes twice"),
        (lambda: read("Web", files(deployment())), "workloads/Web: must be lower-case letters"),
        (lambda: read("web", {"web.yaml": files(deployment())["web.yaml"]}), f"images.lock.yaml: is missing, so the digests of the images are not known: {PIN}"),
        (lambda: read("web", files(deployment()) | {lock.FILE: "images: 1"}), f"images.lock.yaml: must be a lock file as make pin writes it: {PIN}"),
        (lambda: read("web", files(deployment()) | {lock.FILE: lock.render(Lock(images={IMAGE: image(), "quay.io/a/old:1": image()}))}), f"images[quay.io/a/old:1]: is an image that no manifest names: {PIN}"),
        (lambda: workload(deployment(), locked=image(entrypoint=[], command=[])), "neither entrypoint nor command"),
        (lambda: workload(deployment(), locked=image(stopSignal="SIGNONE")), "SIGNONE is no signal of Linux"),
        (lambda: workload(deployment(), locked=image(environment=["ALONE"])), "have a name and a value"),
    ],
)  # fmt: skip
def test_a_folder_is_refused(act: Callable[[], object], said: str) -> None:
    assert any(said in found for found in problems(act)), problems(act)


def test_a_digest_in_the_manifest_must_be_the_locks() -> None:
    reference = f"registry.example.com/team/web@{DIGEST}"
    texts = files(deployment(containers=[container(image=reference)]))

    def locked(digest: str) -> list[str]:
        content = lock.render(Lock(images={reference: image(digest=digest)}))
        return problems(lambda: read("web", texts | {lock.FILE: content}))

    assert locked(DIGEST) == []
    (found,) = locked("sha256:" + "00" * 32)
    assert f"must have the digest that images.lock.yaml has, which is sha256:{'00' * 32}" in found
    assert PIN in found


def test_the_images_to_pin_are_found_without_a_lock_and_in_spite_of_other_mistakes() -> None:
    manifest = deployment(hostNetwork=True, initContainers=[container("init", image="quay.io/b/c@" + DIGEST)])
    texts = files(manifest)
    del texts[lock.FILE]
    assert references("web", texts) == (f"quay.io/b/c@{DIGEST}", IMAGE)
    found = problems(
        lambda: references(
            "web", files(deployment(containers=[container(image="nginx")])) | {"x.yaml": "a: *b"}
        )
    )
    assert len(found) == 2
