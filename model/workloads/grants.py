"""What the owner of a workload gives away beyond what it needs to run, and what a manifest needs of that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from model.policy.pins import VolumeKind
from model.workloads.merging import probe_command
from model.workloads.problems import Field
from model.workloads.volume_rules import FROM_HOST


def _none() -> Mapping[str, Sequence[Sequence[str]]]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Grants:
    """By default nothing.

    ``exec_commands``: by container, the commands that the cluster may execute in it, argument by argument. ``untrusted_input``: the
    volumes whose content the cluster writes and which the application treats as input from a stranger.
    """

    exec_commands: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=_none)
    read_logs: bool = False
    untrusted_input: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class NeededGrants:
    """What a pod template asks for that its owner must grant: commands by container, and volumes of the host."""

    containers: tuple[str, ...]
    commands: tuple[tuple[str, Field, tuple[str, ...]], ...]
    volumes: Mapping[str, tuple[VolumeKind, Field]]
    holder: Field


def ungranted(needs: NeededGrants, grants: Grants) -> Iterator[tuple[Field, str, str]]:
    """Where something is needed that is not granted, or granted for what is not there: the field, the rule, the fix."""
    for container, at, command in needs.commands:
        allowed = [tuple(each) for each in grants.exec_commands.get(container, ())]
        if command not in allowed:
            yield (
                at,
                f"needs the power to execute this in {container}, and the owner does not grant it",
                "use an httpGet or tcpSocket probe, or list the command under execCommands of the workload in the hub",
            )
    for name, (kind, at) in needs.volumes.items():
        if kind in FROM_HOST.values() and name not in grants.untrusted_input:
            yield (
                at,
                f"is a {kind} volume, whose content whoever runs the cluster can change at any time",
                f"put the files into the image; or, if the application trusts nothing in it, add {name} to untrustedInput of the "
                "workload in the hub",
            )
    for name in sorted(grants.untrusted_input - needs.volumes.keys()):
        yield (
            needs.holder,
            f"must have the volume {name}, which untrustedInput names",
            "correct untrustedInput",
        )
    for name in sorted(grants.exec_commands.keys() - set(needs.containers)):
        yield (
            needs.holder,
            f"must have the container {name}, which execCommands names",
            "correct execCommands",
        )


def commands(container: Field) -> Iterator[tuple[Field, tuple[str, ...]]]:
    """The commands of the probes and hooks of a container that passed its rules, as the kubelet executes them."""
    given = container.mapping()
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in given and (run := given[probe].mapping().get("exec")) is not None:
            at = run.mapping()["command"]
            yield at, probe_command(container.value, at.texts())
    hooks = given["lifecycle"].mapping() if "lifecycle" in given else {}
    for hook in hooks.values():
        if (run := hook.mapping().get("exec")) is not None:
            at = run.mapping()["command"]
            yield at, at.texts()
