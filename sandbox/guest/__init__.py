"""What CRI-O and the kata shim ask of the agent in a pod VM, and what the agent answers under a pod's policy.

A model, held against requests that were recorded with a real CRI-O 1.33 and real shims. It runs no container. Not modelled: the
kubelet's own admission, SELinux labels, device plugins, persistent volumes and what webhooks or NRI plugins add to a pod.
"""
