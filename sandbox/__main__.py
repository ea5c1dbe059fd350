"""`python -m sandbox up|preview|down|outputs|export|plan|shell|env`: run the program against a local Azure and OpenShift."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.ending import end

ENGINES = ("embedded", "pulumi")


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when all went well, 1 when something was refused or failed, 2 for a command that is none."""
    options = _parser().parse_args(arguments)
    if options.engine not in ENGINES:
        print(
            f"error: there is no engine {options.engine!r}: choose one of {', '.join(ENGINES)}",
            file=sys.stderr,
        )
        return 2
    if options.engine == "embedded" and options.verb in ("shell", "env"):
        print(
            "error: make shell and make env are for the engine pulumi: add --engine pulumi", file=sys.stderr
        )
        return 2
    if options.engine == "embedded" and getattr(options, "pulumi", None):
        print(
            f"error: only the engine pulumi takes further arguments, here {' '.join(options.pulumi)}: use ENGINE=pulumi, or leave "
            "ARGS out",
            file=sys.stderr,
        )
        return 2

    if options.engine == "pulumi":
        from sandbox.official import commands
    else:
        from sandbox.engine import commands

    return commands.run(options)


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--engine", default="embedded", help="what runs the program: embedded (default) or pulumi"
    )
    common.add_argument(
        "--install", action="store_true", help="let the engine pulumi download what it needs and is missing"
    )
    common.add_argument(
        "--home", type=Path, default=Path(".sandbox"), help="where state is kept (default: .sandbox)"
    )
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, words in (
        ("up", "bring stacks up"),
        ("preview", "show what up would do"),
        ("down", "delete what up made"),
    ):
        command = verbs.add_parser(verb, help=words, parents=[common])
        command.add_argument(
            "--env", default="dev", help="the stacks <env>-*: hubs, then spokes (default: dev)"
        )
        command.add_argument("--stack", help="one stack instead of an environment")
        command.add_argument(
            "pulumi", nargs="*", metavar="-- ARGUMENT", help="further arguments, for the engine pulumi"
        )
    outputs = verbs.add_parser("outputs", help="print a stack's outputs as JSON", parents=[common])
    outputs.add_argument("--show-secrets", action="store_true", help="print secret outputs too")
    export = verbs.add_parser(
        "export", help="print a stack's state as `pulumi stack export` does", parents=[common]
    )
    plan = verbs.add_parser(
        "plan", help="print the state that up would give as an export, without secrets", parents=[common]
    )
    shell = verbs.add_parser(
        "shell", help="a shell in which `pulumi` works on a stack of the engine pulumi", parents=[common]
    )
    env = verbs.add_parser("env", help="print what makes your own shell one, to evaluate", parents=[common])
    for command in (outputs, export, plan, shell, env):
        command.add_argument("stack")
    return parser


if __name__ == "__main__":
    end(main)
