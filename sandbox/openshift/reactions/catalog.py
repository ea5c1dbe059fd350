"""The part of the catalogue `redhat-operators` that the program subscribes to: packages, versions and what each brings.

A version that is not listed does not exist for the sandbox; add it here when the vendor releases it.
"""

from __future__ import annotations

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


@dataclass(frozen=True, kw_only=True)
class Package:
    name: str
    channel: str
    csv: str
    """What a version's name starts with, for example `trustee-operator` in `trustee-operator.v1.2.1`."""
    versions: tuple[str, ...]
    """Oldest first; each can be upgraded to the last one directly."""
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

    @property
    def csvs(self) -> tuple[str, ...]:
        return tuple(self.csv_name(version) for version in self.versions)


PACKAGES = {
    package.name: package
    for package in (
        Package(
            name="sandboxed-containers-operator",
            channel="stable",
            csv="sandboxed-containers-operator",
            versions=("1.8.1", "1.10.1", "1.11.0", "1.11.1", "1.12.0", "1.12.1", "1.13.0", "1.13.1"),
            deployment="controller-manager",
            kinds=(KATA_CONFIG, PEER_POD),
            all_namespaces=False,
            namespace="openshift-sandboxed-containers-operator",
        ),
        Package(
            name="trustee-operator",
            channel="stable",
            csv="trustee-operator",
            versions=(
                "0.1.0",
                "0.2.0",
                "0.3.0",
                "0.4.0",
                "0.4.1",
                "0.4.2",
                "1.0.0",
                "1.1.0",
                "1.2.0",
                "1.2.1",
            ),
            deployment="trustee-operator-controller-manager",
            kinds=(KBS_CONFIG, TRUSTEE_CONFIG),
            all_namespaces=True,
        ),
        Package(
            name="openshift-cert-manager-operator",
            channel="stable-v1",
            csv="cert-manager-operator",
            versions=("1.17.0", "1.18.0"),
            deployment="cert-manager-operator-controller-manager",
            kinds=(CERTIFICATE, CERTIFICATE_REQUEST, ISSUER, CLUSTER_ISSUER),
            all_namespaces=True,
        ),
        Package(
            name="openshift-external-secrets-operator",
            channel="stable-v1",
            csv="external-secrets-operator",
            versions=("1.0.0",),
            deployment="external-secrets-operator-controller-manager",
            kinds=(EXTERNAL_SECRET, SECRET_STORE, CLUSTER_SECRET_STORE, EXTERNAL_SECRETS_CONFIG),
            all_namespaces=True,
            own_namespace=False,
            namespace="external-secrets-operator",
        ),
    )
}
