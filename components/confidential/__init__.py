"""Confidential containers on the untrusted cluster: the operator, the peer-pod VMs, and what a pod VM is told to trust."""
