"""The stacks: what a stack file may say, and one ``declare()`` a role that wires components into a zone.

Bring a hub up first, then its spokes: a spoke reads the hub's outputs and is refused without them. Take them down in the
opposite order.
"""
