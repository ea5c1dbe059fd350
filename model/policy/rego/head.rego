# What the agent inside the pod VM may be asked to do; whatever is not granted here is refused. Valid as Rego v0 (agents of
# kata-containers before 3.30) and as Rego v1 (later ones). No `not` stands inside `every`, because rego-cpp answers it wrongly.
package agent_policy

import future.keywords.every
import future.keywords.if
import future.keywords.in
