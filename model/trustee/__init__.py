"""What Trustee is configured with: its documents, its keys, and sealed secrets."""
