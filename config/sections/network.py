"""The network that a stack makes."""

from pydantic import Field

from config.types import Section, VNetRange


class NetworkSection(Section):
    """The virtual network that the stack makes for its cluster."""

    cidr: VNetRange = Field(
        description="Address range of the virtual network, /16 to /24; no other stack may overlap it"
    )
