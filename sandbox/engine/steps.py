"""What happens to each resource the program registers: the same, create, update, replace, read or import.

Follows the step generator of the official engine (`pkg/resource/deploy/step_generator.go`), one step at a
time.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

from sandbox.engine import providers, replacement
from sandbox.engine.errors import ResourceFailed, SandboxError
from sandbox.engine.events import Op, Step, Watcher
from sandbox.engine.execution import Executor, with_outputs
from sandbox.engine.goal import Goal, package, wanted
from sandbox.engine.identity import Namespace, name_of
from sandbox.engine.ledger import Ledger
from sandbox.engine.state import PROVIDER, STACK, StateResource, now
from sandbox.engine.values import get, has_secrets, plain, put, sealed_like, steps
from sandbox.provider import UNKNOWN, Diff, Refused, Values

_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_STACK_OUTPUTS = "pulumi:pulumi:readStackOutputs"


class Engine:
    """Takes registrations in the order they arrive. Its methods raise ResourceFailed; `failures` has those of
    resources.
    """

    def __init__(
        self,
        ledger: Ledger,
        executor: Executor,
        namespace: Namespace,
        references: Callable[[str], Values],
        watcher: Watcher,
        *,
        preview: bool,
    ) -> None:
        """`references` gives the outputs of a stack by its name, with Secrets; it raises SandboxError for an
        unknown one.
        """
        self.failures: list[ResourceFailed] = []
        self.stack_outputs: Values | None = None
        self.preview = preview
        self.ledger = ledger
        self.executor = executor
        self.watcher = watcher
        self._namespace = namespace
        self._references = references
        self._claimed: set[str] = set()
        self._was_called: dict[str, str] = {}

    def register(self, goal: Goal) -> StateResource:
        urn = self._namespace.of(goal)
        with self.failing(urn):
            self._claim(urn)
            if not goal.custom:
                return self._component(goal, urn)
            if goal.type.startswith(PROVIDER):
                return self._provider(goal, urn)
            return self._managed(goal, urn)

    def read(self, goal: Goal) -> StateResource:
        """What exists already and stays unmanaged."""
        urn = self._namespace.of(goal)
        with self.failing(urn):
            self._claim(urn)
            old = self._match(goal, urn)
            new = replace(wanted(goal, urn, self._provider_reference(goal)), id=goal.id, external=True)
            if old and not old.external and old.id != goal.id:
                self.ledger.amend(old, replace(old, delete=True))
            return self._take("read", urn, old, lambda: _kept(old, self._looked_up(new)))

    def invoke(self, token: str, args: Values, provider: str, version: str) -> Values | None:
        """The result of a function; None while its provider is not configured. The program may catch its
        failure.
        """
        if token == _STACK_OUTPUTS:
            return self._stack_reference(token, str(args["name"]))
        reference = provider or self._default_provider(package(token), version)
        caller = StateResource(urn=token, type=token, custom=True, provider=reference)
        if not self.executor.reachable(caller):
            return None
        stand_in = self.executor.provider(caller)
        try:
            return with_outputs(caller, stand_in, stand_in.invoke(token, plain(args))).outputs
        except Refused as refusal:
            raise ResourceFailed(token, str(refusal)) from refusal

    def publish(self, urn: str, outputs: Values) -> None:
        """The outputs of a component; those of the stack are stored when the whole program has succeeded."""
        resource = self.ledger.settled[urn]
        if resource.type == STACK:
            self.stack_outputs = outputs
        elif outputs != resource.outputs:
            self.ledger.amend(resource, replace(resource, outputs=outputs))

    @contextmanager
    def failing(self, urn: str) -> Generator[None, None, None]:
        try:
            yield
        except ResourceFailed as failure:
            self.failures.append(failure)
            self.watcher.failed(failure)
            raise

    def _component(self, goal: Goal, urn: str) -> StateResource:
        old = self._match(goal, urn)
        new = wanted(goal, urn, "")
        if old is None:
            return self._take("create", urn, None, lambda: _stamped(new))
        return self._take("same", urn, old, lambda: _kept(old, replace(new, outputs=old.outputs)))

    def _provider(self, goal: Goal, urn: str) -> StateResource:
        """A provider is configured, not created: it has a random id, and its outputs are its inputs."""
        old = self._match(goal, urn)
        inputs = {**goal.inputs, **({"version": goal.version} if goal.version else {})}
        new = replace(wanted(goal, urn, ""), inputs=inputs, outputs=inputs)
        fresh = replace(new, id="" if self.preview else str(uuid.uuid4()))
        if old is None:
            return self._take("create", urn, None, lambda: _stamped(fresh))
        new = replace(new, id=old.id)
        if plain(old.inputs) == plain(inputs):
            return self._take("same", urn, old, lambda: _kept(old, new))
        diff = providers.configuration_diff(goal.package, plain(old.inputs), plain(inputs))
        if diff.replace:
            self.ledger.amend(old, replace(old, delete=True))
            return self._take("replace", urn, old, lambda: _stamped(fresh), diff.replace)
        return self._take("update", urn, old, lambda: _kept(old, new))

    def _managed(self, goal: Goal, urn: str) -> StateResource:
        reference = self._provider_reference(goal)
        old = self._match(goal, urn)
        if old and old.external:
            self.ledger.drop(old)
            old = None
        new = wanted(goal, urn, reference)
        if old:
            for path in map(steps, goal.ignore_changes):
                new = replace(new, inputs=put(new.inputs, path, get(old.inputs, path)))
        stand_in = self.executor.provider(new)
        if failures := stand_in.check(goal.type, goal.name, plain(new.inputs)):
            reasons = "; ".join(
                f"{failure.property}: {failure.reason}".removeprefix(": ") for failure in failures
            )
            raise ResourceFailed(urn, f"{goal.type} {goal.name!r} has a problem: {reasons}")
        if old is None:
            if goal.id:
                return self._take("import", urn, None, lambda: self._imported(new, goal.id))
            return self._take("create", urn, None, lambda: self.executor.create(new))
        diff = self._diff(old, new)
        if diff.replace or old.pending_replacement:
            return self._replace(goal, old, new, diff)
        new = replace(new, id=old.id, created=old.created)
        if diff.changed or old.init_errors:
            return self._take("update", urn, old, lambda: self.executor.update(old, new))
        return self._take(
            "same", urn, old, lambda: _kept(old, replace(new, outputs=sealed_like(old.outputs, new.inputs)))
        )

    def _diff(self, old: StateResource, new: StateResource) -> Diff:
        olds, news = plain(old.inputs), plain(new.inputs)
        diff = Diff()
        if olds != news:
            diff = self.executor.provider(new).diff(new.type, old.id, olds, plain(old.outputs), news)
        forced = (*diff.replace, *replacement.wished(diff, new.replace_on_changes, olds, news))
        if self._provider_replaced(old, new):
            forced = (*forced, "provider")
        return Diff(diff.changed, tuple(dict.fromkeys(forced)), diff.delete_before_replace)

    def _provider_replaced(self, old: StateResource, new: StateResource) -> bool:
        if old.provider == new.provider or name_of(new.provider_urn).startswith("default"):
            return False
        before = self.ledger.find(old.provider_urn, old.provider.rpartition("::")[2])
        after = self.ledger.settled.get(new.provider_urn)
        if before is None or after is None:
            return False
        return bool(
            providers.configuration_diff(package(new.type), plain(before.inputs), plain(after.inputs)).replace
        )

    def _replace(self, goal: Goal, old: StateResource, new: StateResource, diff: Diff) -> StateResource:
        if old.protect and new.protect:
            raise ResourceFailed(old.urn, replacement.unable_to_replace(old.urn))
        wish = goal.delete_before_replace
        delete_first = old.pending_replacement or (diff.delete_before_replace if wish is None else wish)

        def delete_then_create() -> StateResource:
            if not old.pending_replacement:
                replacement.clear(old, self.ledger, self.executor)
            return self.executor.create(new)

        def create_then_condemn() -> StateResource:
            created = self.executor.create(new)
            self.ledger.amend(old, replace(old, delete=True))
            return created

        act = delete_then_create if delete_first else create_then_condemn
        return self._take("replace", old.urn, old, act, diff.replace)

    def _take(
        self,
        op: Op,
        urn: str,
        old: StateResource | None,
        act: Callable[[], StateResource],
        forced_by: tuple[str, ...] = (),
    ) -> StateResource:
        """Run one step and settle its result in place of the old resource, unless that awaits its deletion."""
        self.watcher.begins(op, urn)
        started = perf_counter()
        new = self.ledger.settle(act(), self.ledger.old(urn))
        if new.init_errors:
            raise ResourceFailed(urn, f"exists, but is not ready: {'; '.join(new.init_errors)}")
        seconds = perf_counter() - started
        self.watcher.done(Step(op=op, old=old, new=new, forced_by=forced_by, seconds=seconds))
        return new

    def _imported(self, new: StateResource, id_: str) -> StateResource:
        found, inputs = self.executor.read(replace(new, id=id_))
        stand_in = self.executor.provider(new)
        diff = stand_in.diff(new.type, id_, inputs, plain(found.outputs), plain(new.inputs))
        if diff.changed:
            keys = ", ".join(diff.changed)
            raise ResourceFailed(new.urn, f"inputs to import do not match the existing resource: {keys}")
        return _stamped(replace(found, import_id=id_))

    def _looked_up(self, new: StateResource) -> StateResource:
        """`new` with what is there; without outputs while that cannot be known."""
        if new.type == _STACK_REFERENCE:
            return replace(new, outputs=self._stack_reference(new.urn, new.id))
        if new.id == UNKNOWN or not self.executor.reachable(new):
            return new
        return self.executor.read(new)[0]

    def _stack_reference(self, urn: str, name: str) -> Values:
        try:
            outputs = self._references(name)
        except SandboxError as error:
            raise ResourceFailed(urn, str(error)) from error
        return {
            "name": name,
            "outputs": outputs,
            "secretOutputNames": sorted(key for key, value in outputs.items() if has_secrets(value)),
        }

    def _claim(self, urn: str) -> None:
        if urn in self._claimed:
            raise ResourceFailed(urn, f"Duplicate resource URN '{urn}'; try giving it a unique name")
        self._claimed.add(urn)

    def _match(self, goal: Goal, urn: str) -> StateResource | None:
        """The resource of the last run that `goal` speaks of, under its URN or a former one."""
        if old := self.ledger.old(urn):
            return old
        for former in self._namespace.former(goal, self._was_called.get(goal.parent)):
            if old := self.ledger.old(former):
                self._was_called[urn] = former
                return self.ledger.rename(old, urn)
        return None

    def _provider_reference(self, goal: Goal) -> str:
        return goal.provider or self._default_provider(goal.package, goal.version)

    def _default_provider(self, package_: str, version: str) -> str:
        name = re.sub(r"[.+-]", "_", f"default_{version}") if version else "default"
        goal = Goal(type=PROVIDER + package_, name=name, custom=True, version=version)
        urn = self._namespace.of(goal)
        configured = self.ledger.settled.get(urn) or self._provider(goal, urn)
        return f"{urn}::{configured.id or UNKNOWN}"


def _stamped(new: StateResource) -> StateResource:
    time = now()
    return replace(new, created=time, modified=time)


def _kept(old: StateResource | None, new: StateResource) -> StateResource:
    """`old` itself where nothing is different, so that its text in the state file stays as it is."""
    if old is None:
        return _stamped(new)
    new = replace(new, created=old.created, modified=old.modified)
    return old if vars(old) == vars(new) else replace(new, modified=now())
