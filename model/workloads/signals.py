"""Stop signals of images, as numbers on Linux for amd64."""

from typing import Final

_NAMES: Final = [
    "HUP",
    "INT",
    "QUIT",
    "ILL",
    "TRAP",
    "ABRT",
    "BUS",
    "FPE",
    "KILL",
    "USR1",
    "SEGV",
    "USR2",
    "PIPE",
    "ALRM",
    "TERM",
    "STKFLT",
    "CHLD",
    "CONT",
    "STOP",
    "TSTP",
    "TTIN",
    "TTOU",
    "URG",
    "XCPU",
    "XFSZ",
    "VTALRM",
    "PROF",
    "WINCH",
    "IO",
    "PWR",
    "SYS",
]
_NUMBERS: Final = {
    **{name: number for number, name in enumerate(_NAMES, 1)},
    "IOT": 6,
    "POLL": 29,
    "RTMIN": 34,
    **{f"RTMIN+{n}": 34 + n for n in range(1, 16)},
    **{f"RTMAX-{n}": 64 - n for n in range(1, 15)},
    "RTMAX": 64,
}
DEFAULT: Final = 15  # SIGTERM, where an image names none


def number(text: str) -> int:
    """Of a name with or without SIG, or of digits (image specification, StopSignal). Raises ValueError."""
    if not text:
        return DEFAULT
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 64:
        return int(text)
    try:
        return _NUMBERS[text.upper().removeprefix("SIG")]
    except KeyError:
        raise ValueError(f"{text} is no signal of Linux") from None
