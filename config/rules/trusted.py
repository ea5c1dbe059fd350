"""Rules about the trusted zone: Trustee's versions, the initdata profiles, and who may read which secret."""

import re
from collections.abc import Iterator, Mapping

from config.rule import Mistake, Rule, rule
from config.sections import (
    GuestSection,
    ProfileSection,
    Section,
    ServedSecretSection,
    SignedImageSection,
    WorkloadSection,
)
from model import versions
from model.attestation import initdata
from model.policy import agent_policy
from model.versions import OperatorVersion, Version

# Names of secrets that the program makes itself: the image policy and the key of sealed secrets.
OWN_SECRETS = ("image-policy", "sealing-key")


@rule("trustee.version", "trustee.oscVersions")
def _trustee_version(version: Version, osc_versions: tuple[Version, ...]) -> Iterator[Mistake]:
    if version.minor not in versions.TRUSTEE_OF_OSC.values():
        yield Mistake(
            key="trustee.version",
            value=version,
            rule="must be a Trustee version that this program knows",
            fix=f"use a release of {', '.join(versions.TRUSTEE_OF_OSC.values())}",
        )
        return
    misfits = [problem for osc in osc_versions if (problem := _misfit(osc, version))]
    yield from misfits
    if not misfits and not any(versions.pair(osc=osc, trustee=version) for osc in osc_versions):
        partners = {partner: osc for osc, partner in versions.TRUSTEE_OF_OSC.items()}
        yield Mistake(
            key="trustee.oscVersions",
            value=", ".join(osc_versions),
            rule=f"must name sandboxed containers that go with trustee.version {version}; an older release is"
            " accepted in addition to them, while its spokes are upgraded",
            fix=f"add a release of {partners[version.minor]}, with its file of reference values",
        )


def _misfit(osc: Version, trustee: Version) -> Mistake | None:
    partner = versions.TRUSTEE_OF_OSC.get(osc.minor)
    if partner is None:
        return unknown_osc("trustee.oscVersions", osc)
    if versions.attests(osc=osc, trustee=trustee):
        return None
    return Mistake(
        key="trustee.oscVersions",
        value=osc,
        rule=f"must fit trustee.version {trustee}, and sandboxed containers {osc} goes with {partner}.z",
        fix="change one of the two versions",
    )


def unknown_osc(key: str, osc: str) -> Mistake:
    """`osc` at `key` is of no release line that can be paired with a Trustee."""
    return Mistake(
        key=key,
        value=osc,
        rule="must be a version of sandboxed containers that this program knows",
        fix=f"use a release of {', '.join(versions.TRUSTEE_OF_OSC)}",
    )


@rule("azure", "cluster.kind", "objectStore", "secrets")
def _azure(
    azure: Section | None, kind: str, store: Section | None, secrets: Mapping[str, ServedSecretSection]
) -> Iterator[Mistake]:
    in_vault = [name for name, secret in secrets.items() if secret.source == "keyVault"]
    if azure is None and kind == "existing" and (store is not None or in_vault):
        wants = (
            "coco:objectStore is made there"
            if store is not None
            else f"secret {in_vault[0]} is in a Key Vault there"
        )
        yield Mistake(key="azure", rule="is missing", fix=f"add it, because {wants}")


@rule("trustee.issuer", "operators.certManager")
def _issuer(issuer: Section | None, cert_manager: OperatorVersion) -> Iterator[Mistake]:
    if issuer is not None and not cert_manager.present:
        yield Mistake(
            key="operators.certManager",
            value=str(cert_manager),
            rule="must be present where trustee.issuer is given, because a ClusterIssuer that is there already is of a cert-manager"
            " that is there already",
            fix="write present, or remove trustee.issuer",
        )


@rule("profiles")
def _profiles(profiles: Mapping[str, ProfileSection]) -> Iterator[Mistake]:
    for name, profile in profiles.items():
        if profile.exec and profile.exec_commands:
            yield Mistake(
                key=f"profiles.{name}.execCommands",
                value=", ".join(profile.exec_commands),
                rule="must be absent where exec is true, which allows every command",
                fix="remove one of the two",
            )
        else:
            try:
                settings = agent_policy.AgentSettings(exec_commands=profile.exec_commands)
                initdata.check_size(agent_policy.render(settings))
            except initdata.InitdataError as error:
                yield Mistake(
                    key=f"profiles.{name}.execCommands",
                    value=f"{len(profile.exec_commands)} commands",
                    rule="must fit into what a VM is given at its start",
                    fix=str(error),
                )
            except agent_policy.PolicyError as error:
                yield Mistake(
                    key=f"profiles.{name}.execCommands",
                    value=", ".join(profile.exec_commands),
                    rule="must be command lines as a shell would read them",
                    fix=str(error),
                )
        if profile.policy_file is not None and profile != ProfileSection(
            policy_file=profile.policy_file, algorithm=profile.algorithm
        ):
            yield Mistake(
                key=f"profiles.{name}.policyFile",
                value=profile.policy_file,
                rule="must stand alone, because the file replaces every other setting of the profile",
                fix="remove the other settings except algorithm, or the file",
            )


@rule("profiles")
def _algorithms(profiles: Mapping[str, ProfileSection]) -> Iterator[Mistake]:
    """Trustee's verifier for Azure's vTPM copies the digest of the initdata into 32 bytes, and ends with a longer one."""
    for name, profile in profiles.items():
        if profile.algorithm != "sha256":
            yield Mistake(
                key=f"profiles.{name}.algorithm",
                value=profile.algorithm,
                rule="must be sha256, because no Trustee that this program knows can verify another one: no pod would attest",
                fix="write sha256, or remove the key",
            )


@rule("secrets")
def _names_in_key_vault(secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
    """Names there are letters, digits and hyphens, at most 127, and are compared without regard to case."""
    taken: dict[str, str] = {}
    for name, secret in secrets.items():
        for key in secret.keys if secret.source == "keyVault" else ():
            there, path = f"{name}-{key}", f"{name}/{key}"
            if re.fullmatch("[0-9A-Za-z-]{1,127}", there) is None:
                yield Mistake(
                    key=f"secrets.{name}.keys",
                    value=key,
                    rule=f"must have a name that a Key Vault takes, letters, digits and hyphens, at most 127, and is {there} there",
                    fix="rename the key, for example tls-crt for tls.crt",
                )
            elif there.lower() in taken:
                yield Mistake(
                    key=f"secrets.{name}.keys",
                    value=key,
                    rule=f"must have a name of its own in the Key Vault, where {taken[there.lower()]} is {there} too",
                    fix="rename one of the two",
                )
            else:
                taken[there.lower()] = path


@rule("secrets")
def _names_of_secrets(secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
    for name in secrets:
        if name.startswith("kbs-") or name in OWN_SECRETS:
            yield Mistake(
                key=f"secrets.{name}",
                value=name,
                rule=f"must not start with kbs- or be one of {', '.join(OWN_SECRETS)}, which the program makes itself",
                fix="rename it",
            )


@rule("secrets", "profiles", "workloads")
def _readers(
    secrets: Mapping[str, ServedSecretSection],
    profiles: Mapping[str, ProfileSection],
    workloads: Mapping[str, WorkloadSection],
) -> Iterator[Mistake]:
    for name, secret in secrets.items():
        for reader in secret.readable_by:
            if reader in workloads:
                continue
            profile = profiles.get(reader)
            if profile is None:
                yield Mistake(
                    key=f"secrets.{name}.readableBy",
                    value=reader,
                    rule="must name workloads or profiles of this stack",
                    fix=f"use one of {', '.join([*workloads, *profiles])}, or define it",
                )
                continue
            if not secret.allow_unpinned:
                yield _unpinned(name, reader)
            if profile.permissive and not secret.allow_debug:
                yield gives_away(name, reader)


def _unpinned(secret: str, profile: str) -> Mistake:
    return Mistake(
        key=f"secrets.{secret}.readableBy",
        value=profile,
        rule="must not name a profile, which pins neither image nor command: whoever runs the spoke can run a program of"
        " their own under it and read the secret",
        fix="name a workload of coco:workloads, or write allowUnpinned: true if this secret may be known",
    )


@rule("workloads", "profiles")
def _names_of_workloads(
    workloads: Mapping[str, WorkloadSection], profiles: Mapping[str, ProfileSection]
) -> Iterator[Mistake]:
    for name in workloads:
        if name in profiles:
            yield Mistake(
                key=f"workloads.{name}",
                value=name,
                rule="must not be the name of a profile too, because secrets name both",
                fix="rename one of them",
            )


@rule("revoked", "workloads")
def _revoked(revoked: tuple[str, ...], workloads: Mapping[str, WorkloadSection]) -> Iterator[Mistake]:
    known = {spoke for workload in workloads.values() for spoke in workload.spokes}
    for spoke in revoked:
        if spoke not in known:
            yield Mistake(
                key="revoked",
                value=spoke,
                rule="must name a spoke that a workload of this stack has under spokes",
                fix=f"use one of {', '.join(sorted(known))}"
                if known
                else "remove it: no workload is defined",
            )


@rule("workloads")
def _commands_of_workloads(workloads: Mapping[str, WorkloadSection]) -> Iterator[Mistake]:
    for name, workload in workloads.items():
        for container, lines in workload.exec_commands.items():
            for line in lines:
                try:
                    agent_policy.arguments(line)
                except agent_policy.PolicyError as error:
                    yield Mistake(
                        key=f"workloads.{name}.execCommands.{container}",
                        value=line,
                        rule="must be a command line as a shell would read it",
                        fix=str(error),
                    )


def gives_away(secret: str, profile: str) -> Mistake:
    """`secret` is readable by `profile`, under which the owner of the spoke can take it."""
    return Mistake(
        key=f"secrets.{secret}.readableBy",
        value=profile,
        rule="must not name a profile that allows any command or a change of policy, under which whoever runs the spoke"
        " reads the secret",
        fix=f"remove {profile}, or write allowDebug: true if this secret may be known",
    )


@rule("trustee.imagePolicy", "trustee.signedImages")
def _signed_images(policy: str, signed: tuple[SignedImageSection, ...]) -> Iterator[Mistake]:
    if policy == "signed" and not signed:
        yield Mistake(
            key="trustee.signedImages",
            rule="is missing",
            fix="with imagePolicy signed, name {repository: ..., key: <secret>/<key>}, or no container could start",
        )
    if policy != "signed" and signed:
        yield Mistake(
            key="trustee.signedImages",
            value=", ".join(image.repository for image in signed),
            rule="must be absent unless imagePolicy is signed, because nothing would check it",
            fix="write imagePolicy: signed, or remove it",
        )


@rule("trustee.imagePolicy", "trustee.signedImages", "secrets")
def _keys_of_signed_images(
    policy: str, signed: tuple[SignedImageSection, ...], secrets: Mapping[str, ServedSecretSection]
) -> Iterator[Mistake]:
    for image in signed if policy == "signed" else ():
        name, key = image.key.secret, image.key.key
        if name not in secrets or key not in secrets[name].keys:
            yield Mistake(
                key="trustee.signedImages",
                value=f"{name}/{key}",
                rule="must name a key that this stack serves",
                fix=f"add {key} to keys of coco:secrets.{name}, with source: config",
            )
        elif secrets[name].source == "generated":
            yield Mistake(
                key="trustee.signedImages",
                value=f"{name}/{key}",
                rule="must name a public key, and a generated secret is random letters",
                fix=f"write source: config at coco:secrets.{name}, and set cosign.pub in coco:secretValues",
            )


@rule("guest", "secrets")
def _guest(guest: GuestSection, secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
    named = {
        "registryCredentials": guest.registry_credentials,
        "registryConfiguration": guest.registry_configuration,
    }
    for field, path in named.items():
        if path is not None and (path.secret not in secrets or path.key not in secrets[path.secret].keys):
            yield Mistake(
                key=f"guest.{field}",
                value=f"{path.secret}/{path.key}",
                rule="must name a key that this stack serves",
                fix=f"add {path.key} to keys of coco:secrets.{path.secret}, readable by the workloads that need it",
            )
    if guest.no_proxy and not (guest.https_proxy or guest.http_proxy):
        yield Mistake(
            key="guest.noProxy",
            value=", ".join(guest.no_proxy),
            rule="must stand beside httpsProxy or httpProxy, because nothing uses it alone",
            fix="add the proxy, or remove it",
        )


def _store(source: str) -> Rule:
    """The file must describe the store `source` if a secret comes from there."""

    @rule(f"externalSecrets.{source}", "secrets")
    def check(store: Section | None, secrets: Mapping[str, ServedSecretSection]) -> Iterator[Mistake]:
        served = [name for name, secret in secrets.items() if secret.source == source]
        if served and store is None:
            yield Mistake(
                key=f"externalSecrets.{source}",
                rule="is missing",
                fix=f"add it, because {', '.join(served)} of coco:secrets comes from there, or change the source",
            )

    return check


RULES: tuple[Rule, ...] = (
    _trustee_version,
    _azure,
    _issuer,
    _profiles,
    _algorithms,
    _names_in_key_vault,
    _names_of_secrets,
    _readers,
    _names_of_workloads,
    _revoked,
    _commands_of_workloads,
    _signed_images,
    _keys_of_signed_images,
    _guest,
    _store("keyVault"),
    _store("vault"),
)
