"""The registers (PCRs) of the vTPM's SHA-256 bank, and what a guest of Azure measures into each that the policy reads.

Sources: TCG PC Client Platform Firmware Profile, 3.3.4 (PCR usage) and PC Client Platform TPM Profile, 4.6 (initial values);
systemd-stub(7) for 11 and 12; process-user-data of confidential-containers/cloud-api-adaptor for 8.
"""

from collections.abc import Mapping
from typing import Final

NAMES: Final = tuple(f"pcr{number:02}" for number in range(24))
"""As the attestation service names the claims."""

MEANING: Final[Mapping[str, str]] = {
    "pcr03": "a constant: the firmware measures nothing but its separator (PCR3)",
    "pcr04": "boot loaders: shim, kernel image and its add-on (PCR4)",
    "pcr08": "initdata (PCR8)",
    "pcr09": "initrd (PCR9)",
    "pcr11": "kernel image (PCR11)",
    "pcr12": "kernel command line and credentials (PCR12)",
}
"""The registers whose values come from a reviewed file, or of 8 from the profiles."""

ZERO: Final = "00" * 32
ONES: Final = "ff" * 32

UNTOUCHED: Final[Mapping[str, str]] = {
    "pcr16": ZERO,
    **dict.fromkeys(("pcr17", "pcr18", "pcr19", "pcr20", "pcr21", "pcr22"), ONES),
    "pcr23": ZERO,
}
"""What the others must hold. 16 and 23 can be reset by the guest, so that any value can be made in them; nothing of ours uses
them. 17 to 22 are those of a dynamic launch, which Azure's guests cannot do: their initial value."""
