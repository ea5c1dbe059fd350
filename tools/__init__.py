"""Small commands for people and for `make`."""
