"""Real Kubernetes API servers for the sandbox's clusters: etcd, kube-apiserver and its controllers, on loopback.

    from sandbox.apiserver import ServerClusters

    clusters = ServerClusters(root)      # `root` is the state directory; implements `sandbox.openshift.Clusters`
    clusters.prepare(print)              # compiles the binaries once for the user (about six minutes on two cores), or
                                         # asks, where SANDBOX_KUBECONFIG names a cluster to use instead; see `external`
    kubeconfig = clusters.create(name, facts)   # running, with what OpenShift comes with, the operators at work
    clusters.kubeconfig(name)            # the same text for as long as the cluster exists
    clusters.start(), clusters.stop()    # all clusters of `root`; their content stays in `root`/clusters/<name>
    clusters.delete(name)                # stopped, and nothing of it left
    clusters.processes()                 # what runs: {"<cluster>/<process>": pid}

Kubernetes' own controllers (deployments, jobs, namespaces, garbage collection ...) are the real ones. There is no scheduler
and no kubelet: `sandbox.watch`, one process a cluster, plays what OpenShift's operators and the nodes would do, with the
reactions of `sandbox.openshift`. `faults` makes a server answer as one in trouble does.
"""

from sandbox.apiserver.binaries import PROGRAMS
from sandbox.apiserver.clusters import ServerClusters
from sandbox.apiserver.external import consent
from sandbox.golang import BuildError, NotHere

__all__ = ["PROGRAMS", "BuildError", "NotHere", "ServerClusters", "consent"]
