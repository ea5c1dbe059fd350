"""`python -m sandbox.official.language <engine address>`: what `pulumi` asks to run a Python program.

Pulumi's own language host is not among the Go modules that can be built, so a `pulumi` that the sandbox built has this one. It
serves `pulumirpc.LanguageRuntime` as far as running a program needs it (sdk/python/cmd/pulumi-language-python/main.go), and
starts the same `pulumi-language-python-exec`. `pulumi` starts it, reads the port from the first line of its standard output, and
ends it with SIGINT.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from threading import Event
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

_SAID_WHY: Final = 32
"""With this exit code the program has told the user what is wrong already."""
_PATIENCE: Final = 5.0
"""Seconds between SIGINT and SIGKILL, as in Pulumi's own host."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """`executor` is pulumi-language-python-exec. What is not answered here is refused as unimplemented."""

    def __init__(self, executor: Path, engine: str) -> None:
        self._executor = executor
        self._engine = engine
        self._cancelled = Event()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        return language_pb2.GetRequiredPackagesResponse(packages=list(_packages()))

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """None: `make` has set up .venv."""
        return iter(())

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        version = ".".join(map(str, sys.version_info[:3]))
        return language_pb2.AboutResponse(executable=sys.executable, version=version)

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        found = sorted((each.metadata["Name"], each.version) for each in metadata.distributions())
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[language_pb2.DependencyInfo(name=name, version=version) for name, version in found]
        )

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        info = request.info
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": str(request.dryRun).lower(),
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        given = [part for name, value in options.items() if value for part in (f"--{name}", value)]
        configured = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        code = self._wait_for(
            subprocess.Popen(
                [_python(info), str(self._executor), *given, info.entry_point, *request.args],
                cwd=info.program_directory,
                env={**os.environ, **configured},
            )
        )
        if code == _SAID_WHY:
            return language_pb2.RunResponse(bail=True)
        words = f"program exited with non-zero exit code: {code}" if code else ""
        return language_pb2.RunResponse(error=words)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.cancel()
        return empty_pb2.Empty()

    def cancel(self) -> None:
        """Interrupt the program that runs, and none may start."""
        self._cancelled.set()

    def _wait_for(self, program: subprocess.Popen[bytes]) -> int:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return program.wait(0.1)
            if self._cancelled.is_set():
                program.send_signal(signal.SIGINT)
                try:
                    return program.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    program.kill()
                    return program.wait()


def _python(info: Any) -> str:
    """The interpreter of the project's virtual environment; this one where Pulumi.yaml names none."""
    named = dict(info.options).get("virtualenv")
    return str(Path(info.root_directory) / str(named) / "bin" / "python") if named else sys.executable


def _packages() -> Iterator[Any]:
    """The plugins that installed SDKs ask for, as each says in its pulumi-plugin.json."""
    for distribution in metadata.distributions():
        for file in distribution.files or ():
            if file.name == "pulumi-plugin.json" and len(file.parts) == 2:
                told = json.loads(file.read_text())
                if told["resource"]:
                    version = f"v{told['version'].removeprefix('v')}"
                    yield plugin_pb2.PackageDependency(name=told["name"], kind="resource", version=version)


def serve(host: LanguageHost, stop: Event) -> None:
    """Until `stop` is set, or the engine has gone without a word."""
    server = grpc.server(ThreadPoolExecutor(8))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    engine = os.getppid()
    while os.getppid() == engine and not stop.wait(1):
        pass
    host.cancel()
    server.stop(grace=_PATIENCE).wait()


def main(arguments: list[str]) -> None:
    # The address of the engine is the last; switches for logs and tracing are of no use here.
    engine = arguments[-1] if arguments and not arguments[-1].startswith("-") else ""
    stop = Event()

    def end(*_: object) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    serve(LanguageHost(Path(os.environ["SANDBOX_LANGUAGE_EXECUTOR"]), engine), stop)


if __name__ == "__main__":
    main(sys.argv[1:])
