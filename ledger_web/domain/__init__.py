"""Floor 1: the rules of the shop in plain Python. No Flask, no SQL, no clock and no chance, except in `ids`.

Everything here is true without a database. Nothing here imports from a floor above.
"""
