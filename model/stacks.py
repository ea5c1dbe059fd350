"""Names of stacks."""

from typing import ClassVar

from model.text import FormedText


class StackName(FormedText):
    """The full name of a stack, `organization/project/stack`, as a StackReference takes it."""

    __slots__ = ()
    PATTERN: ClassVar[str] = "[^/]+/[^/]+/[^/]+"
    FORM: ClassVar[str] = "the full name of a stack, organization/project/stack"

    @property
    def last(self) -> str:
        """The name within its project, as a stack file has it."""
        return self.rpartition("/")[2]
