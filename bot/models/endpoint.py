"""Where a model is served, and what an answer of it may take."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is, and how it is asked; times are seconds, budgets tokens.

    `name` is what its answers are recorded under. `setting` is the variable that names it; those of its URL and its key
    begin with the same words; "" for the champion, which the registry names.
    """

    name: str
    setting: str
    url: str
    model: str
    key: str = field(repr=False)
    temperature: float
    max_tokens: int
    stop: str
    context_tokens: int
    timeout: float
    deadline: float
    retries: int
