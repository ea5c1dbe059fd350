"""Runs a program under Pulumi's mock monitor and records its graph: options, parents, and which resource feeds which property.

A secret reads as ``Secret(value)`` and an unknown as ``UNKNOWN``, so an assertion can tell them from plain values.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import mocks, rpc

from tests.answers import ANSWERS, INVOKES, Answers, Invokes, arm_id

UNKNOWN = "<unknown>"
# As the language host does: after a failure, futures remain that are never awaited.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Secret:
    """A value that reached the resource as a secret."""

    value: Any


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One resource as the engine would see it. ``uses``: by property, the names of the resources that feed it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: Mapping[str, Any]
    uses: Mapping[str, set[str]]
    depends_on: set[str]
    read: bool = False
    read_id: str = ""
    protect: bool = False
    aliases: list[str] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    delete_before_replace: bool = False
    secret_outputs: list[str] = field(default_factory=list)
    timeouts: tuple[str, str, str] = ("", "", "")
    provider: str = ""


class Graph(dict[str, Registered]):
    """By logical name, which the program keeps unique across types; ``exports`` are the stack's outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.exports: Mapping[str, Any] = {}
        self.warnings: list[str] = []

    def of_type(self, type_: str) -> list[Registered]:
        return [resource for resource in self.values() if resource.type == type_]

    def reaches(self, start: str) -> set[str]:
        """Everything that must exist before ``start``, by name: dependencies of it, of its parents, and of those."""
        seen: set[str] = set()
        todo = [start]
        while todo:
            resource = self[todo.pop()]
            before = resource.depends_on | set().union(*resource.uses.values())
            if resource.parent in self:
                before.add(resource.parent)
            todo += before - seen
            seen |= before
        return seen


class _Mocks(mocks.Mocks):
    def __init__(self, *, preview: bool, answers: Answers, invokes: Invokes) -> None:
        self._preview, self._answers, self._invokes = preview, answers, invokes

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        answer = self._invokes[args.token]
        return (answer(args.args) if callable(answer) else answer), []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        answer = self._answers.get(args.typ, lambda _: {})
        if self._preview and args.typ != "pulumi:pulumi:StackReference":
            return None, {}
        id_ = args.resource_id or (
            arm_id(args) if args.typ.startswith("azure-native") else f"id-of-{args.name}"
        )
        return id_, {**args.inputs, **answer(args)}


@contextmanager
def _own_loop() -> Iterator[None]:
    """The mock monitor makes an event loop in every worker thread and leaves it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Monitor(mocks.MockMonitor):
    def __init__(self, answering: _Mocks) -> None:
        super().__init__(answering)
        self.graph = Graph()
        self._names: dict[str, str] = {}

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            self._names[urn] = ""
        else:
            self._record(request, urn, request.object, read=False)
        with _own_loop():
            return super().RegisterResource(request)

    def ReadResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        self._record(request, urn, request.properties, read=True)
        with _own_loop():
            return super().ReadResource(request)

    def Invoke(self, request: Any) -> Any:
        with _own_loop():
            return super().Invoke(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        if "pulumi:pulumi:Stack" in request.urn.rsplit("::", 1)[0] and "$" not in request.urn:
            self.graph.exports = _readable(request.outputs)
        return super().RegisterResourceOutputs(request)

    def _record(self, request: Any, urn: str, properties: struct_pb2.Struct, *, read: bool) -> None:
        assert urn not in self._names, f"duplicate URN {urn}"
        assert request.name not in self.graph, f"two resources are called {request.name}"
        self._names[urn] = request.name
        uses = {
            key: {self._names[dependency] for dependency in dependencies.urns}
            for key, dependencies in getattr(request, "propertyDependencies", {}).items()
        }
        timeouts = getattr(request, "customTimeouts", None)
        self.graph[request.name] = Registered(
            type=request.type,
            name=request.name,
            urn=urn,
            parent=self._names.get(request.parent, ""),
            inputs=_readable(properties),
            uses=uses,
            depends_on={self._names[dependency] for dependency in request.dependencies},
            read=read,
            read_id=request.id if read else "",
            protect=getattr(request, "protect", False),
            aliases=[str(alias) for alias in getattr(request, "aliases", [])],
            ignore_changes=list(getattr(request, "ignoreChanges", [])),
            replace_on_changes=list(getattr(request, "replaceOnChanges", [])),
            delete_before_replace=getattr(request, "deleteBeforeReplace", False),
            secret_outputs=list(request.additionalSecretOutputs),
            timeouts=(timeouts.create, timeouts.update, timeouts.delete) if timeouts else ("", "", ""),
            provider=self._names.get(request.provider.rsplit("::", 1)[0], ""),
        )


def _readable(struct: struct_pb2.Struct) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, struct_pb2.Struct):
            fields = {key: plain(inner) for key, inner in value.items()}
            return (
                Secret(fields["value"])
                if fields.get(rpc._special_sig_key) == rpc._special_secret_sig
                else fields
            )
        if isinstance(value, struct_pb2.ListValue):
            return [plain(inner) for inner in value]
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return UNKNOWN if value == rpc.UNKNOWN else value

    return {key: plain(value) for key, value in struct.items()}


class _Warnings(logging.Handler):
    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self._graph = graph

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            self._graph.warnings.append(record.getMessage())


def deploy(
    program: Callable[[], Any],
    *,
    stack: str = "test",
    preview: bool = False,
    answers: Answers | None = None,
    invokes: Invokes | None = None,
) -> Graph:
    """Run ``program``, plain or async; a mapping it returns becomes the stack's exports. With ``preview`` every output of a
    resource is unknown, as before a first update. Raises what the program raises.
    """
    monitor = _Monitor(
        _Mocks(
            preview=preview, answers={**ANSWERS, **(answers or {})}, invokes={**INVOKES, **(invokes or {})}
        )
    )
    logger = logging.Logger(f"deploy-{stack}")
    logger.addHandler(_Warnings(monitor.graph))

    async def main() -> Any:
        outputs = program()
        return await outputs if asyncio.iscoroutine(outputs) else outputs

    def run() -> None:
        features = set(monitor.GetDeploymentInfo(empty_pb2.Empty()).supportedFeatures)
        pulumi.runtime.settings.configure(
            mocks.MockSettings(
                monitor=monitor,
                monitor_features=features,
                engine=mocks.MockEngine(logger),
                project="coco",
                stack=stack,
                dry_run=preview,
                organization="organization",
                callbacks=None,
            )
        )
        pulumi.runtime.settings.ROOT.set(None)
        # What a program that failed left behind belongs to an event loop that is closed.
        settings: Any = pulumi.runtime.settings.SETTINGS
        settings.outputs.clear()
        asyncio.run(pulumi.runtime.run_in_stack(lambda: pulumi.run(main)))

    # Pulumi keeps its settings in context variables: in a context of its own they do not reach the next test.
    contextvars.copy_context().run(run)
    return monitor.graph
