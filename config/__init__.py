"""What a stack file may say: sections, rules between them, and the loader that reports every mistake at once. Pure: no Pulumi."""
