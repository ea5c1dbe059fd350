"""One sandbox on disk: the project, the state directory with its lock, and the runs of single stacks in it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox.engine import program
from sandbox.engine.deletion import delete_remaining, refuse_protected
from sandbox.engine.display import Display
from sandbox.engine.errors import Busy, ProgramFailed, ResourceFailed, SandboxError
from sandbox.engine.execution import Executor
from sandbox.engine.identity import Namespace
from sandbox.engine.ledger import Ledger
from sandbox.engine.passphrase import Keyring
from sandbox.engine.providers import Route, StandIns
from sandbox.engine.recovery import finish_interrupted
from sandbox.engine.stackfile import ProjectFile, StackFile
from sandbox.engine.state import STACK, StateFile, StateResource
from sandbox.engine.steps import Engine
from sandbox.installer import put_on_path
from sandbox.provider import Values

ORGANIZATION = "organization"


class Workspace:
    """`route` overrides the stand-ins, for tests of the engine."""

    def __init__(
        self, root: Path, home: Path, route: Route | None = None, *, key_rounds: int | None = None
    ) -> None:
        self.project = ProjectFile.at(root)
        self.home = home
        self.keyring = Keyring(home, key_rounds)
        self._route = route

    @cached_property
    def stand_ins(self) -> StandIns:
        return StandIns(self.home, self.project.root)

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """Raises Busy while another run is at work in the same state directory."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise Busy(
                    f"another run ({file.read().strip() or 'of an unknown process'}) is at work in {self.home}: "
                    "wait for it to end, or stop it, and try again"
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()}")
            file.flush()
            yield

    def state(self, stack: str) -> StateFile:
        return StateFile(self.home / "stacks" / f"{stack}.json", self.keyring)

    def resources(self, stack: str) -> list[StateResource]:
        return self.state(stack).load()[0]

    def outputs(self, stack: str) -> Values:
        """The stack's outputs as of its last update, with Secrets; none for a stack that is not up."""
        return _outputs(self.resources(stack))

    def exported(self, stack: str) -> dict[str, Any]:
        """The state as `pulumi stack export` prints it. Raises SandboxError for a stack that is unknown or has never been up."""
        StackFile.of(self.project, stack)
        state = self.state(stack)
        if not state.path.exists():
            raise SandboxError(f"the stack {stack} has never been brought up: make up")
        return state.exported()

    def referenced(self, name: str, *, by: str) -> Values:
        """The outputs of the stack with this full name, for a stack reference; a stack may refer to itself.

        Raises SandboxError, in the words of the CLI, for a stack that has never been brought up.
        """
        organization, project, stack = (["", "", name] if "/" not in name else [*name.split("/"), "", ""])[:3]
        known = organization in ("", ORGANIZATION) and project in ("", self.project.name)
        if not known or (stack != by and not self.state(stack).path.exists()):
            raise SandboxError(f'unknown stack "{name}"')
        return self.outputs(stack)

    def up(self, stack: str, display: Display, *, preview: bool) -> bool:
        """Run the program for a stack and apply what it declares; whether all went well. With `preview` nothing is
        touched.
        """
        file = StackFile.of(self.project, stack)
        config, secret_keys = file.texts(self.keyring)
        if file.role:
            from sandbox.engine import throwaway

            missing = throwaway.missing_secrets(config)
            kept = self.home / "secrets" / f"{stack}.json"
            config |= throwaway.supply(missing, config, kept, self.keyring.default, self.stand_ins.azure)
            secret_keys |= set(missing)
            if missing:
                display.note(f"Stand-in secrets, made by the sandbox and worth nothing: {', '.join(missing)}")
        target = program.Target(
            root=self.project.root,
            project=self.project.name,
            stack=stack,
            config=config,
            secret_keys=secret_keys,
            programs=put_on_path(self.home, "embedded"),
        )
        ledger = Ledger(self.state(stack), preview=preview)
        before = _outputs(ledger.olds)
        engine = self._engine(stack, ledger, self._route or self.stand_ins.route, display, preview=preview)

        def act() -> None:
            program.run(target, engine, display.log)
            if not engine.failures:
                delete_remaining(engine)
                self._publish(engine)

        succeeded = self._attempt(act, engine, display)
        display.summary((before, engine.stack_outputs or {}) if succeeded else None)
        return succeeded

    def down(self, stack: str, display: Display) -> bool:
        """Delete all that the stack manages; whether all went well."""
        ledger = Ledger(self.state(stack), preview=False)
        engine = self._engine(stack, ledger, self._route or self.stand_ins.route, display, preview=False)
        succeeded = self._attempt(lambda: delete_remaining(engine), engine, display)
        display.summary(None)
        return succeeded

    def refuse_protected(self, stacks: list[str]) -> None:
        """Raises SandboxError when a resource of any of the stacks may not be deleted."""
        refuse_protected([resource for stack in stacks for resource in self.resources(stack)])

    def _engine(self, stack: str, ledger: Ledger, route: Route, display: Display, *, preview: bool) -> Engine:
        def references(name: str) -> Values:
            return self.referenced(name, by=stack)

        namespace = Namespace(stack=stack, project=self.project.name)
        return Engine(
            ledger, Executor(ledger, route, preview=preview), namespace, references, display, preview=preview
        )

    def _attempt(self, act: Callable[[], None], engine: Engine, display: Display) -> bool:
        """Also after a failure the state file says what is there."""
        try:
            self._recover(engine, display)
            act()
        except ProgramFailed as failure:
            display.error(str(failure))
        except SandboxError as failure:
            display.error(str(failure))
        except ResourceFailed:
            pass  # the display has shown it
        else:
            if not engine.failures:
                engine.ledger.close()
                return True
        finally:
            display.rest()
            if engine.ledger.touched:
                engine.ledger.close()
        return False

    def _recover(self, engine: Engine, display: Display) -> None:
        if engine.preview:
            for operation in engine.ledger.interrupted:
                display.note(
                    f"The last run was interrupted while {operation.type} {operation.resource.name}; `up` will finish that."
                )
        else:
            for note in finish_interrupted(engine.ledger, engine.executor):
                display.note(note)

    @staticmethod
    def _publish(engine: Engine) -> None:
        """The stack's outputs, now that all of the program has succeeded."""
        ledger = engine.ledger
        stack = next((resource for resource in ledger if resource.type == STACK), None)
        if stack is not None and engine.stack_outputs is not None and engine.stack_outputs != stack.outputs:
            ledger.amend(stack, replace(stack, outputs=engine.stack_outputs))


def _outputs(resources: Iterable[StateResource]) -> Values:
    """Those of the stack itself; none where it is not up."""
    return next((resource.outputs for resource in resources if resource.type == STACK), Values())
