"""The OpenShift cluster of a zone, however it came to be, and the operators installed in it."""
