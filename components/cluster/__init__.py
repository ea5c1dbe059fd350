"""The OpenShift cluster of a zone, made or found, and the operators installed in it."""
