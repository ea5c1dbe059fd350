"""Something that never comes true: `up` ends, and says what it waited for and where to look.

The program's own patience is shortened for it, in the copy that is run, and a Job is not tried again.
"""

import pytest

from sandbox.tests.integration.world import HUB, TRUSTEE, World

pytestmark = pytest.mark.integration
# Of the Job whose patience is shortened alone: of a Job that is changed in place the plugin may take down what it was before, because it
# reads it from the API server's cache, and then the next preview shows a change.
ONCE = (
    "components/in_cluster.py",
    ('"backoff_limit": 3', '"backoff_limit": 0 if args.patience < 10 else 3'),
)


def test_a_version_that_the_catalogue_lacks_is_told_with_the_reason_and_can_be_taken_back(
    world: World,
) -> None:
    shorter = ("PATIENCE_SECONDS = 1500", "PATIENCE_SECONDS = 4")
    world.project.configure(HUB, {"operators.certManager": "1.99.9"})
    with world.project.edited("components/cluster/operator.py", shorter), world.project.edited(*ONCE):
        done = world.pulumi("up", HUB, "--yes", "--skip-preview")
    world.project.configure(HUB, {"operators.certManager": "1.18.0"})
    assert done.code != 0
    assert "cert-manager-operator.v1.99.9 is not installed" in done.text
    # OLM looks for a first version only where none is installed, and offers nothing else here.
    assert "cert-manager-operator.v1.99.9 is not installed, cert-manager-operator.v1.18.0 is" in done.text
    assert "OLM has plans for cert-manager-operator.v1.18.0" in done.text
    assert "Look at: oc get subscription,installplan,csv -n cert-manager-operator" in done.text
    world.up(HUB)
    world.unchanged(HUB)


def test_a_trustee_that_does_not_run_what_was_rendered_is_named_with_the_reason_and_recovers(
    world: World,
) -> None:
    """Somebody has deleted a Secret of which the program thinks that it is there. Trustee's `isReady` stays true."""
    world.cluster(HUB).delete(f"{TRUSTEE}/secrets/kbsres1")
    added = {"source": "generated", "keys": ["key"], "readableBy": ["hardened"], "allowUnpinned": True}
    world.project.configure(HUB, {"secrets.late": added})
    shorter = ("patience=900", "patience=8")
    with world.project.edited("components/hub/trustee.py", shorter), world.project.edited(*ONCE):
        done = world.pulumi("up", HUB, "--yes", "--skip-preview")
    assert done.code != 0
    assert "the pods of Trustee do not run what this update made" in done.text
    assert 'Secret "kbsres1" not found' in done.text
    world.up(HUB, "--refresh")
    world.unchanged(HUB)
