"""The official engine: the `pulumi` command runs the unmodified program against the same local Azure, and real API servers.

`plugin` and `servicer` make the stand-ins of azure-native and random into provider processes that `pulumi` finds on PATH.
`cli` finds the command and its plugins and runs it with a backend and a home of its own; `stacks` writes what it needs to
know of a stack; `commands` is what `python -m sandbox --engine pulumi` does. Everything is kept below `.sandbox/pulumi`,
apart from the embedded engine's state and cloud. Keys and throw-away secrets are the same in both.
"""
