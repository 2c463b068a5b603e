"""Floor 3, writes: one function per thing that can happen in a shop, each inside one unit of work.

A service knows the rules and no HTTP; it never commits and never calls another service.
"""
