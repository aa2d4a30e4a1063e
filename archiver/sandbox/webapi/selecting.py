"""`$select` on messages and entities: what isn't selected is nulled out.

Source: SuperOffice reference: a comma list, the rest "nulled out". That names are case-blind is inferred from its
examples. Choices where it is silent: unselected keys stay, with null for every type, and unknown names do nothing.
"""

from collections.abc import Mapping

from archiver.sandbox.webapi.operation import Call


def selected(row: Mapping[str, object], call: Call) -> dict[str, object]:
    """The row, with null for the properties that the call doesn't select; whole when it selects none."""
    wanted = {name.strip().lower() for name in call.query.get("$select", "").split(",")} - {""}
    return {name: value if not wanted or name.lower() in wanted else None for name, value in row.items()}
