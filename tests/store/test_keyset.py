"""A condition on a key means what Python means by the order of tuples."""

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, and_, create_engine, literal, select, union_all
from sqlalchemy.pool import StaticPool

from archiver.store.keyset import Key, above, up_to

ENGINE = create_engine("sqlite://", poolclass=StaticPool)


@st.composite
def keys_and_bounds(draw: st.DrawFn) -> tuple[list[Key], Key, Key]:
    """Some keys of one width, and two keys of that width."""
    keys = st.tuples(*[st.integers(0, 2)] * draw(st.integers(1, 4)))
    return draw(st.lists(keys, min_size=1, max_size=9)), draw(keys), draw(keys)


@given(keys_and_bounds())
def test_a_page_holds_what_comes_after_one_key_up_to_another(drawn: tuple[list[Key], Key, Key]) -> None:
    keys, after, last = drawn
    names = [f"k{at}" for at in range(len(after))]
    rows = [select(*(literal(value).label(name) for name, value in zip(names, key, strict=True))) for key in keys]
    table = union_all(*rows).subquery()
    columns: list[Column[int]] = [table.c[name] for name in names]  # type: ignore[misc]
    query = select(*columns).where(and_(above(columns, after), up_to(columns, last)))
    with ENGINE.connect() as connection:
        found = sorted(tuple(row) for row in connection.execute(query))
    assert found == sorted(key for key in keys if after < key <= last)
