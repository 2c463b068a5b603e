"""Lists as files to keep: CSV and XLSX alike, written while they are read."""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

from babel import Locale
from flask import Response, g, request, stream_with_context

from ledger_web.domain.sheets import Row, sheet_parts
from ledger_web.identity import new_act
from ledger_web.services.downloads import TakeList, record_download
from ledger_web.slow_readers import LentThread

# How a route says which of the two it is asked for: /list.<any(csv, xlsx):ending>
_KINDS: Final = MappingProxyType(
    {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
)


def download(name: str, ending: str, rows: Iterable[Row]) -> Response:
    """Answer with a list as a file.

    Args:
        name: Of the file without its ending: ASCII letters, digits, hyphens and points.
        ending: One of sheets.ENDINGS.
        rows: The header first. Read while the answer is under way: what can be refused is refused before.

    Raises:
        TooManyReadersError: Enough is being fetched at this moment.
    """
    taken = TakeList(name=f"{name}.{ending}", path=request.full_path[:300])
    with LentThread(g.tenant.id) as thread:
        record_download(taken, new_act())
        direction = Locale.parse(g.tenant.locale).text_direction
        parts = sheet_parts(ending, rows, right_to_left=direction == "rtl")
        answer = Response(stream_with_context(parts), mimetype=_KINDS[ending])
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return thread.until_sent(answer)
