"""What holds for every test."""

import gc
import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Putting an Output into a string raises instead of leaving "Calling __str__ on an Output" in a document. Pulumi reads this
# when it is imported, so it stands before any test module.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "1"

# A shell ignores SIGINT for what it starts in the background, and programs inherit that: the tests that interrupt programs would wait
# for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests keep schemas and graphs of stacks, which every full collection walks through: a fifth of the suite's processor time (measured).
gc.set_threshold(50_000, 20, 100)

# Two workers share two processors with other programs, so times are not compared; every machine tries the same examples.
settings.register_profile(
    "shared", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared")


# Bringing the committed stacks up takes seconds to minutes: the tests that share what was brought up run in one worker, in the
# order of their files.  `first_up` too: else each worker would bring up the same stacks.
SHARED = {
    "home": "deployed",
    "first_up": "program",
    "is_up": "program",
    "workspace": "engine",
    "world": "official",
    "troubled": "troubled",
}

# The graphs of the committed stacks are kept by whoever declared them (tests/program/roles.py).
GRAPHS = Path(__file__).parent / "tests/program"


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        shared = SHARED.keys() & set(getattr(item, "fixturenames", ()))
        for group in {SHARED[fixture] for fixture in shared}:
            item.add_marker(pytest.mark.xdist_group(group))
        if not shared and item.path.parent == GRAPHS:
            item.add_marker(pytest.mark.xdist_group("graphs"))
        if not shared and item.get_closest_marker("integration"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
