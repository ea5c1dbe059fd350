"""Workloads of a user's own: their manifests, the lock file of their images, and what both together pin."""
