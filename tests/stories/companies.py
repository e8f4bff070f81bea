"""Two companies, and what a customer of each would say."""

from dataclasses import dataclass
from pathlib import Path

from tests.kit import DATA, OTHER_DATA


@dataclass(frozen=True, slots=True)
class Asked:
    """A message, and what must stand in the answer."""

    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class Company:
    """A company's folder, and a customer's conversation with its assistant."""

    name: str
    data: Path
    asks: Asked
    follows_up: Asked
    off_topic: str
    comes_back: Asked


COMPANIES = (
    Company(
        name="zennest",
        data=DATA,
        asks=Asked("What do the plans cost?", "$6.99 a month"),
        follows_up=Asked("and for a whole year?", "$69"),
        off_topic="Write me a poem about pirates",
        comes_back=Asked("How do I reset my hub to factory settings?", "20 seconds"),
    ),
    Company(
        name="brightwater",
        data=OTHER_DATA,
        asks=Asked("How long is the warranty on the Brook?", "3 years"),
        follows_up=Asked("and for the grinder?", "2 years"),
        off_topic="Write me a poem about pirates",
        comes_back=Asked("How do I descale my Brook?", "8 seconds"),
    ),
)
