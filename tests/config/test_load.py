"""Loading a stack: its secrets, and what must never happen whatever the file holds."""

import base64
import json
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from config.load import ConfigError, load
from config.roles import SECRETS, SpokeConfig, StandaloneConfig, required_secrets
from tests import certificates
from tests.config import committed, edits
from tests.config.edits import NOW, loaded, problems

CANARY = "canary-0b5c"
FROM_CONFIG = {
    "source": "config",
    "keys": ["user", "password"],
    "readableBy": ["hardened"],
    "allowUnpinned": True,
}
OF_ARO = {key: committed.SECRETS[key] for key in ("pullSecret", "clusterClientSecret")}


def auth(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(**changes: Any) -> str:
    return yaml.safe_dump(yaml.safe_load(committed.SECRETS["kubeconfig"]) | changes)


def test_a_loaded_stack_carries_its_models_secrets_and_files() -> None:
    stack = loaded("dev-standalone")
    assert isinstance(stack.config, StandaloneConfig)
    assert stack.secrets == {"kubeconfig": committed.SECRETS["kubeconfig"]}
    assert list(stack.reference_values) == ["1.13.1"]
    assert stack.policies == {}


def test_a_spoke_needs_no_files() -> None:
    stack = loaded("dev-spoke")
    assert isinstance(stack.config, SpokeConfig)
    assert stack.reference_values == {}


def test_keys_of_other_namespaces_are_left_alone() -> None:
    bag = committed.bag("dev-standalone") | {
        "azure-native:location": "westus",
        "coco:kubeconfig": committed.SECRETS["kubeconfig"],
    }
    assert load(bag, root=committed.ROOT, now=NOW)


@pytest.mark.parametrize("name", ["pullSecret", "clusterClientSecret"])
def test_a_missing_secret_is_named_with_the_command_that_sets_it(name: str) -> None:
    given_ = {key: value for key, value in OF_ARO.items() if key != name}
    assert problems("dev-hub", {}, given_) == [
        f"coco:{name}: is missing: set it with: pulumi config set --secret coco:{name}. It is this: {SECRETS[name]}"
    ]


def test_a_secret_that_nothing_uses_is_refused() -> None:
    [found] = problems("dev-hub", {}, OF_ARO | {"kubeconfig": CANARY})
    assert (
        found
        == "coco:kubeconfig: is not used by this stack: remove it with: pulumi config rm coco:kubeconfig"
    )


def test_a_cluster_with_managed_identities_takes_no_client_secret_and_needs_none() -> None:
    assert problems("managed-hub") == []
    given_ = OF_ARO
    assert problems("managed-hub", {}, given_) == [
        "coco:clusterClientSecret: is not used by this stack: remove it with: pulumi config rm coco:clusterClientSecret"
    ]


MALFORMED = [
    (
        "dev-hub",
        "pullSecret",
        CANARY,
        "must be JSON with at least one registry under auths",
        "console.redhat.com",
    ),
    ("dev-hub", "pullSecret", json.dumps([CANARY]), "at least one registry", "console.redhat.com"),
    ("dev-hub", "pullSecret", json.dumps({"auths": {}}), "at least one registry", "console.redhat.com"),
    ("dev-hub", "pullSecret", json.dumps({"auths": {CANARY: {}}}), "each with auth", "console.redhat.com"),
    (
        "dev-hub",
        "pullSecret",
        json.dumps({"auths": {"r": {"auth": CANARY}}}),
        "the base64 of",
        "console.redhat.com",
    ),
    (
        "dev-hub",
        "pullSecret",
        json.dumps({"auths": {"r": {"auth": auth(CANARY)}}}),
        "of user:password",
        "console",
    ),
    (
        "dev-hub",
        "clusterClientSecret",
        f"{CANARY}\n",
        "without white space around it",
        "az ad sp credential reset",
    ),
    ("dev-hub", "clusterClientSecret", "", "without white space around it", "az ad sp credential reset"),
    ("dev-standalone", "kubeconfig", f"{CANARY}: [", "must be YAML with clusters", "oc config view"),
    ("dev-standalone", "kubeconfig", CANARY, "must be YAML with clusters", "oc config view"),
    (
        "dev-standalone",
        "kubeconfig",
        kubeconfig(users=[]),
        "must be YAML with clusters, users",
        "oc config view",
    ),
    ("dev-standalone", "kubeconfig", kubeconfig(clusters=[{"x": CANARY}]), "with clusters", "oc config view"),
    (
        "dev-standalone",
        "kubeconfig",
        kubeconfig(**{"current-context": CANARY}),
        "one of them",
        "oc config view",
    ),
]


@pytest.mark.parametrize(("stack", "key", "value", "rule", "fix"), MALFORMED)
def test_a_malformed_secret_is_refused_without_repeating_any_of_it(
    stack: str, key: str, value: str, rule: str, fix: str
) -> None:
    others = OF_ARO if stack == "dev-hub" else {}
    [found] = problems(stack, {}, others | {key: value})
    assert found.startswith(f"coco:{key}: ")
    assert rule in found
    assert fix in found
    assert CANARY not in found
    assert auth(CANARY) not in found


def test_secret_values_are_needed_where_a_secret_has_them_as_its_source() -> None:
    [found] = problems("dev-hub", {"secrets.db": FROM_CONFIG})
    assert found.startswith("coco:secretValues: is missing")
    values = json.dumps({"db": {"user": "u", "password": CANARY}})
    stack = loaded("dev-hub", {"secrets.db": FROM_CONFIG}, OF_ARO | {"secretValues": values})
    assert stack.secrets["secretValues"] == values
    assert required_secrets(stack.config) == ["pullSecret", "clusterClientSecret", "secretValues"]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (CANARY, "must be JSON like {name: {key: value}}"),
        (json.dumps({"db": CANARY}), "must be JSON like {name: {key: value}}"),
        (json.dumps({"db": {"user": CANARY, "password": ""}}), "and not empty"),
        (
            json.dumps({"db": {"user": CANARY, "password": {"base64": f"{CANARY}!"}}}),
            "{base64: ...} for what is no text",
        ),
        (json.dumps({"db": {"user": CANARY, "password": {"base64": ""}}}), "and not empty"),
        (
            json.dumps({"db": {"user": CANARY, "password": {"hex": "00"}}}),
            "{base64: ...} for what is no text",
        ),
        (
            json.dumps({"db": {"user": CANARY, "password": "x" * 1024 * 1024}}),
            "must have at most 983040 bytes of values in db, and has",
        ),
        (json.dumps({"db": {"user": CANARY}}), "must have a value for db.password"),
        (
            json.dumps({"db": {"user": "u", "password": "p", CANARY: "x"}}),
            "db.password, db.user alone, but has 1 more",
        ),
        (json.dumps({"db": {"user": "u", "password": "p"}, CANARY: {"k": "x"}}), "but has 1 more"),
    ],
)
def test_secret_values_are_exactly_those_declared(values: str, rule: str) -> None:
    [found] = problems("dev-hub", {"secrets.db": FROM_CONFIG}, OF_ARO | {"secretValues": values})
    assert found.startswith("coco:secretValues: ")
    assert rule in found
    assert CANARY not in found


def test_names_that_a_key_vault_does_not_take_or_cannot_tell_apart_are_refused() -> None:
    vault = {"url": "https://v.vault.azure.net", "clientId": "00000000-0000-4000-8000-000000000041"}
    secret = {"source": "keyVault", "readableBy": []}
    changes = {
        "externalSecrets": {"keyVault": vault},
        "secrets.web": secret | {"keys": ["tls.crt", "DB_PASSWORD", "good"]},
        "secrets.a": secret | {"keys": ["b-c"]},
        "secrets.a-b": secret | {"keys": ["c"]},
        "secrets.case": secret | {"keys": ["Key", "key"]},
    }
    found = problems("dev-hub", changes, OF_ARO | {"keyVaultClientSecret": CANARY})
    assert [each.partition(", letters")[0].partition(": rename")[0] for each in found] == [
        "coco:secrets.web.keys: must have a name that a Key Vault takes",
        "coco:secrets.web.keys: must have a name that a Key Vault takes",
        "coco:secrets.a-b.keys: must have a name of its own in the Key Vault, where a/b-c is a-b-c too (got c)",
        "coco:secrets.case.keys: must have a name of its own in the Key Vault, where case/Key is case-key too (got key)",
    ]


LONG = "x" * 32


@pytest.mark.parametrize(
    ("keys", "rule"),
    [
        (CANARY, "must be JSON like {name: key}"),
        (json.dumps({"datacentre": CANARY, "hub": LONG}), "keys of 32 to 128 printable ASCII characters"),
        (json.dumps({"datacentre": "x" * 129, "hub": LONG}), "keys of 32 to 128 printable ASCII characters"),
        (json.dumps({"datacentre": f"{LONG} {CANARY}", "hub": LONG}), "without spaces"),
        (json.dumps({"datacentre": f"{LONG}\n", "hub": LONG}), "without spaces"),
        (json.dumps({"datacentre": f"{LONG}é", "hub": LONG}), "printable ASCII"),
        (json.dumps({"hub": LONG}), "must have a key for datacentre"),
        (json.dumps({"datacentre": LONG, "hub": LONG, CANARY: LONG}), "must have keys for datacentre, hub alone, but has 1 more"),
    ],
)  # fmt: skip
def test_each_connection_has_a_key_that_azure_takes_and_nobody_guesses(keys: str, rule: str) -> None:
    [found] = problems("vpn-spoke", {}, {"pullSecret": committed.SECRETS["pullSecret"], "vpnKeys": keys})
    assert found.startswith("coco:vpnKeys: ")
    assert rule in found
    assert CANARY not in found


def test_keys_of_connections_are_asked_for_where_there_are_some_and_refused_elsewhere() -> None:
    [found] = problems("vpn-spoke", {}, {"pullSecret": committed.SECRETS["pullSecret"]})
    assert found.startswith("coco:vpnKeys: is missing: set it with: pulumi config set --secret coco:vpnKeys")
    [found] = problems("dev-hub", {}, OF_ARO | {"vpnKeys": "{}"})
    assert found == "coco:vpnKeys: is not used by this stack: remove it with: pulumi config rm coco:vpnKeys"


def test_a_stack_without_a_network_has_no_keys_of_connections() -> None:
    [found] = problems("anywhere-hub", {}, {"kubeconfig": committed.SECRETS["kubeconfig"], "vpnKeys": "{}"})
    assert found.startswith("coco:vpnKeys: is not used by this stack")


def test_what_is_wrong_with_a_vpn_is_said_beside_what_is_wrong_with_its_network() -> None:
    changes = {"network.cidr": "10.36.0.1/16", "network.vpn.sites.datacentre.ranges": edits.GONE}
    found = problems("vpn-spoke", changes, {"pullSecret": committed.SECRETS["pullSecret"]})
    assert [each.split(": ")[0] for each in found] == [
        "coco:network.cidr",
        "coco:network.vpn.sites.datacentre.ranges",
        "coco:vpnKeys",
    ]


def test_a_binary_value_is_taken_in_base64() -> None:
    values = json.dumps({"db": {"user": "u", "password": {"base64": "AP8="}}})
    assert problems("dev-hub", {"secrets.db": FROM_CONFIG}, OF_ARO | {"secretValues": values}) == []


def test_a_secret_inside_a_section_is_refused_and_not_repeated() -> None:
    [found] = problems("dev-hub", {"cluster.clusterClientSecret": CANARY})
    assert found.startswith("coco:cluster.clusterClientSecret: is a secret and must not be in a section")
    assert "pulumi config set --secret coco:clusterClientSecret" in found
    assert CANARY not in found


def test_an_unknown_key_is_not_repeated_because_it_may_hold_a_secret() -> None:
    found = problems("dev-hub", {"cluster.servicePrincipal.secret": CANARY, "pulSecret": CANARY})
    assert len(found) == 2
    assert CANARY not in "".join(found)


def test_a_secret_in_plain_text_is_refused() -> None:
    [found] = problems("dev-hub", {}, encrypted=["coco:pullSecret"])
    assert found.startswith("coco:clusterClientSecret: must be encrypted: replace this secret")
    assert "pulumi config set --secret coco:clusterClientSecret" in found


def test_a_section_that_is_encrypted_is_refused_and_none_of_it_repeated() -> None:
    encrypted = [*(f"coco:{key}" for key in OF_ARO), "coco:azure", "coco:profiles"]
    changes = {"azure.location": CANARY, "profiles": {CANARY: CANARY}}
    found = problems("dev-hub", changes, encrypted=encrypted)
    assert [each.split(": ")[:2] for each in found] == [
        ["coco:azure", "must not be encrypted, because a review could not read it"],
        ["coco:profiles", "must not be encrypted, because a review could not read it"],
    ]
    assert CANARY not in "".join(found)


def test_encrypted_secrets_and_plain_sections_are_as_it_should_be() -> None:
    assert problems("dev-hub", {}, encrypted=[f"coco:{key}" for key in OF_ARO]) == []


def test_the_error_lists_every_problem_on_a_line_of_its_own() -> None:
    with pytest.raises(ConfigError) as refused:
        loaded("dev-hub", {"network.cidr": "x", "trustee.tees": []})
    lines = str(refused.value).splitlines()
    assert lines[0] == "the configuration of this stack is not valid:"
    assert [line.strip() for line in lines[1:]] == refused.value.problems
    assert len(refused.value.problems) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)
places = st.sampled_from(
    [
        *(
            "azure",
            "azure.location",
            "azure.tags",
            "azure.vmSizesOffered",
            "network",
            "network.cidr",
            "cluster",
        ),
        *(
            "cluster.kind",
            "cluster.version",
            "cluster.podCidr",
            "cluster.domain",
            "cluster.servicePrincipal",
            "operators",
        ),
        *(
            "trustee",
            "trustee.version",
            "trustee.oscVersions",
            "trustee.tees",
            "profiles",
            "profiles.hardened",
            "secrets",
        ),
        *(
            "secrets.kbsres1",
            "secrets.kbsres1.keys",
            "secrets.kbsres1.readableBy",
            "peerPods",
            "peerPods.vmSizes",
        ),
        *("sandboxedContainers", "sandboxedContainers.version", "samples", "hub", "unknown"),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(committed.NAMES), places, json_values)
def test_whatever_a_file_holds_is_loaded_or_refused_in_sentences(name: str, place: str, value: Any) -> None:
    for each in problems(name, {place: value}):
        assert each.startswith("coco:")


SIGNED_BY = {
    "trustee.imagePolicy": "signed",
    "trustee.signedImages": [{"repository": "quay.io/team", "key": "keys/release"}],
    "secrets.keys": {"source": "config", "keys": ["release"], "readableBy": []},
}


@pytest.mark.parametrize(
    "key",
    [
        CANARY,
        certificates.private_key(),
        certificates.certificate(),
        certificates.public_key(ec.derive_private_key(1, ec.SECP384R1())),
        certificates.public_key().replace("MFkw", "MFkx"),
    ],
)
def test_a_signing_key_that_no_guest_can_verify_with_is_refused_without_being_shown(key: str) -> None:
    values = json.dumps({"keys": {"release": key}})
    (found,) = problems("dev-hub", SIGNED_BY, OF_ARO | {"secretValues": values})
    assert found.startswith("coco:secretValues: must have a P-256 public key in PEM for keys.release")
    assert CANARY not in found
    assert "BEGIN" not in found


def test_a_p256_signing_key_is_taken() -> None:
    values = json.dumps({"keys": {"release": certificates.public_key()}})
    assert problems("dev-hub", SIGNED_BY, OF_ARO | {"secretValues": values}) == []
