"""One line of the log for each thing that is said, whatever a person typed, and the request's number in each."""

import datetime as dt
import json
import logging
import sys

from ledger_web.services.audit import origin

TEXT = "text"
JSON = "json"


def configure(form: str, level: int = logging.WARNING) -> None:
    """Let everything that is logged go to standard error, in one form.

    Args:
        form: "text" for people, "json" for a program that collects logs; as JSON each request is told, too.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == JSON else TextLines())
    ours = logging.getLogger("ledger_web")
    ours.handlers[:] = [handler]
    ours.setLevel(logging.INFO if form == JSON else level)
    ours.propagate = False


class TextLines(logging.Formatter):
    """Time, level, request, place, message; a line break in what somebody typed is shown, not made."""

    def format(self, record: logging.LogRecord) -> str:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        number = origin.get().request_id or "-"
        said = f"{moment} {record.levelname} {number} {record.name}: {_one_line(record.getMessage())}"
        return f"{said}\n{self.formatException(record.exc_info)}" if record.exc_info else said


class JsonLines(logging.Formatter):
    """One object a line; what a call gave as `extra={"fields": {…}}` is part of it."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request_id": origin.get().request_id,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=True, default=str)


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
