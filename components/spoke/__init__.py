"""The untrusted zone: sandboxed containers, peer pods, and confidential workloads."""
