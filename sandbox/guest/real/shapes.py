"""The messages of the kata agent's API, as protobuf types that are made when the program runs.

Names, numbers and types are those of kata-containers (src/libs/protocols/protos agent.proto, oci.proto and types.proto; the same in
3.25 and 3.31 but for `Storage.shared` and GetDiagnosticData, which an older agent does not know and skips).
One message a line: its name, then `field number type`. A type with `*` is repeated, `map` is of text to text, `?` tells absent from zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from sandbox.guest.node import AgentLine

ABSENT: Final[Mapping[AgentLine, frozenset[str]]] = {
    "3.25": frozenset({"Storage.shared"}),
    "3.31": frozenset(),
}
"""Fields that an agent of that line does not have. It would skip them: a request with one would reach it as another request."""

_Field = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "grpc"
_SCALARS = {
    "string": _Field.TYPE_STRING,
    "bytes": _Field.TYPE_BYTES,
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "int64": _Field.TYPE_INT64,
    "uint32": _Field.TYPE_UINT32,
    "uint64": _Field.TYPE_UINT64,
    # Both enumerations of the API travel as their number.
    "enum": _Field.TYPE_INT32,
}
_SHAPES = """
Empty
CreateContainerRequest | container_id 1 string | exec_id 2 string | string_user 3 StringUser | devices 4 Device* | storages 5 Storage* | OCI 6 Spec | sandbox_pidns 7 bool | shared_mounts 8 SharedMount* | stdin_port 9 uint32 | stdout_port 10 uint32 | stderr_port 11 uint32
StartContainerRequest | container_id 1 string
RemoveContainerRequest | container_id 1 string | timeout 2 uint32
ExecProcessRequest | container_id 1 string | exec_id 2 string | string_user 3 StringUser | process 4 Process | stdin_port 5 uint32 | stdout_port 6 uint32 | stderr_port 7 uint32
SignalProcessRequest | container_id 1 string | exec_id 2 string | signal 3 uint32
WaitProcessRequest | container_id 1 string | exec_id 2 string
WaitProcessResponse | status 1 int32
UpdateContainerRequest | container_id 1 string | resources 2 LinuxResources
StatsContainerRequest | container_id 1 string
PauseContainerRequest | container_id 1 string
ResumeContainerRequest | container_id 1 string
WriteStreamRequest | container_id 1 string | exec_id 2 string | data 3 bytes
ReadStreamRequest | container_id 1 string | exec_id 2 string | len 3 uint32
ReadStreamResponse | data 1 bytes
CloseStdinRequest | container_id 1 string | exec_id 2 string
TtyWinResizeRequest | container_id 1 string | exec_id 2 string | row 3 uint32 | column 4 uint32
KernelModule | name 1 string | parameters 2 string*
CreateSandboxRequest | hostname 1 string | dns 2 string* | storages 3 Storage* | sandbox_pidns 4 bool | sandbox_id 5 string | guest_hook_path 6 string | kernel_modules 7 KernelModule*
DestroySandboxRequest
RemoveStaleVirtiofsShareMountsRequest
Routes | Routes 1 Route*
UpdateInterfaceRequest | interface 1 Interface
UpdateRoutesRequest | routes 1 Routes
UpdateEphemeralMountsRequest | storages 1 Storage*
ListInterfacesRequest
ListRoutesRequest
ARPNeighbors | ARPNeighbors 1 ARPNeighbor*
AddARPNeighborsRequest | neighbors 1 ARPNeighbors
GetIPTablesRequest | is_ipv6 1 bool
SetIPTablesRequest | is_ipv6 1 bool | data 2 bytes
OnlineCPUMemRequest | wait 1 bool | nb_cpus 2 uint32 | cpu_only 3 bool
ReseedRandomDevRequest | data 2 bytes
GuestDetailsRequest | mem_block_size 1 bool | mem_hotplug_probe 2 bool
AgentDetails | version 1 string | init_daemon 2 bool | device_handlers 3 string* | storage_handlers 4 string* | supports_seccomp 5 bool | extra_features 6 string*
GuestDetailsResponse | mem_block_size_bytes 1 uint64 | agent_details 2 AgentDetails | support_mem_hotplug_probe 3 bool
MemHotplugByProbeRequest | memHotplugProbeAddr 1 uint64*
SetGuestDateTimeRequest | Sec 1 int64 | Usec 2 int64
FSGroup | group_id 2 uint32 | group_change_policy 3 enum
SharedMount | name 1 string | src_ctr 2 string | src_path 3 string | dst_ctr 4 string | dst_path 5 string
Storage | driver 1 string | driver_options 2 string* | source 3 string | fstype 4 string | options 5 string* | mount_point 6 string | fs_group 7 FSGroup | shared 8 bool
Device | id 1 string | type 2 string | vm_path 3 string | container_path 4 string | options 5 string*
StringUser | uid 1 string | gid 2 string | additionalGids 3 string*
CopyFileRequest | path 1 string | file_size 2 int64 | file_mode 3 uint32 | dir_mode 4 uint32 | uid 5 int32 | gid 6 int32 | offset 7 int64 | data 8 bytes
GetOOMEventRequest
OOMEvent | container_id 1 string
AddSwapRequest | PCIPath 1 uint32*
AddSwapPathRequest | path 1 string
GetMetricsRequest
VolumeStatsRequest | volume_guest_path 1 string
ResizeVolumeRequest | volume_guest_path 1 string | size 2 uint64
SetPolicyRequest | policy 1 string
GetDiagnosticDataRequest | log_type 1 string | container_id 2 string
MemAgentMemcgConfig | disabled 1 bool? | swap 2 bool? | swappiness_max 3 uint32? | period_secs 4 uint64? | period_psi_percent_limit 5 uint32? | eviction_psi_percent_limit 6 uint32? | eviction_run_aging_count_min 7 uint64?
MemAgentCompactConfig | disabled 1 bool? | period_secs 2 uint64? | period_psi_percent_limit 3 uint32? | compact_psi_percent_limit 4 uint32? | compact_sec_max 5 int64? | compact_order 6 uint32? | compact_threshold 7 uint64? | compact_force_times 8 uint64?
IPAddress | family 1 enum | address 2 string | mask 3 string
Interface | device 1 string | name 2 string | IPAddresses 3 IPAddress* | mtu 4 uint64 | hwAddr 5 string | devicePath 6 string | type 7 string | raw_flags 8 uint32
Route | dest 1 string | gateway 2 string | device 3 string | source 4 string | scope 5 uint32 | family 6 enum | flags 7 uint32 | mtu 8 uint32
ARPNeighbor | toIPAddress 1 IPAddress | device 2 string | lladdr 3 string | state 4 int32 | flags 5 int32
Spec | Version 1 string | Process 2 Process | Root 3 Root | Hostname 4 string | Mounts 5 Mount* | Hooks 6 Hooks | Annotations 7 map | Linux 8 Linux | Solaris 9 Solaris | Windows 10 Windows
Process | Terminal 1 bool | ConsoleSize 2 Box | User 3 User | Args 4 string* | Env 5 string* | Cwd 6 string | Capabilities 7 LinuxCapabilities | Rlimits 8 POSIXRlimit* | NoNewPrivileges 9 bool | ApparmorProfile 10 string | OOMScoreAdj 11 int64 | SelinuxLabel 12 string
Box | Height 1 uint32 | Width 2 uint32
User | UID 1 uint32 | GID 2 uint32 | AdditionalGids 3 uint32* | Username 4 string
LinuxCapabilities | Bounding 1 string* | Effective 2 string* | Inheritable 3 string* | Permitted 4 string* | Ambient 5 string*
POSIXRlimit | Type 1 string | Hard 2 uint64 | Soft 3 uint64
Mount | destination 1 string | source 2 string | type 3 string | options 4 string*
Root | Path 1 string | Readonly 2 bool
Hooks | Prestart 1 Hook* | Poststart 2 Hook* | Poststop 3 Hook* | CreateRuntime 4 Hook* | CreateContainer 5 Hook* | StartContainer 6 Hook*
Hook | Path 1 string | Args 2 string* | Env 3 string* | Timeout 4 int64
Linux | UIDMappings 1 LinuxIDMapping* | GIDMappings 2 LinuxIDMapping* | Sysctl 3 map | Resources 4 LinuxResources | CgroupsPath 5 string | Namespaces 6 LinuxNamespace* | Devices 7 LinuxDevice* | Seccomp 8 LinuxSeccomp | RootfsPropagation 9 string | MaskedPaths 10 string* | ReadonlyPaths 11 string* | MountLabel 12 string | IntelRdt 13 LinuxIntelRdt
Windows | dummy 1 string
Solaris | dummy 1 string
LinuxIDMapping | HostID 1 uint32 | ContainerID 2 uint32 | Size 3 uint32
LinuxNamespace | Type 1 string | Path 2 string
LinuxDevice | Path 1 string | Type 2 string | Major 3 int64 | Minor 4 int64 | FileMode 5 uint32 | UID 6 uint32 | GID 7 uint32
LinuxResources | Devices 1 LinuxDeviceCgroup* | Memory 2 LinuxMemory | CPU 3 LinuxCPU | Pids 4 LinuxPids | BlockIO 5 LinuxBlockIO | HugepageLimits 6 LinuxHugepageLimit* | Network 7 LinuxNetwork
LinuxMemory | Limit 1 int64 | Reservation 2 int64 | Swap 3 int64 | Kernel 4 int64 | KernelTCP 5 int64 | Swappiness 6 uint64 | DisableOOMKiller 7 bool
LinuxCPU | Shares 1 uint64 | Quota 2 int64 | Period 3 uint64 | RealtimeRuntime 4 int64 | RealtimePeriod 5 uint64 | Cpus 6 string | Mems 7 string
LinuxWeightDevice | Major 1 int64 | Minor 2 int64 | Weight 3 uint32 | LeafWeight 4 uint32
LinuxThrottleDevice | Major 1 int64 | Minor 2 int64 | Rate 3 uint64
LinuxBlockIO | Weight 1 uint32 | LeafWeight 2 uint32 | WeightDevice 3 LinuxWeightDevice* | ThrottleReadBpsDevice 4 LinuxThrottleDevice* | ThrottleWriteBpsDevice 5 LinuxThrottleDevice* | ThrottleReadIOPSDevice 6 LinuxThrottleDevice* | ThrottleWriteIOPSDevice 7 LinuxThrottleDevice*
LinuxPids | Limit 1 int64
LinuxDeviceCgroup | Allow 1 bool | Type 2 string | Major 3 int64 | Minor 4 int64 | Access 5 string
LinuxNetwork | ClassID 1 uint32 | Priorities 2 LinuxInterfacePriority*
LinuxHugepageLimit | Pagesize 1 string | Limit 2 uint64
LinuxInterfacePriority | Name 1 string | Priority 2 uint32
LinuxSeccomp | DefaultAction 1 string | Architectures 2 string* | Flags 3 string* | Syscalls 4 LinuxSyscall*
LinuxSeccompArg | Index 1 uint64 | Value 2 uint64 | ValueTwo 3 uint64 | Op 4 string
LinuxSyscall | Names 1 string* | Action 2 string | errnoret 3 uint32? | Args 4 LinuxSeccompArg*
LinuxIntelRdt | L3CacheSchema 1 string
"""


def message(name: str) -> Message:
    """An empty message of the API. Raises KeyError for a name that it does not have."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))()


@lru_cache(maxsize=1)
def _pool() -> descriptor_pool.DescriptorPool:
    """A pool of its own, so that no other program's types of these names are in the way."""
    file = descriptor_pb2.FileDescriptorProto(name="agent", package=_PACKAGE, syntax="proto3")
    file.message_type.extend(_described(line) for line in _SHAPES.strip().splitlines())
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


def _described(line: str) -> descriptor_pb2.DescriptorProto:
    name, *fields = (part.strip() for part in line.split("|"))
    described = descriptor_pb2.DescriptorProto(name=name)
    for text in fields:
        field, number, kind = text.split()
        described.field.append(_field(described, field, int(number), kind))
    return described


def _field(
    message_type: descriptor_pb2.DescriptorProto, name: str, number: int, kind: str
) -> descriptor_pb2.FieldDescriptorProto:
    field = _Field(name=name, number=number, label=_Field.LABEL_OPTIONAL)
    if kind == "map":
        entry = descriptor_pb2.DescriptorProto(name=f"{name}Entry")
        entry.field.extend(_texts())
        entry.options.map_entry = True
        message_type.nested_type.append(entry)
        field.label, field.type = _Field.LABEL_REPEATED, _Field.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{message_type.name}.{entry.name}"
        return field
    if kind.endswith("*"):
        field.label, kind = _Field.LABEL_REPEATED, kind[:-1]
    if kind.endswith("?"):
        kind = kind[:-1]
        message_type.oneof_decl.add(name=f"_{name}")
        field.proto3_optional, field.oneof_index = True, len(message_type.oneof_decl) - 1
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type, field.type_name = _Field.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    return field


def _texts() -> Iterator[descriptor_pb2.FieldDescriptorProto]:
    for number, name in enumerate(("key", "value"), 1):
        yield _Field(name=name, number=number, label=_Field.LABEL_OPTIONAL, type=_Field.TYPE_STRING)
