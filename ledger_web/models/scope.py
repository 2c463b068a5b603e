"""What of a shop whoever asks may see and touch: all of it, or only their own records and some drawers.

Set once for each request, beside the person; queries and services of sales, returns, payments and drawers ask here,
so that no page, file or act can forget to. Commands and tests see everything.
"""

import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Scope:
    """How far somebody's role reaches.

    Attributes:
        own: Only what this person recorded; None is everybody's.
        drawers: Only these; None is all of them, also those to come.
    """

    own: uuid.UUID | None = None
    drawers: frozenset[uuid.UUID] | None = None

    def covers(self, drawer_ids: Iterable[uuid.UUID | None]) -> bool:
        """Say whether all of the drawers are within reach; None is no drawer."""
        return self.drawers is None or all(each is None or each in self.drawers for each in drawer_ids)

    def shows(self, recorded_by: uuid.UUID | None, drawer_id: uuid.UUID | None) -> bool:
        """Say whether a record of this person at this drawer is within reach."""
        return (self.own is None or self.own == recorded_by) and self.covers([drawer_id])


EVERYTHING: Final = Scope()

scope: ContextVar[Scope] = ContextVar("scope", default=EVERYTHING)
