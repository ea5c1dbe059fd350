"""A live cluster, read and never changed: for the program before it declares anything, and for tools that compare."""
