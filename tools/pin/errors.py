class PinError(Exception):
    """An image could not be read; one sentence with the fix, in which no credential is."""
