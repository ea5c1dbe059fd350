"""Whether what lives in a cluster is what the stack's state says."""
