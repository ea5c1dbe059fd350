"""A pod of the sandbox in the guest's own programs, as processes in namespaces: no VM and no TEE, the agent and its policy are real."""
