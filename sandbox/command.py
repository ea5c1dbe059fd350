"""A stand-in for pulumi-command's `local.Command`: it really runs the commands, on this machine.

After pulumi-command 1.2, provider/pkg/provider/local: what is printed is the output; a command that fails leaves no resource;
without `update` a change runs `create` again; in the preview of a change nothing of the output is known.
"""

from __future__ import annotations

import os
import subprocess
import uuid
from pathlib import Path
from typing import Final

from sandbox.provider import UNKNOWN, Diff, Failure, Refused, Values

_TYPE: Final = "command:local:Command"
_INPUTS: Final = {
    **dict.fromkeys(("create", "update", "delete", "dir", "stdin", "logging"), str),
    **dict.fromkeys(("interpreter", "triggers"), list),
    "environment": dict,
    "addPreviousOutputInEnv": bool,
}
_PRINTED: Final = ("stdout", "stderr")


class CommandStandIn:
    """Implements `sandbox.provider.Provider`. Commands run in the project's folder `root`, and `programs` comes first on PATH."""

    def __init__(self, root: Path, programs: Path) -> None:
        self._root = root
        self._programs = programs

    def check(self, type_: str, name: str, news: Values) -> list[Failure]:
        if type_ != _TYPE:
            return [
                Failure("", f"the stand-in of command knows no resource type {type_}: see sandbox/command.py")
            ]
        return [
            Failure(key, f"the stand-in of command knows no property '{key}', or not with such a value")
            for key, value in news.items()
            if value not in (None, UNKNOWN) and not isinstance(value, _INPUTS.get(key, ()))
        ]

    def diff(self, type_: str, id_: str, old_inputs: Values, old_outputs: Values, news: Values) -> Diff:
        names = sorted(old_inputs.keys() | news.keys())
        changed = tuple(name for name in names if old_inputs.get(name) != news.get(name))
        return Diff(changed=changed, replace=tuple(name for name in changed if name == "triggers"))

    def preview_create(self, type_: str, name: str, inputs: Values) -> Values:
        return {**inputs, **dict.fromkeys(_PRINTED, UNKNOWN)}

    def create(self, type_: str, name: str, inputs: Values, timeout: float | None) -> tuple[str, Values]:
        return f"{name}{uuid.uuid4().hex[:8]}", {
            **inputs,
            **self._run(inputs.get("create"), inputs, {}, timeout),
        }

    def read(self, type_: str, id_: str, inputs: Values) -> tuple[str, Values, Values] | None:
        """Without outputs: there is nothing to look at, so what the state records still holds."""
        return id_, inputs, {}

    def update(
        self,
        type_: str,
        id_: str,
        old_inputs: Values,
        old_outputs: Values,
        news: Values,
        preview: bool,
        timeout: float | None,
    ) -> Values:
        if preview:
            return self.preview_create(type_, "", news)
        return {**news, **self._run(news.get("update") or news.get("create"), news, old_outputs, timeout)}

    def delete(self, type_: str, id_: str, inputs: Values, outputs: Values, timeout: float | None) -> None:
        self._run(inputs.get("delete"), inputs, outputs, timeout)

    def invoke(self, token: str, args: Values) -> Values:
        raise Refused("UnknownFunction", f"the stand-in of command has no function {token}")

    def secret_outputs(self, type_: str) -> set[str]:
        return set()

    def _run(self, command: str | None, inputs: Values, outputs: Values, timeout: float | None) -> Values:
        """What the command printed. Raises Refused, with all that it printed, when it fails."""
        before = {name: str(outputs.get(name) or "") for name in _PRINTED}
        if not command:
            return before
        given: Values = {**inputs.get("environment", {})}
        if inputs.get("addPreviousOutputInEnv", True):
            given |= {f"PULUMI_COMMAND_{name.upper()}": text for name, text in before.items() if text}
        try:
            done = subprocess.run(
                [*(inputs.get("interpreter") or ["/bin/sh", "-c"]), command],
                cwd=inputs.get("dir") or self._root,
                env={**os.environ, "PATH": self._path(), **given},
                input=inputs.get("stdin") or "",
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Refused("signal: killed", f'running "{command}":\n') from None
        if done.returncode:
            raise Refused(
                f"exit status {done.returncode}", f'running "{command}":\n{done.stdout}{done.stderr}'
            )
        return {"stdout": done.stdout.removesuffix("\n"), "stderr": done.stderr.removesuffix("\n")}

    def _path(self) -> str:
        return os.pathsep.join((str(self._programs), *os.get_exec_path()))
