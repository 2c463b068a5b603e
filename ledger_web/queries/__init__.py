"""Floor 3, reads: one function per question a page asks, as SQL text that runs as written.

Each takes `tenant_id` first, filters every table by it although row-level security would, and returns frozen rows.
`get_` raises NotFoundError where nothing is, `find_` returns None, `list_` returns several.
"""
