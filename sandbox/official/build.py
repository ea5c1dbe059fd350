"""`pulumi` and its Kubernetes plugin, built from Go modules for a machine that has neither. It is done once for a user."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sandbox.golang import GoPrograms

_MODULES: Final = Path(__file__).parent / "modules"
_VERSION: Final = "3.274.1"
KUBERNETES_VERSION: Final = "4.34.2"
"""The one that the SDK in requirements.txt asks for. The module is of January 2026: Go's module proxy serves no newer one."""
_PLUGIN: Final = "github.com/pulumi/pulumi-kubernetes/provider/v4"
_SDK: Final = "github.com/pulumi/pulumi/sdk/v3"

CLI: Final = GoPrograms(
    name="pulumi",
    what="pulumi",
    modules=_MODULES / "pulumi",
    packages={
        "pulumi": (
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            f"-X {_SDK}/go/common/version.Version=v{_VERSION}",
        )
    },
    minutes=4,
    of_modules={"pulumi-language-python-exec": (_SDK, "python/cmd/pulumi-language-python-exec")},
    beside=("pulumi-language-python", "pulumi-language-python-exec"),
)
"""Its folder has a `pulumi-language-python` that starts what SANDBOX_LANGUAGE_HOST names: see `language`."""

KUBERNETES: Final = GoPrograms(
    name="pulumi-resource-kubernetes",
    what="the Kubernetes plugin of pulumi",
    modules=_MODULES / "kubernetes",
    packages={"pulumi-resource-kubernetes": (".", f"-X {_PLUGIN}/pkg/version.Version={KUBERNETES_VERSION}")},
    minutes=6,
    of_modules={
        name: (_PLUGIN, f"cmd/pulumi-resource-kubernetes/{name}")
        for name in ("schema.json", "terraform-mapping.json")
    },
)
