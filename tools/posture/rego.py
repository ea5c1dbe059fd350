"""Deployed policies, asked as the programs that use them ask: same query, same input, same `data`."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from regopy import Bundle, Interpreter, LogLevel, RegoError

from tools.posture.deployment import PostureError

CLAIMS: Final = ("executables", "hardware", "configuration")
# What the attestation service adds to the engine: the value registered under a name, or null
# (confidential-containers/trustee attestation-service/src/ear_token/broker.rs).
_QUERY_REFERENCE_VALUE: Final = """
query_reference_value(name) := data.registered[name] if {
	data.registered[name]
}

query_reference_value(name) := null if {
	not data.registered[name]
}
"""


class Policy:
    """One policy with its `data`, which can be asked about many inputs. Raises PostureError where it does not compile."""

    def __init__(self, what: str, rego: str, data: Mapping[str, object]) -> None:
        self._interpreter = Interpreter()
        self._compiled: dict[str, Bundle] = {}
        self._interpreter.log_level = LogLevel.NONE
        # In the KBS and the attestation service a built-in that gets a wrong type fails the evaluation.
        self._interpreter.strict_built_in_errors = True
        try:
            self._interpreter.add_module("policy", rego)
            self._interpreter.add_data(data)
            # One rule and not the package: rego-cpp cannot make a value of all rules where some hold many texts.
            self._interpreter.query("data.policy.allow")
        except (RegoError, json.JSONDecodeError) as error:
            raise PostureError(
                f"The deployed {what} is not valid Rego, so nothing can be said of it."
            ) from error

    def ask(self, query: str, input_: object) -> Any:
        """The value of `query`; None where it is undefined or fails, which no program takes for a yes."""
        try:
            if query not in self._compiled:
                # Bound to a name, because a bare false is an unfulfilled expression and comes back as undefined.
                self._compiled[query] = self._interpreter.build(f"found = {query}")
            self._interpreter.set_input_term(json.dumps(input_, ensure_ascii=False))
            output = self._interpreter.query_bundle(self._compiled[query])
            if not output.ok() or str(output) == "undefined":
                return None
            return json.loads(str(output))["bindings"]["found"]
        except (RegoError, ValueError, KeyError):
            return None


def resource_policy(rego: str, path: Sequence[str], *, trustee_1_0: bool, plugin: str = "resource") -> Policy:
    """The resource policy about one path, as `resource_policy` of components.trustee says the KBS asks."""
    data: dict[str, object] = {"plugin": plugin, "resource-path": list(path), "query": {}}
    if trustee_1_0:
        data = {"resource-path": "/".join((plugin, *path))}
    return Policy("resource policy", rego, data)


def attestation_policy(
    rego: str, registered: Mapping[str, Sequence[str]], *, values_are_data: bool
) -> Policy:
    """The attestation policy with the reference values that are registered."""
    if values_are_data:
        return Policy("attestation policy", rego, {"reference": dict(registered)})
    return Policy("attestation policy", rego + _QUERY_REFERENCE_VALUE, {"registered": dict(registered)})


def trust_vector(policy: Policy, claims: object, *, values_are_data: bool) -> dict[str, int]:
    """The trust claims that an attestation policy makes of the evidence's `claims`."""
    answer = policy.ask("data.policy" if values_are_data else "data.policy.trust_claims", claims)
    return {name: answer[name] for name in CLAIMS if name in answer} if isinstance(answer, dict) else {}


def affirming(vector: Mapping[str, int]) -> bool:
    """AR4SI: a claim from 2 to 31 affirms, and a token is as good as its worst claim."""
    return bool(vector) and all(2 <= value <= 31 for value in vector.values())
