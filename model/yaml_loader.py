"""The reader under each strict YAML reader of this project.

libyaml splits the text where PyYAML was built with it, as its wheels are: the readers of Pulumi and Kubernetes are ports of it, and
it is about six times as quick as PyYAML's own. The rest stays in Python, because libyaml's composer crashes on deep nesting.
"""

from typing import TYPE_CHECKING

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError
from yaml.resolver import Resolver

if TYPE_CHECKING or not yaml.__with_libyaml__:
    from yaml import SafeLoader
else:

    class SafeLoader(Composer, yaml.cyaml.CParser, SafeConstructor, Resolver):
        """Of a text, what `yaml.SafeLoader` makes of it, with the same kinds of errors."""

        def __init__(self, stream: str) -> None:
            try:
                yaml.cyaml.CParser.__init__(self, stream)
            except UnicodeEncodeError as error:
                where, character = error.start, ord(stream[error.start])
                raise ReaderError("<unicode string>", where, character, "unicode", error.reason) from None
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


__all__ = ["SafeLoader"]
