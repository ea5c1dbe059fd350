import base64
import hashlib
from typing import Any

import pytest

from sandbox import vaults
from sandbox.openshift import kinds
from sandbox.openshift.objects import Manifest
from sandbox.provider import Incomplete, Refused
from sandbox.tests.openshift.cluster import EXTERNAL_SECRETS, SECRET, Api

CONFIG = "kubernetes:operator.openshift.io/v1alpha1:ExternalSecretsConfig"
STORE = "kubernetes:external-secrets.io/v1:SecretStore"
EXTERNAL = "kubernetes:external-secrets.io/v1:ExternalSecret"
READY = {"pulumi.com/waitFor": "condition=Ready"}
FINGERPRINT = '{{ index . "api.key" | toString | sha256sum }}'
PLACE = "coco.vault.azure.net.payments"


def let_out(*ports: int) -> dict[str, Any]:
    egress = [{"ports": [{"protocol": "TCP", "port": port} for port in ports]}]
    policy = {"name": "vaults", "componentName": "ExternalSecretsCoreController", "egress": egress}
    return {"controllerConfig": {"networkPolicies": [policy]}}


def operator(api: Api, spec: dict[str, Any] | None = None) -> None:
    api.install(EXTERNAL_SECRETS)
    api.put(CONFIG, "cluster", spec=let_out(443, 8200) if spec is None else spec, annotations=READY)


def key_vault(**changes: Any) -> dict[str, Any]:
    reference = {
        "clientId": {"name": "reader", "key": "clientId"},
        "clientSecret": {"name": "reader", "key": "clientSecret"},
    }
    store = {"vaultUrl": "https://coco.vault.azure.net", "tenantId": "t", "authSecretRef": reference}
    return {"azurekv": {**store, "authType": "ServicePrincipal", **changes}}


def vault(**changes: Any) -> dict[str, Any]:
    login = {"mountPath": "kubernetes", "role": "coco", "serviceAccountRef": {"name": "default"}}
    store = {"server": "https://vault.example.com:8200", "path": "secret", "version": "v2"}
    return {"vault": {**store, "auth": {"kubernetes": login}, **changes}}


def store(api: Api, provider: dict[str, Any]) -> Manifest:
    if "azurekv" in provider:
        api.put(SECRET, "reader", "app", stringData={"clientId": "id", "clientSecret": "password"})
    return api.put(STORE, "store", "app", spec={"provider": provider}, annotations=READY)


def copy(api: Api, name: str = "payments", **changes: Any) -> Manifest:
    data = [{"secretKey": "api.key", "remoteRef": {"key": "payments"}}]
    reference = {"kind": "SecretStore", "name": "store"}
    target = {"name": name, "creationPolicy": "Owner"}
    spec = {"refreshInterval": "1h", "secretStoreRef": reference, "target": target, "data": data}
    return api.put(EXTERNAL, name, "app", spec=spec | changes, annotations=READY)


def value(api: Api, name: str = "payments") -> str:
    return base64.b64decode(api.get(kinds.SECRET, name, "app")["data"]["api.key"]).decode()


@pytest.mark.parametrize("provider", [key_vault(), vault()], ids=["key vault", "vault"])
def test_a_secret_is_copied_and_belongs_to_who_asked_for_it(api: Api, provider: dict[str, Any]) -> None:
    operator(api)
    assert store(api, provider)["status"]["conditions"][0]["reason"] == "Valid"
    live = copy(api)
    assert live["status"]["conditions"][0]["reason"] == "SecretSynced"
    [owner] = api.get(kinds.SECRET, "payments", "app")["metadata"]["ownerReferences"]
    assert owner["uid"] == live["metadata"]["uid"]
    api.delete(EXTERNAL, "payments", "app")
    assert api.cluster.objects.get(kinds.SECRET, "payments", "app") is None


def test_a_rotated_value_reaches_its_copy_and_its_fingerprint_and_nothing_else_moves(api: Api) -> None:
    operator(api)
    store(api, key_vault())
    copy(api)
    target = {"name": "fingerprint", "template": {"data": {"api.key": FINGERPRINT}}}
    copy(api, "fingerprint", target=target)
    assert vaults.names(api.clusters) == [PLACE]
    first = value(api)
    assert vaults.put(api.clusters, PLACE, "another")
    assert value(api) == "another" != first
    assert value(api, "fingerprint") == hashlib.sha256(b"another").hexdigest()
    before = {str(item) for item in api.cluster.objects}
    api.put(SECRET, "unrelated", "app", stringData={"a": "b"})
    after = {str(item) for item in api.cluster.objects}
    assert len(after - before) == 1
    assert not vaults.put(api.clusters, "nobody.asked", "x")


def test_a_secret_the_vault_does_not_have_is_named(api: Api) -> None:
    operator(api)
    store(api, key_vault())
    copy(api)
    vaults.put(api.clusters, PLACE, "")
    with pytest.raises(
        Incomplete, match=r"payments of https://coco\.vault\.azure\.net: Secret does not exist"
    ):
        copy(api, "other")


@pytest.mark.parametrize(
    ("provider", "answer"),
    [
        (key_vault(tenantId=""), "authType ServicePrincipal and a tenantId only"),
        (key_vault(authType="ManagedIdentity"), "authType ServicePrincipal and a tenantId only"),
        (key_vault(authSecretRef={}), 'cannot get Kubernetes secret "" from namespace "app"'),
        (
            key_vault(authSecretRef={"clientId": {"name": "reader", "key": "id"}}),
            'cannot find secret data for key: "id"',
        ),
        (vault(version="v1"), "vault with version v2"),
        (
            vault(
                auth={"kubernetes": {"role": "r", "mountPath": "k", "serviceAccountRef": {"name": "nobody"}}}
            ),
            'service account token for "nobody": not found',
        ),
        (
            vault(server="https://vault.example.com:8201"),
            "lets ExternalSecretsCoreController out to port 8201",
        ),
    ],
)
def test_a_store_that_cannot_be_logged_in_to_is_not_ready(
    api: Api, provider: dict[str, Any], answer: str
) -> None:
    operator(api)
    with pytest.raises(Incomplete, match=answer):
        store(api, provider)
    with pytest.raises(Incomplete, match='SecretStore "store" is not ready'):
        copy(api)


def test_operands_without_a_network_policy_of_ones_own_reach_no_vault(api: Api) -> None:
    operator(api, {})
    with pytest.raises(Incomplete, match=r"dial tcp vault\.example\.com:8200: i/o timeout"):
        store(api, vault())


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"target": {"template": {"data": {"k": "{{ .k }}"}}}}, r"sha256sum }} only, not {{ .k }}"),
        ({"target": {"template": {"engineVersion": "v2"}}}, "knows template.data only"),
        ({"target": {"creationPolicy": "Merge"}}, "creationPolicy Owner only"),
        ({"secretStoreRef": {"kind": "SecretStore", "name": "nope"}}, 'SecretStore "nope", not found'),
        ({"secretStoreRef": {"kind": "ClusterSecretStore", "name": "store"}}, "from a SecretStore only"),
    ],
)
def test_what_the_stand_in_cannot_do_is_refused(api: Api, changes: dict[str, Any], answer: str) -> None:
    operator(api)
    store(api, vault())
    with pytest.raises(Incomplete, match=answer):
        copy(api, **changes)


def test_a_secret_of_another_owner_is_left_alone(api: Api) -> None:
    operator(api)
    store(api, vault())
    copy(api)
    before = value(api)
    with pytest.raises(Incomplete, match='target is owned by another: "payments"'):
        copy(api, "thief", target={"name": "payments"})
    assert value(api) == before


def test_the_operator_watches_all_namespaces_or_is_not_installed(api: Api) -> None:
    api.subscribe(EXTERNAL_SECRETS, target_namespaces=[EXTERNAL_SECRETS])
    with pytest.raises(Incomplete, match="OwnNamespace InstallModeType not supported"):
        api.approve(EXTERNAL_SECRETS)


def test_the_configuration_must_go_before_the_operator(api: Api) -> None:
    operator(api)
    api.delete(CONFIG, "cluster")
    assert api.cluster.objects.all(kinds.EXTERNAL_SECRETS_CONFIG) == []
    api.put(CONFIG, "cluster", spec={}, annotations=READY)
    api.delete("kubernetes:core/v1:Namespace", EXTERNAL_SECRETS)
    with pytest.raises(Refused, match="external-secrets-controller holds it"):
        api.delete(CONFIG, "cluster")


def test_the_operands_run_in_a_namespace_of_their_own(api: Api) -> None:
    operator(api)
    running = api.cluster.objects.all(kinds.DEPLOYMENT, "external-secrets")
    names = {item["metadata"]["name"] for item in running}
    assert names == {"external-secrets", "external-secrets-webhook", "external-secrets-cert-controller"}
