"""One operator from the cluster's catalogue, at exactly one version.

OLM upgrades by itself when it may, and a confidential stack must not be upgraded without review. So approval is Manual, and a
Job (approve.sh) approves the one InstallPlan that installs the pinned version and nothing else, then waits until the version
and its operands are there. Whatever OLM proposes later stays unapproved until the pin in the stack file changes, which makes
a new Job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import custom_resource
from components.scripts import script

# registry.redhat.io is open to every cluster with its own pull secret; the digest is of openshift4/ose-cli-rhel9:v4.20.
CLI_IMAGE = "registry.redhat.io/openshift4/ose-cli-rhel9@sha256:c9d31cdb73cc66f049550773c21097dcce0f4377704113fa4c59744e66ca5fdf"

# What it prints when it stops is shown in pulumi's error.
APPROVE = script("cluster/approve.sh")
PATIENCE_SECONDS = 1500
_DEADLINE_SECONDS = PATIENCE_SECONDS + 300
_PULUMI_WAITS = "35m"


@dataclass(frozen=True, kw_only=True)
class OperatorSubscriptionArgs:
    """``csv`` is the pin, for example ``trustee-operator.v1.2.1``. The operator watches its own namespace only, unless
    ``all_namespaces``: some versions refuse anything less.

    ``operands`` are deployments, each ``<namespace>/<name>``, that the operator makes and later resources cannot do without.
    ``environment``: variables that OLM adds to the operator's own containers.
    """

    namespace: str
    package: str
    csv: str
    source: str
    channel: str = "stable"
    operands: Sequence[str] = ()
    privileged: bool = False
    all_namespaces: bool = False
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])


class OperatorSubscription(pulumi.ComponentResource):
    """Depend on the whole component: when it is there, the operator runs and its kinds exist."""

    namespace: pulumi.Output[str]
    csv: pulumi.Output[str]

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
                "labels": {f"pod-security.kubernetes.io/{level}": "privileged" for level in levels},
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
        rights = self._approver_rights(name, args)
        approval = self._approval(name, args, depends_on=[subscription, *rights])
        self.csv = approval.id.apply(lambda _: args.csv)
        self.register_outputs({"namespace": self.namespace, "csv": self.csv})

    def _approver_rights(self, name: str, args: OperatorSubscriptionArgs) -> list[pulumi.Resource]:
        """Plans and versions of this namespace; of the operands no more than to look at them by name."""
        account = k8s.core.v1.ServiceAccount(
            f"{name}-approver",
            metadata={"name": "install-approver", "namespace": self.namespace},
            opts=self._child,
        )
        subject: k8s.rbac.v1.SubjectArgsDict = {
            "kind": "ServiceAccount",
            "name": "install-approver",
            "namespace": args.namespace,
        }
        role = k8s.rbac.v1.Role(
            f"{name}-approver-role",
            metadata={"name": "install-approver", "namespace": self.namespace},
            rules=[
                {
                    "api_groups": ["operators.coreos.com"],
                    "resources": ["installplans"],
                    "verbs": ["get", "list", "patch"],
                },
                {
                    "api_groups": ["operators.coreos.com"],
                    "resources": ["clusterserviceversions"],
                    "verbs": ["get"],
                },
                {"api_groups": ["operators.coreos.com"], "resources": ["subscriptions"], "verbs": ["list"]},
            ],
            opts=self._child,
        )
        binding = k8s.rbac.v1.RoleBinding(
            f"{name}-approver-binding",
            metadata={"name": "install-approver", "namespace": self.namespace},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "Role", "name": "install-approver"},
            subjects=[subject],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role, account]),
        )
        if not args.operands:
            return [binding]
        # The operands' namespace is made by the operator, so a Role in it cannot be written beforehand.
        everywhere = f"install-approver-{args.package}"
        cluster_role = k8s.rbac.v1.ClusterRole(
            f"{name}-approver-cluster-role",
            metadata={"name": everywhere},
            rules=[
                {
                    "api_groups": ["apps"],
                    "resources": ["deployments"],
                    "resource_names": sorted(operand.split("/")[1] for operand in args.operands),
                    "verbs": ["get"],
                }
            ],
            opts=self._child,
        )
        cluster_binding = k8s.rbac.v1.ClusterRoleBinding(
            f"{name}-approver-cluster-binding",
            metadata={"name": everywhere},
            role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": everywhere},
            subjects=[subject],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster_role, account]),
        )
        return [binding, cluster_binding]

    def _approval(
        self, name: str, args: OperatorSubscriptionArgs, depends_on: list[pulumi.Resource]
    ) -> k8s.batch.v1.Job:
        return k8s.batch.v1.Job(
            f"{name}-approval",
            metadata={"name": f"approve-{args.csv.replace('.', '-')}", "namespace": self.namespace},
            spec={
                "backoff_limit": 3,
                "active_deadline_seconds": _DEADLINE_SECONDS,
                "template": {
                    "spec": {
                        "service_account_name": "install-approver",
                        "restart_policy": "OnFailure",
                        "containers": [
                            {
                                "name": "approve",
                                "image": CLI_IMAGE,
                                "command": ["/bin/bash", "-c", APPROVE],
                                "env": [
                                    {"name": "CSV", "value": args.csv},
                                    {"name": "NAMESPACE", "value": args.namespace},
                                    {"name": "OPERANDS", "value": " ".join(args.operands)},
                                    {"name": "PATIENCE", "value": str(PATIENCE_SECONDS)},
                                ],
                                "termination_message_policy": "FallbackToLogsOnError",
                                "security_context": {
                                    "allow_privilege_escalation": False,
                                    "run_as_non_root": True,
                                    "capabilities": {"drop": ["ALL"]},
                                    "seccomp_profile": {"type": "RuntimeDefault"},
                                },
                            }
                        ],
                    }
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=depends_on,
                # Else a pin that does not install could not be taken back: the Job of the former pin would still be there.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create=_PULUMI_WAITS),
            ),
        )


def _config(environment: Mapping[str, pulumi.Input[str]]) -> dict[str, object]:
    """The part of a Subscription that is for the operator; left out where there is nothing to say."""
    if not environment:
        return {}
    return {
        "config": {"env": [{"name": name, "value": value} for name, value in sorted(environment.items())]}
    }
