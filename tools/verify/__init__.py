"""Whether a live cluster is as the stack's state says."""
