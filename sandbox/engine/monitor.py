"""Pulumi's resource monitor, answered by the embedded engine instead of canned values."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from sandbox.ending import explained
from sandbox.engine.errors import ResourceFailed, SandboxError
from sandbox.engine.goal import of_read, of_registration
from sandbox.engine.steps import Engine
from sandbox.engine.values import from_struct, to_struct


class Stopped(Exception):
    """The program has failed: nothing more is registered."""


class _CallFailed(grpc.RpcError):
    """A function that was refused; the program may catch what the SDK makes of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._message = message

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._message


class _NoMocks(mocks.Mocks):
    """`MockMonitor` wants one; every request that would reach it is answered below."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError(args.token)

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError(args.typ)


class EngineMonitor(mocks.MockMonitor):
    """Requests come one at a time, on the thread of the program's event loop (`sandbox.engine.program`)."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(_NoMocks())
        self._engine = engine
        self.stopped_by: Exception | None = None

    def stop(self, error: Exception) -> None:
        """The program has failed with `error`: from now on nothing is registered."""
        self.stopped_by = self.stopped_by or error

    def GetDeploymentInfo(self, request: Any) -> Any:
        """What the engine can do; the SDK refuses what is not in the list, such as transforms and hooks."""
        return resource_pb2.DeploymentInfo(
            supportedFeatures=[
                resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
                resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
                resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
            ]
        )

    def RegisterResource(self, request: Any) -> Any:
        with self._open():
            resource = self._engine.register(of_registration(request))
        shown = resource.outputs if resource.custom else resource.inputs
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn, id=resource.id, object=to_struct(shown)
        )

    def ReadResource(self, request: Any) -> Any:
        with self._open():
            resource = self._engine.read(of_read(request))
        # The SDK takes an empty id in a preview for one that is not known yet.
        return resource_pb2.ReadResourceResponse(
            urn=resource.urn, id=resource.id, properties=to_struct(resource.outputs)
        )

    def Invoke(self, request: Any) -> Any:
        try:
            with self._open():
                result = self._engine.invoke(
                    request.tok, from_struct(request.args), request.provider, request.version
                )
        except ResourceFailed as failure:
            raise _CallFailed(failure.message) from failure
        if result is None:
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        answer: dict[str, Any] = {"return": to_struct(result)}
        return resource_pb2.ResourceInvokeResponse(**answer)

    def RegisterResourceOutputs(self, request: Any) -> Any:
        with self._open():
            self._engine.publish(request.urn, from_struct(request.outputs))
        return empty_pb2.Empty()

    @contextmanager
    def _open(self) -> Generator[None, None, None]:
        """Around every request. A file of the sandbox that cannot be used ends the program."""
        if self.stopped_by is not None:
            raise Stopped("the program has failed")
        try:
            yield
        except SandboxError as error:
            self.stop(error)
            raise
        except OSError as error:
            unusable = SandboxError(explained(error))
            self.stop(unusable)
            raise unusable from error


class Log:
    """Pulumi's engine service, of which the SDK uses the log: `pulumi.log.warn` and the like."""

    def __init__(self, show: Callable[[str, str], None]) -> None:
        """`show` gets a severity (debug, info, warning, error) and a message."""
        self._show = show

    def Log(self, request: Any) -> None:
        severity: int = request.severity
        self._show(("debug", "info", "warning", "error")[severity], str(request.message))
