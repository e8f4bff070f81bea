"""JSON read strictly: what the standard library lets through and no other reader would take is refused."""

import json
import math
import re
from collections.abc import Callable
from typing import NoReturn, cast

from training.formats.limits import DEFAULT

# Reads the value that begins at a place of a text: (value, where it ends).
Decode = Callable[[str, int], tuple[object, int]]

# A surrogate is only looked at closely where one is written; most text has none.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class NotStrict(ValueError):  # noqa: N818 - a finding about the file, not a fault
    """A value is JSON by its form and is refused all the same; the text says what it holds."""


def strict_decoder(depth: int = DEFAULT.depth) -> Decode:
    """Return a decoder that raises JSONDecodeError where there is no JSON, and NotStrict for what it refuses.

    Refused are NaN and infinities, a key that stands twice in an object, numbers too long to hold, half characters
    (lone surrogates), and nesting deeper than `depth`.
    """
    raw_decode = json.JSONDecoder(
        object_pairs_hook=_once_each, parse_constant=_no_number, parse_float=_finite
    ).raw_decode
    too_deep = f"is nested more than {depth} deep"

    def decode(text: str, at: int) -> tuple[object, int]:
        try:
            value, end = raw_decode(text, at)
        except RecursionError:
            raise NotStrict(too_deep) from None
        except (json.JSONDecodeError, NotStrict):
            raise
        except ValueError:
            raise NotStrict("holds a number with too many digits") from None
        # As many brackets as levels are needed at least, so few brackets need no walk.
        if text.count("{", at, end) + text.count("[", at, end) > depth and _deeper(value, depth):
            raise NotStrict(too_deep)
        # One character is looked for much faster than two.
        escape = text.find("\\", at, end)
        if escape >= 0 and _SURROGATE.search(text, escape, end):
            _whole_characters(value)
        return value, end

    return decode


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise NotStrict("holds an object in which one key stands twice")
    return value


def _no_number(name: str) -> NoReturn:
    raise NotStrict(f"holds {name}, which is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise NotStrict("holds a number that is too large")
    return number


def _whole_characters(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotStrict("holds half a character (a lone surrogate such as \\ud83d)") from None


def _deeper(value: object, depth: int) -> bool:
    """Walk level by level, so that no nesting is too deep for the walk itself."""
    level = [value]
    for _ in range(depth):
        level = [inner for outer in level for inner in _inside(outer)]
    return any(isinstance(inner, dict | list) for inner in level)


def _inside(outer: object) -> list[object]:
    if isinstance(outer, dict):
        return list(cast("dict[str, object]", outer).values())
    return cast("list[object]", outer) if isinstance(outer, list) else []
