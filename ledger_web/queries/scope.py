"""The part of a statement that leaves out what is beyond the reach of whoever asks. See `models/scope.py`."""

from ledger_web.models.scope import scope


def within(*, person: str = "", drawer: str = "") -> str:
    """Return conditions to be put behind a WHERE, or nothing for whom everything is within reach.

    Args:
        person: The column of who recorded it, for example "s.cashier_id".
        drawer: The column of the drawer.
    """
    own, drawers = scope.get().own, scope.get().drawers
    conditions = f" AND {person} = :scope_own" if person and own is not None else ""
    return conditions + (f" AND {drawer} = ANY(:scope_drawers)" if drawer and drawers is not None else "")


def reach(*, person: bool = True, drawer: bool = True) -> dict[str, object]:
    """Return the values for what `within` wrote, of those it was asked for."""
    own, drawers = scope.get().own, scope.get().drawers
    values: dict[str, object] = {}
    if person and own is not None:
        values["scope_own"] = own
    if drawer and drawers is not None:
        values["scope_drawers"] = sorted(drawers)
    return values
