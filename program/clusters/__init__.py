"""The kinds of cluster. A kind is one file here, one component, and one section of the stack file.

Only the one that is asked for is imported, as with roles.
"""

from importlib import import_module

import pulumi
import pulumi_azure_native as azure_native
from pydantic.alias_generators import to_snake

from config.sections import CommonSections
from program.place import Place
from program.stack import LoadedStack


def declare(stack: LoadedStack[CommonSections], *, runs_peer_pods: bool) -> Place:
    """The cluster of the stack, made or found, with what Azure needs for it."""
    azure, in_azure = stack.config.azure, pulumi.ResourceOptions()
    if azure is not None:
        provider = azure_native.Provider(
            "azure", subscription_id=azure.subscription_id, tenant_id=azure.tenant_id
        )
        in_azure = pulumi.ResourceOptions(providers=[provider])
    section = stack.config.cluster
    made: Place = import_module(f"program.clusters.{to_snake(section.kind)}").declare(
        stack, section, in_azure, runs_peer_pods
    )
    return made
