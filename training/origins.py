"""Where each example comes from: a table beside the examples that people keep in a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from training.examples import DataError
from training.validation import validated


class Origin(BaseModel):
    """What is known of one example, which is named by its file and its first question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(min_length=1, description="The file of the example, without its folder.")
    question: str = Field(min_length=1, description="The customer's first message, word for word.")
    category: str = Field(min_length=1, description="What the example teaches.")
    on_topic: bool = Field(description="Whether all of the first question is about the product: yes or no.")
    author: str = Field(min_length=1, description="Who wrote it.")
    date: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", description="When it was written, such as 2026-11-21.")
    pages: tuple[str, ...] = Field(description="Ids of the handbook pages that it rests on.")
    worked_out: tuple[str, ...] = Field(description="Numbers of the answers that follow from the customer's.")


COLUMNS = tuple(Origin.model_fields)
_LISTS = ("pages", "worked_out")


def read_origins(path: Path) -> Iterator[Origin]:
    """Yield the rows of a CSV table; lists are parted by spaces. Raises DataError naming the row."""
    try:
        text = path.read_text("utf-8-sig")  # a spreadsheet may begin a file with a byte order mark
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8.") from None
    except OSError as error:
        columns = ",".join(COLUMNS)
        raise DataError(
            f"{path} cannot be read ({error.strerror}): write a table with the columns {columns}."
        ) from None
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise DataError(f"{path} needs the columns {','.join(COLUMNS)} in its first line.")
    for row in rows:
        if None in row or None in row.values():
            raise DataError(
                f"{path}, line {rows.line_num} has not {len(COLUMNS)} columns: check its commas and quotes."
            )
        cells = {name: tuple(cell.split()) if name in _LISTS else cell for name, cell in row.items()}
        yield validated(Origin, f"{path}, line {rows.line_num}", cells)
