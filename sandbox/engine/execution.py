"""Single operations on single resources: recorded as pending, handed to the provider, and their outputs made
secret again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import replace

from sandbox.engine.errors import ResourceFailed
from sandbox.engine.goal import package
from sandbox.engine.ledger import Ledger
from sandbox.engine.providers import Route
from sandbox.engine.state import Operation, StateResource, now
from sandbox.engine.values import SecretValue, has_unknowns, plain, sealed_like
from sandbox.provider import Incomplete, Provider, Refused, Values


class Executor:
    def __init__(self, ledger: Ledger, route: Route, *, preview: bool) -> None:
        self._ledger = ledger
        self._route = route
        self._preview = preview

    def provider(self, resource: StateResource) -> Provider:
        configured = self._ledger.find(resource.provider_urn, resource.provider.rpartition("::")[2])
        return self._route(package(resource.type), plain(configured.inputs) if configured else {})

    def reachable(self, resource: StateResource) -> bool:
        """Whether the provider of the resource is fully configured, which in a preview it may not be yet."""
        configured = self._ledger.find(resource.provider_urn)
        return configured is None or not has_unknowns(configured.inputs)

    def read(self, resource: StateResource) -> tuple[StateResource, Values]:
        """The resource with the id and outputs it has there, and the inputs it was made with, in plain text.

        Raises ResourceFailed when it does not exist.
        """
        provider = self.provider(resource)
        try:
            found = provider.read(resource.type, resource.id, plain(resource.inputs))
        except Refused as refusal:
            raise ResourceFailed(resource.urn, str(refusal)) from refusal
        if found is None:
            raise ResourceFailed(resource.urn, f"resource '{resource.id}' does not exist")
        id_, inputs, outputs = found
        return with_outputs(replace(resource, id=id_), provider, outputs), inputs

    def create(self, new: StateResource) -> StateResource:
        """The created resource; with init errors where it exists but did not become ready."""
        provider = self.provider(new)
        if self._preview:
            with _failing(new.urn):
                promised = provider.preview_create(new.type, new.name, plain(new.inputs))
            return with_outputs(new, provider, promised)
        new = replace(new, created=now(), modified=now())
        timeout = new.custom_timeouts.get("create")

        def act() -> StateResource:
            id_, outputs = provider.create(new.type, new.name, plain(new.inputs), timeout)
            return with_outputs(replace(new, id=id_), provider, outputs)

        return self._recorded(Operation("creating", new), provider, act)

    def update(self, old: StateResource, new: StateResource) -> StateResource:
        """The updated resource; with init errors where it did not become ready."""
        provider = self.provider(new)
        timeout = new.custom_timeouts.get("update")
        new = replace(new, modified=now()) if not self._preview else new

        def act() -> StateResource:
            outputs = provider.update(
                new.type,
                old.id,
                plain(old.inputs),
                plain(old.outputs),
                plain(new.inputs),
                self._preview,
                timeout,
            )
            return with_outputs(new, provider, outputs)

        if self._preview:
            with _failing(new.urn):
                return act()
        return self._recorded(Operation("updating", new), provider, act)

    def delete(self, old: StateResource, *, with_others: Collection[str] = ()) -> None:
        """Delete what the provider manages, unless it goes with one of `with_others` or is to be retained."""
        kept = old.external or old.retain_on_delete or not old.custom or old.type.startswith("pulumi:")
        if self._preview or kept or old.pending_replacement or old.deleted_with in with_others:
            return
        provider = self.provider(old)
        timeout = old.custom_timeouts.get("delete")

        def act() -> StateResource:
            provider.delete(old.type, old.id, plain(old.inputs), plain(old.outputs), timeout)
            return old

        self._recorded(Operation("deleting", old), provider, act)

    def _recorded(
        self, operation: Operation, provider: Provider, act: Callable[[], StateResource]
    ) -> StateResource:
        """A refusal means that nothing was done; after any other exception the operation stays pending."""
        self._ledger.begin(operation)
        try:
            done = act()
        except Incomplete as partial:
            done = replace(operation.resource, id=partial.id, init_errors=tuple(partial.reasons))
            done = with_outputs(done, provider, partial.outputs)
        except Refused as refusal:
            self._ledger.end(operation)
            raise ResourceFailed(operation.resource.urn, str(refusal)) from refusal
        self._ledger.end(operation)
        return done


@contextmanager
def _failing(urn: str) -> Generator[None, None, None]:
    """What a provider refuses in a preview is a failure of the resource, as in an update."""
    try:
        yield
    except Refused as refusal:
        raise ResourceFailed(urn, str(refusal)) from refusal


def with_outputs(resource: StateResource, provider: Provider, outputs: Values) -> StateResource:
    """`resource` with what the provider returned, secret where its inputs, the program or the provider say
    so.
    """
    secret = {*resource.additional_secret_outputs, *provider.secret_outputs(resource.type)}
    sealed = {
        key: SecretValue(plain(value)) if key in secret else sealed_like(value, resource.inputs.get(key))
        for key, value in outputs.items()
    }
    return replace(resource, outputs=sealed)
