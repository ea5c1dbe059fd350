"""The rules with one statement or rule left out, each in turn: what a test must notice."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from model.policy.engine import Session
from tests.model.policy.recorded import ROOT, Case, Request

FOLDER = ROOT / "model/policy/rego"
CREATE, EXEC = "CreateContainerRequest", "ExecProcessRequest"
ASKED = {
    "sandbox.rego": {"CreateSandboxRequest", CREATE},
    "containers.rego": {CREATE, EXEC},
    "storages.rego": {CREATE},
    "mounts.rego": {CREATE},
    "files.rego": {"CopyFileRequest", CREATE},
    "exec.rego": {EXEC},
    "exec_any.rego": {EXEC},
    "exec_listed.rego": {EXEC},
    "exec_workload.rego": {EXEC},
}
"""By file: the requests that its rules answer; those of the others answer several."""


class Mutant(NamedTuple):
    """`statement` was left out of the rule that begins with `rule` (empty: the whole rule), in a file of `rego/`."""

    file: str
    rule: str
    statement: str
    whole: str
    rest: str

    @property
    def name(self) -> str:
        return f"{self.file}: {self.rule} {self.statement}".replace(" if {", "").replace(" {", "").strip()


Asked = tuple[Request, dict[str, object]]
"""A request, and the state that it finds."""


class Suite:
    """A policy, cases, and what each case's last request finds remembered from those before it."""

    def __init__(self, policy: str, cases: list[Case]) -> None:
        self.policy = policy
        self.asked: list[Asked] = [
            (case.steps[-1], _state(policy, json.dumps(case.steps[:-1]))) for case in cases
        ]

    def about(self, file: str) -> list[Asked]:
        """Of what the rules of that file answer."""
        return [one for one in self.asked if file not in ASKED or one[0].name in ASKED[file]]


@cache
def _state(policy: str, steps: str) -> dict[str, object]:
    session = Session(policy)
    for request in json.loads(steps):
        session.ask(*request)
    return dict(session._state)


def mutants() -> Iterator[Mutant]:
    for path in sorted(FOLDER.glob("*.rego")):
        lines = path.read_text("utf-8").split("\n")
        rule = ""
        for number, line in enumerate(lines):
            if line and not line.startswith(("\t", "#", "}", ")", "import", "package")):
                rule = line
                if re.search(r" if [^{]", line) or line.endswith(" if {"):
                    yield _without(path.name, "", line, lines, number)
            elif rule.endswith(" if {") and re.match(r"\t{1,2}[^\t#})\]]", line) and _is_condition(line):
                yield _without(path.name, rule, line.strip(), lines, number)


def _is_condition(line: str) -> bool:
    return ":=" not in line and not line.endswith((",", "["))


def _without(file: str, rule: str, statement: str, lines: list[str], start: int) -> Mutant:
    end = start
    if lines[start].endswith("{"):
        depth = len(lines[start]) - len(lines[start].lstrip("\t"))
        end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith("\t" * depth + "}"))
        if lines[end].endswith("{"):  # `every path in {...} {`
            end = next(n for n in range(end + 1, len(lines)) if lines[n] == "\t" * depth + "}")
    return Mutant(file, rule, statement, "\n".join(lines), "\n".join([*lines[:start], *lines[end + 1 :]]))
