"""The hub's part of the report, out of its export."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from model.attestation import workload_documents
from model.attestation.initdata import InitdataError
from model.paths import PathError, ResourcePath
from model.trustee import documents
from model.trustee.documents import Layout
from model.versions import Version
from tools.posture import attestation, decoded, measurements, release, root, storage
from tools.posture.deployment import Deployment, PostureError, Resource, table, unknown
from tools.posture.model import Advisory, Matrix, Profile, Requirement, Root, Trusted

_PACKAGE = "trustee-operator"
OWN_ISSUER = "an authority of this hub's own"


def build(hub: Deployment, project: Path, today: date) -> Trusted:
    """`project` is the folder whose reviewed values and advisories count. Raises PostureError where the export lacks a part."""
    layout, kbs = documents.layout(version(hub).minor), _kbs(hub)
    texts = documents_of(hub, kbs, layout)
    found = profiles(hub)
    entries = measurements.deployed(texts["reference-values.json"], layout)
    reviewed, registered = root.values(project), measurements.registered(entries)
    tees, requirements = attestation.accepted(texts["attestation-policy.rego"], registered, layout)
    config = _toml(texts["kbs-config.toml"])
    roots = tuple(root.of(tee, registered, requirements, reviewed) for tee in tees if tee in attestation.TEES)
    return Trusted(
        kbs_url=str(hub.outputs["kbsUrl"]),
        issuer=_issuer(hub, kbs.inputs["spec"]["kbsHttpsCertSecretName"]),
        trustee=version(hub),
        admin_api=_admin_api(config),
        token_minutes=_token_minutes(config),
        osc_versions=tuple(hub.outputs["oscVersions"]),
        tees=tees,
        served_secrets=tuple(kbs.inputs["spec"].get("kbsSecretResources", ())),
        profiles=found,
        matrix=_matrix(hub, texts["resource-policy.rego"], found, layout),
        requirements=requirements,
        roots=roots,
        advisories=_advisories(hub, project, today, roots, requirements, found),
        reference_values=measurements.traced(entries, project, hub.outputs["oscVersions"]),
        saved=storage.saved(hub),
        documents=texts,
    )


def matrix(hub: Deployment) -> Matrix:
    """Who may read what. Raises PostureError as `build`."""
    layout = documents.layout(version(hub).minor)
    policy = documents_of(hub, _kbs(hub), layout)["resource-policy.rego"]
    return _matrix(hub, policy, profiles(hub), layout)


def _matrix(hub: Deployment, policy: str, found: Sequence[Profile], layout: Layout) -> Matrix:
    paths = list(resources(hub))
    return release.matrix(policy, tuple(found), paths, trustee_1_0=layout.version == "1.0")


def _kbs(hub: Deployment) -> Resource:
    kbs = next(hub.objects("KbsConfig"), None)
    if kbs is None:
        raise PostureError(f"The stack {hub.stack} has no KbsConfig: its last update did not finish.")
    return kbs


def _issuer(hub: Deployment, secret: str) -> str:
    """What signs the certificate in a Secret, in words."""
    made = {one.object_name for one in hub.objects("ClusterIssuer")}
    named = [
        one.inputs["spec"]["issuerRef"]["name"]
        for one in hub.objects("Certificate")
        if one.inputs["spec"]["secretName"] == secret
    ]
    return OWN_ISSUER if set(named) <= made else f"ClusterIssuer {named[0]}"


def _advisories(
    hub: Deployment,
    project: Path,
    today: date,
    roots: Sequence[Root],
    requirements: Sequence[Requirement],
    found: Sequence[Profile],
) -> tuple[Advisory, ...]:
    known = root.known_advisories(project)
    if known is None:
        return ()
    used = root.use(
        osc_versions=hub.outputs["oscVersions"],
        trustee=version(hub),
        roots=roots,
        requirements=requirements,
        profiles=found,
    )
    return root.advisories_of(known, used, root.accepted(hub.stack, project) or {}, today)


def resources(hub: Deployment) -> dict[ResourcePath, list[str]]:
    """The paths that the stack says it serves, each with the profiles and workloads that may read it. Raises PostureError."""
    try:
        return {ResourcePath.parse(path): list(who) for path, who in table(hub.outputs, "resources").items()}
    except PathError as error:
        raise PostureError(f"The stack {hub.stack} publishes a path that it cannot serve: {error}") from error


def version(hub: Deployment) -> Version:
    """The version of Trustee that is pinned, for example 1.2.1."""
    for subscription in hub.objects("Subscription"):
        package, _, number = str(subscription.inputs["spec"]["startingCSV"]).partition(".v")
        if package == _PACKAGE:
            return Version(number)
    raise PostureError(
        f"The stack {hub.stack} has no Trustee operator: it is no hub, or its update did not finish."
    )


def documents_of(hub: Deployment, kbs: Resource, layout: Layout) -> dict[str, str]:
    """What Trustee decides by, under names that do not depend on its version."""
    return {
        name: _text(hub, kbs, field, key)
        for name, field, key in (
            ("resource-policy.rego", "kbsResourcePolicyConfigMapName", layout.resource_policy_key),
            ("attestation-policy.rego", "kbsAttestationPolicyConfigMapName", layout.attestation_policy_key),
            ("reference-values.json", "kbsRvpsRefValuesConfigMapName", layout.reference_values_key),
            ("kbs-config.toml", "kbsConfigMapName", layout.kbs_config_key),
        )
    }


def profiles(hub: Deployment) -> tuple[Profile, ...]:
    """The profiles and workloads as they are handed out: everything is derived anew from the published document."""
    image_policy = table(hub.outputs, "images")
    found = [
        _profile(name, None, str(table(published)["encoded"]), published["accepted"], image_policy)
        for name, published in sorted(_known(hub, "profiles", "profile"))
    ]
    for name, published in sorted(_known(hub, "workloads", "workload")):
        for spoke, accepted in sorted(table(published, "accepted").items()):
            encoded = _of_workload(name, str(published["toml"]), spoke)
            found.append(_profile(name, spoke, encoded, accepted, image_policy))
    return tuple(found)


def _known(hub: Deployment, output: str, word: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, published in table(hub.outputs, output).items():
        if unknown(published):
            raise PostureError(
                f"{word.capitalize()} {name} is not known before the stack is up: bring it up first."
            )
        yield name, table(published)


def _of_workload(name: str, toml: str, spoke: str) -> str:
    try:
        return workload_documents.document(toml, spoke).encoded
    except InitdataError as error:
        raise PostureError(f"The initdata of workload {name} cannot be read: {error}") from error


def _profile(
    name: str, spoke: str | None, encoded: str, accepted: Sequence[str], image_policy: Mapping[str, Any]
) -> Profile:
    try:
        found = decoded.read(encoded, image_policy)
    except PostureError as error:
        raise PostureError(f"The initdata of profile {name} cannot be read: {error}") from error
    document, inner = found.document, found.inner
    return Profile(
        name=name,
        spoke=spoke,
        pcr8=document.pcr8,
        accepted_earlier=tuple(value for value in accepted if value != document.pcr8),
        algorithm=document.algorithm,
        digest=document.digest,
        kbs_url=inner.kbs_url,
        powers=found.powers,
        documents={"aa.toml": inner.aa, "cdh.toml": inner.cdh, "policy.rego": inner.policy},
    )


def _text(hub: Deployment, kbs: Resource, field: str, key: str) -> str:
    name = str(kbs.inputs["spec"].get(field, ""))
    map_ = hub.object("ConfigMap", name, kbs.namespace)
    text = map_ and map_.inputs["data"].get(key)
    if not isinstance(text, str) or unknown(text):
        raise PostureError(
            f"The stack {hub.stack} has no {key} in a ConfigMap {name!r}: its last update did not finish."
        )
    return text


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PostureError(f"The deployed kbs-config.toml is not TOML ({error}).") from error


def _admin_api(config: Mapping[str, Any]) -> str:
    """`closed`, or who may use it. Policies and secrets can be changed through it. Keys by version: facts of each release."""
    admin = table(config, "admin")
    if "DenyAll" in (admin.get("authorization_mode"), admin.get("type")):
        return "closed"
    if admin.get("insecure_api") is False and admin.get("auth_public_key"):
        return "open to the holder of the auth key"  # Trustee 1.0 has no way to close it
    if admin.get("type") == "Simple" or admin.get("authorization_mode") == "AuthenticatedAuthorization":
        return "open to the holders of its keys"
    return "open to everybody"


def _token_minutes(config: Mapping[str, Any]) -> int | None:
    return table(config, "attestation_service", "attestation_token_broker").get("duration_min")


def insecure_settings(text: str) -> Sequence[str]:
    """Settings of kbs-config.toml that void its protection."""
    config = _toml(text)
    voiding = (
        ("http_server", "insecure_http"),
        ("attestation_token", "insecure_key"),
        ("attestation_token", "insecure_header_jwk"),
    )
    return [f"{section}.{key}" for section, key in voiding if table(config, section).get(key)]
