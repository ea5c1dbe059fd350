"""What the program reads from a cluster that it did not write there, and the one way to get a provider for it."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes import Observed


@dataclass(frozen=True, kw_only=True)
class AzureCloud:
    """Where a cluster lives in Azure, from its own cloud configuration (camelCase keys of the Azure cloud provider).

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


def kubernetes_provider(
    name: str, *, kubeconfig: pulumi.Output[str], cluster_identifier: str, parent: pulumi.Resource
) -> k8s.Provider:
    """``cluster_identifier`` keeps a rotated kubeconfig from looking like another cluster, which would replace everything.

    ConfigMaps and Secrets are updated in place: the provider's default replaces them, and a replaced ``peer-pods-cm`` loses
    what the operator wrote into it. Forced: what the program declares wins over an edit by hand, which would otherwise end the
    update as a conflict; fields that it does not declare stay whose they are.
    """
    return k8s.Provider(
        name,
        kubeconfig=kubeconfig,
        cluster_identifier=cluster_identifier,
        enable_server_side_apply=True,
        enable_patch_force=True,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def apps_domain(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The domain below which the cluster's router serves routes."""
    ingress = Observed(name, api_version="config.openshift.io/v1", kind="Ingress", id="cluster", opts=opts)
    return ingress.spec.apply(lambda spec: spec["domain"])


def api_url(name: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """The public address of the API server."""
    infrastructure = Observed(
        name, api_version="config.openshift.io/v1", kind="Infrastructure", id="cluster", opts=opts
    )
    return infrastructure.status.apply(lambda status: status["apiServerURL"])


def console_url(domain: pulumi.Output[str]) -> pulumi.Output[str]:
    """The web console that every OpenShift serves below its apps domain."""
    return pulumi.Output.format("https://console-openshift-console.{0}", domain)


def azure_cloud(name: str, opts: pulumi.ResourceOptions) -> AzureCloud:
    """Read ``cloud.conf``; on ARO the VNet is in the customer's group, hence ``vnetResourceGroup`` for the subnet."""
    config_map = k8s.core.v1.ConfigMap.get(name, "openshift-cloud-controller-manager/cloud-conf", opts=opts)
    conf: pulumi.Output[dict[str, str]] = config_map.data.apply(lambda data: json.loads(data["cloud.conf"]))

    def field(key: str) -> pulumi.Output[str]:
        return conf.apply(lambda values: values[key])

    group = "/subscriptions/{0}/resourceGroups/{1}/providers/Microsoft.Network/"
    return AzureCloud(
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
