"""Who may do what: requests to the agent in a pod VM, container images, and resources of the KBS."""
