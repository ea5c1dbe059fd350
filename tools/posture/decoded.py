"""An encoded initdata document, taken apart, with what it allows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from model.attestation import initdata
from model.attestation.initdata import Documents, Initdata
from model.policy import agent_policy, powers
from tools.posture import images
from tools.posture.deployment import PostureError
from tools.posture.model import PodPowers


class Decoded(NamedTuple):
    document: Initdata
    inner: Documents
    powers: PodPowers


def read(encoded: str, image_policy: Mapping[str, Any]) -> Decoded:
    """`image_policy` is the hub's output `images`. Raises PostureError where the document or its policy is of no use."""
    try:
        document = initdata.decode(encoded)
        inner = initdata.documents(document.toml)
        held = powers.of(inner.policy)
    except (initdata.InitdataError, agent_policy.PolicyError) as error:
        raise PostureError(str(error)) from error
    fetched = inner.image_pull.image_policy
    allowed = PodPowers(
        exec=held.exec,
        read_logs=held.read_logs,
        write_stdin=held.write_stdin,
        set_policy=held.set_policy,
        images=images.power(fetched.uri if fetched else None, image_policy),
        other_image=held.other_image,
        other_command=held.other_command,
        extra_environment=held.extra_environment,
        mount_over_files=held.mount_over_files,
        replace_files=held.replace_files,
        fails_open=held.fails_open,
        pinned=held.pinned,
        full=held.full,
        host_files=held.host_files,
    )
    return Decoded(document, inner, allowed)
