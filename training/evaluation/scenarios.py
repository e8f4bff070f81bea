"""Scenarios: held-out conversations, each turn with expectations that a program can decide."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from training.examples import read_jsonl
from training.validation import validated

_Text = Annotated[str, Field(min_length=1)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Expectation(_Record):
    """What must hold of the answer to one turn; what is left out is not asked."""

    facts: list[Annotated[list[_Text], Field(min_length=1)]] = Field(
        default=[], description="Of each list at least one text stands in the answer, in whatever case."
    )
    never: list[_Text] = Field(default=[], description="None of these stands in the answer, in whatever case.")
    refuses: bool = Field(description="Whether the answer declines.")
    asks_back: bool | None = Field(default=None, description="Whether the answer holds a question.")
    offers_person: bool | None = Field(default=None, description="Whether the answer says how to reach a person.")
    language: str = Field(default="en", pattern="^[a-z]{2}$", description="ISO 639-1 code of the answer's language.")
    sentences: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = Field(
        default=(1, 6), strict=False, description="The fewest and the most sentences of the answer."
    )


class Turn(_Record):
    """What a customer says, a good answer, and what must hold of any answer."""

    user: _Text
    reference: _Text
    expect: Expectation


class Scenario(_Record):
    """One held-out conversation."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="A telling name, unique in the folder.")
    category: _Text
    critical: bool = Field(default=False, description="Whether failing it keeps a model from being promoted.")
    pages: list[_Text] = Field(default=[], description="Ids of the handbook pages that the answers rest on.")
    worked_out: list[_Text] = Field(
        default=[], description="Numbers in the references that follow from the customer's."
    )
    turns: Annotated[list[Turn], Field(min_length=1, max_length=8)]


def read_scenarios(path: Path) -> Iterator[Scenario]:
    """Yield the scenarios of a JSONL file; raises DataError naming the line, the field and what is wrong."""
    for place, value in read_jsonl(path):
        yield validated(Scenario, place, value)
