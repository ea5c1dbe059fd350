"""A workload with persistence.yaml has two containers more, pinned like its own, and nothing that two pods could write at a time."""

from typing import Any

import pytest

from model import object_store
from model.workloads import documents, lock, persistence
from model.workloads.disk import limits
from model.workloads.lock import Lock
from model.workloads.reading import read, references
from model.workloads.workload import Workload, pod_template
from tests.model.workloads.manifests import IMAGE, Manifest, container, deployment, image, problems

SAVER = f"registry.example.com/rclone:1@{image().digest}"
SAID = {"kind": "objectStore", "volume": "data", "image": SAVER}
MEMORY: Manifest = {"medium": "Memory"}
GONE = object()


def manifest(kind: str = "Deployment", **pod: Any) -> Manifest:
    mounted = container(volumeMounts=[{"name": "data", "mountPath": "/srv"}])
    given = {"containers": [mounted], "volumes": [{"name": "data", "emptyDir": MEMORY}], **pod}
    made = deployment(**given)
    made["kind"] = kind
    made["spec"] |= {"replicas": 1, "strategy": {"type": "Recreate"}}
    return made


def files(made: Manifest, **said: Any) -> dict[str, str]:
    settings = {key: value for key, value in {**SAID, **said}.items() if value is not GONE}
    return {
        "web.yaml": documents.render(made),
        persistence.FILE: documents.render(settings),
        lock.FILE: lock.render(Lock(images={IMAGE: image(), SAVER: image()})),
    }


def saved(made: Manifest | None = None, **said: Any) -> Workload:
    return read("web", files(made or manifest(), **said))


def pod(workload: Workload) -> Any:
    return pod_template("Deployment", workload.confidential("kata-remote", "x", str)[0])["spec"]


def test_both_containers_come_first_and_the_second_one_stays() -> None:
    own = [container("migrate")]
    init = pod(saved(manifest(initContainers=own)))["initContainers"]
    assert [each["name"] for each in init] == ["restore", "save", "migrate"]
    assert [each.get("restartPolicy") for each in init] == [None, "Always", None]


def test_both_containers_are_pinned_with_their_command_image_and_mounts() -> None:
    restore, save, web = saved().pins().containers
    assert (restore.init, save.init, web.init) == (True, True, False)
    for each in (restore, save):
        assert each.digest == image().digest
        assert each.arguments[:2] == ("/bin/sh", "-c")
        assert each.arguments[3:5] == (
            each.name,
            "http://127.0.0.1:8006/cdh/resource/default/store-web",
        )
        assert each.read_only_root
        assert {(mount.path, mount.volume, mount.kind) for mount in each.mounts} == {
            ("/store", "store", "memory"),
            ("/data", "data", "memory"),
        }
    assert save.arguments[5] == "900"
    assert saved(everySeconds=60).pins().containers[1].arguments[5] == "60"


def test_a_further_container_made_of_the_two_is_neither_of_them() -> None:
    """Else whoever runs the node could start either one in the place of the other."""
    restore, save, _ = saved().pins().containers
    assert restore.mounts != save.mounts
    assert [mount.read_only for mount in save.mounts if mount.volume == "data"] == [True]


def test_no_container_of_the_owner_has_the_volume_with_the_key() -> None:
    assert all(mount.volume != "store" for mount in saved().pins().containers[2].mounts)


def test_nothing_in_the_manifest_says_where_the_store_is() -> None:
    text = documents.render(*saved().confidential("kata-remote", "x", str))
    assert "blob.core" not in text
    assert "sas_url" not in text
    assert {str(path) for path in object_store.paths("web")} == {
        "default/store-web/key",
        "default/store-web/rclone.conf",
        "default/store-web/floor",
    }


def test_files_belong_to_the_user_of_the_container_that_has_the_volume() -> None:
    user = {"runAsUser": 2000, "runAsGroup": 3000}
    mounted = container(volumeMounts=[{"name": "data", "mountPath": "/srv"}])
    mounted["securityContext"] |= user
    restore, save, _ = saved(manifest(containers=[mounted])).pins().containers
    assert {(each.user, each.group) for each in (restore, save)} == {(2000, 3000)}


def test_the_pod_has_time_to_save_its_last_state() -> None:
    assert pod(saved())["terminationGracePeriodSeconds"] == 120
    assert pod(saved(manifest(terminationGracePeriodSeconds=300)))["terminationGracePeriodSeconds"] == 300


def test_a_hub_and_a_spoke_that_save_differently_notice_it() -> None:
    ephemeral = {name: text for name, text in files(manifest()).items() if name != persistence.FILE}
    ephemeral[lock.FILE] = lock.render(Lock(images={IMAGE: image()}))
    digests = {
        saved().digest(),
        saved(everySeconds=60).digest(),
        read("web", ephemeral).digest(),
    }
    assert len(digests) == 3


def test_the_image_that_saves_is_pinned_by_the_same_command() -> None:
    assert references("web", files(manifest())) == tuple(sorted((IMAGE, SAVER)))


def test_without_the_file_nothing_is_saved() -> None:
    assert read("web", {k: v for k, v in _ephemeral().items()}).persistence is None


def _ephemeral() -> dict[str, str]:
    return {"web.yaml": documents.render(manifest()), lock.FILE: lock.render(Lock(images={IMAGE: image()}))}


def _changed(**spec: Any) -> Manifest:
    made = manifest()
    made["spec"] |= spec
    return made


@pytest.mark.parametrize(
    ("made", "said", "sentence"),
    [
        (_changed(replicas=2), {}, "must have one replica, because two pods would save over each other: write replicas: 1"),
        (_changed(strategy={"type": "RollingUpdate"}), {}, "must end one pod before it starts the next"),
        (_changed(strategy={}), {}, "write strategy: {type: Recreate}"),
        (manifest(volumes=[{"name": "data", "configMap": {"name": "a"}}]), {}, "must have the emptyDir data, which persistence.yaml names"),
        (manifest(), {"volume": "other"}, "must have the emptyDir other"),
        (manifest(initContainers=[container("save")]), {}, "must not have a container named save: it is added"),
        (manifest(volumes=[{"name": "data", "emptyDir": MEMORY}, {"name": "store", "emptyDir": MEMORY}]), {}, "must not have a volume named store"),
        (manifest(terminationGracePeriodSeconds=30), {}, "must have 120 seconds to end, in which the last state is saved"),
        (manifest(), {"kind": "volume"}, "persistence.yaml: must say kind, volume and image of the persistence: kind: Input should be 'objectStore'"),
        (manifest(), {"volume": GONE}, "volume: Field required"),
        (manifest(), {"everySeconds": 5}, "everySeconds: Input should be greater than or equal to 30"),
        (manifest(), {"bucket": "mine"}, "bucket: Extra inputs are not permitted"),
        (manifest(), {"image": "rclone"}, "spec.template.spec.initContainers[0].image: must"),
    ],
)  # fmt: skip
def test_what_two_pods_could_write_or_nobody_could_save_is_refused(
    made: Manifest, said: dict[str, Any], sentence: str
) -> None:
    found = problems(lambda: saved(made, **said))
    assert any(sentence in one for one in found), found


def test_pods_of_a_job_are_not_saved() -> None:
    made: Manifest = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "web", "namespace": "web"},
        "spec": {"template": manifest()["spec"]["template"]},
    }
    assert any("must be a Deployment or a StatefulSet" in one for one in problems(lambda: saved(made)))


def test_only_what_lies_on_disk_counts_against_the_disk() -> None:
    volumes = [
        {"name": "data", "emptyDir": {"medium": "Memory", "sizeLimit": "9Gi"}},
        {"name": "a", "emptyDir": {"sizeLimit": "2Gi"}},
        {"name": "b", "emptyDir": {"sizeLimit": "1.5G"}},
        {"name": "c", "emptyDir": {}},
        {"name": "d", "emptyDir": {"sizeLimit": "odd"}},
    ]
    assert limits(saved(manifest(volumes=volumes))) == 2 * 2**30 + 1_500_000_000
