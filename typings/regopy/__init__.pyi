# The part of regopy used here, as its wheel has no types.
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

class RegoError(Exception): ...

class LogLevel(Enum):
    NONE = ...

class Result:
    expressions: Sequence[Any]

class Output:
    results: Sequence[Result]
    def ok(self) -> bool: ...

class Interpreter:
    log_level: LogLevel
    strict_built_in_errors: bool
    def add_module(self, name: str, source: str) -> None: ...
    def add_data(self, data: Mapping[str, object]) -> None: ...
    def set_input_term(self, term: str) -> None: ...
    def query(self, query: str) -> Output: ...
