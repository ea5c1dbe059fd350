"""Bring up one stack: read its file, declare its role, export what other stacks and people need."""

import gc

# The SDKs are very many classes, and all of them stay: garbage collection during the import costs 20 % of a preview.
gc.disable()

import pulumi

from program import roles
from program.stack import load_stack

stack = load_stack()
for name, value in roles.declare(stack).exports().items():
    pulumi.export(name, value)

gc.freeze()
gc.enable()
