"""What a stack with confidential pods says: their operator, their machines, and the samples."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.types import ConfidentialSize, DnsLabel, Flag, Section, Version, Whole, some


class SandboxedContainersSection(Section):
    """The OpenShift sandboxed containers operator."""

    version: Version = Field(description="Version of the operator and with it of the pod VM image")
    log_level: Literal["fatal", "panic", "error", "warn", "info", "debug", "trace"] = Field(
        default="info", description="Log level of CRI-O and kata on the nodes"
    )


class PeerPodsSection(Section):
    """The confidential VMs, one a pod, that run beside the nodes."""

    vm_size: ConfidentialSize = Field(description="VM size where a pod asks for none")
    vm_sizes: Annotated[tuple[ConfidentialSize, ...], AfterValidator(some)] = Field(
        description="VM sizes that pods may ask for, with the default one among them"
    )
    limit_per_node: Whole = Field(
        default=10, ge=1, le=250, description="Peer pods that one node may have at a time"
    )
    root_volume_gb: Whole = Field(default=20, ge=6, le=4095, description="Root disk of a peer-pod VM, in GB")
    profile: DnsLabel = Field(
        default="hardened", description="Initdata profile of pods that bring none themselves"
    )


class SamplesSection(Section):
    """Pods to compare a workload with."""

    hello_openshift: Flag = Field(
        default=False,
        description="The web server of the workload hello-openshift twice more: as an ordinary pod, and as a confidential one"
        " with debug access, which runs under the hub's profile debug",
    )


class UntrustedZone(Section):
    """The sections that only a stack with confidential pods has."""

    sandboxed_containers: SandboxedContainersSection = Field(description=SandboxedContainersSection.__doc__)
    peer_pods: PeerPodsSection = Field(description=PeerPodsSection.__doc__)
    samples: SamplesSection = Field(default=SamplesSection(), description=SamplesSection.__doc__)
