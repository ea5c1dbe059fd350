"""An OpenShift cluster without machines: an object store that refuses what the API server refuses, and operators as
reactions.

`clusters` makes and finds clusters, `store` is one cluster's API server, `kubernetes` is the provider in front of it,
`reactions` are the operators and controllers that the program waits for. No container runs in any of it.
"""

from sandbox.openshift.clusters import ClusterFacts, Clusters, StoreClusters
from sandbox.openshift.kubernetes import KubernetesStandIn

__all__ = ["ClusterFacts", "Clusters", "KubernetesStandIn", "StoreClusters"]
