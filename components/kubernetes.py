"""Objects whose kind the program has no class for: it writes their spec, or reads their status."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as k8s


class Observed(pulumi.CustomResource):
    """An object that the cluster or an operator owns; the program reads its ``spec`` and ``status`` and never writes it.

    pulumi-kubernetes' own ``CustomResource.get`` offers neither field in Python.
    """

    spec: pulumi.Output[Any]
    status: pulumi.Output[Any]

    def __init__(
        self, name: str, *, api_version: str, kind: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> None:
        """``id`` is ``<name>`` or ``<namespace>/<name>``; of something that the program makes first, see ``once``."""
        super().__init__(
            f"kubernetes:{api_version}:{kind}",
            name,
            {"spec": None, "status": None},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)),
        )


def once(made: pulumi.CustomResource, id: pulumi.Input[str]) -> pulumi.Output[str]:
    """The ``id`` to read by, unknown until ``made`` exists: a first preview would look for the object and fail."""
    return pulumi.Output.all(id, made.id).apply(lambda parts: parts[0])


def custom_resource(
    name: str,
    *,
    api_version: str,
    kind: str,
    object_name: str,
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
    namespace: pulumi.Input[str] | None = None,
    wait_for: Sequence[str] = (),
    delete_in_background: bool = False,
) -> k8s.apiextensions.CustomResource:
    """A custom resource that counts as created when every condition of ``wait_for`` holds.

    A condition is ``condition=<type>`` or ``jsonpath={<path>}[=<value>]``, as pulumi-kubernetes documents ``pulumi.com/waitFor``.

    ``delete_in_background`` is for an object whose operator takes down what it made: by default Kubernetes deletes the dependents
    first, under the operator's hands.
    """
    metadata: dict[str, Any] = {"name": object_name}
    if namespace is not None:
        metadata["namespace"] = namespace
    annotations: dict[str, pulumi.Input[str]] = {}
    if delete_in_background:
        annotations["pulumi.com/deletionPropagationPolicy"] = "background"
    if wait_for:
        # The annotation takes one condition as plain text, several only as a JSON array.
        condition = wait_for[0] if len(wait_for) == 1 else pulumi.Output.json_dumps(list(wait_for))
        annotations["pulumi.com/waitFor"] = condition
    if annotations:
        metadata["annotations"] = annotations
    return k8s.apiextensions.CustomResource(
        name, api_version=api_version, kind=kind, metadata=metadata, spec=spec, opts=opts
    )
