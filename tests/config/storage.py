"""What the committed stacks leave to whoever wants it: the samples whose data outlives their pods."""

import json
from typing import Any, Final

from tests.config.committed import bag

SAMPLES: Final = ("kbs-store", "kbs-database")
HUB: Final[dict[str, Any]] = {
    **{
        f"workloads.{name}": {
            "spokes": ["dev-spoke"],
            "persistence": {"kind": "objectStore", "floor": 0},
        }
        for name in SAMPLES
    },
    "secrets.database-key": {"source": "generated", "keys": ["key"], "readableBy": ["kbs-database"]},
    "objectStore": {"account": "cocodevhub", "keepDays": 1, "credentialsUntil": "2027-11-01"},
}
"""Changes of dev-hub, by path."""


def spoke() -> dict[str, Any]:
    """Changes of dev-spoke, by path."""
    return {"workloads": [*json.loads(bag("dev-spoke")["coco:workloads"]), *SAMPLES]}
