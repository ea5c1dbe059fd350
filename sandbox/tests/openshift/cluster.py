"""A stand-in cluster and the few objects that most tests need, written through the provider as the program does."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

from sandbox.openshift.clusters import StoreClusters, self_managed
from sandbox.openshift.kinds import ObjectKind
from sandbox.openshift.kubernetes import KubernetesStandIn
from sandbox.openshift.objects import Manifest
from sandbox.openshift.store import StoredCluster

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
NAMESPACE = "kubernetes:core/v1:Namespace"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
SUBSCRIPTION = "kubernetes:operators.coreos.com/v1alpha1:Subscription"
OPERATOR_GROUP = "kubernetes:operators.coreos.com/v1:OperatorGroup"
KATA_CONFIG = "kubernetes:kataconfiguration.openshift.io/v1:KataConfig"
KBS_CONFIG = "kubernetes:confidentialcontainers.org/v1alpha1:KbsConfig"
CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
CLUSTER_ISSUER = "kubernetes:cert-manager.io/v1:ClusterIssuer"
ROUTE = "kubernetes:route.openshift.io/v1:Route"
OSC = "openshift-sandboxed-containers-operator"
TRUSTEE = "trustee-operator-system"
CERT_MANAGER = "cert-manager-operator"
EXTERNAL_SECRETS = "external-secrets-operator"
PACKAGES = {
    OSC: ("sandboxed-containers-operator", "stable", "sandboxed-containers-operator.v1.13.1"),
    TRUSTEE: ("trustee-operator", "stable", "trustee-operator.v1.2.1"),
    CERT_MANAGER: ("openshift-cert-manager-operator", "stable-v1", "cert-manager-operator.v1.18.0"),
    EXTERNAL_SECRETS: (
        "openshift-external-secrets-operator",
        "stable-v1",
        "external-secrets-operator.v1.0.0",
    ),
}
ALL_NAMESPACES = (EXTERNAL_SECRETS,)
RULES = [
    {"apiGroups": ["operators.coreos.com"], "resources": ["installplans"], "verbs": ["get", "list", "patch"]},
    {
        "apiGroups": ["operators.coreos.com"],
        "resources": ["clusterserviceversions", "subscriptions"],
        "verbs": ["list"],
    },
]
FACTS = self_managed("test", location="eastus2", subscription_id="sub", tenant_id="tenant")
MUTABLE = {"enableConfigMapMutable": "true", "enableSecretMutable": "true"}


class Api:
    """The provider for one cluster; `put` creates and returns the live object."""

    def __init__(self, root: Path) -> None:
        self.clusters = StoreClusters(root)
        self.kubeconfig = self.clusters.create("test", FACTS)
        self.provider = KubernetesStandIn(self.clusters, {"kubeconfig": self.kubeconfig, **MUTABLE})

    @property
    def cluster(self) -> StoredCluster:
        return self.clusters.open("test")

    def put(self, type_: str, name: str, namespace: str = "", **content: Any) -> Manifest:
        inputs = self.inputs(name, namespace, **content)
        return self.provider.create(type_, name, inputs, None)[1]

    def inputs(
        self, name: str, namespace: str = "", annotations: dict[str, str] | None = None, **content: Any
    ) -> dict[str, Any]:
        metadata: dict[str, Any] = {"name": name}
        if namespace:
            metadata["namespace"] = namespace
        if annotations:
            metadata["annotations"] = annotations
        return {"metadata": metadata, **content}

    def change(self, type_: str, name: str, namespace: str = "", **content: Any) -> Manifest:
        id_ = f"{namespace}/{name}" if namespace else name
        return self.provider.update(
            type_, id_, {}, {}, self.inputs(name, namespace, **content), preview=False, timeout=None
        )

    def delete(self, type_: str, name: str, namespace: str = "", policy: str = "background") -> None:
        inputs = self.inputs(name, namespace, annotations={"pulumi.com/deletionPropagationPolicy": policy})
        self.provider.delete(type_, f"{namespace}/{name}" if namespace else name, inputs, {}, None)

    def get(self, kind: ObjectKind, name: str, namespace: str = "") -> Manifest:
        live = self.cluster.objects.get(kind, name, namespace)
        assert live is not None, f"{kind.kind} {name} is not there"
        return live

    def subscribe(
        self,
        namespace: str,
        csv: str | None = None,
        target_namespaces: list[str] | None = None,
        **spec: Any,
    ) -> None:
        """Namespace, OperatorGroup, Subscription and the approver's rights, but no approval yet."""
        package, channel, pinned = PACKAGES[namespace]
        self.put(NAMESPACE, namespace)
        own = [] if namespace in ALL_NAMESPACES else [namespace]
        targets = own if target_namespaces is None else target_namespaces
        self.put(OPERATOR_GROUP, namespace, namespace, spec={"targetNamespaces": targets})
        wanted = {
            "name": package,
            "channel": channel,
            "source": "redhat-operators",
            "sourceNamespace": "openshift-marketplace",
            "installPlanApproval": "Manual",
            "startingCSV": csv or pinned,
        }
        self.put(SUBSCRIPTION, package, namespace, spec={**wanted, **spec})
        self.may(namespace, *RULES, account="approver")

    def approve(self, namespace: str, csv: str | None = None) -> Manifest:
        csv = csv or PACKAGES[namespace][2]
        return self.script(
            f"approve-{csv.replace('.', '-')}", namespace, account="approver", CSV=csv, NAMESPACE=namespace
        )

    def may(self, namespace: str, *rules: Any, account: str = "script") -> None:
        """A service account of a namespace with these rights there; where it exists, with others than before."""
        rbac = "kubernetes:rbac.authorization.k8s.io/v1"
        self.put("kubernetes:core/v1:ServiceAccount", account, namespace)
        self.put(f"{rbac}:Role", account, namespace, rules=list(rules))
        subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
        self.put(f"{rbac}:RoleBinding", account, namespace, roleRef=reference, subjects=[subject])

    def script(self, name: str, namespace: str, *, account: str = "script", **environment: str) -> Manifest:
        """A Job of the OpenShift CLI, waited for."""
        container = {
            "name": "oc",
            "image": "registry.redhat.io/openshift4/ose-cli-rhel9",
            "env": [{"name": key, "value": value} for key, value in environment.items()],
        }
        pod = {"serviceAccountName": account, "restartPolicy": "OnFailure", "containers": [container]}
        return self.put(JOB, name, namespace, spec={"template": {"spec": pod}})

    def install(self, *namespaces: str) -> None:
        for namespace in namespaces:
            self.subscribe(namespace)
            self.approve(namespace)

    def peer_pods(self, **changes: str) -> Manifest:
        return self.put(CONFIG_MAP, "peer-pods-cm", OSC, data={**PEER_PODS, **changes})

    def kata(self) -> Manifest:
        """OSC with peer pods, ready for pods."""
        self.install(OSC)
        self.put(CONFIG_MAP, "osc-feature-gates", OSC, data={"confidential": "true"})
        self.peer_pods()
        return self.put(KATA_CONFIG, "kata", spec={"enablePeerPods": True}, annotations=READY)


READY = {
    "pulumi.com/waitFor": json.dumps(
        ["jsonpath={.status.runtimeClasses[?(@=='kata-remote')]}=kata-remote", "condition=InProgress=False"]
    )
}
INITDATA = base64.b64encode(
    gzip.compress(b'algorithm = "sha256"\nversion = "0.1.0"\n[data]\n"aa.toml" = ""\n', mtime=0)
).decode()
_NETWORK = "/subscriptions/sub/resourceGroups/{}/providers/Microsoft.Network/virtualNetworks/{}/subnets/{}"
PEER_PODS = {
    "CLOUD_PROVIDER": "azure",
    "VXLAN_PORT": "9000",
    "AZURE_RESOURCE_GROUP": FACTS.resource_group,
    "AZURE_REGION": "eastus2",
    "AZURE_SUBNET_ID": _NETWORK.format(FACTS.vnet_resource_group, FACTS.vnet_name, FACTS.subnet_name),
    "AZURE_INSTANCE_SIZE": "Standard_DC2as_v5",
    "AZURE_INSTANCE_SIZES": "Standard_DC2as_v5,Standard_DC4as_v5",
    "INITDATA": INITDATA,
}


def deployment(**pod: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "web", "image": "web"}], **pod},
    }
    return {"selector": {"matchLabels": labels}, "template": template}
