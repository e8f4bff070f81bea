"""Reading Slack's JSON, which arrives untyped, without trusting its shape."""

from collections.abc import Mapping
from typing import cast

Json = Mapping[str, object]


def string(values: Json, key: str) -> str:
    """Return a string, or "" when there is none."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def table(values: Json, key: str) -> Json:
    """Return a nested object, or an empty one."""
    value = values.get(key)
    return cast("Json", value) if isinstance(value, Mapping) else {}


def tables(values: Json, key: str) -> list[Json]:
    """Return a list of objects, or an empty one."""
    value = values.get(key)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Json", item) for item in items if isinstance(item, Mapping)]
