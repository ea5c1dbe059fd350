"""The one decision of a hub: what pods must measure, what Trustee accepts, and what each measurement may read.

Three things decide all of it: what the stack file says, what the KBS is (URL and CA), and what was accepted before. From the
first two come the documents and their PCR8 values; from those the reference values, the releases and the contract.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from model.attestation import initdata, profiles, reference_values, workload_documents
from model.attestation.profiles import MeasuredProfile, ProfileSpec
from model.attestation.workload_documents import MeasuredWorkload
from model.paths import ResourcePath
from model.policy import resource_policy
from model.policy.resource_policy import Release
from model.trustee import documents
from trust.contract import Contract
from trust.inputs import Inputs


@dataclass(frozen=True, kw_only=True)
class Kbs:
    """``url`` without a path; ``ca`` is one PEM block."""

    url: str
    ca: str


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """PCR8 values since the last update of the same stack.

    ``accepted`` by profile, ``workloads`` by workload and spoke; ``released``: who read what, by path.
    """

    accepted: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    workloads: Mapping[str, Mapping[str, Sequence[str]]] = field(
        default_factory=dict[str, Mapping[str, Sequence[str]]]
    )
    released: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Self:
        """From the outputs of that update; nothing before the first."""
        return cls(
            accepted={name: profile["accepted"] for name, profile in outputs.get("profiles", {}).items()},
            workloads={name: made["accepted"] for name, made in outputs.get("workloads", {}).items()},
            released=outputs.get("released", {}),
        )


@dataclass(frozen=True, kw_only=True)
class Decision:
    """``profiles`` and ``workloads`` by name. ``resource_policy`` and ``reference_values`` are documents as Trustee reads them."""

    inputs: Inputs
    kbs: Kbs
    profiles: Mapping[str, MeasuredProfile]
    workloads: Mapping[str, MeasuredWorkload]
    releases: tuple[Release, ...]
    resource_policy: str
    reference_values: str

    def contract(self, *, sealed: Mapping[str, str], console_url: str) -> Contract:
        """What the hub publishes. ``sealed``: by path, the sealed secret that stands for it."""
        return Contract(
            **dict(self.inputs.offer),
            kbs_url=self.kbs.url,
            kbs_ca=self.kbs.ca,
            profiles=self.profiles,
            workloads=self.workloads,
            released={release.path: release.pcr8 for release in self.releases},
            sealed={ResourcePath.parse(path): text for path, text in sealed.items()},
            console_url=console_url,
        )


def decide(inputs: Inputs, kbs: Kbs, earlier: Earlier) -> Decision:
    """Raises InitdataError where a document cannot be rendered."""
    zone = inputs.zone
    measured = profiles.render(
        {
            name: ProfileSpec(
                agent_policy=rego,
                algorithm=zone.profiles[name].algorithm,
                image_pull=inputs.image_pull(name),
            )
            for name, rego in inputs.agent_policies.items()
        },
        kbs_url=kbs.url,
        kbs_ca=kbs.ca,
        earlier=earlier.accepted,
        keep=zone.trustee.accepted_previous,
    )
    workloads = _workloads(inputs, kbs, earlier)
    accepted = {
        **{name: [profile.accepted] for name, profile in measured.items()},
        **{name: list(workload.accepted.values()) for name, workload in workloads.items()},
    }
    releases = tuple(_release(path, readers, accepted, earlier) for path, readers in inputs.readers.items())
    return Decision(
        inputs=inputs,
        kbs=kbs,
        profiles=measured,
        workloads=workloads,
        releases=releases,
        resource_policy=resource_policy.render(releases),
        reference_values=documents.reference_values(
            inputs.layout,
            reference_values.merge(
                inputs.pod_vm_images,
                {name: [value for each in values for value in each] for name, values in accepted.items()},
                zone.trustee.tees,
                inputs.hosts.values,
            ),
            min(image.expires for image in inputs.pod_vm_images),
        ),
    )


def _workloads(inputs: Inputs, kbs: Kbs, earlier: Earlier) -> dict[str, MeasuredWorkload]:
    measured: dict[str, MeasuredWorkload] = {}
    for name, policy in inputs.workload_policies.items():
        document = initdata.render(
            kbs_url=kbs.url, kbs_ca=kbs.ca, agent_policy=policy, image_pull=inputs.image_pull(name)
        )
        measured[name] = workload_documents.measure(
            document.toml,
            manifests=inputs.workloads[name].digest(),
            spokes=inputs.spokes[name],
            earlier=earlier.workloads.get(name, {}),
            keep=inputs.zone.trustee.accepted_previous,
        )
    return measured


def _release(
    path: ResourcePath,
    readers: Sequence[str],
    accepted: Mapping[str, Sequence[Sequence[str]]],
    earlier: Earlier,
) -> Release:
    """``accepted``: for each reader lists of values, each with the present one first.

    An earlier measurement of a reader keeps what it could read and gets no new path: it may be the measurement of a document
    that allowed more than a new reader may.
    """
    before = earlier.released.get(str(path), ())
    return Release(
        path=path,
        pcr8=tuple(
            value
            for name in readers
            for values in accepted[name]
            for value in values
            if value == values[0] or value in before
        ),
        profiles=tuple(readers),
    )
