"""A pod with one of everything that pins know, for tests: its pins, and the same pod where OpenShift chooses the group of its volumes."""

from dataclasses import replace

from model.digests import ImageDigest
from model.policy.pins import ContainerPins, MountPins, PodPins

DIGESTS = tuple(ImageDigest(f"sha256:{digit * 64}") for digit in "abc")
POD = PodPins(
    workload="shop",
    containers=(
        ContainerPins(
            name="migrate",
            init=True,
            digest=DIGESTS[0],
            arguments=("/app/migrate", "--all"),
            working_directory="/app",
            environment=(("PATH", "/app/bin:/usr/bin"), ("TERM", "dumb")),
            mounts=(MountPins(path="/scratch", volume="scratch", kind="disk", read_only=False),),
        ),
        ContainerPins(
            name="web",
            init=False,
            digest=DIGESTS[1],
            arguments=("/app/web", 'a "b" \\ $(c)\né'),
            working_directory="/app",
            environment=(("MODE", "production"),),
            environment_patterns=(("POD_NAME", "[a-z0-9.-]+"),),
            user=2000,
            group=3000,
            supplemental_groups=(4000,),
            read_only_root=True,
            mounts=(
                MountPins(path="/data", volume="data", kind="memory", read_only=False),
                MountPins(path="/scratch", volume="scratch", kind="disk", read_only=True),
                MountPins(path="/etc/app", volume="settings", kind="configMap", read_only=True),
                MountPins(
                    path="/etc/one.conf", volume="one", kind="configMap", read_only=True, sub_path="one"
                ),
            ),
            exec_commands=(("/app/status", "--json"), ("/app/version",)),
            stop_signal=10,
        ),
        ContainerPins(
            name="helper",
            init=False,
            digest=DIGESTS[2],
            arguments=("/helper",),
            working_directory="/",
            environment=(),
            exec_commands=(("/helper", "status"),),
        ),
    ),
    sysctls=(("net.ipv4.ip_unprivileged_port_start", "0"),),
    fs_group=5000,
)
PAUSE, WEB, HELPER = -1, 1, 2
COMMAND = ["/app/status", "--json"]
TREE = "..2026_11_25_22_00_00.123456789"
OPEN = replace(POD, fs_group=None)
"""The pod where OpenShift chooses the group of its volumes."""
