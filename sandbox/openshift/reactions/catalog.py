"""The part of the catalogue `redhat-operators` that the program subscribes to: packages, versions, what each brings, and which
version OLM offers after which.

A version that is not listed does not exist for the sandbox; add it here when the vendor releases it, with what its bundle says
in `replaces`, `skips` and `olm.skipRange`. Sources: the bundles of trustee-operator in its repository at each tag (no skipRange in any);
the bundle of sandboxed-containers-operator 1.13.1; the bundles of cert-manager-operator 1.17.0 and 1.18.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.openshift.kinds import (
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CLUSTER_ISSUER,
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRET,
    EXTERNAL_SECRETS_CONFIG,
    ISSUER,
    KATA_CONFIG,
    KBS_CONFIG,
    PEER_POD,
    SECRET_STORE,
    TRUSTEE_CONFIG,
    ObjectKind,
)

SOURCE, SOURCE_NAMESPACE = "redhat-operators", "openshift-marketplace"


Numbers = tuple[int, ...]


def numbers(version: str) -> Numbers:
    return tuple(int(part) for part in version.split("."))


def csv_numbers(name: str) -> Numbers:
    """The version in the name of a ClusterServiceVersion, `<package>.v<version>`."""
    return numbers(name.partition(".v")[2])


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """One version. It takes over from the one that it `replaces`, from each that it `skips`, and from all of its `skip_range`: from
    the first of the two versions on, and below the second.
    """

    version: str
    replaces: str | None = None
    skips: tuple[str, ...] = ()
    skip_range: tuple[str, str] | None = None

    def follows(self, installed: str) -> bool:
        """Whether OLM goes to this version in one step from the one that is installed."""
        if installed == self.replaces or installed in self.skips:
            return True
        if self.skip_range is None:
            return False
        first, end = self.skip_range
        return numbers(first) <= numbers(installed) < numbers(end)


def _chain(*versions: str, skip_from: str | None = None) -> tuple[Bundle, ...]:
    """Versions that each replace the one before; with `skip_from` each also takes over from all older ones since then."""
    return tuple(
        Bundle(
            version=version,
            replaces=versions[place - 1] if place else None,
            skip_range=(skip_from, version) if skip_from else None,
        )
        for place, version in enumerate(versions)
    )


@dataclass(frozen=True, kw_only=True)
class Package:
    name: str
    csv: str
    """What a version's name starts with, for example `trustee-operator` in `trustee-operator.v1.2.1`."""
    channels: Mapping[str, tuple[Bundle, ...]]
    deployment: str
    kinds: tuple[ObjectKind, ...]
    all_namespaces: bool
    """Whether the operator may watch all namespaces."""
    own_namespace: bool = True
    """Whether it may watch its own alone."""
    namespace: str | None = None
    """The only namespace it works in, where there is such a rule."""

    def csv_name(self, version: str) -> str:
        return f"{self.csv}.v{version}"

    def version_of(self, csv: str) -> str:
        return csv.removeprefix(f"{self.csv}.v")

    @property
    def csvs(self) -> frozenset[str]:
        return frozenset(
            self.csv_name(each.version) for channel in self.channels.values() for each in channel
        )

    def offered(self, channel: str) -> frozenset[str]:
        return frozenset(self.csv_name(each.version) for each in self.channels[channel])

    def head(self, channel: str) -> str:
        """The one version of a channel that no other one of it replaces."""
        bundles = self.channels[channel]
        (head,) = {each.version for each in bundles} - {each.replaces for each in bundles}
        return self.csv_name(head)

    def replaced_by(self, csv: str) -> str | None:
        """What the bundle of a version says that it replaces; what its channels say is the same."""
        bundles = {
            each.version: each for channel in self.channels.values() for each in channel if each.replaces
        }
        found = bundles.get(self.version_of(csv))
        return self.csv_name(found.replaces) if found and found.replaces else None

    def next(self, channel: str, csv: str) -> str | None:
        """What OLM offers where `csv` is installed: of the versions that take over from it, the one next to the head."""
        installed, after = self.version_of(csv), {each.version: each for each in self.channels[channel]}
        place: str | None = self.version_of(self.head(channel))
        while place in after and place != installed:
            if after[place].follows(installed):
                return self.csv_name(place)
            place = after[place].replaces
        return None


PACKAGES = {
    package.name: package
    for package in (
        Package(
            name="sandboxed-containers-operator",
            csv="sandboxed-containers-operator",
            channels={
                "stable": _chain(
                    "1.8.1",
                    "1.10.1",
                    "1.11.0",
                    "1.11.1",
                    "1.12.0",
                    "1.12.1",
                    "1.13.0",
                    "1.13.1",
                    skip_from="1.1.0",
                )
            },
            deployment="controller-manager",
            kinds=(KATA_CONFIG, PEER_POD),
            all_namespaces=False,
            namespace="openshift-sandboxed-containers-operator",
        ),
        Package(
            name="trustee-operator",
            csv="trustee-operator",
            channels={
                "stable": _chain(
                    "0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.4.1", "0.4.2", "1.0.0", "1.1.0", "1.2.0", "1.2.1"
                )
            },
            deployment="trustee-operator-controller-manager",
            kinds=(KBS_CONFIG, TRUSTEE_CONFIG),
            all_namespaces=False,
        ),
        Package(
            name="openshift-cert-manager-operator",
            csv="cert-manager-operator",
            channels={
                "stable-v1": (
                    Bundle(version="1.17.0"),
                    Bundle(version="1.18.0", replaces="1.17.0", skip_range=("1.17.0", "1.18.0")),
                ),
                "stable-v1.17": (Bundle(version="1.17.0"),),
                "stable-v1.18": (Bundle(version="1.18.0", skip_range=("1.17.0", "1.18.0")),),
            },
            deployment="cert-manager-operator-controller-manager",
            kinds=(CERTIFICATE, CERTIFICATE_REQUEST, ISSUER, CLUSTER_ISSUER),
            all_namespaces=True,
        ),
        Package(
            name="openshift-external-secrets-operator",
            csv="external-secrets-operator",
            channels={"stable-v1": (Bundle(version="1.0.0"),)},
            deployment="external-secrets-operator-controller-manager",
            kinds=(EXTERNAL_SECRET, SECRET_STORE, CLUSTER_SECRET_STORE, EXTERNAL_SECRETS_CONFIG),
            all_namespaces=True,
            own_namespace=False,
            namespace="external-secrets-operator",
        ),
    )
}
