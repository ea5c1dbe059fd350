"""Runs the confidential pods of a spoke in the guest's own programs, on this machine: `python -m sandbox.pods`."""
