"""Images that the sandbox makes of programs of this machine, in the place of images that it cannot fetch.

They honour what the samples ask of theirs: bash, curl, a web server that `run-httpd` starts on port 8080, and the configuration that
the workload's lock file states. They are not the vendor's, and have another digest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from model.workloads.lock import LockedImage

PROGRAMS = ("bash", "curl", "busybox")
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x[0-9a-f]+\)")
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_SCRIPTS = {
    "usr/bin/container-entrypoint": '#!/bin/bash\nexec "$@"\n',
    "usr/bin/run-httpd": "#!/bin/bash\nexec busybox httpd -f -p 8080 -h /var/www/html\n",
}
_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}
# Writable for the group 0, to which OpenShift's users belong.
_SHARED = ("opt/app-root/src", "var/www/html")
_PLAIN = ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "etc", "proc", "sys", "dev", "run")
_PASSWD = "root:x:0:0:root:/root:/bin/bash\ndefault:x:1001:0:Default:/opt/app-root/src:/sbin/nologin\n"


class NoImage(Exception):
    """The image cannot be made here; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """`digest` is that of the index. `documents`: the index, the manifest, the configuration and the layer by digest, each with its
    media type.
    """

    digest: str
    documents: Mapping[str, tuple[str, bytes]]

    def of_kind(self, kind: str) -> str:
        """The digest of the first document whose media type contains `kind`: `index`, `manifest`, `config` or `layer`."""
        return next(digest for digest, (media, _) in self.documents.items() if kind in media)

    def tampered(self, kind: str) -> Image:
        """The same names, with one document changed."""
        digest = self.of_kind(kind)
        media, content = self.documents[digest]
        return Image(digest=self.digest, documents={**self.documents, digest: (media, content + b"\n")})


def unavailable() -> str | None:
    """Why no image can be made on this machine; None when one can."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        return f"images for guests are made of {', '.join(missing)}, which is not on PATH"
    return None


def web(settings: LockedImage) -> Image:
    """An image of the web server with the settings of a lock file. Raises NoImage."""
    layer = _layer()
    packed = gzip.compress(layer, 1, mtime=0)
    config = _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {
                "Entrypoint": list(settings.entrypoint),
                "Cmd": list(settings.command),
                "Env": list(settings.environment),
                "User": settings.user,
                "WorkingDir": settings.working_dir,
                "StopSignal": settings.stop_signal,
            },
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described(_CONFIG, config),
            "layers": [_described(_LAYER, packed)],
        }
    )
    platform = {"architecture": "amd64", "os": "linux"}
    index = _json(
        {
            "schemaVersion": 2,
            "mediaType": _INDEX,
            "manifests": [{**_described(_MANIFEST, manifest), "platform": platform}],
        }
    )
    documents = {_INDEX: index, _MANIFEST: manifest, _CONFIG: config, _LAYER: packed}
    return Image(
        digest=_digest(index),
        documents={_digest(content): (media, content) for media, content in documents.items()},
    )


@lru_cache(maxsize=1)
def _layer() -> bytes:
    if reason := unavailable():
        raise NoImage(reason)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in _directories():
            mode = 0o1777 if name == "tmp" else 0o775 if name in _SHARED else 0o755
            _add(tar, name, kind=tarfile.DIRTYPE, mode=mode)
        for name, target in _LINKS.items():
            _add(tar, name, kind=tarfile.SYMTYPE, link=target)
        for name, text in _SCRIPTS.items():
            _add(tar, name, content=text.encode())
        _add(tar, "etc/passwd", content=_PASSWD.encode(), mode=0o644)
        for name, path in _files().items():
            _add(tar, name, content=path.read_bytes())
        for applet in _applets():
            _add(tar, f"usr/bin/{applet}", kind=tarfile.SYMTYPE, link="busybox")
    return stream.getvalue()


def _directories() -> list[str]:
    named = [*_PLAIN, *_SHARED, "tmp", *(str(PurePosixPath(name).parent) for name in _files())]
    all_parts = {"/".join(name.split("/")[:end]) for name in named for end in range(1, name.count("/") + 2)}
    return sorted(all_parts)


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """By place in the image, the programs and the libraries that they load."""
    files: dict[str, Path] = {}
    for name in PROGRAMS:
        program = Path(str(shutil.which(name))).resolve()
        files[f"usr/bin/{name}"] = program
        listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
        for library in _LIBRARY.findall(listed.stdout):
            place = library if library.startswith("/usr") else f"/usr{library}"
            files[place.lstrip("/")] = Path(library).resolve()
    return files


@lru_cache(maxsize=1)
def _applets() -> tuple[str, ...]:
    listed = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True).stdout
    taken = {*PROGRAMS, "run-httpd", "container-entrypoint"}
    return tuple(sorted({PurePosixPath(line).name for line in listed.split()} - taken))


def _add(
    tar: tarfile.TarFile,
    name: str,
    *,
    kind: bytes = tarfile.REGTYPE,
    mode: int = 0o755,
    link: str = "",
    content: bytes = b"",
) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.linkname, entry.size = kind, mode, link, len(content)
    tar.addfile(entry, io.BytesIO(content))


def _described(media: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
