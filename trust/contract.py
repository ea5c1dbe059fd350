"""The contract between a hub and its spokes: what the hub publishes and a spoke reads, by the same models.

Nothing in it is secret. Outputs of a stack are the fields by their camelCase names; ``contract.schema.json`` is their JSON schema.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from model.attestation.profiles import MeasuredProfile
from model.attestation.workload_documents import MeasuredWorkload
from model.paths import ResourcePath

VERSION: Final = 1


class ContractError(ValueError):
    """Outputs that are no contract of this version. ``problems`` has a sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    def published(self) -> dict[str, Any]:
        """The fields by their names in the outputs, as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)


class Images(_Model):
    """Which images pods may run. ``document`` is the containers-policy.json that guests get, None where any image may run."""

    policy: Literal["insecure", "reject", "signed"]
    repositories: tuple[str, ...]
    document: str | None = None


Visibility = Literal["Public", "Private"]


class Offer(_Model):
    """What a trusted zone offers that its stack file alone decides.

    ``osc_versions``: whose pod VM images may attest. ``tees``: on which kinds of confidential VM. ``resources``: the profiles
    that may read each path. ``kbs_visibility``: whether the KBS has a public address, None where the hub does not say.
    ``network``: the id of the virtual network that the hub's cluster is in, where the hub makes it, ``gateway`` that of its VPN gateway,
    and ``peers`` the ids of the networks and VPN gateways that it is connected with, from its side.
    ``azure_subscription``: where the hub is, None where it is not in Azure or does not say.
    """

    contract_version: Literal[1] = Field(default=VERSION)
    osc_versions: tuple[str, ...]
    tees: tuple[str, ...]
    resources: Mapping[ResourcePath, tuple[str, ...]]
    images: Images
    kbs_visibility: Visibility | None = None
    azure_subscription: str | None = None
    network: str | None = None
    gateway: str | None = None
    peers: tuple[str, ...] = ()


def _text(value: object) -> object:
    return "" if value is None else value


Text = Annotated[str, BeforeValidator(_text)]


class Contract(Offer):
    """``workloads`` by name. ``released``: the PCR8 values that each path is released to. ``sealed``: the sealed secret that
    stands for each path.

    ``kbs_url`` and ``kbs_ca`` are empty where the hub's update did not finish.
    """

    kbs_url: Text
    kbs_ca: Text
    profiles: Mapping[str, MeasuredProfile]
    workloads: Mapping[str, MeasuredWorkload]
    released: Mapping[ResourcePath, tuple[str, ...]]
    sealed: Mapping[ResourcePath, str]
    console_url: str

    @classmethod
    def read(cls, outputs: Mapping[str, Any]) -> Self:
        """The contract in the outputs of a stack; other outputs are passed over. Raises ContractError."""
        if not outputs:
            raise ContractError(["it has no outputs: bring the hub up first"])
        version = outputs.get("contractVersion")
        if version != VERSION:
            # Over the engine's protocol every number is a float.
            published = f"{version:g}" if isinstance(version, float) else version
            raise ContractError(
                [
                    f"it publishes contract version {published}, and this program reads {VERSION}: "
                    "bring the hub up with this version of the program first"
                ]
            )
        try:
            return cls.model_validate({**outputs, "contractVersion": VERSION})
        except ValidationError as error:
            raise ContractError(
                [
                    f"its output {'.'.join(str(part) for part in each['loc'])} is not what a hub publishes ({each['msg']}): "
                    "bring the hub up again, and find out who wrote its outputs"
                    for each in error.errors(include_input=False)
                ]
            ) from None
