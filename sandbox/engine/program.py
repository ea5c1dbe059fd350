"""Runs the unmodified program in this process, as `pulumi-language-python-exec` of the official CLI runs it
in another one.

Every run has a context, an event loop and an environment of its own, so that several stacks can follow each
other. The SDK hands its requests to the loop's executor; here that executor works at once on the calling
thread, which makes the order of steps follow from the program alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import json
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
from pulumi.runtime import config as pulumi_config
from pulumi.runtime import settings
from pulumi.runtime.stack import Stack, run_in_stack

from sandbox.engine.errors import ProgramFailed, SandboxError
from sandbox.engine.monitor import EngineMonitor, Log
from sandbox.engine.steps import Engine

_QUIET_SECONDS = 0.2
"""After a failure: when no task finishes for so many seconds, the rest is taken to wait for something that will
never come."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What to run: the project in `root`, for one stack with its configuration (values as text, objects as
    JSON). `programs` is a folder that comes first on PATH.
    """

    root: Path
    project: str
    stack: str
    config: Mapping[str, str]
    secret_keys: frozenset[str]
    programs: Path | None = None


def run(target: Target, engine: Engine, show: Callable[[str, str], None]) -> None:
    """Returns when the program is done. Raises ProgramFailed; failures of resources are in `engine.failures`."""
    with _environment(target), _unanswered_questions_unreported():
        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(_AtOnce())
            runner.get_loop().set_exception_handler(lambda _loop, _context: None)
            message = runner.run(_run(target, engine, show), context=contextvars.copy_context())
        # A program's settings of the garbage collector are meant for a process of its own.
        gc.unfreeze()
        gc.enable()
        for failure in engine.failures:
            failure.with_traceback(None)
        if message or engine.failures:
            gc.collect()
    if message:
        raise ProgramFailed(message)


@contextlib.contextmanager
def _unanswered_questions_unreported() -> Generator[None, None, None]:
    """After a failure nobody awaits some of the SDK's coroutines and futures; the official CLI hides that as
    well.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"coroutine 'Output\..*' was never awaited", RuntimeWarning)
        yield


async def _run(target: Target, engine: Engine, show: Callable[[str, str], None]) -> str:
    """Why the program failed; empty when it did not, or when it failed with a resource."""
    monitor = EngineMonitor(engine)
    settings.ROOT.set(None)
    settings.configure(
        settings.Settings(
            project=target.project,
            stack=target.stack,
            organization="organization",
            root_directory=str(target.root),
            dry_run=engine.preview,
            monitor=monitor,
            engine=Log(show),
        )
    )
    pulumi_config.set_all_config(dict(target.config), list(target.secret_keys))
    try:
        await run_in_stack(lambda: _load(target, monitor, engine))
    except Exception as error:
        if not engine.failures:
            monitor.stop(error)
        await _let_finish()
        return "" if engine.failures else _explained(monitor.stopped_by or error, target)
    return ""


def _load(target: Target, monitor: EngineMonitor, engine: Engine) -> None:
    """Run `__main__.py`. After an exception in it, or in what it gave to `pulumi.run`, nothing more is
    registered.
    """
    try:
        runpy.run_path(str(target.root / "__main__.py"), run_name="__main__")
    except Exception as error:
        monitor.stop(error)
        raise
    stack = cast(Stack, settings.get_root_resource())
    main = stack._async_program  # pyright: ignore[reportPrivateUsage]
    if main is not None:

        async def stopping() -> Any:
            try:
                return await main()
            except Exception as error:
                if not engine.failures:
                    monitor.stop(error)
                raise

        stack._async_program = stopping  # pyright: ignore[reportPrivateUsage]


async def _let_finish() -> None:
    """What does not depend on the failure is still done, as the official engine finishes what is in flight."""
    while tasks := asyncio.all_tasks() - {cast("asyncio.Task[Any]", asyncio.current_task())}:
        done, _ = await asyncio.wait(tasks, timeout=_QUIET_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            with contextlib.suppress(BaseException):
                task.result()
        if not done:
            return


def _explained(error: BaseException, target: Target) -> str:
    if isinstance(error, pulumi.RunError | SandboxError) or str(error).startswith("invoke of "):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    entry = str(target.root / "__main__.py")
    start = next((index for index, frame in enumerate(frames) if frame.filename == entry), 0)
    lines = [*traceback.format_list(frames[start:]), *traceback.format_exception_only(error)]
    return "Program failed with an unhandled exception:\n" + "".join(lines).rstrip()


@contextlib.contextmanager
def _environment(target: Target) -> Generator[None, None, None]:
    """What the CLI gives a program: its configuration, and the project's folder on the path of modules."""
    before = dict(os.environ)
    os.environ["PULUMI_CONFIG"] = json.dumps(dict(target.config))
    os.environ["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(sorted(target.secret_keys))
    if target.programs is not None:
        os.environ["PATH"] = os.pathsep.join((str(target.programs), *os.get_exec_path()))
    sys.path.insert(0, str(target.root))
    try:
        yield
    finally:
        sys.path.remove(str(target.root))
        os.environ.clear()
        os.environ.update(before)


class _AtOnce(ThreadPoolExecutor):
    """An executor without threads. KeyboardInterrupt passes through it and ends the run."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # it belongs to whoever awaits the future
            future.set_exception(error)
        return future
