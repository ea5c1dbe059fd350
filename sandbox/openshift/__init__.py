"""An OpenShift cluster without machines: an object store that says no as the API server does, and operators as reactions.

`clusters` makes and finds clusters, `store` is one cluster's API server, `kubernetes` is the provider in front of it,
`reactions` are the operators and controllers that the program waits for. No container runs in any of it.
"""
