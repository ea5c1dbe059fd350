"""What a guest is told besides whom to trust: how it pulls images."""

from typing import Annotated

from cryptography import x509
from pydantic import AfterValidator, Field

from config.markers import Text, refuse
from config.types import Section, ServedKey, distinct


def _certificate(pem: str) -> str:
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise refuse(
            "must be a certificate in PEM", "write it as a block of text (|), from BEGIN to END"
        ) from error
    return pem


Proxy = Annotated[
    str,
    Text(
        pattern="https?://[A-Za-z0-9.-]+(?::[0-9]+)?",
        rule="must be the address of a proxy without a path, a user and a password",
        fix="write http://<host>:<port>; what is written here is public",
    ),
]
NoProxy = Annotated[
    str,
    Text(
        pattern=r"[A-Za-z0-9.:/*-]+",
        rule="must be one host, domain or range",
        fix="write one an entry, for example .example.com or 10.0.0.0/8",
    ),
]


class GuestSection(Section):
    """How guests pull images. All of it is measured, and readable by whoever runs the spoke."""

    registry_credentials: ServedKey | None = Field(
        default=None,
        description="Where the credentials for private registries are served, <secret>/<key> of coco:secrets: a docker config.json."
        " Only guests that may read the secret are told of it",
    )
    registry_configuration: ServedKey | None = Field(
        default=None,
        description="Where the mirrors are served, <secret>/<key> of coco:secrets: a registries.conf, version 2. The mirrors of the"
        " cluster do not count in a guest",
    )
    extra_root_certificates: Annotated[
        tuple[Annotated[str, AfterValidator(_certificate)], ...], AfterValidator(distinct)
    ] = Field(
        default=(), description="Authorities of registries, in PEM, that guests trust besides their own"
    )
    https_proxy: Proxy | None = Field(default=None, description="Proxy for pulls over https")
    http_proxy: Proxy | None = Field(default=None, description="Proxy for pulls over http")
    no_proxy: Annotated[tuple[NoProxy, ...], AfterValidator(distinct)] = Field(
        default=(), description="Hosts, domains and ranges that are pulled from without the proxy"
    )
