"""Corner's people and what they must not see or change of the rival's: two shops in which everything has happened."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.clients import ShopClient, browser_at
from tests.shops import Shop
from tests.surface import UUID, Connection, Rows, Site, find_site, furnish_with, homes_of, ids_of, one_of_each, rows_of

CANARY = "Xylograf"
CANARY_CODE = "2100000004003"
OWN_CODE = "2100000001002"


@dataclass(slots=True)
class Attack:
    """Corner's people, and what they must not see or change of the rival's."""

    site: Site
    corner: Shop
    rival: Shop
    superuser: Connection
    ids: dict[str, set[uuid.UUID]]
    of_kind: dict[str, str]  # one of the rival's things of each table that has an id
    before: Rows

    @property
    def chosen(self) -> list[str]:
        return [str(each) for each in one_of_each(self.ids)]

    def worth_asking(self, kinds: Iterable[str], turn: int, step: int) -> list[str]:
        """Return the rival's ids that fit, and every `step`-th of all others, at each turn other ones.

        Args:
            kinds: Tables of the things that are asked for there; none known: every id is worth it.
        """
        fitting = [self.of_kind[kind] for kind in sorted(kinds) if kind in self.of_kind]
        return list(dict.fromkeys([*fitting, *self.chosen[turn % step :: step]])) if fitting else self.chosen

    def assert_nothing_leaks(self, response: TestResponse, asked: str, told: object) -> None:
        text = response.get_data().decode("utf-8", "replace") + str(response.headers)
        assert CANARY.lower() not in text.lower(), told
        theirs = {str(each) for ids in self.ids.values() for each in ids} - {asked}
        assert not theirs & set(UUID.findall(text)), told

    def assert_rival_is_untouched(self, told: object) -> None:
        assert rows_of(self.superuser, self.rival.tenant_id) == self.before, told

    def own_rows(self) -> Rows:
        """Corner's rows; when a session was last seen may be noted at any time, and a refusal is written down."""
        without = ("sessions", "audit_events", "audit_blocks")
        return rows_of(self.superuser, self.corner.tenant_id, without=without)


def furnish_both(corner: Shop, rival: Shop) -> None:
    furnish_with(corner, "Corner", OWN_CODE)
    furnish_with(rival, CANARY, CANARY_CODE)


def site_of(app: Flask, shop: Shop, superuser: Connection) -> Site:
    """Return the site as the owner of a shop finds it."""

    def open_browser() -> ShopClient:
        browser = browser_at(app, shop.slug)
        browser.sign_in_as(shop, "owner")
        return browser

    return find_site(app, open_browser, superuser, shop.tenant_id)


def begin_attack(site: Site, corner: Shop, rival: Shop, superuser: Connection) -> Attack:
    """Look at what the rival has, and go."""
    ids = ids_of(superuser, rival.tenant_id)
    assert len(ids) > 25, "the rival has not one of everything"
    own = {each for found in ids_of(superuser, corner.tenant_id).values() for each in found}
    assert not own & {each for found in ids.values() for each in found}
    of_kind: dict[str, str] = {}
    for id, tables in sorted(homes_of(superuser, rival.tenant_id).items()):
        for table in tables:
            of_kind.setdefault(table, id)
    return Attack(site, corner, rival, superuser, ids, of_kind, rows_of(superuser, rival.tenant_id))


def ask(client: ShopClient, method: str, path: str, data: dict[str, Any] | None, *, htmx: bool) -> TestResponse:
    return client.post_form(path, data, htmx=htmx) if method == "POST" else client.get(path, htmx=htmx)


Browsers = Callable[..., ShopClient]
