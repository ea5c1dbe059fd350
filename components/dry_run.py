"""A step that ends when the API server, with every webhook, would take an object: "the operator runs" does not say so.

A webhook answers before its authority is known to the API server, and an object in between is refused for good (cert-manager: 500,
x509 unknown authority; External Secrets: its webhook fails closed). Pulumi tries such an answer no second time.
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from components.in_cluster import JobArgs, job
from components.scripts import script

DRY_RUN = script("dry_run.sh")
_PATIENCE_SECONDS = 600


def dry_run(
    name: str,
    *,
    job_name: str,
    namespace: pulumi.Input[str],
    api_version: str,
    kind: str,
    plural: str,
    spec: Mapping[str, Any],
    operator: pulumi.Input[str],
    parent: pulumi.Resource,
    after: list[pulumi.Resource] | None = None,
) -> k8s.batch.v1.Job:
    """A Job that tries to create an object with this ``spec`` in ``namespace``, which makes nothing.

    ``operator`` is the version whose webhook answers: with another one it is tried again. Its account may create objects of this
    kind in this namespace, because the API server asks for the same right as for a real one.
    """
    # No object has this name: a dry run of one that exists is refused for that reason.
    metadata = {"name": "coco-dry-run", "namespace": namespace}
    manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
    return job(
        name,
        f"{name}-account",
        JobArgs(
            name=job_name,
            namespace=namespace,
            account=job_name,
            script=DRY_RUN,
            environment={"MANIFEST": pulumi.Output.json_dumps(manifest), "OPERATOR": operator},
            patience=_PATIENCE_SECONDS,
            rules=[
                {
                    "api_groups": [api_version.split("/", maxsplit=1)[0]],
                    "resources": [plural],
                    "verbs": ["create"],
                }
            ],
        ),
        parent=parent,
        after=after or [],
    )
