"""OpenShift sandboxed containers: the runtime class that runs a pod in a virtual machine of its own.

The operator is installed by ``OperatorSubscription``; ``peer-pods-cm`` must exist before this component (see ``peer_pods``).
"""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import custom_resource

NAMESPACE = "openshift-sandboxed-containers-operator"
RUNTIME_CLASS = "kata-remote"


@dataclass(frozen=True, kw_only=True)
class SandboxedContainersArgs:
    """``log_level`` is that of the Kata runtime on the workers: info, debug, warn, error."""

    namespace: pulumi.Input[str]
    log_level: str


class SandboxedContainers(pulumi.ComponentResource):
    """``runtime_class`` is usable once the component is there; the workers have been rebooted by then."""

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
        kata = custom_resource(
            f"{name}-kata",
            api_version="kataconfiguration.openshift.io/v1",
            kind="KataConfig",
            object_name="kata",
            spec={"enablePeerPods": True, "checkNodeEligibility": False, "logLevel": args.log_level},
            wait_for=[
                f"jsonpath={{.status.runtimeClasses[?(@=='{RUNTIME_CLASS}')]}}={RUNTIME_CLASS}",
                "condition=InProgress=False",
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[gates],
                # Workers reboot one after the other, then the pod VM image is built; removal reboots them again.
                custom_timeouts=pulumi.CustomTimeouts(create="90m", update="90m", delete="60m"),
            ),
        )
        self.runtime_class = kata.id.apply(lambda _: RUNTIME_CLASS)
        self.register_outputs({"runtimeClass": self.runtime_class})
