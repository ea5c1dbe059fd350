"""Reads images from their registries and writes a workload's lock file. `preview` and `up` never do."""
