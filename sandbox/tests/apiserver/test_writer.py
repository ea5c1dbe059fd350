"""What a reaction says is done once, in the API server's own terms, and a no is taken as an answer."""

import logging
from typing import Any, cast

import pytest

from sandbox.apiserver.client import ApiClient, ApiError
from sandbox.apiserver.paths import path_to
from sandbox.openshift.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    KINDS,
    NAMESPACE,
    POD,
    ROUTE,
)
from sandbox.openshift.objects import Delete, Manifest, Put, new, ref_of, with_status
from sandbox.watch.mirror import Mirror
from sandbox.watch.writer import Writer


class FakeServer:
    """Holds objects by path as an API server does: versions, conflicts, a status that is written apart."""

    def __init__(self) -> None:
        self.objects: dict[str, Manifest] = {}
        self.requests: list[str] = []
        self.refusal: ApiError | None = None
        self._version = 0

    def create(self, path: str, manifest: Manifest, *, manager: str) -> Manifest:
        self._request("create", path)
        uid = {"uid": f"uid-{self._version}"}
        bare = {key: value for key, value in manifest.items() if key != "status"}
        return self._keep(path_to(ref_of(manifest)), {**bare, "metadata": {**manifest["metadata"], **uid}})

    def replace(self, path: str, manifest: Manifest, *, manager: str) -> Manifest:
        self._request("replace", path)
        place = path.removesuffix("/status")
        live = self.objects[place]
        if manifest["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]:
            raise ApiError(409, "Conflict", "the object has been modified")
        if place != path:
            return self._keep(place, {**live, "status": manifest["status"]})
        return self._keep(place, {**manifest, "status": live.get("status", {})})

    def delete(self, path: str, *, grace: int | None = None) -> Manifest | None:
        self._request("delete", path)
        live = self.objects[path]
        if "nodeName" in live.get("spec", {}) and grace != 0:
            return live
        if live["metadata"].get("finalizers"):
            return self._keep(
                path, {**live, "metadata": {**live["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
            )
        del self.objects[path]
        return live if grace == 0 else {"kind": "Status", "metadata": {}}

    def find(self, path: str) -> Manifest | None:
        return self.objects.get(path)

    def changed_by_somebody(self, manifest: Manifest) -> Manifest:
        return self._keep(path_to(ref_of(manifest)), manifest)

    def _keep(self, path: str, manifest: Manifest) -> Manifest:
        self._version += 1
        metadata = {**manifest["metadata"], "resourceVersion": str(self._version)}
        self.objects[path] = {**manifest, "metadata": metadata}
        return {**manifest, "metadata": dict(metadata)}

    def _request(self, verb: str, path: str) -> None:
        self.requests.append(f"{verb} {path.rpartition('/')[2]}")
        if self.refusal:
            raise self.refusal


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def mirror(server: FakeServer) -> Mirror:
    mirror = Mirror(cast("ApiClient", server), KINDS.values())
    mirror.put(server.create("", new(NAMESPACE, "app"), manager=""))
    server.requests.clear()
    return mirror


@pytest.fixture
def writer(server: FakeServer, mirror: Mirror) -> Writer:
    return Writer(cast("ApiClient", server), mirror)


def _settings(**data: str) -> Manifest:
    return new(CONFIG_MAP, "settings", "app", data=data)


def _live(mirror: Mirror, manifest: Manifest) -> Manifest:
    live = mirror.at(ref_of(manifest))
    assert live
    return live


def test_what_is_said_twice_is_written_once(server: FakeServer, writer: Writer) -> None:
    assert writer.write(Put(_settings(a="1")))
    assert not writer.write(Put(_settings(a="1")))
    assert server.requests == ["create configmaps"]


def test_content_and_status_are_written_apart_and_only_where_they_differ(
    server: FakeServer, writer: Writer, mirror: Mirror
) -> None:
    deployment = new(DEPLOYMENT, "web", "app", spec={"replicas": 1})
    writer.write(Put({**deployment, "status": {"replicas": 0}}))
    assert server.requests == ["create deployments", "replace status"]
    writer.write(Put(with_status(_live(mirror, deployment), replicas=1)))
    assert server.requests[2:] == ["replace status"]
    writer.write(Put({**_live(mirror, deployment), "spec": {"replicas": 2}}))
    assert server.requests[3:] == ["replace web"]
    assert _live(mirror, deployment)["status"] == {"replicas": 1}


def test_after_a_conflict_the_mirror_knows_better(server: FakeServer, writer: Writer, mirror: Mirror) -> None:
    writer.write(Put(_settings(a="1")))
    old = _live(mirror, _settings())
    server.changed_by_somebody({**old, "data": {"a": "2"}})
    assert writer.write(Put({**old, "data": {"b": "1"}}))
    assert _live(mirror, _settings())["data"] == {"a": "2"}


def test_an_object_that_went_is_forgotten(server: FakeServer, writer: Writer, mirror: Mirror) -> None:
    writer.write(Put(_settings(a="1")))
    old = _live(mirror, _settings())
    server.objects.clear()
    server.refusal = ApiError(404, "NotFound", "gone")
    assert writer.write(Put({**old, "data": {"b": "1"}}))
    assert mirror.at(ref_of(old)) is None
    assert not writer.write(Put({**old, "data": {"c": "1"}}))


def test_a_refusal_is_logged_once_and_stops_nobody(
    server: FakeServer, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    server.refusal = ApiError(422, "Invalid", "data.a: Invalid value")
    with caplog.at_level(logging.WARNING):
        assert not writer.write(Put(_settings(a="1")))
        assert not writer.write(Put(_settings(a="1")))
    assert [record.message for record in caplog.records] == [
        "ConfigMap app/settings: Invalid: data.a: Invalid value"
    ]


@pytest.mark.parametrize("code", [0, 429, 500])
def test_a_server_in_trouble_is_for_the_loop_to_wait_for(
    code: int, server: FakeServer, writer: Writer
) -> None:
    server.refusal = ApiError(code, "Trouble", "come back later")
    with pytest.raises(ApiError):
        writer.write(Put(_settings()))
    server.refusal = None
    assert writer.write(Put(_settings()))


def test_an_object_waits_for_its_namespace_and_for_its_kind(server: FakeServer, writer: Writer) -> None:
    assert not writer.write(Put(new(CONFIG_MAP, "settings", "nowhere")))
    assert not writer.write(Put(new(ROUTE, "web", "app", spec={})))
    assert server.requests == []


def test_a_deleted_object_is_gone_unless_a_finalizer_holds_it(
    server: FakeServer, writer: Writer, mirror: Mirror
) -> None:
    held: dict[str, Any] = _settings()
    held["metadata"]["finalizers"] = ["somebody/holds-it"]
    ref = ref_of(held)
    writer.write(Put(held))
    assert writer.write(Delete(ref))
    assert "deletionTimestamp" in _live(mirror, held)["metadata"]
    assert not writer.write(Delete(ref))
    live = _live(mirror, held)
    metadata = {key: value for key, value in live["metadata"].items() if key != "finalizers"}
    assert writer.write(Put({**live, "metadata": metadata}))
    assert mirror.at(ref) is None


def test_a_pod_on_a_node_is_gone_though_no_kubelet_says_that_it_has_ended(
    server: FakeServer, writer: Writer, mirror: Mirror
) -> None:
    pod = new(POD, "pod", "app", spec={"nodeName": "worker"})
    writer.write(Put(pod))
    live = _live(mirror, pod)
    mirror.put(
        server.changed_by_somebody(
            {**live, "metadata": {**live["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
        )
    )
    assert writer.write(Delete(ref_of(pod)))
    assert server.find(path_to(ref_of(pod))) is None
    assert mirror.at(ref_of(pod)) is None


def test_what_is_heard_late_of_an_object_that_went_does_not_bring_it_back(
    server: FakeServer, writer: Writer, mirror: Mirror
) -> None:
    writer.write(Put(_settings(a="1")))
    live = _live(mirror, _settings())
    mirror.remove(ref_of(live), live["metadata"]["uid"])  # the watch was faster than the answer to a write
    mirror.put({**live, "metadata": {**live["metadata"], "resourceVersion": "99"}})
    assert mirror.at(ref_of(live)) is None
    server.objects.clear()
    assert writer.write(Put(_settings(a="2")))
    assert _live(mirror, live)["data"] == {"a": "2"}
