"""What `make mutate` ends with: the changes that no test noticed, without those that are known to change nothing that matters.

Known ones are in `tests/survivors.yaml`: by function, the line after the change, and why it may be. The exit code is 1 where another one
survived. Run by tools/mutate.sh, after mutmut.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

from sandbox.ending import end

KNOWN: Final = Path("tests/survivors.yaml")
_STATISTICS: Final = Path("mutants/mutmut-cicd-stats.json")
_UNNOTICED: Final = ("survived", "no tests", "suspicious")


def main() -> int:
    known: dict[str, dict[str, str]] = yaml.safe_load(KNOWN.read_text("utf-8"))
    new = 0
    for mutant in unnoticed(_mutmut("results")):
        difference = _mutmut("show", mutant)
        if explained(function(mutant), difference, known):
            continue
        new += 1
        print(difference.strip(), end="\n\n")
    _mutmut("export-cicd-stats")
    counts: dict[str, int] = json.loads(_STATISTICS.read_text("utf-8"))
    words = ", ".join(f"{counts[key]} {key}" for key in ("killed", "survived", "no_tests", "timeout"))
    print(f"{words.replace('_', ' ')}; {new} of those that survived are not explained in {KNOWN}")
    return 1 if new else 0


def unnoticed(results: str) -> Iterator[str]:
    """The names of mutants that no test noticed, in what `mutmut results` prints."""
    for line in results.splitlines():
        name, _, state = line.strip().partition(": ")
        if state in _UNNOTICED:
            yield name


def function(mutant: str) -> str:
    """`model.policy.resource_policy.x__block__mutmut_7` -> `model.policy.resource_policy._block`, and so for a method."""
    place, _, name = mutant.rpartition("__mutmut_")[0].rpartition(".")
    return f"{place}.{name.removeprefix('x_').removeprefix('xǁ').replace('ǁ', '.')}"


def explained(where: str, difference: str, known: dict[str, dict[str, str]]) -> bool:
    """Whether each line that the change added is known for the function. A change that only takes lines out has none: the lines it took."""
    lines = [line for line in difference.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    added = [line[1:].strip() for line in lines if line[0] == "+"]
    taken = [line[1:].strip() for line in lines if line[0] == "-"]
    may_be = known.get(where, {})
    return bool(lines) and all(line in may_be for line in added or taken)


def _mutmut(*words: str) -> str:
    command = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    end(main)
