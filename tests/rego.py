"""Policies evaluated as the programs that use them do: same query, same input, same `data`. Engine: regopy (rego-cpp)."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from regopy import Bundle, Interpreter, LogLevel

from model.trustee.documents import Layout

# What the attestation service adds to the engine: the value registered under a name, or null
# (confidential-containers/trustee attestation-service/src/ear_token/broker.rs).
_QUERY_REFERENCE_VALUE = """
query_reference_value(name) := data.registered[name] if {
	data.registered[name]
}

query_reference_value(name) := null if {
	not data.registered[name]
}
"""
CLAIMS = ("executables", "hardware", "configuration")


class _Policy:
    """One policy with its `data`. To load it takes ten times as long as to ask it."""

    def __init__(self, policy: str, data: str) -> None:
        self._interpreter = Interpreter()
        self._interpreter.log_level = LogLevel.NONE
        # In the KBS and the attestation service a built-in that gets a wrong type fails the evaluation.
        self._interpreter.strict_built_in_errors = True
        self._interpreter.add_module("policy", policy)
        if data:
            self._interpreter.add_data(json.loads(data))
        self._compiled: dict[str, Bundle] = {}

    def ask(self, query: str, input: str) -> Any:
        self._interpreter.set_input_term(input)
        if query not in self._compiled:
            # Bound to a name, because a bare false is an unfulfilled expression and comes back as undefined.
            self._compiled[query] = self._interpreter.build(f"found = {query}")
        output = self._interpreter.query_bundle(self._compiled[query])
        assert output.ok(), str(output)
        return None if str(output) == "undefined" else json.loads(str(output))["bindings"]["found"]


_loaded = lru_cache(maxsize=32)(_Policy)


def evaluate(policy: str, query: str, *, input: object, data: Mapping[str, object] | None = None) -> Any:
    """The value of `query`, None where undefined. Raises on a policy that does not compile."""
    loaded = _loaded(policy, "" if data is None else json.dumps(data, ensure_ascii=False))
    return loaded.ask(query, json.dumps(input, ensure_ascii=False))


def trust_vector(
    layout: Layout, policy: str, claims: Mapping[str, object], registered: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """The trust claims that the attestation service of `layout.version` makes of `claims` under `policy`."""
    if layout.reference_values_are_data:
        rules = evaluate(policy, "data.policy", input=claims, data={"reference": dict(registered)})
        return {name: rules[name] for name in CLAIMS if name in rules}
    return evaluate(
        policy + _QUERY_REFERENCE_VALUE,
        "data.policy.trust_claims",
        input=claims,
        data={"registered": dict(registered)},
    )


def affirming(vector: Mapping[str, int]) -> bool:
    """AR4SI: a claim from 2 to 31 affirms, and the worst claim decides for the whole token."""
    return bool(vector) and all(2 <= value <= 31 for value in vector.values())


def token(vector: Mapping[str, int], evidence: Mapping[str, object]) -> dict[str, Any]:
    """The part of an EAR token that a resource policy reads, for one CPU."""
    return {
        "submods": {
            "cpu0": {
                "ear.status": "affirming" if affirming(vector) else "contraindicated",
                "ear.trustworthiness-vector": dict(vector),
                "ear.veraison.annotated-evidence": dict(evidence),
            }
        }
    }


def released(policy: str, path: Sequence[str], token: Mapping[str, object], *, trustee: str = "1.2") -> bool:
    """Whether the KBS of `trustee` hands out `path` to the bearer of `token`."""
    data: dict[str, object] = {"plugin": "resource", "resource-path": list(path), "query": {}}
    if trustee == "1.0":
        data = {"resource-path": "/".join(("resource", *path))}
    return evaluate(policy, "data.policy.allow", input=token, data=data) is True
