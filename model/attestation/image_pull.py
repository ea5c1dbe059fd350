"""How the guest pulls images: the table ``[image]`` of ``cdh.toml``, as the guest's image-rs reads it.

Key names: ImageConfig and ProxyConfig in guest-components, image-rs/src/config.rs. Each URI names a resource of the KBS, which the
guest fetches before its first pull, so every pod that is told of one must be able to read it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from model.paths import PathError, ResourcePath

_KEYS: Final = {
    "image_policy": "image_security_policy_uri",
    "registry_credentials": "authenticated_registry_credentials_uri",
    "registry_configuration": "registry_configuration_uri",
}
_PROXIES: Final = ("https_proxy", "http_proxy", "no_proxy")


class ImagePullError(ValueError):
    """The document says what the guest could not read; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True)
class ImagePull:
    """``image_policy``: a containers-policy.json; ``registry_credentials``: a docker config.json;
    ``registry_configuration``: a registries.conf(5) with mirrors. ``extra_root_certificates`` are PEM texts, trusted
    besides the guest's own. ``no_proxy`` is a comma-separated text.
    """

    image_policy: ResourcePath | None = None
    registry_credentials: ResourcePath | None = None
    registry_configuration: ResourcePath | None = None
    extra_root_certificates: tuple[str, ...] = ()
    https_proxy: str | None = None
    http_proxy: str | None = None
    no_proxy: str | None = None

    def toml(self) -> str:
        """The table, empty where nothing is set."""
        paths: dict[str, ResourcePath | None] = {key: getattr(self, field) for field, key in _KEYS.items()}
        lines = [f'{key} = "{path.uri}"' for key, path in paths.items() if path is not None]
        if self.extra_root_certificates:
            certificates = ", ".join(_string(pem) for pem in self.extra_root_certificates)
            lines.append(f"extra_root_certificates = [{certificates}]")
        proxies = [f"{key} = {_string(value)}" for key in _PROXIES if (value := getattr(self, key))]
        image = "\n".join(["", "[image]", *lines, ""]) if lines else ""
        return image + ("\n".join(["", "[image.image_pull_proxy]", *proxies, ""]) if proxies else "")

    @classmethod
    def read(cls, cdh: Mapping[str, object]) -> "ImagePull":
        """What a parsed ``cdh.toml`` says. Raises ImagePullError where a value has another type than the guest takes."""
        image, proxy = _table(cdh, "image"), _table(_table(cdh, "image"), "image_pull_proxy")
        certificates = image.get("extra_root_certificates", [])
        if not isinstance(certificates, list) or not all(
            isinstance(pem, str) for pem in cast(list[object], certificates)
        ):
            raise ImagePullError("The extra_root_certificates of the cdh.toml are no list of texts.")
        paths = {field: _path(image, key) for field, key in _KEYS.items()}
        return cls(
            image_policy=paths["image_policy"],
            registry_credentials=paths["registry_credentials"],
            registry_configuration=paths["registry_configuration"],
            extra_root_certificates=tuple(cast(list[str], certificates)),
            https_proxy=_text(proxy, "https_proxy"),
            http_proxy=_text(proxy, "http_proxy"),
            no_proxy=_text(proxy, "no_proxy"),
        )


def _table(parent: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise ImagePullError(f"The {key} of the cdh.toml is no table.")
    return cast(Mapping[str, object], value)


def _text(table: Mapping[str, object], key: str) -> str | None:
    value = table.get(key)
    if value is None or (isinstance(value, str) and value):
        return value
    raise ImagePullError(f"The {key} of the cdh.toml is no text.")


def _path(table: Mapping[str, object], key: str) -> ResourcePath | None:
    uri = _text(table, key)
    try:
        return ResourcePath.of_uri(uri) if uri is not None else None
    except PathError as error:
        raise ImagePullError(f"The {key} of the cdh.toml cannot be fetched: {error}") from error


def _string(text: str) -> str:
    """A TOML basic string: JSON's escapes are a part of TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
