"""What a trusted zone's stack file decides by itself, before anything is declared: the one place that says who may read what."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from config.sections import ServedSecretSection, TrustedZone
from model import object_store
from model.attestation import attestation_policy
from model.attestation.image_pull import ImagePull
from model.attestation.platform_values import Accepted, PlatformValues
from model.attestation.reference_values import ReferenceValues
from model.paths import ResourcePath, served
from model.policy import agent_policy, image_policy, workload_policy
from model.trustee import documents, sealed_secrets
from model.workloads.workload import Workload
from trust.contract import Images, Offer, Visibility


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """``policies``: Rego of a user's own, by profile. ``reference_values``: by OSC version, all that the zone names.

    ``workloads``: by name, all that the zone names. ``platform``: None where the zone accepts any platform.
    """

    zone: TrustedZone
    policies: Mapping[str, str]
    reference_values: Mapping[str, ReferenceValues]
    platform: PlatformValues | None
    workloads: Mapping[str, Workload]
    kbs_visibility: Visibility | None = None
    azure_subscription: str | None = None
    network: str | None = None
    gateway: str | None = None
    peers: tuple[str, ...] = ()

    @cached_property
    def layout(self) -> documents.Layout:
        """How this version of Trustee reads its documents."""
        return documents.layout(self.zone.trustee.version.minor)

    @cached_property
    def pod_vm_images(self) -> list[ReferenceValues]:
        """What the pod VM images measure that may attest, in the order of the stack file."""
        return [self.reference_values[version] for version in self.zone.trustee.osc_versions]

    @property
    def checks_images(self) -> bool:
        """Whether guests fetch an image policy from the KBS before they pull."""
        return self.zone.trustee.image_policy != "insecure"

    @cached_property
    def signed_images(self) -> dict[str, ResourcePath]:
        """By repository, the path of the cosign public key that its images are signed with."""
        return {image.repository: image.key for image in self.zone.trustee.signed_images}

    @cached_property
    def sealed_paths(self) -> tuple[ResourcePath, ...]:
        """The paths that get a sealed secret."""
        return tuple(path for path, secret in self._secrets.items() if secret.sealed)

    @cached_property
    def floors(self) -> dict[str, int]:
        """By workload with persistence, the oldest version of a snapshot that its pods may start from."""
        return {
            name: section.persistence.floor
            for name, section in self.zone.workloads.items()
            if section.persistence is not None
        }

    @cached_property
    def readers(self) -> dict[ResourcePath, tuple[str, ...]]:
        """By path, the workloads and profiles that may read it: as the stack says, and what each needs to start at all."""
        found = {path: secret.readable_by for path, secret in self._secrets.items()}
        for name in self.floors:
            found |= dict.fromkeys(object_store.paths(name), (name,))
        if self.checks_images:
            found |= dict.fromkeys(image_policy.needed(self.signed_images), self._everybody)
        if self.sealed_paths:
            found[sealed_secrets.KEY_PATH] = tuple(
                name for name in self._everybody if any(name in found[path] for path in self.sealed_paths)
            )
        return found

    @cached_property
    def agent_policies(self) -> dict[str, str]:
        """By profile, the Rego that its pods run under: of the user's own file, or rendered from the settings."""
        return {
            name: self.policies[name]
            if name in self.policies
            else agent_policy.render(
                agent_policy.AgentSettings(
                    exec_commands=profile.exec_commands,
                    exec=profile.exec,
                    read_logs=profile.read_logs,
                    write_stdin=profile.write_stdin,
                    set_policy=profile.set_policy,
                )
            )
            for name, profile in self.zone.profiles.items()
        }

    @cached_property
    def workload_policies(self) -> dict[str, str]:
        """By workload, the Rego that its pods run under, with an empty place for the name of the spoke."""
        return {
            name: workload_policy.render_workload(self.workloads[name].pins(section.grants))
            for name, section in self.zone.workloads.items()
        }

    @cached_property
    def spokes(self) -> dict[str, tuple[str, ...]]:
        """By workload, the spokes whose pods attest: those that the stack file names and does not revoke."""
        return {
            name: tuple(spoke for spoke in section.spokes if spoke not in self.zone.revoked)
            for name, section in self.zone.workloads.items()
        }

    def image_pull(self, reader: str) -> ImagePull:
        """What the guests of a workload or profile are told of pulling images.

        A path only where the reader may read it: a guest that is refused what it was told to fetch pulls nothing at all.
        """
        guest = self.zone.guest

        def readable(path: ResourcePath | None) -> ResourcePath | None:
            return path if path is not None and reader in self.readers[path] else None

        return ImagePull(
            image_policy=image_policy.PATH if self.checks_images else None,
            registry_credentials=readable(guest.registry_credentials),
            registry_configuration=readable(guest.registry_configuration),
            extra_root_certificates=guest.extra_root_certificates,
            https_proxy=guest.https_proxy,
            http_proxy=guest.http_proxy,
            no_proxy=",".join(guest.no_proxy) or None,
        )

    @cached_property
    def image_policy(self) -> str | None:
        """The containers-policy.json that guests get; None where they ask for none."""
        return image_policy.render(self.signed_images) if self.checks_images else None

    @cached_property
    def attestation_policy(self) -> str:
        """How evidence is appraised; it depends on the versions and the hosts, and on no profile."""
        return attestation_policy.render(
            self.layout,
            tees=self.zone.trustee.tees,
            boot_loaders=any(image.pcrs.pcr04 for image in self.pod_vm_images),
            hardware=sorted(self.hosts.values),
            tcb_minimum=self.hosts.tcb_minimum,
        )

    @cached_property
    def hosts(self) -> Accepted:
        """The paravisors and hosts that may vouch for a guest; nothing is asked of them where the zone accepts any platform."""
        trustee = self.zone.trustee
        if self.platform is None or trustee.allow_any_platform:
            return Accepted(values={}, tcb_minimum=())
        return self.platform.accepted(trustee.tees, trustee.generations)

    @cached_property
    def offer(self) -> Offer:
        return Offer(
            osc_versions=self.zone.trustee.osc_versions,
            tees=self.zone.trustee.tees,
            resources=self.readers,
            images=Images(
                policy=self.zone.trustee.image_policy,
                repositories=tuple(self.signed_images),
                document=self.image_policy,
            ),
            kbs_visibility=self.kbs_visibility,
            azure_subscription=self.azure_subscription,
            network=self.network,
            gateway=self.gateway,
            peers=self.peers,
        )

    @property
    def _everybody(self) -> tuple[str, ...]:
        return (*self.zone.profiles, *self.zone.workloads)

    @cached_property
    def _secrets(self) -> dict[ResourcePath, ServedSecretSection]:
        return {
            served(name, key): secret for name, secret in self.zone.secrets.items() for key in secret.keys
        }
