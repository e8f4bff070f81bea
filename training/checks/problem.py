"""What the checks find, and what they hold the examples against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a file of examples: where, by which rule, and what to do about it."""

    line: int
    rule: str
    severity: Severity
    """An error is what a provider refuses or what must never be learned; a warning is for a person to judge."""
    text: str
    """One sentence; no secret and nothing personal is quoted in full."""


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the examples are checked against."""

    limit_tokens: int
    """The most tokens of one example that the model learns."""
    model: str
    scenario_questions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Questions of held-out scenarios, which must not be learned, and where each stands."""
    validation: Path | None = None
    """A separate file of examples whose questions must not be learned either."""
