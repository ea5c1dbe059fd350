"""The API server, from the Go modules that `go.mod` beside this file pins."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.golang import GoPrograms

KUBERNETES = "1.34.4"
_VERSION = "k8s.io/component-base/version"
_SAYS = f"-X {_VERSION}.gitVersion=v{KUBERNETES} -X {_VERSION}.gitMajor=1 -X {_VERSION}.gitMinor=34"
PACKAGES = {
    "etcd": ("go.etcd.io/etcd/server/v3", ""),
    "kube-apiserver": ("k8s.io/kubernetes/cmd/kube-apiserver", _SAYS),
    "kube-controller-manager": ("k8s.io/kubernetes/cmd/kube-controller-manager", _SAYS),
}
PROGRAMS: Final = GoPrograms(
    name="apiserver", what="the API server", modules=Path(__file__).parent, packages=PACKAGES, minutes=6
)
