"""Component resources: what exists in Azure and on a cluster. One concern a file.

The rules of a component:

- Its arguments are one frozen, keyword-only ``<Name>Args`` dataclass: ``pulumi.Input[T]`` for what may come from another
  resource, plain ``T`` for what planning needs.
- Its type token is ``coco:<module>:<Class>``; token and names never change without an alias.
- Children are named ``f"{name}-..."`` and get a fresh ``ResourceOptions(parent=self)``: options of the caller, such as
  ``protect``, are the component's own and must not reach its children.
- Components do not import each other. A role in ``program/`` wires them, so the path of every value can be read there.
- Nothing both computes and declares: what needs thinking is a pure module in ``model/`` and is tested there.
"""
