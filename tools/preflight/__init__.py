"""What Azure must have ready before a stack comes up, and whether it has."""
