"""The trusted zone: the certificate authority, Trustee, and the secrets that it serves."""
