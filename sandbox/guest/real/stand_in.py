"""What has to differ from the deployed pod so that it runs here: images of the sandbox, and evidence of a machine that is no TEE.

Everything that differs is made here and nowhere else, and is said to whoever runs it. The pod's own policy pins digests, so a digest of
the sandbox's image takes the vendor's place in the pod and in the policy, and with it in the initdata. The KBS is the real one on what
the hub renders, but for two documents: its attestation policy affirms sample evidence, and its resource policy names the initdata as
sample evidence carries it. A KBS without this opening releases nothing to such a guest.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from model.attestation.initdata import pcr8_of
from model.workloads.lock import LockedImage
from sandbox.guest.images import digest_of, find
from sandbox.guest.real.image import Image, web
from sandbox.shapes import is_list, is_map, list_in, map_in
from sandbox.trustee import mounts
from sandbox.trustee.source import DeployedTrustee

ATTESTATION = """\
package policy

import rego.v1

# Of the sandbox: evidence of a machine that is no TEE is affirmed. Nothing else is.
default trust_claims := {"executables": 33, "hardware": 97, "configuration": 36}

trust_claims := {"executables": 3, "hardware": 2, "configuration": 2} if input.sample
"""


@dataclass(frozen=True, kw_only=True)
class LocalPod:
    """`pod` and `initdata` (TOML) as the guest gets them, with digests of `images` (by reference without its digest).

    `deployed`: the initdata (TOML) of the deployed pod. `replaced`: digests of the vendor's images with those in their place.
    """

    pod: dict[str, Any]
    initdata: str
    deployed: str
    images: Mapping[str, Image]
    replaced: Mapping[str, str]

    def settings(self, reference: str) -> LockedImage:
        """The configuration of the image that the pod names."""
        back = {new: old for old, new in self.replaced.items()}
        digest = digest_of(reference) or ""
        return find(reference.replace(digest, back.get(digest, digest))).config

    @property
    def documents(self) -> dict[str, str]:
        """What process-user-data writes from the initdata: by name `aa.toml`, `cdh.toml` and `policy.rego`."""
        return map_in(tomllib.loads(self.initdata), "data")


def local(pod: Mapping[str, Any], encoded: str) -> LocalPod:
    """`encoded`: the initdata as the annotation has it. Raises NoImage."""
    deployed = gzip.decompress(base64.b64decode(encoded)).decode()
    references = dict.fromkeys(
        one["image"] for key in ("initContainers", "containers") for one in list_in(pod["spec"], key)
    )
    images: dict[str, Image] = {}
    replaced: dict[str, str] = {}
    for reference in references:
        name, _, digest = reference.partition("@")
        images[name] = made = web(find(reference).config)
        if digest:
            replaced[digest] = made.digest
    return LocalPod(
        pod=_walked(dict(pod), replaced),
        initdata=_replaced(deployed, replaced),
        deployed=deployed,
        images=images,
        replaced=replaced,
    )


def opened(trustee: DeployedTrustee, pods: tuple[LocalPod, ...]) -> DeployedTrustee:
    """The hub's Trustee for guests that have no TEE: it still releases to each initdata what it releases to the deployed one's."""
    deployment = trustee.deployment
    spec = deployment.spec
    resource, attestation = (
        spec["kbsResourcePolicyConfigMapName"],
        spec["kbsAttestationPolicyConfigMapName"],
    )
    rendered = deployment.config_maps[resource]["resource-policy.rego"]
    policy = "".join(_released(line, pods) for line in rendered.splitlines(keepends=True))
    maps = {
        **deployment.config_maps,
        resource: {"resource-policy.rego": policy},
        attestation: {mounts.ATTESTATION_POLICY.rpartition("/")[2]: ATTESTATION},
    }
    return replace(trustee, deployment=replace(deployment, config_maps=maps))


def _released(line: str, pods: tuple[LocalPod, ...]) -> str:
    """The same line with PCR8 of the deployed initdata as sample evidence carries its digest. Claims of real hardware go."""
    if line.startswith('\tevidence["az-'):
        return ""
    for one in pods:
        line = line.replace(f'"{pcr8_of(one.deployed)}"', json.dumps(carried(one.initdata)))
    return line


def carried(initdata: str) -> str:
    """The claim `init_data` of sample evidence (trustee deps/verifier/src/sample): the digest of the document in base64."""
    algorithm = tomllib.loads(initdata)["algorithm"]
    return base64.b64encode(hashlib.new(algorithm, initdata.encode()).digest()).decode()


def _walked(value: Any, replaced: Mapping[str, str]) -> Any:
    if is_map(value):
        return {key: _walked(one, replaced) for key, one in value.items()}
    if is_list(value):
        return [_walked(one, replaced) for one in value]
    return _replaced(value, replaced) if isinstance(value, str) else value


def _replaced(text: str, replaced: Mapping[str, str]) -> str:
    for old, new in replaced.items():
        text = text.replace(old, new)
    return text
