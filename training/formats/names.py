"""Which names of columns and fields are questions and answers."""

from collections.abc import Sequence

# Names that belong together, the usual ones first.
_PAIRS = (
    ("question", "answer"),
    ("questions", "answers"),
    ("prompt", "completion"),
    ("instruction", "output"),
    ("q", "a"),
    ("user", "assistant"),
    ("input", "output"),
    ("prompt", "response"),
    ("instruction", "response"),
    ("query", "response"),
    ("human", "assistant"),
    ("human", "gpt"),
    ("customer", "agent"),
    ("customer", "sarah"),
)
_QUESTIONS = frozenset(question for question, _ in _PAIRS)
_ANSWERS = frozenset(answer for _, answer in _PAIRS) | {"reply"}
SYSTEMS = ("system", "system_prompt", "system_message")


def plain(name: str) -> str:
    """Return a name as it is compared: small, with underscores."""
    return name.strip().casefold().replace(" ", "_").replace("-", "_")


def pair_of(names: Sequence[str]) -> tuple[str, str] | None:
    """Return the plain names of the question and the answer, None when either is not there or in doubt."""
    usual = next((pair for pair in _PAIRS if pair[0] in names and pair[1] in names), None)
    if usual:
        return usual
    questions = [name for name in names if name in _QUESTIONS]
    answers = [name for name in names if name in _ANSWERS]
    return (questions[0], answers[0]) if len(questions) == len(answers) == 1 else None


def holds_either(names: Sequence[str]) -> bool:
    """Tell whether a question or an answer is among plain names."""
    return any(name in _QUESTIONS or name in _ANSWERS for name in names)
