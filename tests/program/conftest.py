"""What a preview of a self-managed cluster looks for on PATH."""

import os
from collections.abc import Iterator

import pytest

VERSION = "4.20.15"  # of the committed stacks


@pytest.fixture(scope="session", autouse=True)
def installer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An openshift-install that says its version, and can do nothing else."""
    program = tmp_path_factory.mktemp("programs") / "openshift-install"
    program.write_text(f"#!/bin/sh\necho openshift-install {VERSION}\n")
    program.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", os.pathsep.join((str(program.parent), *os.get_exec_path())))
        yield
