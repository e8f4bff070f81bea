"""Rules on the shape of one example that a provider keeps and the notebook does not know."""

from collections.abc import Iterator, Mapping
from typing import cast

from training.checks.case import Case
from training.entries import NOT_PREFERRED, PREFERRED

_WHOLE = f'{{"input": {{"messages": [...]}}, "{PREFERRED}": [...], "{NOT_PREFERRED}": [...]}}'


def not_json(case: Case) -> Iterator[str]:
    """A line is JSON."""
    if case.unread:
        yield f"The line {case.unread}."


def weight_not_on_assistant(case: Case) -> Iterator[str]:
    """Only what the assistant says can be weighted."""
    for number, message in case.messages:
        if "weight" in message and message.get("role") != "assistant":
            yield f"Message {number} has a weight and is not the assistant's: take the weight out."


def weight_not_0_or_1(case: Case) -> Iterator[str]:
    """An answer is learned or it is not."""
    for number, message in case.messages:
        if message.get("role") == "assistant" and not weight_is_known(message):
            yield f"The weight of message {number} is neither 0 nor 1: write 1 to learn the answer, 0 to skip it."


def weight_is_known(message: Mapping[str, object]) -> bool:
    """Whether the weight of a message is the number 0 or 1, or there is none; `true` and 1.0 are other things."""
    weight = message.get("weight", 1)
    return type(weight) is int and weight in (0, 1)


def last_message_not_assistant(case: Case) -> Iterator[str]:
    """A conversation ends with what is to be learned."""
    if case.listed and not case.is_preference and not (case.messages and _answers_last(case)):
        yield "The last message is not the assistant's: end with the answer, or cut what follows it."


def _answers_last(case: Case) -> bool:
    number, message = case.messages[-1]
    return number == len(case.listed) and message.get("role") == "assistant"


def bad_preference(case: Case) -> Iterator[str]:
    """A preference is whole: what is asked, and two answers that differ."""
    if not case.is_preference:
        return
    asked, preferred, other = (_objects(held) for held in case.lists)
    if asked is None or preferred is None or other is None:
        yield f"The preference is not whole: write {_WHOLE}, each a list of messages that are objects."
        return
    if not asked or asked[-1].get("role") != "user":
        yield 'The last message of the "input" is not the user\'s: end it with the question, and answer in the outputs.'
    texts = {PREFERRED: _answer(preferred), NOT_PREFERRED: _answer(other)}
    for name, text in texts.items():
        if not text:
            yield f'The "{name}" is not one message of the assistant\'s with text: write one answer there.'
    if texts[PREFERRED] and texts[PREFERRED] == texts[NOT_PREFERRED]:
        yield "Both outputs say the same, so none is to be preferred: change one, or take the example out."


def _objects(held: object) -> list[Mapping[str, object]] | None:
    """Return a list of objects, or None where something else stands."""
    if not isinstance(held, list):
        return None
    listed = cast("list[Mapping[str, object]]", held)
    return listed if all(isinstance(one, dict) for one in listed) else None


def _answer(output: list[Mapping[str, object]]) -> str:
    """Return what an output says, or "" where it is not one answer."""
    if len(output) != 1 or output[0].get("role") != "assistant":
        return ""
    content = output[0].get("content")
    return content.strip() if isinstance(content, str) else ""


def too_long(case: Case) -> Iterator[str]:
    """An example fits the model, which would learn a part of it otherwise."""
    if case.tokens > (limit := case.expectations.limit_tokens):
        yield (
            f"The example has {case.tokens:,} tokens, and {case.expectations.model} learns at most {limit:,}: "
            "shorten it or part it in two."
        )
