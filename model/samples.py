"""The sample workloads: what they run, which profiles they run under, and which resources they read."""

from typing import Final

from model.paths import served

# Apache HTTP server and curl in one image that Red Hat supports (ubi9/httpd-24); it listens on 8080 as any user.
WEB_IMAGE: Final = "registry.access.redhat.com/ubi9/httpd-24@sha256:7874b82335a80269dcf99e5983c2330876f5fe8bdc33dc6aa4374958a2ffaaee"

# The samples show the difference between these two, so a hub that serves them must define both.
HARDENED: Final = "hardened"
DEBUG: Final = "debug"

SEALED: Final = served("kbsres2", "key1")
"""What ``kbs-sealed`` gets in the place of a sealed secret."""
