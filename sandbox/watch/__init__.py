"""OpenShift's operators and the nodes, for a real API server: `python -m sandbox.watch <folder of the cluster>`.

`mirror` keeps a copy of the objects that the reactions of `sandbox.openshift` look at, `loop` runs the reactions,
with a pause between the steps so that others can see each state, `writer` writes their effects through the API
server and goes on after a refusal, `nodes` reports pods as running. Kubernetes' own controllers do their work
themselves, and so do OLM and cert-manager, which `olm` and `cert_manager` start.
"""
