"""How a query asks for stored words: one index range for each word typed (see domain/search_words.py)."""

from collections.abc import Sequence


def every_word(words: str, holder: str, subject: str, count: int) -> str:
    """Write the condition that each of `count` typed words begins a stored word of the subject.

    An array, so that the holders are found first and once, whatever the planner believes about a table that it has
    not counted yet: as `IN (SELECT …)`, a search in 50,000 products that were just imported took over five seconds.

    Args:
        words: Our table of words, such as "product_words".
        holder: Its column, such as "product_id".
        subject: What must be among the holders, such as "p.id". All three are names of ours, never of a person's.
    """
    return f"{subject} = ANY(ARRAY({holders_of_every_word(words, holder, count)}))"


def holders_of_every_word(words: str, holder: str, count: int) -> str:
    """Write the query of those that have, for each of `count` typed words, a stored word beginning with it."""
    return " INTERSECT ".join(
        f"SELECT w.{holder} FROM {words} AS w"
        f" WHERE w.tenant_id = :tenant_id AND w.word >= :low_{n} AND w.word < :high_{n}"
        for n in range(count)
    )


def bounds(parts: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the values of the ranges `every_word` names."""
    return {
        f"{side}_{n}": bound for n, part in enumerate(parts) for side, bound in zip(("low", "high"), part, strict=True)
    }
