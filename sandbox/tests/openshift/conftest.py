from pathlib import Path

import pytest

from sandbox.tests.openshift.cluster import NAMESPACE, Api


@pytest.fixture
def api(tmp_path: Path) -> Api:
    """An OpenShift cluster nobody has used yet, with a namespace `app`."""
    api = Api(tmp_path)
    api.put(NAMESPACE, "app")
    return api
