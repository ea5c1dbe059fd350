"""The front door of the sandbox. Tools, and tests outside of this folder, import this module and nothing else of it.

The command line for people is `python -m sandbox`. Engines and stand-ins are imported when something needs them, so that a tool that
only reads a file starts fast.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sandbox.engine.errors import SandboxError
from sandbox.golang import NotHere
from sandbox.provider import Refused

if TYPE_CHECKING:
    from sandbox.azure import AzureStandIn
    from sandbox.engine.workspace import Workspace
    from sandbox.openshift.kinds import ObjectKind
    from sandbox.openshift.store import StoredCluster

__all__ = [
    "Azure",
    "Cluster",
    "Engine",
    "Manifest",
    "NotHere",
    "Record",
    "Refused",
    "Run",
    "Sandbox",
    "SandboxError",
    "Server",
    "clusters",
    "official_engine_ratios",
    "servers",
]

Engine = Literal["embedded", "pulumi"]
Manifest = dict[str, Any]
"""An object of a cluster, as `oc get -o json` gives it."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How a command ended, and what a person would have seen."""

    succeeded: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class Record:
    """A resource as the state has it, without the marks of secrets: values are plain.

    `needs`: the URNs that its state names as dependencies, its provider among them, but not its `parent`.
    """

    urn: str
    type: str
    id: str
    custom: bool
    parent: str
    needs: frozenset[str]
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Sandbox:
    """The project in `root` under the embedded engine, in this process; all state is below `home`.

    `key_rounds`: how many rounds derive the key of secrets, fewer than Pulumi's million where a test is not about secrecy.
    Every method raises SandboxError, in a sentence for a person, where it cannot begin: no such stack, another run at work.
    """

    def __init__(self, root: Path, home: Path, *, key_rounds: int | None = None) -> None:
        self._root = root
        self._home = home
        self._key_rounds = key_rounds

    def up(self, stack: str | None = None, *, env: str = "dev") -> Run:
        """Bring up one stack, or an environment: its hub, then its spokes."""
        return self._run("up", stack, env)

    def preview(self, stack: str | None = None, *, env: str = "dev") -> Run:
        """Show what `up` would change; nothing is changed."""
        return self._run("preview", stack, env)

    def down(self, stack: str | None = None, *, env: str = "dev") -> Run:
        """Delete what `up` made."""
        return self._run("down", stack, env)

    def outputs(self, stack: str, *, secret: Callable[[Any], Any] | None = None) -> dict[str, Any]:
        """The outputs after the last `up`, empty before the first; `secret` makes what is shown of a secret value."""
        from sandbox.engine.values import SecretValue, replaced

        def shown(found: SecretValue) -> Any:
            return secret(found.value) if secret else found.value

        return replaced(self._workspace().outputs(stack), shown)

    def export(self, stack: str) -> dict[str, Any]:
        """The state as `pulumi stack export` prints it: secrets stay encrypted."""
        return self._workspace().exported(stack)

    def resources(self, stack: str) -> list[Record]:
        """All in the state of a stack, in its order: components, providers and reads too."""
        from sandbox.engine.values import plain

        return [
            Record(
                urn=one.urn,
                type=one.type,
                id=one.id,
                custom=one.custom,
                parent=one.parent,
                needs=frozenset(one.references - {one.parent}),
                inputs=plain(one.inputs),
                outputs=plain(one.outputs),
            )
            for one in self._workspace().resources(stack)
        ]

    def encrypted(self, text: str) -> tuple[str, str]:
        """The ciphertext of a secret for a stack file, and the `encryptionsalt` that must be in the same file."""
        vault = self._workspace().keyring.default
        return vault.encrypt(text), vault.salt

    @property
    def clusters(self) -> dict[str, Cluster]:
        return clusters(self._home)

    @property
    def azure(self) -> Azure:
        return Azure(self._home)

    def vault_secrets(self) -> list[str]:
        """The names of the secrets that were read from a stand-in vault so far."""
        from sandbox import vaults
        from sandbox.openshift.clusters import StoreClusters

        return vaults.names(StoreClusters(self._home))

    def rotate(self, secret: str, value: str) -> bool:
        """Give a secret of a stand-in vault another value, an empty one to remove it; whether any vault has it."""
        from sandbox import vaults
        from sandbox.openshift.clusters import StoreClusters

        return vaults.put(StoreClusters(self._home), secret, value)

    def _workspace(self) -> Workspace:
        from sandbox.engine.workspace import Workspace

        return Workspace(self._root, self._home, key_rounds=self._key_rounds)

    def _run(self, verb: Literal["up", "preview", "down"], stack: str | None, env: str) -> Run:
        from rich.console import Console

        from sandbox.engine import environment

        text = io.StringIO()
        out = Console(file=text, highlight=False, markup=False, soft_wrap=True, width=200)
        act = {"up": environment.up, "preview": environment.preview, "down": environment.down}[verb]
        workspace = self._workspace()
        with workspace.locked():
            selection = environment.Selection.of(workspace.project, env, stack)
            succeeded = act(workspace, selection, out)
        return Run(succeeded=succeeded, text=text.getvalue())


class Cluster:
    """A stored cluster of the embedded engine: objects in a file. Nothing answers at its address."""

    def __init__(self, stored: StoredCluster) -> None:
        self._stored = stored

    @property
    def facts(self) -> Mapping[str, str]:
        """Its addresses and its place in Azure: `api_url`, `console_url`, `apps_domain`, `infra_id` and others."""
        return self._stored.identity.facts

    def __iter__(self) -> Iterator[Manifest]:
        return iter(self._stored.objects)

    def get(
        self, kind: str, name: str, namespace: str = "", *, api_version: str | None = None
    ) -> Manifest | None:
        """None where there is no such object or kind. `api_version` matters where the kind alone is not enough."""
        known = _kind(kind, api_version)
        return known and self._stored.objects.get(known, name, namespace if known.namespaced else "")

    def list(
        self, kind: str, namespace: str | None = None, *, api_version: str | None = None
    ) -> list[Manifest]:
        """Of one namespace, or of all."""
        known = _kind(kind, api_version)
        return self._stored.objects.all(known, namespace) if known else []

    def edit(self, kind: str, name: str, namespace: str, change: Callable[[Manifest], Manifest]) -> Manifest:
        """A change by hand, as with `oc edit`; the new object. Raises Refused as the API server would."""
        from sandbox.openshift.objects import Ref

        known = _kind(kind, None)
        if known is None:
            raise Refused("NoMatch", f'no matches for kind "{kind}"')
        return self._stored.edit(Ref(known, namespace, name), change)


def clusters(home: Path) -> dict[str, Cluster]:
    """The clusters of the embedded engine by name."""
    from sandbox.openshift.clusters import StoreClusters

    stored = StoreClusters(home)
    return {name: Cluster(stored.open(name)) for name in stored.names()}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A cluster of the engine `pulumi`: a real API server. `facts` as those of `Cluster`, `kubeconfig` is YAML."""

    facts: Mapping[str, str]
    kubeconfig: str


def servers(home: Path) -> dict[str, Server]:
    """The clusters of the engine `pulumi` by name."""
    from sandbox.apiserver.clusters import ServerClusters

    found = ServerClusters(home)
    facts = {name: found.facts(name) for name in found.names()}
    return {
        name: Server(facts=known, kubeconfig=found.kubeconfig(name)) for name, known in facts.items() if known
    }


class Azure:
    """The stand-in for Azure of one engine."""

    def __init__(self, home: Path, engine: Engine = "embedded") -> None:
        self._home = home
        self._engine: Engine = engine

    def ids(self) -> list[str]:
        """The ids of all resources."""
        return self._stand_in.resources()

    def leave_network_card(self, subnet_id: str, cluster_id: str) -> None:
        """A network card of a peer pod that nobody takes away: it keeps the subnet until the cluster is deleted."""
        self._stand_in.leave_network_card(subnet_id, cluster_id)

    def somebody_elses(self, location: str, id_: str) -> None:
        """Puts something there that the stand-in knows nothing of, such as a route table."""
        self._stand_in.existing_other(location, id_)

    def change_by_hand(self, id_: str, **changes: object) -> None:
        """What somebody does in the portal: sets properties of a resource; None takes one away."""
        self._stand_in.change_by_hand(id_, **changes)

    def invoke(self, subscription: str, token: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """What a function such as `azure-native:network:getSubnet` returns. Raises Refused as Azure would."""
        return self._stand_in.for_provider({"subscriptionId": subscription}).invoke(token, dict(arguments))

    @cached_property
    def _stand_in(self) -> AzureStandIn:
        return azure_of(self._home, self._engine)


def azure_of(home: Path, engine: Engine) -> AzureStandIn:
    """The stand-in for Azure that an engine has below `home`, with its clusters."""
    if engine == "pulumi":
        from sandbox.official.standins import Official

        return Official(home).azure
    from sandbox.engine.providers import StandIns

    return StandIns(home).azure


def official_engine_ratios(root: Path, home: Path) -> dict[str, float]:
    """How many times the seconds of a minimal program each command of `pulumi` takes, by `<command> of <stack>`.

    Raises SandboxError where something is missing or fails.
    """
    from sandbox.official.bench import ratios

    return ratios(root, home)


def _kind(kind: str, api_version: str | None) -> ObjectKind | None:
    from sandbox.openshift.kinds import KINDS

    if api_version is not None:
        return KINDS.get((api_version, kind))
    return next((known for known in KINDS.values() if known.kind == kind), None)
