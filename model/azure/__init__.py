"""Azure: address plans, names, and VM sizes."""
