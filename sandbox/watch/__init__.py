"""OpenShift's operators and the nodes, for a real API server: `python -m sandbox.watch <folder of the cluster>`.

`mirror` keeps a copy of the objects that the reactions of `sandbox.openshift` look at, `loop` asks the reactions what is to
be done and gives them time to be seen at it, `writer` does it through the API server and takes no for an answer, `nodes`
says of pods that they run. What Kubernetes' own controllers do is left to them.
"""
