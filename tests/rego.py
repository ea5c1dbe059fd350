"""Policies evaluated as the programs that use them do: same query, same input, same `data`. Engine: regopy (rego-cpp)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from regopy import Interpreter, LogLevel

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


def evaluate(policy: str, query: str, *, input: object, data: Mapping[str, object] | None = None) -> Any:
    """The value of `query`, None where undefined. Raises on a policy that does not compile."""
    interpreter = Interpreter()
    interpreter.log_level = LogLevel.NONE
    # In the KBS and the attestation service a built-in that gets a wrong type fails the evaluation.
    interpreter.strict_built_in_errors = True
    interpreter.add_module("policy", policy)
    if data is not None:
        interpreter.add_data(data)
    interpreter.set_input_term(json.dumps(input, ensure_ascii=False))
    # Bound to a name, because a bare false is an unfulfilled expression and comes back as undefined.
    output = interpreter.query(f"found = {query}")
    assert output.ok(), str(output)
    return None if str(output) == "undefined" else json.loads(str(output))["bindings"]["found"]


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
