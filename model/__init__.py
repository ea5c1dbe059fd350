"""What is true without any cloud: names, ranges, documents, policies, measurements. Pure: no Pulumi, no I/O.

Nothing here knows a stack file. Every module can be read, and is tested, by itself.
"""
