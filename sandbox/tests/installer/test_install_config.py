"""The stand-in of openshift-install takes what the program writes, and refuses what the real one would."""

from typing import Any

import pytest
import yaml

from sandbox.installer.install_config import Invalid, read
from tests.model.azure.test_install_config import CONFIG

PULL_SECRET = '{"auths": {"quay.io": {"auth": "canary"}}}'


def document() -> dict[str, Any]:
    return {**yaml.safe_load(CONFIG.text()), "pullSecret": PULL_SECRET}


def test_what_the_program_writes_is_taken_whole() -> None:
    assert read(yaml.safe_dump(document())).domain == "lab.example.com"


def spoiled(path: str, value: Any) -> str:
    whole = document()
    *above, last = path.split(".")
    place: Any = whole
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place[key]
    place[last] = value
    return yaml.safe_dump(whole)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("apiVersion", "v2", "apiVersion"),
        ("metadata.name", "Lab", "metadata.name"),
        ("baseDomain", "example", "baseDomain"),
        ("publish", "Public", "publish"),
        ("credentials", "Manual", "credentials: Extra inputs"),
        ("controlPlane.replicas", 2, "controlPlane.replicas"),
        ("controlPlane.platform.azure.type", "D8s_v5", "controlPlane.platform.azure.type"),
        ("compute.0.replicas", -1, "compute.0.replicas"),
        ("compute.0.name", "workers", "compute.0.name"),
        ("compute.0.platform.azure.osDisk", {"diskSizeGb": 128}, "diskSizeGb: Extra inputs"),
        ("networking.networkType", "OpenShiftSDN", "networkType"),
        ("networking.serviceNetwork", ["10.128.0.0/16"], "must not overlap"),
        ("networking.clusterNetwork", [{"cidr": "10.128.0.0/24", "hostPrefix": 23}], "prefix must not be larger"),
        ("platform.azure.outboundType", "NatGateway", "outboundType"),
        ("platform.azure.virtualNetwork", "", "virtualNetwork"),
        ("platform.azure.subnets", [], "subnets: Extra inputs"),
        ("platform.azure.userTags", {"cost center": "a"}, "userTags"),
        ("platform.azure.userTags", {f"t{number}": "a" for number in range(11)}, "userTags"),
        ("pullSecret", "canary", "auths required"),
        ("pullSecret", '{"auths": {}}', "auths required"),
        ("pullSecret", '{"auths": {"quay.io": {"user": "canary"}}}', "auths required"),
    ],
)  # fmt: skip
def test_what_the_real_one_refuses_is_refused_and_no_secret_is_said(path: str, value: Any, said: str) -> None:
    with pytest.raises(Invalid) as error:
        read(spoiled(path, value))
    assert said in str(error.value)
    assert "canary" not in str(error.value)


@pytest.mark.parametrize("text", ["a: [", "- a", ""])
def test_a_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read(text)
