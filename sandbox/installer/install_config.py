"""What `openshift-install` asks of an install-config.yaml for Azure.

After openshift/installer: pkg/types/validation/installconfig.go and pkg/types/azure/validation, reduced to the fields that there are
here; any other is refused.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

Name = Annotated[str, Field(pattern="^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, Strict()]


class Invalid(Exception):
    """The file is refused; the text has each reason, and no value of a secret."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _OsDisk(_Model):
    diskSizeGB: Annotated[Whole, Field(gt=0)]


class _Machine(_Model):
    type: Annotated[str, Field(pattern="^Standard_")]
    osDisk: _OsDisk | None = None
    encryptionAtHost: Annotated[bool, Strict()] = False


class _Machines(_Model):
    azure: _Machine


class _ControlPlane(_Model):
    name: Literal["master"]
    replicas: Literal[3]
    platform: _Machines


class _Compute(_Model):
    name: Literal["worker"]
    replicas: Annotated[Whole, Field(ge=0)]
    platform: _Machines


class _Network(_Model):
    cidr: IPv4Network


class _PodNetwork(_Network):
    hostPrefix: Whole

    @model_validator(mode="after")
    def _a_node_has_a_part_of_it(self) -> Self:
        if self.hostPrefix < self.cidr.prefixlen:
            raise ValueError("cluster network host subnetwork prefix must not be larger than its network")
        return self


class _Networking(_Model):
    networkType: Literal["OVNKubernetes"]
    machineNetwork: Annotated[list[_Network], Field(min_length=1)]
    clusterNetwork: Annotated[list[_PodNetwork], Field(min_length=1)]
    serviceNetwork: Annotated[list[IPv4Network], Field(min_length=1, max_length=1)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        every = [*(each.cidr for each in (*self.machineNetwork, *self.clusterNetwork)), *self.serviceNetwork]
        if any(one.overlaps(other) for at, one in enumerate(every) for other in every[at + 1 :]):
            raise ValueError("networks must not overlap")
        return self


class _Azure(_Model):
    cloudName: Literal["AzurePublicCloud"]
    region: Text
    baseDomainResourceGroupName: Text
    networkResourceGroupName: Text
    virtualNetwork: Text
    controlPlaneSubnet: Text
    computeSubnet: Text
    outboundType: Literal["Loadbalancer"]
    userTags: dict[
        Annotated[str, Field(pattern="^[a-zA-Z]([0-9A-Za-z_.-]*[0-9A-Za-z_])?$")],
        Annotated[str, Field(pattern="^[0-9A-Za-z_.=+@-]+$")],
    ] = Field(default={}, max_length=10)


class _Platform(_Model):
    azure: _Azure


class _Metadata(_Model):
    name: Name


def _pull_secret(text: str) -> str:
    try:
        auths: dict[str, dict[str, str]] = json.loads(text)["auths"]
        valid = bool(auths) and all("auth" in each for each in auths.values())
    except (TypeError, ValueError, KeyError, AttributeError):
        valid = False
    if not valid:
        raise ValueError("auths required")
    return text


class InstallConfig(_Model):
    """The file, with the names that it has there."""

    apiVersion: Literal["v1"]
    metadata: _Metadata
    baseDomain: Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]$")]
    publish: Literal["External", "Internal"]
    controlPlane: _ControlPlane
    compute: Annotated[list[_Compute], Field(min_length=1, max_length=1)]
    networking: _Networking
    platform: _Platform
    pullSecret: Annotated[str, AfterValidator(_pull_secret)]

    @property
    def domain(self) -> str:
        """Of the cluster."""
        return f"{self.metadata.name}.{self.baseDomain}"


def read(text: str) -> InstallConfig:
    """What the installer takes. Raises Invalid."""
    try:
        document: Any = yaml.safe_load(text)
        return InstallConfig.model_validate(document)
    except yaml.YAMLError as error:
        raise Invalid(f"failed to unmarshal install-config.yaml: {error}") from None
    except ValidationError as error:
        found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise Invalid(f"invalid install-config configuration: [{', '.join(found)}]") from None
