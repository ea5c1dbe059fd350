"""Component resources, one concern a file, beside the pure modules that serve them.

The rules of a component:

- Its arguments are one frozen, keyword-only ``<Name>Args`` dataclass: ``pulumi.Input[T]`` for what may come from another
  resource, plain ``T`` for what planning needs.
- Its type token is ``coco:<module>:<Class>``; token and names are for ever, a change needs an alias.
- Children are named ``f"{name}-..."`` and get a fresh ``ResourceOptions(parent=self)``: options of the caller, such as
  ``protect``, are the component's own and must not leak into its children.
- Components do not import each other. A role in ``stacks/`` wires them, so the path of every value can be read there.
- Nothing both computes and declares: what needs thinking is in a pure module, without Pulumi, and tested as such.
"""
