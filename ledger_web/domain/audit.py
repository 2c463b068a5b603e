"""What goes into the audit and what never does; and the hashes that chain its blocks."""

import dataclasses
import datetime as dt
import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from ledger_web.domain.languages import Texts

FIRST: Final = bytes(32)  # what the first block of a shop follows
LONGER_THAN_ANY_ACT: Final = dt.timedelta(hours=1)
TEXT_MAX: Final = 1000
HIDDEN: Final = "(not kept)"

_SECRET = re.compile(r"password|passphrase|secret|token|cookie|hash|totp|recovery_code|(^|_)pin($|_)")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing somebody did, as it is stored. `before` and `after` are JSON."""

    id: uuid.UUID
    happened_at: dt.datetime
    actor_id: uuid.UUID | None
    approver_id: uuid.UUID | None
    request_id: str
    session_id: bytes | None
    op_id: uuid.UUID | None
    action: str
    holder_id: uuid.UUID | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def changes(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return both sides as JSON, without secrets, and where there are two sides only what differs between them."""
    old, new = _told(before), _told(after)
    if old is None or new is None:
        return old, new
    same = {name for name in old.keys() & new.keys() if old[name] == new[name] != HIDDEN}
    return _without(old, same), _without(new, same)


def digest_of_event(event: Event) -> bytes:
    """Return the SHA-256 of all that an event says; the moment in UTC, to the microsecond the database keeps."""
    said = [
        str(event.id),
        event.happened_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        _text(event.actor_id),
        _text(event.approver_id),
        event.request_id,
        event.session_id.hex() if event.session_id else None,
        _text(event.op_id),
        event.action,
        _text(event.holder_id),
        event.before,
        event.after,
    ]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).digest()


def hash_of_block(previous: bytes, number: int, sealed_at: dt.datetime, events: Iterable[Event]) -> bytes:
    """Return the hash that seals a block: over the block before, its own number and moment, and its events in order."""
    head = f"{number} {sealed_at.astimezone(dt.UTC).isoformat(timespec='microseconds')}".encode()
    return hashlib.sha256(previous + head + b"".join(map(digest_of_event, events))).digest()


def _told(side: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if side is None else {name: _json(name, value) for name, value in side.items()}


def _json(name: str, value: Any) -> Any:
    """Return a value as JSON has it; money stays a whole number, other exact numbers and days become text."""
    if _SECRET.search(name):
        told: Any = HIDDEN
    elif value is None or isinstance(value, bool | int):
        told = value
    elif isinstance(value, Decimal):
        told = f"{value.normalize():f}"
    elif isinstance(value, Mapping):
        told = {str(key): _json(str(key), each) for key, each in value.items()}
    elif isinstance(value, set | frozenset):
        told = sorted(str(each) for each in value)
    elif isinstance(value, list | tuple):
        told = [_json(name, each) for each in value]
    elif dataclasses.is_dataclass(value) and type(value).__str__ is object.__str__:
        told = {field.name: _json(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)}
    else:
        told = _short(str(value))
    return told


def _short(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"


def _without(side: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in side.items() if name not in names}


def _text(id: uuid.UUID | None) -> str | None:
    return str(id) if id else None


WORDS: Final[Mapping[str, str]] = Texts(
    {
        "access.refuse": "was refused",
        "approval.give": "got an approval",
        "approval.refuse": "got no approval",
        "barcode.add": "gave a barcode",
        "barcode.remove": "took a barcode away",
        "cart.discard": "threw a cart away",
        "cart.remove_line": "removed a line before payment",
        "cart.lower_line": "made a line smaller before payment",
        "domain.claim": "added a domain",
        "domain.lose": "lost a domain whose record was gone",
        "domain.prove": "proved a domain, which leads here now",
        "domain.release": "took a domain away",
        "drawer.open": "opened a drawer without a sale",
        "export.continue": "let the writing of the whole shop as a file go on",
        "export.fail": "the whole shop could not be written as a file",
        "export.finish": "the whole shop was written as a file",
        "export.start": "asked for the whole shop as a file",
        "export.take": "took a list as a file",
        "operator.check_domains": "looked at every domain",
        "operator.deletion": "deletes a shop",
        "operator.fail": "could not do it",
        "operator.link": "makes a link for an owner",
        "operator.move": "gives a shop another address",
        "operator.open_room": "opened the operators’ page",
        "operator.opening": "opens a shop",
        "operator.restoration": "takes a shop back",
        "operator.resumption": "lets a shop go on",
        "operator.suspension": "suspends a shop",
        "bank.archive": "archived a bank account",
        "bank.rename": "renamed a bank account",
        "bank.restore": "took a bank account into use again",
        "barcode.give": "gave products codes of their own",
        "barcode.reserve": "reserved a block of codes",
        "category.delete": "deleted a category",
        "category.rename": "renamed a category",
        "customer.choose_price_list": "gave a customer a price list",
        "drawer.restore": "took a drawer into use again",
        "drawer.retire": "retired a drawer",
        "label.save_printer": "changed a printer",
        "label.save_template": "changed a label template",
        "price.archive_list": "archived a price list",
        "price.create_list": "made a price list",
        "price.rename_list": "renamed a price list",
        "product.add_unit": "added a unit of a product",
        "product.make_variants": "made variants of a product",
        "product.remove_picture": "took a picture away",
        "product.set_picture": "set a picture",
        "receipt.send": "sent a receipt by e-mail",
        "return_reason.add": "added a reason",
        "return_reason.edit": "changed a reason",
        "settings.add_scale_rule": "added a rule for codes of scales",
        "settings.remove_scale_rule": "removed a rule for codes of scales",
        "settings.taxes": "changed how taxes are written down",
        "shop.delete": "deleted the shop",
        "shop.move": "moved the shop to another address",
        "shop.suspended": "suspended the shop",
        "shop.active": "took the shop into use again",
        "shop.deleted": "deleted the shop",
        "tax_class.create": "added a tax class",
        "tax_class.edit": "changed a tax class",
        "bank.create": "added a bank account",
        "category.add": "added a category",
        "drawer.create": "added a drawer",
        "drawer.rename": "renamed a drawer",
        "label.print": "printed labels",
        "party.archive": "archived somebody",
        "party.create": "added somebody",
        "party.edit": "changed somebody",
        "party.restore": "took somebody out of the archive",
        "price.edit": "changed a price",
        "product.archive": "archived a product",
        "product.create": "added a product",
        "product.edit": "changed a product",
        "product.import": "imported products",
        "product.restore": "took a product out of the archive",
        "rate.record": "wrote down an exchange rate",
        "role.create": "made a role",
        "role.delete": "deleted a role",
        "role.edit": "changed a role",
        "user.create": "let somebody in",
        "party.set_credit_limit": "set a credit limit",
        "recalculation.repair": "repaired balances",
        "sale.delete": "deleted a sale",
        "sale.return": "took goods back",
        "sale.return_without_receipt": "took goods back without a receipt",
        "session.close": "signed out",
        "session.end": "signed out a browser",
        "session.open": "signed in",
        "session.refuse": "failed to sign in",
        "settings.edit": "changed the settings",
        "settings.remove_logo": "took the logo away",
        "settings.set_logo": "put a logo on receipts",
        "settings.set_next_number": "let the numbers of sales go on from another one",
        "settings.lock": "changed the lock date",
        "till.register": "registered a till",
        "till.remove": "removed a till",
        "user.begin_codes": "began to use codes",
        "user.change_password": "changed the password",
        "user.choose_language": "chose a language",
        "user.disable": "ended somebody's access",
        "user.edit": "changed a person",
        "user.enable": "gave access back",
        "user.end_codes": "ended the use of codes",
        "user.invite": "invited somebody",
        "user.ask_link": "forgot the password and was sent a link",
        "user.make_link": "made a link for a password",
        "user.remove_codes": "asks somebody for no code",
        "user.reset_password": "gave another password",
        "user.ask_email": "gave an e-mail address that is to be proved",
        "user.prove_email": "proved an e-mail address",
        "user.send_link": "sent a link for a password by e-mail",
        "user.set_email": "changed the e-mail address",
        "user.set_pin": "set a PIN",
        "user.use_link": "chose a password with a link",
    }
)
# What the facts of an event are called; a name that is not here is shown as it is.
FACTS: Final[Mapping[str, str]] = Texts(
    {
        "name": "name",
        "language": "language",
        "locale": "language, numbers and days",
        "digits": "digits",
        "kind": "kind",
        "address": "address",
        "status": "status",
        "with": "with",
        "role": "role",
        "reason": "reason",
        "login": "login",
        "variants": "variants",
        "template": "template",
        "prefix": "prefix",
        "owners_need_code": "owners need a code",
        "options": "options",
        "locked_until": "locked until",
        "labels": "labels",
        "ended": "ended",
        "code": "code",
        "archived": "archived",
        "why": "why",
        "value": "value",
        "updated": "updated",
        "unit": "unit",
        "total": "total",
        "to": "to",
        "till": "till",
        "series": "series",
        "right": "right",
        "return": "return",
        "products": "products",
        "print": "print",
        "price_list_id": "price list",
        "path": "path",
        "lines": "lines",
        "last": "last",
        "goods": "goods",
        "first": "first",
        "file": "file",
        "drawer": "drawer",
        "digest": "digest",
        "host": "domain",
        "day_starts_at": "day starts at",
        "currency": "currency",
        "created": "created",
        "asked": "asked",
        "sku": "SKU",
        "unit_price": "unit price",
        "factor": "factor",
        "on": "on",
        "note": "note",
        "short_name": "short name",
        "credit_limit": "credit limit",
        "margin_percent": "margin",
        "tax_percent": "tax",
        "active": "active",
        "permissions": "rights",
        "limits": "limits",
        "phone": "phone",
        "email": "e-mail",
        "memo": "memo",
        "method": "method",
        "amount": "amount",
        "from": "from",
        "until": "until",
        "quantity": "quantity",
        "operator": "operator",
        "shop": "shop",
        "checked": "checked",
        "failing": "failing",
    }
)
# What says something about a person at a till, in the order it is shown.
SIGNALS: Final[Mapping[str, str]] = Texts(
    {
        "cart.remove_line": "Lines removed",
        "cart.lower_line": "Lines made smaller",
        "cart.discard": "Carts thrown away",
        "drawer.open": "Drawer opened",
        "sale.discount": "Sales with a discount",
        "sale.delete": "Sales deleted",
        "sale.return": "Returns",
        "sale.return_without_receipt": "Returns without receipt",
        "approval.refuse": "Approvals refused",
        "access.refuse": "Refused",
        "session.refuse": "Failed sign-ins",
    }
)
STANDS_OUT_FROM: Final = 5  # fewer say nothing
STANDS_OUT_TIMES: Final = 3


def words_of(action: str) -> str:
    """Say an action; one that has no words yet in its own: "label.print" is "label: print"."""
    return WORDS.get(action) or action.replace(".", ": ").replace("_", " ")


def fact_name(name: str) -> str:
    """Say what a fact of an event is called."""
    return FACTS.get(name) or name.replace("_", " ")


def stands_out(count: int, sales: int, others: Sequence[tuple[int, int]]) -> bool:
    """Say whether somebody does something far more often than the others, for each of their sales.

    Args:
        count: How often this person did it.
        sales: How many sales they made.
        others: The same pairs of everybody else.

    Returns:
        True from five times on, if it is three times as often as among all others together; where nobody else sells
        there is nothing to compare with.
    """
    others_count, others_sales = sum(each for each, _ in others), sum(each for _, each in others)
    if count < STANDS_OUT_FROM or not others_sales:
        return False
    return Fraction(count, max(sales, 1)) >= STANDS_OUT_TIMES * Fraction(max(others_count, 1), others_sales)
