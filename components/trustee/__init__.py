"""Trustee on the trusted cluster: the components that run it, and the documents it decides by."""
