"""The real Trustee in place of the stand-in: a KBS that runs on what a stack of the sandbox renders, on loopback."""
