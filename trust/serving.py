"""What a trusted zone serves, and to whom. Pure: the one place that decides who may read what.

Paths are ``default/<secret>/<key>``, as guests ask for them below ``kbs:///``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from config.roles import HubConfig, ServedSecretSection, StandaloneConfig
from model.attestation.profiles import Profile
from model.paths import ResourcePath
from model.policy import image_policy
from model.policy.resource_policy import Release
from model.trustee import sealed_secrets

CONTRACT_VERSION = 1
Zone = HubConfig | StandaloneConfig


def readers(config: Zone) -> dict[str, list[str]]:
    """By path, the profiles that may read it: as the stack says, and what each needs to start a container at all."""
    found = {path: list(secret.readable_by) for path, secret in _paths(config).items()}
    everybody = list(config.profiles)
    if config.trustee.image_policy != "insecure":
        found |= {str(path): everybody for path in image_policy.needed(signed_images(config))}
    if sealed := sealed_paths(config):
        found[str(sealed_secrets.KEY_PATH)] = [
            name for name in config.profiles if any(name in found[path] for path in sealed)
        ]
    return found


def signed_images(config: Zone) -> dict[str, ResourcePath]:
    """By repository, the path of the cosign public key its images are signed with."""
    return {image.repository: image.key for image in config.trustee.signed_images}


def sealed_paths(config: Zone) -> list[str]:
    """The paths that get a sealed secret."""
    return [path for path, secret in _paths(config).items() if secret.sealed]


def images(config: Zone) -> dict[str, Any]:
    """Which images pods may run, for a spoke to check its own against and for people to read; it is public."""
    signed = signed_images(config)
    document = None if config.trustee.image_policy == "insecure" else image_policy.render(signed)
    return {"policy": config.trustee.image_policy, "repositories": list(signed), "document": document}


def releases(
    config: Zone, profiles: Mapping[str, Profile], so_far: Mapping[str, Sequence[str]]
) -> list[Release]:
    """What the resource policy lets out: each path to the measurements of its profiles, and nothing else.

    ``so_far``: by path, the PCR8 values that it was released to. An earlier measurement of a profile keeps what it could read
    and gains nothing: it may be of a document that allowed more than a new reader may.
    """
    return [
        Release(
            path=ResourcePath.parse(path),
            pcr8=tuple(
                value
                for name in names
                for value in profiles[name].accepted
                if value == profiles[name].pcr8 or value in so_far.get(path, ())
            ),
            profiles=tuple(names),
        )
        for path, names in readers(config).items()
    ]


def promises(config: Zone) -> dict[str, Any]:
    """What the contract will say that is known before anything is declared."""
    return {
        "contractVersion": CONTRACT_VERSION,
        "kbsUrl": "decided by the cluster",
        "kbsCa": "made by cert-manager",
        "oscVersions": list(config.trustee.osc_versions),
        "tees": list(config.trustee.tees),
        "profiles": dict(config.profiles),
        "resources": readers(config),
        "sealed": dict.fromkeys(sealed_paths(config)),
        "images": images(config),
    }


def _paths(config: Zone) -> dict[str, ServedSecretSection]:
    return {f"default/{name}/{key}": secret for name, secret in config.secrets.items() for key in secret.keys}
