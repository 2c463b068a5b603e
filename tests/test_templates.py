"""Every template: compiles, has a title if it is a page, says what it needs if it is a fragment, and stays inert."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask

from ledger_web.config import ROOT

FOLDER = ROOT / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
FRAGMENTS = [name for name in TEMPLATES if Path(name).name.startswith("_")]
PAGES = [name for name in TEMPLATES if not name.startswith(("layouts/", "macros/")) and name not in FRAGMENTS]
ANSWERS = [name for name in PAGES if name.endswith(".htmx.html")]  # lists of fragments that answer one act

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "an inline handler": re.compile(r"\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\bhx-on", re.I),
    "a script in the page": re.compile(r"<script(?![^>]*\bsrc=)", re.I),
    "values computed by script": re.compile(r"\b(?:js|javascript):", re.I),
    "text that is not escaped": re.compile(r"\|\s*safe\b|autoescape\s+false|\bMarkup\b", re.I),
    "a file from elsewhere": re.compile(r"""(?:src|href)\s*=\s*["']https?://""", re.I),
}


class Roots(HTMLParser):
    """Collects the ids of the outermost elements."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.ids.append(dict(attrs).get("id") or "")
        if tag not in VOID:
            self.depth += 1

    def handle_startendtag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth == 0:
            self.ids.append(dict(attrs).get("id") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.depth -= 1


def source_of(name: str) -> str:
    return (FOLDER / name).read_text()


def roots_of(source: str) -> list[str]:
    """Name the outermost elements of a fragment; an expression in an id counts as KEY."""
    parser = Roots()
    parser.feed(re.sub(r"\{\{.*?\}\}", "KEY", "".join(shown_once(source)), flags=re.S))
    return parser.ids


def shown_once(source: str) -> Iterator[str]:
    """Yield what is shown when every loop runs once and every condition holds; what is only set or defined is not."""
    hidden: list[bool] = []  # of each open block
    for piece in re.split(r"(\{%.*?%\})", re.sub(r"\{#.*?#\}", "", source, flags=re.S), flags=re.S):
        tag = re.match(r"\{%[-+]?\s*(\w+)", piece)
        word = tag[1] if tag else ""
        if not tag:
            if not any(hidden):
                yield piece
        elif word in {"else", "elif"}:
            hidden[-1] = True
        elif word.startswith("end"):
            hidden.pop()
        elif word in {"if", "for", "call", "filter", "with", "block"}:
            hidden.append(False)
        elif word == "macro" or (word == "set" and "=" not in piece):
            hidden.append(True)


def test_there_are_templates() -> None:
    assert len(PAGES) > 4
    assert len(FRAGMENTS) > 2


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles(app: Flask, name: str) -> None:
    assert app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in ANSWERS])
def test_a_page_stands_on_a_layout_and_has_a_title(name: str) -> None:
    source = source_of(name)

    assert re.search(r"\{%-?\s*extends [\"']layouts/", source)
    assert re.search(r"\{%-?\s*block title\s*-?%\}\s*\S", source)


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_says_first_what_it_needs_and_who_swaps_it(name: str) -> None:
    first = source_of(name).partition("#}")[0]

    assert re.fullmatch(r"\{#-?\s*Needs: .+\.\s+(Swapped by|Part of): .+\.\s*-?", first, re.S), first


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_fragment_has_one_root_with_the_name_of_its_file(name: str) -> None:
    expected = Path(name).stem.removeprefix("_").replace("_", "-")

    roots = roots_of(source_of(name))

    assert len(roots) == 1, roots
    assert roots[0] in {expected, f"{expected}-KEY"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_inert(name: str) -> None:
    source = re.sub(r"\{#.*?#\}", "", source_of(name), flags=re.S)

    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(source)] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_form_that_writes_carries_a_token_and_says_where_it_goes(name: str) -> None:
    for form in re.findall(r"<form\b[^>]*>.*?</form>", source_of(name), flags=re.S | re.I):
        if re.search(r"""method=["']post["']""", form, re.I):
            assert "csrf" in form, form[:80]
            assert re.search(r"\baction=", form), form[:80]


def test_the_forbidden_is_recognised() -> None:
    bad = '<p style="x" onclick="y" hx-on:click="z"><script>1</script>{{ x|safe }}<a href="javascript:x">'

    assert len([what for what, pattern in FORBIDDEN.items() if pattern.search(bad)]) == 6


def test_roots_are_counted() -> None:
    assert roots_of(
        '{% macro m() %}<i></i>{% endmacro %}{% set a = 1 %}{% if a %}<p id="p">{% else %}<b>{% endif %}x</p>'
    ) == ["p"]
    assert roots_of('<p id="a"></p><p id="b"><b id="c"></b></p>') == ["a", "b"]
    assert roots_of('{% if x %}<tr id="row-{{ x }}"></tr>{% else %}<tr></tr>{% endif %}') == ["row-KEY"]
