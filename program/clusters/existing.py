"""A cluster that is already there."""

import pulumi

from components.cluster.existing import ExistingCluster, ExistingClusterArgs
from config.sections import CommonSections, ExistingSection
from program import catalogue, installed
from program.place import PeerPodNetwork, Place
from program.stack import LoadedStack


def declare(
    stack: LoadedStack[CommonSections],
    section: ExistingSection,
    in_azure: pulumi.ResourceOptions,
    runs_peer_pods: bool,
) -> Place:
    operators = list(catalogue.installed_by(stack.config))
    cluster = ExistingCluster(
        "cluster",
        ExistingClusterArgs(
            cluster_name=section.name,
            kubeconfig=stack.secrets["kubeconfig"].apply(lambda text: installed.checked(text, operators)),
            runs_peer_pods=runs_peer_pods,
        ),
        in_azure,
    )
    peer_pods, azure = None, cluster.access.azure
    if cluster.peer_pod_subnet_id is not None and azure is not None:
        peer_pods = PeerPodNetwork(
            resource_group=azure.resource_group,
            region=azure.location,
            subnet_id=cluster.peer_pod_subnet_id,
            nsg_id=azure.nsg_id,
            egress_address=None,
        )
    return Place(
        cluster=cluster.access,
        in_azure=in_azure,
        operators_from=stack.config.operators.source,
        peer_pods=peer_pods,
    )
