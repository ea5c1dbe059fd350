"""Whether a secret can be read in a text, in whatever encoding."""

import base64
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping

_GZIPPED = re.compile(r"H4sI[A-Za-z0-9+/]{20,}={0,2}")


def forms(value: str) -> Iterator[str]:
    """The forms of a value in a text: plain, in hex, and in base64 at any offset."""
    yield value
    yield value.encode().hex()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + value.encode()).decode().rstrip("=")
        inner = encoded[(0, 2, 3)[shift] : -1]  # the characters beside it depend on the neighbours
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))


def unpacked(text: str) -> Iterator[str]:
    yield text
    for match in _GZIPPED.findall(text):
        try:
            yield gzip.decompress(base64.b64decode(match)).decode()
        except (ValueError, OSError, EOFError, zlib.error, UnicodeDecodeError):
            continue


def leaks(secrets: Mapping[str, str], texts: Mapping[str, str]) -> list[str]:
    """Which secret is where."""
    open_ = {name: list(unpacked(text)) for name, text in texts.items()}
    return [
        f"{what} in {name}"
        for what, value in secrets.items()
        for form in forms(value)
        for name, layers in open_.items()
        if any(form in layer for layer in layers)
    ]
