"""A Job in the cluster that ends when something is the case that no condition of one object says.

It runs a shell script with the OpenShift CLI, as an account of its own with the rights that the script needs and no others. What
the script prints when it gives up is shown in pulumi's error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

# registry.redhat.io is open to every cluster with its own pull secret; the digest is of openshift4/ose-cli-rhel9:v4.20.
CLI_IMAGE = "registry.redhat.io/openshift4/ose-cli-rhel9@sha256:c9d31cdb73cc66f049550773c21097dcce0f4377704113fa4c59744e66ca5fdf"
_BEFORE_KUBERNETES_ENDS_IT = 300
_BEFORE_PULUMI_GIVES_UP = 600

Rules = Sequence[k8s.rbac.v1.PolicyRuleArgsDict]


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """``name`` is that of the Job, ``account`` that of the service account and of its roles, ``environment`` is the script's.

    ``rules`` hold in ``namespace``, ``cluster_rules`` everywhere. The script reads NAMESPACE and gives up by itself after PATIENCE
    seconds, ``patience``. What changes in ``environment`` makes a new Job.
    """

    name: str
    namespace: pulumi.Input[str]
    account: str
    script: str
    environment: Mapping[str, pulumi.Input[str]]
    patience: int
    rules: Rules
    cluster_rules: Rules = ()


def job(
    name: str, who: str, args: JobArgs, parent: pulumi.Resource, after: Sequence[pulumi.Resource] = ()
) -> k8s.batch.v1.Job:
    """Declares the Job as ``name``, its account and rights as ``<who>`` and ``<who>-...``, all below ``parent``."""
    rights = _rights(who, args, parent)
    environment: dict[str, pulumi.Input[str]] = {
        **args.environment,
        "NAMESPACE": args.namespace,
        "PATIENCE": str(args.patience),
    }
    return k8s.batch.v1.Job(
        name,
        metadata={"name": args.name, "namespace": args.namespace},
        spec={
            "backoff_limit": 3,
            "active_deadline_seconds": args.patience + _BEFORE_KUBERNETES_ENDS_IT,
            "template": {
                "spec": {
                    "service_account_name": args.account,
                    "restart_policy": "OnFailure",
                    "containers": [
                        {
                            "name": "oc",
                            "image": CLI_IMAGE,
                            "command": ["/bin/bash", "-c", args.script],
                            "env": [{"name": key, "value": value} for key, value in environment.items()],
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
            parent=parent,
            depends_on=[*after, *rights],
            # Else a pin that does not install could not be taken back: the Job of the former pin would still be there.
            delete_before_replace=True,
            custom_timeouts=pulumi.CustomTimeouts(
                create=f"{(args.patience + _BEFORE_PULUMI_GIVES_UP) // 60}m"
            ),
        ),
    )


def _rights(who: str, args: JobArgs, parent: pulumi.Resource) -> list[pulumi.Resource]:
    child = pulumi.ResourceOptions(parent=parent)
    metadata: k8s.meta.v1.ObjectMetaArgsDict = {"name": args.account, "namespace": args.namespace}
    account = k8s.core.v1.ServiceAccount(who, metadata=metadata, opts=child)
    subject: k8s.rbac.v1.SubjectArgsDict = {
        "kind": "ServiceAccount",
        "name": args.account,
        "namespace": args.namespace,
    }
    made: list[pulumi.Resource] = [account]
    # A role without rules would differ in each preview: the plugin leaves an empty list out of what it reads.
    if args.rules:
        role = k8s.rbac.v1.Role(f"{who}-role", metadata=metadata, rules=list(args.rules), opts=child)
        made.append(
            k8s.rbac.v1.RoleBinding(
                f"{who}-binding",
                metadata=metadata,
                role_ref={
                    "api_group": "rbac.authorization.k8s.io",
                    "kind": "Role",
                    "name": args.account,
                },
                subjects=[subject],
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[role, account]),
            )
        )
    if args.cluster_rules:
        everywhere = k8s.rbac.v1.ClusterRole(
            f"{who}-cluster-role",
            metadata={"name": f"coco-{args.account}"},
            rules=list(args.cluster_rules),
            opts=child,
        )
        made.append(
            k8s.rbac.v1.ClusterRoleBinding(
                f"{who}-cluster-binding",
                metadata={"name": f"coco-{args.account}"},
                role_ref={
                    "api_group": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": f"coco-{args.account}",
                },
                subjects=[subject],
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[everywhere, account]),
            )
        )
    return made
