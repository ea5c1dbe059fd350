"""OpenShift sandboxed containers: the runtime class that runs a pod in a virtual machine of its own.

The operator is installed by ``OperatorSubscription``; ``peer-pods-cm`` must exist before this component (see ``peer_pods``).
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.in_cluster import JobArgs, job
from components.kubernetes import custom_resource
from components.scripts import script
from model.azure import podvm_image

NAMESPACE = "openshift-sandboxed-containers-operator"
RUNTIME_CLASS = "kata-remote"
KATA_CONFIG = "kata"
AWAIT_PEER_PODS = script("spoke/await_peer_pods.sh")


@dataclass(frozen=True, kw_only=True)
class SandboxedContainersArgs:
    """``log_level`` is that of the Kata runtime on the workers: info, debug, warn, error.

    ``settings``: a text that changes when ``peer-pods-cm`` does. ``image_name``: the base of the pod VM image's name, no other spoke's.
    """

    namespace: pulumi.Input[str]
    log_level: str
    settings: pulumi.Input[str]
    image_name: str


class SandboxedContainers(pulumi.ComponentResource):
    """``runtime_class`` is usable once the component is there: the workers have been rebooted, and peer pods can start.

    The operator says it is done when ``kata-remote`` is there. That is also so when no image was made, or the adaptor does not run.
    """

    runtime_class: pulumi.Output[str]

    def __init__(
        self, name: str, args: SandboxedContainersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("coco:spoke:SandboxedContainers", name, {}, opts)
        # The operator reads the gates when the KataConfig appears; set later, peer pods would start as ordinary VMs.
        gates = k8s.core.v1.ConfigMap(
            f"{name}-feature-gates",
            metadata={"name": "osc-feature-gates", "namespace": args.namespace},
            data={"confidential": "true"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        image = k8s.core.v1.ConfigMap(
            f"{name}-image",
            metadata={"name": "azure-podvm-image-cm", "namespace": args.namespace},
            data=podvm_image.settings(args.image_name),
            # Written once, before the image is made. From then on the operator keeps it.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["data"]),
        )
        kata = custom_resource(
            f"{name}-kata",
            api_version="kataconfiguration.openshift.io/v1",
            kind="KataConfig",
            object_name=KATA_CONFIG,
            spec={"enablePeerPods": True, "checkNodeEligibility": False, "logLevel": args.log_level},
            wait_for=[
                f"jsonpath={{.status.runtimeClasses[?(@=='{RUNTIME_CLASS}')]}}={RUNTIME_CLASS}",
                "condition=InProgress=False",
            ],
            # Else the adaptor and its rights go first, and pods that are not ours lose their machines while they hold all else up.
            delete_in_background=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[gates, image],
                # Workers reboot one after the other, then the pod VM image is built; removal reboots them again.
                custom_timeouts=pulumi.CustomTimeouts(create="90m", update="90m", delete="60m"),
            ),
        )
        self._await_peer_pods(name, args, kata)
        self.runtime_class = kata.id.apply(lambda _: RUNTIME_CLASS)
        self.register_outputs({"runtimeClass": self.runtime_class})

    def _await_peer_pods(self, name: str, args: SandboxedContainersArgs, kata: pulumi.Resource) -> None:
        job(
            f"{name}-peer-pods",
            f"{name}-peer-pods-account",
            JobArgs(
                name="await-peer-pods",
                namespace=args.namespace,
                account="await-peer-pods",
                script=AWAIT_PEER_PODS,
                environment={
                    "KATA": KATA_CONFIG,
                    "SETTINGS": args.settings,
                    "LOG_LEVEL": args.log_level,
                    "GRACE": "60",
                    "STEADY": "30",
                },
                patience=1800,
                rules=[
                    {
                        "api_groups": [""],
                        "resources": ["configmaps"],
                        "resource_names": ["peer-pods-cm"],
                        "verbs": ["get"],
                    },
                    {"api_groups": [""], "resources": ["events", "pods"], "verbs": ["get", "list"]},
                    {"api_groups": [""], "resources": ["pods/log"], "verbs": ["get"]},
                    {"api_groups": ["apps"], "resources": ["daemonsets", "deployments"], "verbs": ["get"]},
                    {"api_groups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]},
                ],
                cluster_rules=[
                    {
                        "api_groups": ["kataconfiguration.openshift.io"],
                        "resources": ["kataconfigs"],
                        "resource_names": [KATA_CONFIG],
                        "verbs": ["get"],
                    }
                ],
            ),
            parent=self,
            after=[kata],
        )
