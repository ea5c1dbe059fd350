"""What the program is made of, for those who copy it or ask whether a change touches it."""

from typing import Final

ENTRY: Final = ("__main__.py", "Pulumi.yaml", "advisories.yaml", "requirements.txt")
CODE: Final = ("components", "config", "live", "model", "program", "trust")
"""Folders whose Python and shell decide what a stack is."""
DATA: Final = ("platform-values", "reference-values", "stacks", "workloads")
"""Folders of reviewed files that the program reads."""
RUNNABLE: Final = ("Pulumi.yaml", "__main__.py", "advisories.yaml", *CODE, *DATA, "sandbox")
"""All that a copy of the project needs to run in the sandbox, beside an environment."""
