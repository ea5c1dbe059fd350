"""Evidence that gives no value."""


class EvidenceRefused(Exception):
    """Nothing of it is taken; the message is one sentence for a person."""
