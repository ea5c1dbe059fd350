"""Rules between the values of a stack file. Pure."""

from collections.abc import Mapping

from config.rule import Rule
from config.rules import network, persistence, place, trusted, untrusted, vpn
from config.sections import KINDS, Section, TrustedZone, UntrustedZone

_OF_ZONES: Mapping[type[Section], tuple[Rule, ...]] = {
    TrustedZone: (*trusted.RULES, *persistence.RULES, network.WITHOUT_HUB),
    UntrustedZone: untrusted.RULES,
}


def of(model: type[Section], values: Mapping[str, object]) -> tuple[Rule, ...]:
    """The rules of every stack, those of the zones that the role of `model` has, and those of the kind of cluster.

    The last are left out where the kind is not among `values` (see `config.values`).
    """
    zones = [rule for zone, rules in _OF_ZONES.items() if issubclass(model, zone) for rule in rules]
    kind = KINDS.get(str(values.get("cluster.kind")))
    peer_pods = network.WITH_PEER_PODS if issubclass(model, UntrustedZone) else network.WITHOUT_PEER_PODS
    return (
        *place.RULES,
        *network.RULES,
        *vpn.RULES,
        peer_pods,
        *zones,
        *(kind.rules if kind is not None else ()),
    )
