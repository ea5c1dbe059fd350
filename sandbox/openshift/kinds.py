"""The kinds of object the sandbox knows: what an OpenShift cluster serves at once, and what operators bring with them.

Only what the API server needs in order to say no is written down: scope, plural and the names of the fields. The names of
`spec` fields are those of the CRDs that the operators ship.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_OBJECT = ("apiVersion", "kind", "metadata", "status")


@dataclass(frozen=True, eq=False)
class Kind:
    api_version: str
    kind: str
    plural: str
    namespaced: bool = True
    fields: frozenset[str] = frozenset({"spec"})
    """Top-level fields besides those of every object."""
    spec: frozenset[str] | None = field(default=None, repr=False)
    """Fields of `spec`; None where they are not checked here."""

    @property
    def group(self) -> str:
        return self.api_version.rpartition("/")[0]

    @property
    def resource(self) -> str:
        """As error messages and RBAC name it, for example `kataconfigs.kataconfiguration.openshift.io`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def top_level(self) -> frozenset[str]:
        return self.fields | frozenset(_OBJECT)


def _core(
    kind: str, *fields: str, namespaced: bool = True, group: str = "v1", plural: str | None = None
) -> Kind:
    return Kind(group, kind, plural or f"{kind.lower()}s", namespaced, frozenset(fields or ("spec",)))


def _custom(
    api_version: str, kind: str, spec: str, plural: str | None = None, *, namespaced: bool = True
) -> Kind:
    return Kind(api_version, kind, plural or f"{kind.lower()}s", namespaced, spec=frozenset(spec.split()))


NAMESPACE = _core("Namespace", namespaced=False)
NODE = _core("Node", namespaced=False)
CONFIG_MAP = _core("ConfigMap", "data", "binaryData", "immutable")
SECRET = _core("Secret", "data", "stringData", "type", "immutable")
SERVICE = _core("Service")
SERVICE_ACCOUNT = _core("ServiceAccount", "secrets", "imagePullSecrets", "automountServiceAccountToken")
POD = _core("Pod")
ENDPOINTS = _core("Endpoints", "subsets", plural="endpoints")
EVENT = _core(
    "Event",
    "involvedObject",
    "reason",
    "message",
    "type",
    "count",
    "source",
    "firstTimestamp",
    "lastTimestamp",
)
DEPLOYMENT = _core("Deployment", group="apps/v1")
REPLICA_SET = _core("ReplicaSet", group="apps/v1")
DAEMON_SET = _core("DaemonSet", group="apps/v1")
JOB = _core("Job", group="batch/v1")
_RBAC = "rbac.authorization.k8s.io/v1"
ROLE = _core("Role", "rules", group=_RBAC)
ROLE_BINDING = _core("RoleBinding", "subjects", "roleRef", group=_RBAC)
CLUSTER_ROLE = _core("ClusterRole", "rules", "aggregationRule", namespaced=False, group=_RBAC)
CLUSTER_ROLE_BINDING = _core("ClusterRoleBinding", "subjects", "roleRef", namespaced=False, group=_RBAC)
RUNTIME_CLASS = _core(
    "RuntimeClass",
    "handler",
    "overhead",
    "scheduling",
    namespaced=False,
    group="node.k8s.io/v1",
    plural="runtimeclasses",
)
CRD = _core("CustomResourceDefinition", namespaced=False, group="apiextensions.k8s.io/v1")

ROUTE = _custom(
    "route.openshift.io/v1",
    "Route",
    "alternateBackends host httpHeaders path port subdomain tls to wildcardPolicy",
)
INGRESS_CONFIG = _core("Ingress", namespaced=False, group="config.openshift.io/v1", plural="ingresses")
INFRASTRUCTURE = _core("Infrastructure", namespaced=False, group="config.openshift.io/v1")
AUTHENTICATION = _core("Authentication", namespaced=False, group="config.openshift.io/v1")
MACHINE_CONFIG_POOL = _core(
    "MachineConfigPool", namespaced=False, group="machineconfiguration.openshift.io/v1"
)
_OLM = "operators.coreos.com/v1alpha1"
SUBSCRIPTION = _custom(
    _OLM, "Subscription", "channel config installPlanApproval name source sourceNamespace startingCSV"
)
INSTALL_PLAN = _custom(
    _OLM, "InstallPlan", "approval approved clusterServiceVersionNames generation source sourceNamespace"
)
CSV = _core("ClusterServiceVersion", group=_OLM)
CATALOG_SOURCE = _core("CatalogSource", group=_OLM)
OPERATOR_GROUP = _custom(
    "operators.coreos.com/v1",
    "OperatorGroup",
    "selector serviceAccountName staticProvidedAPIs targetNamespaces upgradeStrategy",
)

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
CERTIFICATE = _custom(
    _CERT_MANAGER,
    "Certificate",
    "additionalOutputFormats commonName dnsNames duration emailAddresses encodeUsagesInRequest ipAddresses isCA issuerRef "
    "keystores literalSubject nameConstraints otherNames privateKey renewBefore renewBeforePercentage renewal "
    "revisionHistoryLimit secretName secretTemplate signatureAlgorithm subject uris usages",
)
ISSUER = _custom(_CERT_MANAGER, "Issuer", "acme ca selfSigned vault venafi")
CLUSTER_ISSUER = _custom(_CERT_MANAGER, "ClusterIssuer", "acme ca selfSigned vault venafi", namespaced=False)
CERTIFICATE_REQUEST = _core("CertificateRequest", group=_CERT_MANAGER)
_TRUSTEE = "confidentialcontainers.org/v1alpha1"
KBS_CONFIG = _custom(
    _TRUSTEE,
    "KbsConfig",
    "KbsDeploymentSpec KbsEnvVars ibmSEConfigSpec kbsAsConfigMapName kbsAttestationCertSecretName "
    "kbsAttestationKeySecretName kbsAttestationPolicyConfigMapName kbsAuthSecretName kbsConfigMapName kbsDeploymentType "
    "kbsGpuAttestationPolicyConfigMapName kbsHttpsCertSecretName kbsHttpsKeySecretName kbsLocalCertCacheSpec "
    "kbsResourcePolicyConfigMapName kbsRvpsConfigMapName kbsRvpsRefValuesConfigMapName kbsSecretResources kbsServiceType",
)
TRUSTEE_CONFIG = _custom(
    _TRUSTEE,
    "TrusteeConfig",
    "attestationTokenVerificationSpec httpsSpec ibmSE kbsServiceType profileType tlsConfig",
)
PEER_POD = _core("PeerPod", group=_TRUSTEE)
KATA_CONFIG = _custom(
    "kataconfiguration.openshift.io/v1",
    "KataConfig",
    "checkNodeEligibility enablePeerPods kataConfigPoolSelector logLevel",
    namespaced=False,
)
_ESO = "external-secrets.io/v1"
EXTERNAL_SECRET = _custom(
    _ESO, "ExternalSecret", "data dataFrom refreshInterval refreshPolicy secretStoreRef target"
)
SECRET_STORE = _custom(_ESO, "SecretStore", "conditions controller provider refreshInterval retrySettings")
CLUSTER_SECRET_STORE = _core("ClusterSecretStore", namespaced=False, group=_ESO)
EXTERNAL_SECRETS_CONFIG = _custom(
    "operator.openshift.io/v1alpha1",
    "ExternalSecretsConfig",
    "appConfig controllerConfig plugins",
    namespaced=False,
)

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


def crd_name(kind: Kind) -> str:
    return f"{kind.plural}.{kind.group}"
