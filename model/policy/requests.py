"""Every request that the agent asks its policy about, and what is granted of it.

Names are those of the messages of kata-containers' agent API 4.1 (src/libs/protocols/protos/agent.proto): the agent asks
`data.agent_policy.<name>`, for the memory agent without the suffix `Request`. A rule that is not there refuses.
"""

from enum import Enum
from typing import Final


class Grant(Enum):
    """How a request is answered. `CONDITION`: by a rule in `rego/`. `SETTING`: as the owner of the pod says."""

    ALWAYS = "always"
    CONDITION = "condition"
    SETTING = "setting"
    NEVER = "never"


TABLE: Final[dict[str, tuple[Grant, str]]] = {
    "AddARPNeighborsRequest": (Grant.NEVER, "peer pods set up no network through the agent"),
    "AddSwapPathRequest": (Grant.NEVER, "swap on the host's disk shows the memory"),
    "AddSwapRequest": (Grant.NEVER, "swap on the host's disk shows the memory"),
    "CloseStdinRequest": (Grant.SETTING, "with input"),
    "CopyFileRequest": (Grant.CONDITION, "files that a container mounts, by name"),
    "CreateContainerRequest": (Grant.CONDITION, "what the profile confines or the workload pins"),
    "CreateSandboxRequest": (Grant.CONDITION, "once, without hooks and modules"),
    "DestroySandboxRequest": (Grant.ALWAYS, "the end of the pod, which the host can have anyway"),
    "ExecProcessRequest": (Grant.SETTING, "listed commands, or any"),
    "GetDiagnosticDataRequest": (Grant.NEVER, "reads a file that an annotation names; the shim only warns"),
    "GetIPTablesRequest": (Grant.NEVER, "only for debugging"),
    "GetMetricsRequest": (Grant.NEVER, "figures of the guest's processes"),
    "GetOOMEventRequest": (Grant.ALWAYS, "how the kubelet learns of a lack of memory"),
    "GuestDetailsRequest": (Grant.ALWAYS, "version and features of the agent"),
    "ListInterfacesRequest": (Grant.NEVER, "not needed"),
    "ListRoutesRequest": (Grant.NEVER, "not needed"),
    "MemAgentCompactConfig": (Grant.NEVER, "the memory agent can swap"),
    "MemAgentMemcgConfig": (Grant.NEVER, "the memory agent can swap"),
    "MemHotplugByProbeRequest": (Grant.NEVER, "the size of a peer pod is fixed"),
    "OnlineCPUMemRequest": (Grant.NEVER, "the size of a peer pod is fixed"),
    "PauseContainerRequest": (Grant.NEVER, "Kubernetes does not pause containers"),
    "ReadStreamRequest": (Grant.SETTING, "logs and the output of commands"),
    "RemoveContainerRequest": (Grant.ALWAYS, "the end of a container; its id stays used"),
    "RemoveStaleVirtiofsShareMountsRequest": (Grant.ALWAYS, "a refusal would fail the end of a container"),
    "ReseedRandomDevRequest": (Grant.NEVER, "random bytes of the host's choice"),
    "ResizeVolumeRequest": (Grant.NEVER, "not needed"),
    "ResumeContainerRequest": (Grant.NEVER, "Kubernetes does not pause containers"),
    "SetGuestDateTimeRequest": (Grant.NEVER, "expired certificates would pass"),
    "SetIPTablesRequest": (Grant.NEVER, "could redirect requests for secrets"),
    "SetPolicyRequest": (Grant.SETTING, "another policy: everything"),
    "SignalProcessRequest": (Grant.CONDITION, "those that end a container"),
    "StartContainerRequest": (Grant.ALWAYS, "of a container that was created"),
    "StatsContainerRequest": (Grant.ALWAYS, "usage of memory and processors"),
    "TtyWinResizeRequest": (Grant.SETTING, "with input"),
    "UpdateContainerRequest": (Grant.NEVER, "device rules of a running container"),
    "UpdateEphemeralMountsRequest": (Grant.NEVER, "mounts any device anywhere"),
    "UpdateInterfaceRequest": (Grant.NEVER, "could take away the loopback interface"),
    "UpdateRoutesRequest": (Grant.NEVER, "could route requests for secrets elsewhere"),
    "VolumeStatsRequest": (Grant.NEVER, "looks at any path"),
    "WaitProcessRequest": (Grant.ALWAYS, "the exit status"),
    "WriteStreamRequest": (Grant.SETTING, "input"),
}
"""By request: what is granted, and of what or why."""

REQUESTS: Final = tuple(TABLE)
FAILS_OPEN: Final = "AllowRequestsFailingPolicy"
"""Not a request: asked once, when the agent loads a policy. If true, whatever is refused is done all the same."""
