"""Bring up one stack: read its file, declare its role, export what other stacks and people need."""

import gc

# The SDKs are very many classes, all of which stay: looking for garbage among them would be a fifth of a preview.
gc.disable()

import pulumi

from config.roles import HubConfig, SpokeConfig, StandaloneConfig
from program import hub, spoke, standalone
from program.stack import load_stack

stack = load_stack()
match stack.config:
    case HubConfig() as config:
        outputs = hub.declare(config, stack)
    case SpokeConfig() as config:
        outputs = spoke.declare(config, stack)
    case StandaloneConfig() as config:
        outputs = standalone.declare(config, stack)

for name, value in outputs.exports().items():
    pulumi.export(name, value)

gc.freeze()
gc.enable()
