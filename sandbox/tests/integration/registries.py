"""A real registry for a test, and a client that pushes to it as any other does."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from sandbox import registry
from sandbox.tests.integration.servers import built
from tests.tools import oci


@dataclass
class PushClient:
    """Pushes to one repository (OCI distribution specification, Push)."""

    base: str
    session: requests.Session

    def push(self, made: oci.Image, *tags: str) -> None:
        for blob in made.blobs:
            begun = self.session.post(f"{self.base}/blobs/uploads/")
            begun.raise_for_status()
            done = self.session.put(begun.headers["Location"], params={"digest": oci.digest(blob)}, data=blob)
            done.raise_for_status()
        for name in (*tags, oci.digest(made.manifest)):
            self.manifest(made.manifest, oci.MANIFEST, name)

    def manifest(self, body: bytes, kind: str, name: str) -> None:
        answer = self.session.put(f"{self.base}/manifests/{name}", data=body, headers={"Content-Type": kind})
        answer.raise_for_status()
        assert answer.headers["Docker-Content-Digest"] == oci.digest(body)

    @property
    def address(self) -> str:
        """`host:port` of the registry."""
        return self.base.split("/")[2]


@pytest.fixture(scope="module")
def program() -> Path:
    """The registry's; skips where there is none."""
    built(registry.PROGRAMS)
    return registry.PROGRAMS.folder / "registry"


@contextmanager
def plain_registry(program: Path, folder: Path, repository: str) -> Iterator[PushClient]:
    """Without TLS and passwords."""
    with registry.serve(program, folder, {}) as address, requests.Session() as session:
        yield PushClient(f"http://{address}/v2/{repository}", session)


def real(settings: object, architecture: str = "amd64") -> oci.Image:
    """With a layer that is one: a registry does not look inside, but a node would."""
    made = oci.image(settings, architecture=architecture)
    layer = gzip.compress(b"\0" * 1024, mtime=0)
    manifest = json.loads(made.manifest)
    manifest["layers"] = [oci.descriptor(layer, oci.LAYER)]
    return oci.Image(oci.encode(manifest), (made.blobs[0], layer))
