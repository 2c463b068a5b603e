"""Catalogues of texts: found in the code and the templates, brought up to date, and what is not translated yet."""

import ast
import builtins
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

import click
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, nodes

from ledger_web.config import ROOT
from ledger_web.domain.languages import FOLDER
from ledger_web.rendering import InTheShopsLanguage

CODE: Final = ROOT / "ledger_web"
TEMPLATES: Final = ROOT / "templates"
# What only whoever runs the system reads stays English.
OF_OPERATORS: Final = frozenset(
    {"commands", "cli.py", "bootstrap.py", "config.py", "embedded_postgres.py", "start.py", "serve.py", "demo.py"}
    | {"factory.py", "provisioning.py", "backups.py", "isolation_trials.py", "readiness.py", "logs.py"}
)
WIDTH: Final = 120  # of the lines of a catalogue

# Where a text is said as it is written, so that it need not be marked: its argument, or a keyword of it.
SAYERS: Final = frozenset({"say", "gettext", "gettext_noop", "done", "_done", "_archive"})
KEYWORDS: Final = frozenset({"choices", "one", "other", "hint"})

# Lines of a header that change with each run, or say nothing.
_OF_THE_MOMENT: Final = tuple(
    f'"{name}'.encode()
    for name in ("POT-", "PO-", "Project-", "Report-", "Last-", "Language-Team", "MIME-", "Generated-")
)

Message = str | tuple[str, str]  # a text, or one of one thing and of many


@click.group()
def languages() -> None:
    """Keep the catalogues of texts up to date."""


@languages.command("update")
@click.argument("codes", nargs=-1, required=True)
def update_languages(codes: tuple[str, ...]) -> None:
    """Write every text there is into the catalogues CODES, for example fa de; what is said already is kept."""
    for code in codes:
        catalogue = brought_up_to_date(code)
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{code}.po").write_bytes(written(catalogue))
        click.echo(f"{code}: {len(untranslated(catalogue))} of {len(catalogue)} texts are not translated.")


def brought_up_to_date(code: str) -> Catalog:
    """Return a language's catalogue with every text of today: what it says is kept, what nobody says is left out."""
    path = FOLDER / f"{code}.po"
    known = Catalog(locale=code)
    if path.exists():
        with path.open("rb") as source:
            known = read_po(source, locale=code)
    catalogue = Catalog(locale=code, header_comment="# What Ledger Web says.", charset="utf-8", fuzzy=False)
    for message, places in sorted(messages().items(), key=lambda found: (found[1], str(found[0]))):
        before = known.get(message[0] if isinstance(message, tuple) else message)
        catalogue.add(message, before.string if before else None, locations=[(place, 0) for place in places])
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Write a catalogue as it is kept: without dates, so that only what changed differs."""
    out = BytesIO()
    write_po(out, catalogue, width=WIDTH, omit_header=False, sort_by_file=True, include_lineno=False)
    kept = [line for line in out.getvalue().split(b"\n") if not line.startswith(_OF_THE_MOMENT)]
    return b"\n".join(kept)


def untranslated(catalogue: Catalog) -> list[str]:
    """Return the texts a catalogue does not say yet."""
    return [str(each.id) for each in catalogue if each.id and not all(_strings(each.string))]


def _strings(said: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [said or ""] if said is None or isinstance(said, str) else list(said) or [""]


@cache
def messages() -> dict[Message, list[str]]:
    """Find every text, with the files that say it."""
    found: dict[Message, list[str]] = {}
    for path in sorted(CODE.rglob("*.py")):
        if path.relative_to(CODE).parts[0] in OF_OPERATORS or path.name in OF_OPERATORS:
            continue
        for message in _in_code(ast.parse(path.read_text())):
            _note(found, message, path)
    environment = Environment(autoescape=True, extensions=[InTheShopsLanguage])
    for path in sorted(TEMPLATES.rglob("*.*")):
        for message in _in_template(environment.parse(path.read_text())):
            _note(found, message, path)
    return found


def _note(found: dict[Message, list[str]], message: Message, path: Path) -> None:
    places = found.setdefault(message, [])
    place = path.relative_to(ROOT).as_posix()
    if place not in places:
        places.append(place)


def _in_template(tree: nodes.Template) -> Iterator[Message]:
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in {"_", "ngettext"}:
            texts = [each.value for each in call.args if isinstance(each, nodes.Const)]
            if call.node.name == "ngettext" and len(texts) >= 2:
                yield texts[0], texts[1]
            elif call.node.name == "_" and texts:
                yield texts[0]


def _in_code(tree: ast.Module) -> Iterator[Message]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _in_call(node)
        elif isinstance(node, ast.ClassDef) and node.name.endswith("Error") and (text := ast.get_docstring(node)):
            yield text.partition("\n\n")[0]


def _in_call(call: ast.Call) -> Iterator[Message]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "ngettext":
        texts = [text for each in call.args[:2] for text in _constants(each)]
        if len(texts) == 2:
            yield texts[0], texts[1]
    elif name == "Texts":
        for each in call.args:
            yield from (text for value in getattr(each, "values", ()) for text in _constants(value))
    elif name in SAYERS or (name.endswith("Error") and not hasattr(builtins, name)):
        for each in call.args[: 1 if name == "say" else None]:  # its second is a tone
            yield from _constants(each)
    elif name.endswith("Field"):
        yield from (text for each in call.args[:1] for text in _constants(each))
        for keyword in call.keywords:
            if keyword.arg in KEYWORDS:
                yield from _choices(keyword.value)


def _constants(node: ast.expr) -> Iterator[str]:
    """Yield the texts an argument may be: itself, or either of two."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and any(sign.isalpha() for sign in node.value):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def _choices(node: ast.expr) -> Iterator[str]:
    """Yield the labels of pairs (value, label), or a text by itself."""
    if isinstance(node, ast.List | ast.Tuple) and all(isinstance(each, ast.Tuple) for each in node.elts):
        for pair in node.elts:
            if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                yield from _constants(pair.elts[1])
    else:
        yield from _constants(node)
