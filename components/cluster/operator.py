"""One operator from the cluster's catalogue, at exactly one version.

OLM upgrades by itself when it may, and a confidential stack must not be upgraded without review. So approval is Manual, and a
Job (approve.sh) approves what leads to the pinned version: OLM goes from a version to the one that replaces it, with a plan
for each. A plan is approved when all that it installs is one version of this package, newer than what is there and not newer
than the pin. Whatever OLM proposes later stays unapproved until the pin in the stack file changes, which makes a new Job.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.in_cluster import JobArgs, job
from components.kubernetes import custom_resource
from components.scripts import script

APPROVE = script("cluster/approve.sh")
PATIENCE_SECONDS = 1500


@dataclass(frozen=True, kw_only=True)
class OperatorSubscriptionArgs:
    """``csv`` is the pin, for example ``trustee-operator.v1.2.1``. The operator watches its own namespace only, unless
    ``all_namespaces``: some versions refuse anything less.

    ``environment``: variables that OLM adds to the operator's own containers.
    """

    namespace: str
    package: str
    csv: str
    source: str
    channel: str = "stable"
    privileged: bool = False
    all_namespaces: bool = False
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])


class OperatorSubscription(pulumi.ComponentResource):
    """Depend on the whole component: when it is there, the operator runs and its kinds exist. ``csv`` is the pin."""

    namespace: pulumi.Output[str]
    csv: str

    def __init__(
        self, name: str, args: OperatorSubscriptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:cluster:OperatorSubscription", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        levels = ("enforce", "audit", "warn") if args.privileged else ()
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata={
                "name": args.namespace,
                # Without any field of its own the API server would know nothing of who made it (`program.installed`).
                "labels": {
                    "app.kubernetes.io/managed-by": "pulumi",
                    **{f"pod-security.kubernetes.io/{level}": "privileged" for level in levels},
                },
            },
            opts=self._child,
        )
        self.namespace = namespace.metadata.name
        group = custom_resource(
            f"{name}-group",
            api_version="operators.coreos.com/v1",
            kind="OperatorGroup",
            object_name=args.namespace,
            namespace=self.namespace,
            spec={"targetNamespaces": [] if args.all_namespaces else [args.namespace]},
            opts=self._child,
        )
        subscription = custom_resource(
            f"{name}-subscription",
            api_version="operators.coreos.com/v1alpha1",
            kind="Subscription",
            object_name=args.package,
            namespace=self.namespace,
            spec={
                "name": args.package,
                "channel": args.channel,
                "source": args.source,
                "sourceNamespace": "openshift-marketplace",
                "installPlanApproval": "Manual",
                "startingCSV": args.csv,
                **_config(args.environment),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        job(
            f"{name}-approval",
            f"{name}-approver",
            JobArgs(
                name=f"approve-{args.csv.replace('.', '-')}",
                namespace=self.namespace,
                account="install-approver",
                script=APPROVE,
                environment={"CSV": args.csv},
                patience=PATIENCE_SECONDS,
                rules=[
                    {
                        "api_groups": ["operators.coreos.com"],
                        "resources": ["installplans"],
                        "verbs": ["get", "list", "patch"],
                    },
                    {
                        "api_groups": ["operators.coreos.com"],
                        "resources": ["clusterserviceversions", "subscriptions"],
                        "verbs": ["list"],
                    },
                ],
            ),
            parent=self,
            after=[subscription],
        )
        self.csv = args.csv
        self.register_outputs({"namespace": self.namespace, "csv": self.csv})


def _config(environment: Mapping[str, pulumi.Input[str]]) -> dict[str, object]:
    """The part of a Subscription that is for the operator; left out where there is nothing to say."""
    if not environment:
        return {}
    return {
        "config": {"env": [{"name": name, "value": value} for name, value in sorted(environment.items())]}
    }
