"""Azure: the network and its way out; pure: addresses, names, VM sizes."""
