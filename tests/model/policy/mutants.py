"""The rules with one statement left out, each in turn: what a test must notice."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


ROOT = Path(__file__).parent.parent.parent.parent
FOLDER = ROOT / "model/policy/rego"
# Rules that say no: without a statement they refuse more, or less, as the case may be; they count like all others.


class Mutant(NamedTuple):
    """`statement` was left out of the rule that begins with `rule`, in a file of `rego/`."""

    file: str
    rule: str
    statement: str
    whole: str
    rest: str


def mutants() -> Iterator[Mutant]:
    for path in sorted(FOLDER.glob("*.rego")):
        whole = path.read_text("utf-8")
        lines = whole.split("\n")
        rule = ""
        for number, line in enumerate(lines):
            if line and not line.startswith(("\t", "#", "}", ")", "import", "package")):
                rule = line
                if re.search(r" if [^{]", line) or re.search(r" if \{$", line):
                    end = _end(lines, number) if line.endswith("{") else number
                    yield _without(path.name, "", line, lines, number, end)
            elif _is_statement(lines, number, rule):
                yield _without(path.name, rule, line.strip(), lines, number, _end(lines, number))


def _is_statement(lines: list[str], number: int, rule: str) -> bool:
    line = lines[number]
    body = rule.endswith("{") and rule.rsplit(" := ", maxsplit=1)[-1].endswith("if {")
    inner = re.match(r"\t[^\t#})\]]", line) or re.match(r"\t\t[^\t#})\]]", line)
    return bool(body and inner and not line.rstrip().endswith(",")) and ":=" not in line.split("{")[0]


def _end(lines: list[str], start: int) -> int:
    """The last line of the statement or rule that begins at `start`."""
    if not lines[start].endswith("{"):
        return start
    depth = len(lines[start]) - len(lines[start].lstrip("\t"))
    return next(n for n in range(start + 1, len(lines)) if lines[n] == "\t" * depth + "}")


def _without(file: str, rule: str, statement: str, lines: list[str], start: int, end: int) -> Mutant:
    return Mutant(file, rule, statement, "\n".join(lines), "\n".join([*lines[:start], *lines[end + 1 :]]))
