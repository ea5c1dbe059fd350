"""`make platform-values`: from a confidential VM's evidence to reviewed platform values, with every check that Trustee leaves out."""
