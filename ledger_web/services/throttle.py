"""How often somebody may guess: counters in the database, so that all workers share them. Source: promise S4."""

from typing import Final

from ledger_web.domain.errors import TooManyAttemptsError
from ledger_web.services.audit import Act

FAILURES_MAX_OF_LOGIN: Final = 5
FAILURES_MAX_OF_ADDRESS: Final = 30


def count_sign_in(act: Act, login: str, address: str) -> None:
    """Count an attempt for the address and for the login: always in this order, so that two cannot deadlock."""
    count(act, f"address:{address[:100]}", FAILURES_MAX_OF_ADDRESS)
    count(act, f"login:{login[:100]}")


def count(act: Act, subject: str, failures_max: int = FAILURES_MAX_OF_LOGIN) -> None:
    """Take one attempt, unless it is time to wait.

    Up to `failures_max` within 15 minutes are free. Each one more has to wait after the one before: 30 seconds,
    then twice as long each time, 15 minutes at most, so that nobody can lock another out for longer. An hour
    without a counted attempt forgets them all. A refused attempt is not counted.

    The condition stands in the UPDATE: two workers cannot both take the last attempt.
    """
    taken = act.execute(
        """
        INSERT INTO sign_in_failures AS f (tenant_id, subject, failures, window_start)
        VALUES (%(tenant_id)s, %(subject)s, 1, now())
        ON CONFLICT (tenant_id, subject) DO UPDATE
           SET failures     = CASE WHEN f.window_start < now() - CASE WHEN f.failures < %(failures_max)s
                                                                      THEN interval '15 minutes'
                                                                      ELSE interval '1 hour' END
                                   THEN 1
                                   ELSE f.failures + 1 END,
               window_start = CASE WHEN f.window_start >= now() - interval '15 minutes'
                                    AND f.failures + 1 < %(failures_max)s
                                   THEN f.window_start
                                   ELSE now() END
         WHERE f.failures < %(failures_max)s
            OR f.window_start + least(interval '15 minutes',
                                      interval '30 seconds' * 2 ^ least(f.failures - %(failures_max)s, 10)) <= now()
        RETURNING f.failures
        """,
        {"subject": subject, "failures_max": failures_max},
    ).first()
    if taken is None:
        raise TooManyAttemptsError(_seconds_to_wait(act, subject, failures_max))


def _seconds_to_wait(act: Act, subject: str, failures_max: int) -> int:
    seconds = act.execute(
        """
        SELECT ceil(extract(epoch FROM f.window_start - now()
                    + least(interval '15 minutes',
                            interval '30 seconds' * 2 ^ least(f.failures - %(failures_max)s, 10))))
          FROM sign_in_failures AS f
         WHERE f.tenant_id = %(tenant_id)s
           AND f.subject = %(subject)s
        """,
        {"subject": subject, "failures_max": failures_max},
    ).scalar_one()
    return max(1, int(seconds))


def forget_sign_in(act: Act, login: str, address: str) -> None:
    """Take back what a right password had counted: all of the login's, but only one of the address's.

    Otherwise somebody with an account of their own could guess at others' for ever from one address.
    """
    _take_one_back(act, f"address:{address[:100]}")
    forget(act, f"login:{login[:100]}")


def forget(act: Act, subject: str) -> None:
    act.execute(
        "DELETE FROM sign_in_failures WHERE tenant_id = %(tenant_id)s AND subject = %(subject)s", {"subject": subject}
    )


def count_pin(act: Act, login: str, address: str) -> None:
    """Take one attempt at somebody's PIN. Apart from passwords: a guesser at the till must not lock anybody out."""
    count(act, f"pin-address:{address[:100]}", FAILURES_MAX_OF_ADDRESS)
    count(act, f"pin:{login[:100]}")


def forget_pin(act: Act, login: str, address: str) -> None:
    """Take back what a right PIN had counted."""
    _take_one_back(act, f"pin-address:{address[:100]}")
    forget(act, f"pin:{login[:100]}")


def _take_one_back(act: Act, subject: str) -> None:
    act.execute(
        """
        UPDATE sign_in_failures
           SET failures = failures - 1
         WHERE tenant_id = %(tenant_id)s
           AND subject = %(subject)s
           AND failures > 0
        """,
        {"subject": subject},
    )
