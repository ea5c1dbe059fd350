"""A certificate that cert-manager issues and renews."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import Observed, custom_resource, once


def certificate(
    name: str,
    *,
    object_name: str,
    namespace: pulumi.Input[str],
    spec: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    """A Certificate whose Secret has its own name. It counts as created when the Secret holds what ``spec`` asks for.

    Another ``spec`` makes another object: ``Ready`` of the same one would still be about the certificate before. The Secret stays.
    """
    return custom_resource(
        name,
        api_version="cert-manager.io/v1",
        kind="Certificate",
        object_name=object_name,
        namespace=namespace,
        spec={"secretName": object_name, **spec},
        wait_for=["condition=Ready", "jsonpath={.status.notBefore}"],
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(replace_on_changes=["spec"], delete_before_replace=True)
        ),
    )


def issued_at(
    name: str, made: pulumi.CustomResource, *, namespace: str, object_name: str, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Since when the present certificate is valid, which every issuance changes. Its Secret, and so the key, stays out of the state.

    Not ``status.revision``: cert-manager writes it after ``Ready``, and for a Certificate that finds its Secret never.
    """
    observed = Observed(
        name,
        api_version="cert-manager.io/v1",
        kind="Certificate",
        id=once(made, f"{namespace}/{object_name}"),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[made])),
    )
    return observed.status.apply(lambda status: begin(status, namespace, object_name))


def begin(status: Mapping[str, Any] | None, namespace: str, object_name: str) -> str:
    """``status.notBefore`` of a Certificate. Raises RunError where it is missing."""
    found = (status or {}).get("notBefore")
    if not found:
        raise pulumi.RunError(
            f"the Certificate {namespace}/{object_name} has no status.notBefore, so nothing is issued: look at `oc describe certificate"
            f" {object_name} -n {namespace}`, then run up again"
        )
    return str(found)
