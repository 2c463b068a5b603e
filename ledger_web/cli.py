"""Commands: `python3 app.py <command>`, or `flask <command>` inside the environment."""

import click
from flask import Flask


def init_app(app: Flask) -> None:
    for command in COMMANDS:
        app.cli.add_command(command)


COMMANDS: list[click.Command] = []
