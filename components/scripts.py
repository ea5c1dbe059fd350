"""Containers whose command is a shell program: the program is a file beside its component, so that shellcheck reads it.

The files have neither a first line that names the shell nor comments: all that is in them becomes part of the manifest.
"""

import re
from pathlib import Path

_HERE = Path(__file__).parent


def script(path: str, **values: str) -> str:
    """The text of ``components/<path>`` for ``bash -c``, each ``@name@`` in it replaced by the value of that name.

    Values are put in as they are, so they must not need quoting. Raises KeyError for a name without a value.
    """
    return re.sub(r"@(\w+)@", lambda name: values[name[1]], (_HERE / path).read_text("utf-8"))
