"""Pulumi's provider protocol over gRPC, answered by one of the sandbox's stand-ins.

One level below `pulumi.provider.experimental`, because that does not pass on two things (pulumi 3.272): the old
inputs in diff, update and delete, which the rules of ARO need; and the sentence of an error alone, without a
traceback.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.engine.values import SecretValue, from_struct, get, plain, sealed_like, steps, to_struct
from sandbox.provider import Diff, Provider, Refused, Values

_DIFFERENCES: Final = provider_pb2.PropertyDiff


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """One provider process. What the stand-in refuses becomes the error of the call, in the stand-in's words."""

    def __init__(self, provider: Provider, version: str) -> None:
        self._provider = provider
        self._version = version

    # The provider itself

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def CheckConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: grpc.ServicerContext) -> Any:
        olds, news = plain(from_struct(request.olds)), plain(from_struct(request.news))
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        return difference(Diff(tuple(changed)), olds, news)

    def Configure(self, request: Any, context: grpc.ServicerContext) -> Any:
        configured = getattr(self._provider, "for_provider", None)
        if configured is not None:
            self._provider = configured(plain(from_struct(request.args)))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        return empty_pb2.Empty()

    # Resources

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        news = plain(from_struct(request.news))
        failures = self._provider.check(type_of(request.urn), name_of(request.urn), news)
        return provider_pb2.CheckResponse(
            inputs=request.news,
            failures=[
                provider_pb2.CheckFailure(property=failure.property, reason=failure.reason)
                for failure in failures
            ],
        )

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        olds, news = plain(from_struct(request.old_inputs)), plain(from_struct(request.news))
        if olds == news:
            return difference(Diff(), olds, news)
        outputs = plain(from_struct(request.olds))
        try:
            diff = self._provider.diff(type_of(request.urn), request.id, olds, outputs, news)
        except Refused as refusal:
            _abort(context, refusal)
        return difference(diff, olds, news)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_, name, inputs = type_of(request.urn), name_of(request.urn), from_struct(request.properties)
        try:
            if request.preview:
                id_, outputs = "", self._provider.preview_create(type_, name, plain(inputs))
            else:
                id_, outputs = self._provider.create(type_, name, plain(inputs), request.timeout or None)
        except Refused as refusal:
            _abort(context, refusal)
        return provider_pb2.CreateResponse(id=id_, properties=self._sealed(type_, outputs, inputs))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_, inputs = type_of(request.urn), from_struct(request.inputs)
        try:
            found = self._provider.read(type_, request.id, plain(inputs))
        except Refused as refusal:
            _abort(context, refusal)
        if found is None:
            return provider_pb2.ReadResponse()
        id_, read, outputs = found
        # A provider that has nothing to look at answers no outputs: what the state records still holds.
        properties = self._sealed(type_, outputs, inputs) if outputs else request.properties
        return provider_pb2.ReadResponse(
            id=id_, properties=properties, inputs=to_struct(sealed_like(read, inputs))
        )

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        type_, news = type_of(request.urn), from_struct(request.news)
        try:
            outputs = self._provider.update(
                type_,
                request.id,
                plain(from_struct(request.old_inputs)),
                plain(from_struct(request.olds)),
                plain(news),
                request.preview,
                request.timeout or None,
            )
        except Refused as refusal:
            _abort(context, refusal)
        return provider_pb2.UpdateResponse(properties=self._sealed(type_, outputs, news))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        inputs, outputs = plain(from_struct(request.old_inputs)), plain(from_struct(request.properties))
        try:
            self._provider.delete(type_of(request.urn), request.id, inputs, outputs, request.timeout or None)
        except Refused as refusal:
            _abort(context, refusal)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            result = self._provider.invoke(request.tok, plain(from_struct(request.args)))
        except Refused as refusal:
            _abort(context, refusal)
        answer: dict[str, Any] = {"return": self._sealed(request.tok, result, {})}
        return provider_pb2.InvokeResponse(**answer)

    def _sealed(self, type_: str, outputs: Values, inputs: Values) -> struct_pb2.Struct:
        """The outputs, secret where the inputs are or the provider says so."""
        secret = self._provider.secret_outputs(type_)
        return to_struct(
            {
                key: SecretValue(plain(value)) if key in secret else sealed_like(value, inputs.get(key))
                for key, value in outputs.items()
            }
        )


def difference(diff: Diff, olds: Values, news: Values) -> provider_pb2.DiffResponse:
    """With the kind of each change, by which `pulumi` shows it."""
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if diff.changed else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=sorted({steps(path)[0] for path in diff.changed}),
        replaces=list(diff.replace),
        deleteBeforeReplace=diff.delete_before_replace,
        hasDetailedDiff=True,
        detailedDiff={
            path: _DIFFERENCES(kind=_kind(path, diff, olds, news), inputDiff=True)
            for path in {*diff.changed, *diff.replace}
        },
    )


def _kind(path: str, diff: Diff, olds: Values, news: Values) -> Any:
    before, after = get(olds, steps(path)), get(news, steps(path))
    word = "ADD" if before is None else "DELETE" if after is None else "UPDATE"
    return _DIFFERENCES.Kind.Value(f"{word}_REPLACE" if path in diff.replace else word)


def type_of(urn: str) -> str:
    """Without the types of its parents."""
    return urn.split("::", 3)[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def _abort(context: grpc.ServicerContext, refusal: Refused) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, str(refusal))
    raise AssertionError("abort raises")
