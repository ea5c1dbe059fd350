"""The roles: one ``declare()`` each, which wires components together.

Bring a hub up first, then its spokes: a spoke reads the outputs of its hub and is refused without them. Take them down in
the opposite order.
"""
