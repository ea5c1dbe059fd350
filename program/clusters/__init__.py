"""The kinds of cluster. A kind is one file here, one component, one section of the stack file, and one line in ``KINDS``."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pulumi
import pulumi_azure_native as azure_native

from config.sections import CommonSections
from program.clusters import aro, existing
from program.place import Place
from program.stack import LoadedStack

Declare = Callable[[LoadedStack[CommonSections], Any, pulumi.ResourceOptions, bool], Place]
"""The stack, the section of its kind, options of what is in Azure, and whether peer pods run there."""
KINDS: Final[Mapping[str, Declare]] = {"aro": aro.declare, "existing": existing.declare}


def declare(stack: LoadedStack[CommonSections], *, runs_peer_pods: bool) -> Place:
    """The cluster of the stack, made or found, with what Azure needs for it."""
    azure, in_azure = stack.config.azure, pulumi.ResourceOptions()
    if azure is not None:
        provider = azure_native.Provider(
            "azure", subscription_id=azure.subscription_id, tenant_id=azure.tenant_id
        )
        in_azure = pulumi.ResourceOptions(providers=[provider])
    section: Any = stack.config.cluster  # the table pairs each section with its function
    return KINDS[section.kind](stack, section, in_azure, runs_peer_pods)
