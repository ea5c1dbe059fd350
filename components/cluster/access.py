"""What every kind of cluster gives to the components on it, and how it is read from the cluster itself."""

import base64
import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import Observed


@dataclass(frozen=True, kw_only=True)
class AzurePlace:
    """Where a cluster is in Azure, from its own cloud configuration (camelCase keys of the Azure cloud provider).

    ``resource_group`` is the group of the machines (on ARO the managed group); the VNet may be in another one.
    """

    subscription_id: pulumi.Output[str]
    resource_group: pulumi.Output[str]
    location: pulumi.Output[str]
    vnet_resource_group: pulumi.Output[str]
    vnet_name: pulumi.Output[str]
    subnet_name: pulumi.Output[str]
    subnet_id: pulumi.Output[str]
    nsg_id: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class ClusterAccess:
    """The outputs of every kind of cluster. ``azure`` is None where the cluster runs elsewhere."""

    provider: k8s.Provider
    kubeconfig: pulumi.Output[str]
    api_url: pulumi.Output[str]
    apps_domain: pulumi.Output[str]
    console_url: pulumi.Output[str]
    azure: AzurePlace | None

    def outputs(self) -> dict[str, pulumi.Output[str]]:
        """What a component of a cluster registers as its outputs."""
        return {
            "apiUrl": self.api_url,
            "consoleUrl": self.console_url,
            "appsDomain": self.apps_domain,
            "kubeconfig": self.kubeconfig,
        }


def access(
    name: str,
    *,
    kubeconfig: pulumi.Output[str],
    cluster_identifier: str,
    parent: pulumi.Resource,
    api_url: pulumi.Output[str] | None = None,
    on_azure: bool = True,
) -> ClusterAccess:
    """A provider for the cluster, and what is read through it. ``api_url`` is read from the cluster where it is not given;
    with ``on_azure`` false nothing is read about Azure.

    ``cluster_identifier`` keeps a rotated kubeconfig from looking like another cluster, which would replace everything.

    ConfigMaps and Secrets are updated in place: the provider's default replaces them, and a replaced ``peer-pods-cm`` loses
    what the operator wrote into it. Forced: what the program declares wins over an edit by hand, which would otherwise end the
    update as a conflict; fields that it does not declare stay whose they are.
    """
    secret = pulumi.Output.secret(kubeconfig)
    provider = k8s.Provider(
        f"{name}-kubernetes",
        kubeconfig=secret,
        cluster_identifier=cluster_identifier,
        enable_server_side_apply=True,
        enable_patch_force=True,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    read = pulumi.ResourceOptions(parent=parent, provider=provider)
    domain = _apps_domain(f"{name}-ingress", read)
    return ClusterAccess(
        provider=provider,
        kubeconfig=secret,
        api_url=_api_url(f"{name}-infrastructure", read) if api_url is None else api_url,
        apps_domain=domain,
        console_url=pulumi.Output.format("https://console-openshift-console.{0}", domain),
        azure=_azure_place(f"{name}-cloud-conf", read) if on_azure else None,
    )


def _apps_domain(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The domain below which the cluster's router serves routes."""
    ingress = Observed(name, api_version="config.openshift.io/v1", kind="Ingress", id="cluster", opts=opts)
    return ingress.spec.apply(lambda spec: spec["domain"])


def _api_url(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The public address of the API server."""
    infrastructure = Observed(
        name, api_version="config.openshift.io/v1", kind="Infrastructure", id="cluster", opts=opts
    )
    return infrastructure.status.apply(lambda status: status["apiServerURL"])


def _azure_place(name: str, opts: pulumi.ResourceOptions) -> AzurePlace:
    """Read ``cloud.conf``; on ARO the VNet is in the customer's group, hence ``vnetResourceGroup`` for the subnet."""
    config_map = k8s.core.v1.ConfigMap.get(name, "openshift-cloud-controller-manager/cloud-conf", opts=opts)
    conf: pulumi.Output[dict[str, str]] = config_map.data.apply(lambda data: json.loads(data["cloud.conf"]))

    def field(key: str) -> pulumi.Output[str]:
        return conf.apply(lambda values: values[key])

    group = "/subscriptions/{0}/resourceGroups/{1}/providers/Microsoft.Network/"
    return AzurePlace(
        subscription_id=field("subscriptionId"),
        resource_group=field("resourceGroup"),
        location=field("location"),
        vnet_resource_group=field("vnetResourceGroup"),
        vnet_name=field("vnetName"),
        subnet_name=field("subnetName"),
        subnet_id=pulumi.Output.format(
            group + "virtualNetworks/{2}/subnets/{3}",
            field("subscriptionId"),
            field("vnetResourceGroup"),
            field("vnetName"),
            field("subnetName"),
        ),
        nsg_id=pulumi.Output.format(
            group + "networkSecurityGroups/{2}",
            field("subscriptionId"),
            field("resourceGroup"),
            field("securityGroupName"),
        ),
    )


def decoded(kubeconfig: str | None) -> str:
    """The text of a kubeconfig as ARO's listAdminCredentials gives it, in base64; empty where there is none yet.

    It is that of `system:admin`, the only user whom the guardrails of new ARO clusters (admission policies on nodes, machine
    configurations and the namespaces of OpenShift) exempt, and OSC's machine configurations need that.
    """
    return base64.b64decode(kubeconfig or "").decode()
