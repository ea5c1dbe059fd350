"""The samples that are no workloads: what they run, and under which profile."""

from typing import Final

# Apache HTTP server and curl in one image that Red Hat supports (ubi9/httpd-24); it listens on 8080 as any user.
WEB_IMAGE: Final = "registry.access.redhat.com/ubi9/httpd-24@sha256:7874b82335a80269dcf99e5983c2330876f5fe8bdc33dc6aa4374958a2ffaaee"

DEBUG: Final = "debug"
"""The profile with full access that a hub must define for them."""
