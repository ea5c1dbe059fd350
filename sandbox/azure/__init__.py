"""A local Azure: it refuses what Azure refuses, with Azure's codes, and answers what Azure answers.

`standin` is the provider; `kind` what a resource type is to it; `schema` the form of properties; `cloud` the store. The
rules are in `groups`, `network`, `egress`, `security_groups`, `authorization` and, for ARO, `aro_rules` (a request by
itself), `aro` (against the cloud), `aro_changes` and `aro_install` (what the resource provider makes). Code "BadRequest" and
"AddressPrefixNotAllowed" are the stand-in's own, where nothing public tells Azure's.
"""

from sandbox.azure.kind import Account
from sandbox.azure.standin import AzureStandIn

__all__ = ["Account", "AzureStandIn"]
