"""Where a page of rows begins and ends, as conditions on its key.

Row values, (a, b) > (1, 2), are not known everywhere. The comparison of the first column stands apart, since a bare
OR keeps some databases from entering the index there.
"""

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, and_, or_

Key = tuple[int, ...]
"""A primary key, or what follows the source in it: our keys are integers on every database, so that all of them sort
alike."""


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
