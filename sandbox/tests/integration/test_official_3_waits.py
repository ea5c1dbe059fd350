"""Something that never comes true: `up` ends, and says what it waited for and where to look.

The program's own patience is shortened for it, in the copy that is run.
"""

import pytest

from sandbox.tests.integration.world import HUB, TRUSTEE, World

pytestmark = pytest.mark.integration


def test_a_version_that_the_catalogue_lacks_is_told_with_the_reason_and_can_be_taken_back(
    world: World,
) -> None:
    patience = (("PATIENCE_SECONDS = 1500", "PATIENCE_SECONDS = 4"), ("+ 300", "+ 11"))
    world.project.configure(HUB, {"operators.certManager": "1.99.9"})
    with world.project.edited("components/cluster/operator.py", *patience):
        done = world.pulumi("up", HUB, "--yes", "--skip-preview")
    world.project.configure(HUB, {"operators.certManager": "1.18.0"})
    assert done.code != 0
    assert "no InstallPlan installs exactly cert-manager-operator.v1.99.9" in done.text
    assert "no operators found with name cert-manager-operator.v1.99.9" in done.text
    assert "Look at: oc get subscription,installplan,csv -n cert-manager-operator" in done.text
    world.up(HUB)
    world.unchanged(HUB)


def test_a_trustee_that_does_not_become_ready_is_named_with_the_condition_and_recovers(world: World) -> None:
    """Somebody has deleted a Secret of which the program thinks that it is there."""
    world.cluster(HUB).delete(f"{TRUSTEE}/secrets/kbsres1")
    added = {"source": "generated", "keys": ["key"], "readableBy": ["hardened"], "allowUnpinned": True}
    world.project.configure(HUB, {"secrets.late": added})
    with world.project.edited("components/hub/trustee.py", ('"15m", update="15m"', '"15s", update="15s"')):
        done = world.pulumi("up", HUB, "--yes", "--skip-preview")
    assert done.code != 0
    assert 'Waiting for {.status.isReady}=true (found "false")' in done.text
    assert '"trustee-operator-system/kbs" failed to fully initialize or become live: timed out' in done.text
    world.up(HUB, "--refresh")
    world.unchanged(HUB)
