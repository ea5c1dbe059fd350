"""How much of a pod VM's disk a workload asks for: emptyDirs that are not in memory lie there, and so do images."""

import re
from collections.abc import Mapping
from typing import Any, Final

from model.workloads.workload import Workload, pod_template

_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?")
_UNITS: Final[Mapping[str | None, int]] = {
    None: 1,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
}


def limits(workload: Workload) -> int:
    """The sum, in bytes, of ``sizeLimit`` of its emptyDirs on disk; those without a limit count as nothing."""
    spec: Mapping[str, Any] = pod_template(workload.holder.kind, workload.holder.manifest)["spec"]
    directories = [volume["emptyDir"] for volume in spec.get("volumes", ()) if "emptyDir" in volume]
    return sum(
        _bytes(directory.get("sizeLimit", "0"))
        for directory in directories
        if directory.get("medium") != "Memory"
    )


def _bytes(quantity: object) -> int:
    """0 for what is no quantity of these units: the API server refuses it (apimachinery, resource.Quantity)."""
    match = _QUANTITY.fullmatch(str(quantity))
    return int(float(match[1]) * _UNITS[match[2]]) if match else 0
