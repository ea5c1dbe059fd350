"""What the program declares before and after an upgrade of Trustee, in one stand-in cluster."""

from collections.abc import Callable
from pathlib import Path

from sandbox.openshift import kinds
from sandbox.openshift.objects import Manifest
from sandbox.tests.openshift.cluster import CONFIG_MAP, KBS_CONFIG, SECRET, TRUSTEE, Api
from tests.harness import Graph
from tests.program.test_upgrade import hubs, root  # noqa: F401 -- fixtures


def test_the_new_operator_finds_nothing_to_migrate(hubs: list[Graph], tmp_path: Path) -> None:  # noqa: F811
    """It would delete what it takes for a leftover of 1.1, and an update of what is gone fails."""
    api = Api(tmp_path)
    api.subscribe(TRUSTEE, "trustee-operator.v1.1.0")
    api.approve(TRUSTEE, "trustee-operator.v1.1.0")
    kbs = hubs[0]["trustee-kbs"].inputs
    for secret in ("kbs-https", "kbs-attestation-token"):
        api.put(SECRET, secret, TRUSTEE, stringData={"tls.key": "pem", "tls.crt": "pem"})
    api.put(SECRET, "kbs-auth", TRUSTEE, stringData={"publicKey": "pem"})
    for served in kbs["spec"]["kbsSecretResources"]:
        api.put(SECRET, served, TRUSTEE, stringData={"key": "value"})

    def write(hub: Graph, how: Callable[..., Manifest]) -> Manifest:
        for resource in hub.of_type(CONFIG_MAP):
            if not resource.read:
                metadata, data = resource.inputs["metadata"], resource.inputs["data"]
                how(CONFIG_MAP, metadata["name"], TRUSTEE, annotations=metadata["annotations"], data=data)
        return how(KBS_CONFIG, "kbs", TRUSTEE, annotations=kbs["metadata"]["annotations"], spec=kbs["spec"])

    assert write(hubs[0], api.put)["status"]["isReady"] is True
    api.approve(TRUSTEE, "trustee-operator.v1.2.1")
    assert write(hubs[1], api.change)["status"]["isReady"] is True
    names = {item["metadata"]["name"] for item in api.cluster.objects.all(kinds.CONFIG_MAP, TRUSTEE)}
    assert not {name for name in names if name.endswith(".v1.1")}
