"""Where a page of rows begins and ends, and which rows are meant, as conditions on their key.

Row values, (a, b) > (1, 2), are not known everywhere. The comparison of the first column stands apart, since a bare
OR keeps some databases from entering the index there.
"""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Column, ColumnElement, and_, or_

Key = tuple[int, ...]
"""A primary key, or what follows the source in it: our keys are integers on every database, so that all of them sort
alike."""

_DENSE = 2
"""Keys that make up one part in so many of their range are read as a range: to spell each out costs more."""


def among(column: Column[int], keys: Collection[int]) -> ColumnElement[bool]:
    """Where these keys are, at least one; and maybe as many others, which the caller leaves out.

    Args:
        keys: at most a thousand; where they lie far apart, each is a parameter of the query.
    """
    first, last = min(keys), max(keys)
    return column.between(first, last) if last - first < _DENSE * len(keys) else column.in_(keys)


def chunks(keys: Collection[int], size: int) -> Iterator[list[int]]:
    """The keys, ascending, in lists of at most `size`."""
    ascending = sorted(keys)
    for at in range(0, len(ascending), size):
        yield ascending[at : at + size]


def above(columns: Sequence[Column[int]], key: Sequence[int]) -> ColumnElement[bool]:
    """What comes after a key, in the order of the columns."""
    (first, *rest), (value, *values) = columns, key
    if not rest:
        return first > value
    return and_(first >= value, or_(first > value, above(rest, values)))


def up_to(columns: Sequence[Column[int]], key: Sequence[int]) -> ColumnElement[bool]:
    """What comes before a key, and the key itself."""
    (first, *rest), (value, *values) = columns, key
    if not rest:
        return first <= value
    return and_(first <= value, or_(first < value, up_to(rest, values)))
