"""Commands that have much to say: one file each, put together in `cli.py`."""
