"""Measurements, each side by side with its yardstick in one run on one server: `python3 app.py bench`."""
