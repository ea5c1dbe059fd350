"""One environment under the official engine for all tests of a session: an API server takes half a minute to fill."""

from collections.abc import Iterator

import pytest

from tests.integration.world import World, missing


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Hub and spoke are up. Whatever happens, no process is left."""
    if reason := missing():
        pytest.skip(reason)
    world = World(tmp_path_factory.mktemp("official"))
    try:
        done = world.sandbox("up", "--env", "dev")
        assert done.code == 0, done.text
        yield world
    finally:
        world.environment.stand_ins.clusters.stop()
