"""The kinds of object the sandbox knows: what an OpenShift cluster serves at once, and what operators bring with them.

Their fields are in `schemas`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class ObjectKind:
    api_version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def resource(self) -> str:
        """As error messages and RBAC name it, for example `kataconfigs.kataconfiguration.openshift.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _kind(api_version: str, kind: str, *, plural: str | None = None, namespaced: bool = True) -> ObjectKind:
    return ObjectKind(api_version, kind, plural or f"{kind.lower()}s", namespaced)


NAMESPACE = _kind("v1", "Namespace", namespaced=False)
NODE = _kind("v1", "Node", namespaced=False)
CONFIG_MAP = _kind("v1", "ConfigMap")
SECRET = _kind("v1", "Secret")
SERVICE = _kind("v1", "Service")
SERVICE_ACCOUNT = _kind("v1", "ServiceAccount")
POD = _kind("v1", "Pod")
ENDPOINTS = _kind("v1", "Endpoints", plural="endpoints")
EVENT = _kind("v1", "Event")
DEPLOYMENT = _kind("apps/v1", "Deployment")
REPLICA_SET = _kind("apps/v1", "ReplicaSet")
DAEMON_SET = _kind("apps/v1", "DaemonSet")
JOB = _kind("batch/v1", "Job")
_RBAC = "rbac.authorization.k8s.io/v1"
ROLE = _kind(_RBAC, "Role")
ROLE_BINDING = _kind(_RBAC, "RoleBinding")
CLUSTER_ROLE = _kind(_RBAC, "ClusterRole", namespaced=False)
CLUSTER_ROLE_BINDING = _kind(_RBAC, "ClusterRoleBinding", namespaced=False)
RUNTIME_CLASS = _kind("node.k8s.io/v1", "RuntimeClass", plural="runtimeclasses", namespaced=False)
CRD = _kind("apiextensions.k8s.io/v1", "CustomResourceDefinition", namespaced=False)

ROUTE = _kind("route.openshift.io/v1", "Route")
INGRESS_CONFIG = _kind("config.openshift.io/v1", "Ingress", plural="ingresses", namespaced=False)
INFRASTRUCTURE = _kind("config.openshift.io/v1", "Infrastructure", namespaced=False)
AUTHENTICATION = _kind("config.openshift.io/v1", "Authentication", namespaced=False)
MACHINE_CONFIG_POOL = _kind("machineconfiguration.openshift.io/v1", "MachineConfigPool", namespaced=False)
_OLM = "operators.coreos.com/v1alpha1"
SUBSCRIPTION = _kind(_OLM, "Subscription")
INSTALL_PLAN = _kind(_OLM, "InstallPlan")
CSV = _kind(_OLM, "ClusterServiceVersion")
CATALOG_SOURCE = _kind(_OLM, "CatalogSource")
OPERATOR_GROUP = _kind("operators.coreos.com/v1", "OperatorGroup")

BUILT_IN = (
    NAMESPACE,
    NODE,
    CONFIG_MAP,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    POD,
    ENDPOINTS,
    EVENT,
    DEPLOYMENT,
    REPLICA_SET,
    DAEMON_SET,
    JOB,
    ROLE,
    ROLE_BINDING,
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    RUNTIME_CLASS,
    CRD,
    ROUTE,
    INGRESS_CONFIG,
    INFRASTRUCTURE,
    AUTHENTICATION,
    MACHINE_CONFIG_POOL,
    SUBSCRIPTION,
    INSTALL_PLAN,
    CSV,
    CATALOG_SOURCE,
    OPERATOR_GROUP,
)

_CERT_MANAGER = "cert-manager.io/v1"
CERTIFICATE = _kind(_CERT_MANAGER, "Certificate")
ISSUER = _kind(_CERT_MANAGER, "Issuer")
CLUSTER_ISSUER = _kind(_CERT_MANAGER, "ClusterIssuer", namespaced=False)
CERTIFICATE_REQUEST = _kind(_CERT_MANAGER, "CertificateRequest")
_TRUSTEE = "confidentialcontainers.org/v1alpha1"
KBS_CONFIG = _kind(_TRUSTEE, "KbsConfig")
TRUSTEE_CONFIG = _kind(_TRUSTEE, "TrusteeConfig")
PEER_POD = _kind(_TRUSTEE, "PeerPod")
KATA_CONFIG = _kind("kataconfiguration.openshift.io/v1", "KataConfig", namespaced=False)
_ESO = "external-secrets.io/v1"
EXTERNAL_SECRET = _kind(_ESO, "ExternalSecret")
SECRET_STORE = _kind(_ESO, "SecretStore")
CLUSTER_SECRET_STORE = _kind(_ESO, "ClusterSecretStore", namespaced=False)
EXTERNAL_SECRETS_CONFIG = _kind("operator.openshift.io/v1alpha1", "ExternalSecretsConfig", namespaced=False)

OF_OPERATORS = (
    CERTIFICATE,
    ISSUER,
    CLUSTER_ISSUER,
    CERTIFICATE_REQUEST,
    KBS_CONFIG,
    TRUSTEE_CONFIG,
    PEER_POD,
    KATA_CONFIG,
    EXTERNAL_SECRET,
    SECRET_STORE,
    CLUSTER_SECRET_STORE,
    EXTERNAL_SECRETS_CONFIG,
)
KINDS = {(kind.api_version, kind.kind): kind for kind in (*BUILT_IN, *OF_OPERATORS)}


def crd_name(kind: ObjectKind) -> str:
    return f"{kind.plural}.{kind.group}"


def is_custom(kind: ObjectKind) -> bool:
    """Whether a custom resource definition brings it."""
    return "." in kind.group and not kind.group.endswith(".k8s.io")
