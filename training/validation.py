"""Lines of a file become records, or one sentence that names the place."""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from training.examples import DataError

R = TypeVar("R", bound=BaseModel)


def validated(record: type[R], place: str, value: Mapping[str, object]) -> R:
    """Return the record that a line holds; raises DataError naming the place, the field and what is wrong."""
    try:
        return record.model_validate(value)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_input=False)
        field = ".".join(str(part) for part in first["loc"])
        more = f" (and {len(others)} more)" if others else ""
        raise DataError(f"{place}: {field or 'the line'}: {first['msg']}{more}; mend the line.") from None
