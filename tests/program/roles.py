"""Declares the role of a committed stack in the recording harness."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from model.attestation.profiles import ProfileSpec, render
from program import roles
from tests.answers import CA_PEM, Answers, Invokes
from tests.config import committed
from tests.harness import Graph, deploy
from trust import contract
from trust.decision import Earlier, Kbs, decide
from trust.inputs import Inputs

HUB = "organization/coco/dev-hub"
KBS_URL = "https://kbs.apps.hub.example"
PROFILES = render(
    {
        name: ProfileSpec(agent_policy=f"package agent_policy\n# {name}\n", algorithm="sha256")
        for name in ("hardened", "debug")
    },
    kbs_url=KBS_URL,
    kbs_ca=CA_PEM,
    earlier={},
    keep=1,
)


def _workloads(hub: str = "dev-hub") -> dict[str, Any]:
    """The workloads of a committed hub, as it publishes them from KBS_URL."""
    config, loaded = committed.hub(hub)
    inputs = Inputs(
        zone=config,
        policies={},
        reference_values=loaded.reference_values,
        platform=loaded.platform,
        workloads=loaded.workloads,
    )
    made = decide(inputs, Kbs(url=KBS_URL, ca=CA_PEM), Earlier()).workloads
    return {name: workload.model_dump(mode="json") for name, workload in made.items()}


HUB_OUTPUTS: dict[str, Any] = {
    "contractVersion": contract.VERSION,
    "kbsUrl": KBS_URL,
    "kbsCa": CA_PEM,
    "profiles": {name: profile.model_dump(mode="json") for name, profile in PROFILES.items()},
    "oscVersions": ["1.13.1"],
    "tees": ["az-snp-vtpm"],
    "workloads": _workloads(),
    "resources": {"default/kbsres1/key1": ["kbs-access"], "default/kbsres2/key1": ["kbs-sealed"]},
    "released": {},
    "sealed": {"default/kbsres2/key1": "sealed.header.payload.signature"},
    "images": {"policy": "insecure", "repositories": []},
    "consoleUrl": "https://console.hub.example",
}


def outputs_for(spoke: str) -> dict[str, Any]:
    """What the hub of a committed spoke publishes: the same as that of dev, but for workloads of its own."""
    hub = f"{spoke.partition('-')[0]}-hub"
    return HUB_OUTPUTS if hub == "dev-hub" else {**HUB_OUTPUTS, "workloads": _workloads(hub)}


@cache
def committed_graph(name: str) -> Graph:
    """The graph of a committed stack as it is; not to be changed."""
    return declare(name)


@cache
def previewed_graph(name: str) -> Graph:
    """The same before anything exists."""
    return declare(name, preview=True)


def declare(
    name: str,
    *,
    preview: bool = False,
    outputs: Mapping[str, Any] | None = None,
    answers: Answers | None = None,
    invokes: Invokes | None = None,
    root: Path | None = None,
    **sections: Any,
) -> Graph:
    """``outputs`` are those that another stack, or this one, published before; of a hub that it reads they have a default."""

    def program() -> dict[str, Any]:
        stack = committed.stack(name, root=root, **sections)
        return roles.declare(stack).exports()

    if outputs is None:
        outputs = outputs_for(name) if name.endswith(("spoke", "contract")) else {}
    published = {"name": "any", "outputs": outputs, "secretOutputNames": []}
    return deploy(
        program,
        stack=name,
        preview=preview,
        answers={"pulumi:pulumi:StackReference": lambda _: published, **(answers or {})},
        invokes={"pulumi:pulumi:readStackOutputs": published, **(invokes or {})},
    )
