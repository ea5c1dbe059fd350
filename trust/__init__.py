"""What a hub decides and publishes, as plain values. Pure: no Pulumi, no I/O."""
