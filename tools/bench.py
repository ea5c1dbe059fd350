"""`make bench`: what the sandbox costs beside bare imports, whether a spoke costs the same however many there are, and what a
workload's policy takes to render and to carry.

What has a limit is a ratio: every round times each program once, one after the other, so that the machine's speed cancels out,
and the median of the rounds counts. A spoke's cost is processor time, as fifty take minutes in which a machine does other things.
All runs are in a copy of the project in a temporary directory; of `.sandbox` only the binaries are used. Where the official
engine can run, its commands are timed too, beside a program that declares one resource of each SDK.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from model.policy import workload_policy
from model.workloads import reading
from sandbox import api
from sandbox.ending import end
from tools.program_files import RUNNABLE

ROOT = Path(__file__).resolve().parent.parent
SPOKES = (1, 10, 50)
FIVE_LIKE = "kbs-access"
"""The workload of whose last container a pod of five is made."""
RENDERINGS = 20

# Runs a command of the sandbox, then names the SDK modules that it imported; azure-native also has placeholders for all others.
LIST_MODULES = """
import json, runpy, sys
try:
    runpy.run_module("sandbox", run_name="__main__", alter_sys=True)
finally:
    loaded = [name for name, module in sys.modules.items() if type(module).__name__ != "_LazyModule"]
    open("modules.json", "w").write(json.dumps([name for name in loaded if name.startswith("pulumi")]))
"""
# The least that any program with these SDKs does.
FLOOR = "import importlib, json; [importlib.import_module(name) for name in json.load(open('modules.json'))]"


@dataclass(frozen=True, kw_only=True)
class BenchRun:
    seconds: float
    processor_seconds: float
    mebibytes: float
    """Peak resident memory of the largest process."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    what: str
    value: float
    unit: str
    at_most: float | None = None

    def __str__(self) -> str:
        limit = "" if self.at_most is None else f"at most {self.at_most:g}"
        verdict = "" if self.at_most is None else "ok" if self.value <= self.at_most else "OVER"
        return f"{self.what:60} {self.value:8.2f} {self.unit:5} {limit:12} {verdict}".rstrip()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each program is timed (default: 3)")
    parser.add_argument("--spokes", type=int, nargs="*", default=SPOKES, help="how many (default: 1 10 50)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        project = _copy_of_the_project(Path(scratch))
        figures = [
            *_beside_imports(project, options.rounds),
            *_policies(project),
            *_spokes(project, options.rounds, options.spokes),
            *_official(project),
        ]
    print("\n".join(map(str, figures)))
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    return 0


def _beside_imports(project: Path, rounds: int) -> list[Figure]:
    """One hub and one spoke, against a program that imports the same SDK modules and declares nothing, once per stack."""
    _timed(project, "-c", LIST_MODULES, "up", "--env", "dev", "--home", "warm-up")
    floors: list[float] = []
    ups: list[BenchRun] = []
    previews: list[BenchRun] = []
    for number in range(rounds):
        home = f"round-{number}"
        floors.append(sum(_timed(project, "-c", FLOOR).seconds for _ in range(2)))
        ups.append(_sandbox(project, "up", "dev", home))
        previews.append(_sandbox(project, "preview", "dev", home))
    return [
        Figure(what="bare imports, once for each of two stacks", value=statistics.median(floors), unit="s"),
        Figure(
            what="up of hub and spoke from no state",
            value=_median_ratio(ups, floors),
            unit="times",
            at_most=2.0,
        ),
        Figure(
            what="preview of hub and spoke without a change",
            value=_median_ratio(previews, floors),
            unit="times",
            at_most=1.7,
        ),
        Figure(
            what="memory of the largest process",
            value=max(run.mebibytes for run in ups + previews),
            unit="MiB",
            at_most=250,
        ),
    ]


def _policies(project: Path) -> list[Figure]:
    """The policy of a pod with five containers, and the initdata of each workload that the first round brought up."""
    one = reading.read(FIVE_LIKE, {each.name: each.read_text("utf-8") for each in _folder(FIVE_LIKE)}).pins()
    five = replace(
        one, containers=tuple(replace(one.containers[-1], name=f"container-{number}") for number in range(5))
    )
    times: list[float] = []
    for _ in range(RENDERINGS):
        started = time.process_time()
        workload_policy.render_workload(five)
        times.append(time.process_time() - started)
    state = json.loads((project / "round-0" / "stacks" / "dev-spoke.json").read_text("utf-8"))
    documents = state["deployment"]["resources"][0]["outputs"]["documents"]
    return [
        Figure(
            what="policy of a workload with five containers",
            value=1000 * statistics.median(times),
            unit="ms",
            at_most=50,
        ),
        *(
            Figure(
                what=f"initdata of {name}, encoded",
                value=len(documents[name]["initdata"]) / 1024,
                unit="KiB",
                at_most=12,
            )
            for name in sorted(documents)
            if (ROOT / "workloads" / name).is_dir()
        ),
    ]


def _folder(workload: str) -> list[Path]:
    return sorted((ROOT / "workloads" / workload).iterdir())


def _spokes(project: Path, rounds: int, counts: Sequence[int]) -> list[Figure]:
    """What one of many spokes of a hub adds, beside what the only spoke of a hub adds."""
    for count in (0, *counts):
        _write_environment(project, count)
    added: dict[int, list[BenchRun]] = {count: [] for count in counts}
    for number in range(rounds):
        for count in counts:
            if count > 10 and number > 0:
                continue  # a mean of so many needs no second round
            hub = _sandbox(project, "up", "n0", f"hub-{count}-{number}")
            whole = _sandbox(project, "up", f"n{count}", f"spokes-{count}-{number}")
            added[count].append(
                BenchRun(
                    seconds=(whole.seconds - hub.seconds) / count,
                    processor_seconds=(whole.processor_seconds - hub.processor_seconds) / count,
                    mebibytes=whole.mebibytes,
                )
            )
    figures: list[Figure] = []
    for count, runs in added.items():
        alone, this = (
            statistics.median(run.processor_seconds for run in of) for of in (added[counts[0]], runs)
        )
        what = f"a spoke, one of {count}"
        figures.append(
            Figure(what=f"up of {what}", value=statistics.median(run.seconds for run in runs), unit="s")
        )
        if count != counts[0]:
            beside = f"processor time of {what}, beside one of {counts[0]}"
            figures.append(Figure(what=beside, value=this / alone, unit="times", at_most=1.2))
    return figures


def _official(project: Path) -> list[Figure]:
    home = project / ".sandbox"
    home.mkdir()
    (project / ".venv").symlink_to(sys.prefix)
    try:
        ratios = api.official_engine_ratios(project, home)
    except api.NotHere as reason:
        print(f"not measured under the official engine: {reason}", file=sys.stderr)
        return []
    limits = {"preview": 1.5, "up": 2.0}
    return [
        Figure(
            what=f"pulumi {what} without a change", value=ratio, unit="times", at_most=limits[what.split()[0]]
        )
        for what, ratio in ratios.items()
    ]


def _median_ratio(runs: Sequence[BenchRun], floors: Sequence[float]) -> float:
    return statistics.median(run.seconds / floor for run, floor in zip(runs, floors, strict=True))


def _copy_of_the_project(scratch: Path) -> Path:
    project = scratch / "project"
    project.mkdir()
    for name in RUNNABLE:
        # With its bytecode, which stays valid because the times of the files are kept.
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, project / name)
    return project


def _write_environment(project: Path, count: int) -> None:
    """The stack files of the environment `n<count>`: a hub and that many spokes, made of those of dev."""
    hub, spoke = (
        yaml.safe_load((project / "stacks" / f"Pulumi.dev-{role}.yaml").read_text())
        for role in ("hub", "spoke")
    )
    spokes = [f"n{count}-spoke-{number}" for number in range(1, count + 1)]
    for workload in hub["config"]["coco:workloads"].values():
        workload["spokes"] = spokes or [f"n{count}-spoke-1"]  # it must name one, and that one need not be up
    _write_stack(project, f"n{count}-hub", hub)
    for number, name in enumerate(spokes, start=1):
        spoke["config"]["coco:hub"] = f"organization/coco/n{count}-hub"
        spoke["config"]["coco:network"]["cidr"] = f"10.{number}.0.0/16"
        _write_stack(project, name, spoke)


def _write_stack(project: Path, name: str, stack: dict[str, Any]) -> None:
    cluster = stack["config"]["coco:cluster"]
    cluster["domain"] = name
    # One service principal serves one cluster.
    cluster["servicePrincipal"] = {
        key: str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{key}.{name}")) for key in ("clientId", "objectId")
    }
    (project / "stacks" / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(stack))


def _sandbox(project: Path, verb: str, env: str, home: str) -> BenchRun:
    return _timed(project, "-m", "sandbox", verb, "--env", env, "--home", home)


def _timed(project: Path, *arguments: str) -> BenchRun:
    """Run this Python in `project`. Raises SystemExit with its output when it fails."""
    command = [sys.executable, *arguments]
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=project, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)  # as wait() does, but with the memory
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')}")
    per_mebibyte = 2**20 if sys.platform == "darwin" else 2**10
    return BenchRun(
        seconds=seconds,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        mebibytes=usage.ru_maxrss / per_mebibyte,
    )


if __name__ == "__main__":
    end(main)
