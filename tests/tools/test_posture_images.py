"""Which images the report says that pods may run: what the guest makes of its image policy."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tools import deployed
from tools.posture import images
from tools.posture.sources import PostureError

SIGNED = {"type": "sigstoreSigned", "keyPath": "kbs:///default/keys/release"}
ANYTHING, REJECT = {"type": "insecureAcceptAnything"}, {"type": "reject"}


@pytest.mark.parametrize(
    ("default", "scopes", "power"),
    [
        ([REJECT], {}, "none"),
        ([ANYTHING], {}, "any"),
        ([ANYTHING], {"quay.io/ours": [SIGNED]}, "any"),
        (
            [REJECT],
            {"quay.io/ours": [SIGNED]},
            "only images of quay.io/ours signed by kbs:///default/keys/release",
        ),
        (
            [REJECT],
            {"quay.io/ours": [SIGNED, ANYTHING]},
            "only images of quay.io/ours signed by kbs:///default/keys/release",
        ),
        ([REJECT], {"quay.io/ours": [ANYTHING]}, "only any image of quay.io/ours"),
        (
            [SIGNED],
            {"quay.io/ours": [REJECT]},
            "only images of any repository signed by kbs:///default/keys/release",
        ),
    ],
)
def test_an_image_policy_is_read_as_the_guest_reads_it(
    default: list[Any], scopes: dict[str, Any], power: str
) -> None:
    policy = {"default": default, "transports": {"docker": scopes}}
    assert images.decided(json.dumps(policy)) == power
    assert images.power("kbs:///default/image-policy/policy", {"document": json.dumps(policy)}) == power


@pytest.mark.parametrize(
    ("published", "power"),
    [
        ({"policy": "insecure", "repositories": []}, "any"),
        ({"policy": "reject", "repositories": []}, "none"),
        ({"policy": "signed", "repositories": ["quay.io/ours"]}, "only signed ones of quay.io/ours"),
        ({}, images.UNKNOWN),
    ],
)
def test_without_its_text_an_image_policy_is_what_the_hub_calls_it(
    published: dict[str, Any], power: str
) -> None:
    assert images.power("kbs:///default/image-policy/policy", published) == power
    assert images.power(None, published) == "any"  # a guest without a policy asks for nothing


def test_no_containers_policy_is_refused() -> None:
    for text in ("{}", "[]", "no", '{"default": [{}]}'):
        with pytest.raises(PostureError, match="no containers-policy"):
            images.decided(text)


def test_pods_that_run_any_image_are_reported(home: Path) -> None:
    found = deployed.posture(deployed.export(home, "dev-hub"))
    assert any("run any image" in warning for warning in found.warnings)
