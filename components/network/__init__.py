"""The network of a zone, and its outbound path."""
