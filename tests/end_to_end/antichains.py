"""In which rounds `pulumi destroy` deletes the resources of a state.

After ScheduleDeletes in pulumi's pkg/resource/deploy/step_generator.go and DependenciesOf in pkg/resource/graph/dependency_graph.go
(CLI 3.274): the engine groups resources by the longest way to them from what needs nothing, and deletes the farthest group first.
All of one group are deleted at the same time. The embedded engine deletes one after the other and shows no such race.
"""

from collections.abc import Sequence

from sandbox.api import Record


def rounds(resources: Sequence[Record]) -> dict[str, int]:
    """The number of the round that deletes each resource, by name, 1 for the first; `resources` in the order of the state."""
    levels: dict[str, int] = {}
    for index, resource in enumerate(resources):
        before = resources[:index]
        levels[resource.urn] = 1 + max((levels[urn] for urn in _dependencies(resource, before)), default=0)
    last = max(levels.values())
    return {urn.rpartition("::")[2]: last - level + 1 for urn, level in levels.items()}


def _dependencies(resource: Record, before: Sequence[Record]) -> set[str]:
    """Its provider, its parent and what it depends on; of a component also all that is in it, as far as it comes before."""
    found = {each.urn for each in before if each.urn in resource.needs}
    for each in before:
        if each.urn in resource.needs and not each.custom:
            found |= _inside(each.urn, before)
    return found | {each.urn for each in before if each.urn == resource.parent}


def _inside(component: str, before: Sequence[Record]) -> set[str]:
    found: set[str] = set()
    for each in before:
        if each.parent == component or each.parent in found:
            found.add(each.urn)
    return found
