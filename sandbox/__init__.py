"""A local Azure and OpenShift to run the unmodified program against, without an account.

`python -m sandbox up --env dev` brings an environment up; see `sandbox/engine/` for what the embedded engine does and
does not prove. This package never imports a component resource or a role, only their pure modules, so that it can
disagree with the program.
"""
