"""The kinds of cluster that a stack can have. A kind is one file here and one line in `KINDS`, and a member of `ClusterSection`."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from config.sections.clusters import aro, existing, self_managed
from config.sections.clusters.aro import AroSection
from config.sections.clusters.existing import ExistingSection
from config.sections.clusters.kind import ClusterKind
from config.sections.clusters.made import MadeSection
from config.sections.clusters.self_managed import SelfManagedSection

ClusterSection = Annotated[AroSection | SelfManagedSection | ExistingSection, Field(discriminator="kind")]
KINDS: Final[Mapping[str, ClusterKind]] = {
    "aro": aro.KIND,
    "selfManaged": self_managed.KIND,
    "existing": existing.KIND,
}

__all__ = ["KINDS", "AroSection", "ClusterSection", "ExistingSection", "MadeSection", "SelfManagedSection"]
