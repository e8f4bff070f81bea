# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""Conversations as a model reads them, and which of their tokens it learns."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from transformers import PreTrainedTokenizerBase
from trl.chat_template_utils import (
    get_training_chat_template,
    has_generation_markers,
    is_chat_template_stop_token_trained,
)

from training.entries import NOT_PREFERRED, PREFERRED
from training.examples import read_jsonl

OURS = Path(__file__).with_name("chat.jinja")
# What the losses leave out, in torch and TRL.
NOT_LEARNED = -100


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in tokens, and of each what is to be said there, or -100 where it is only read."""

    input_ids: list[int]
    labels: list[int]

    def cut(self, length: int) -> "Row":
        """Return the beginning of it."""
        return Row(self.input_ids[:length], self.labels[:length])

    @property
    def teaches(self) -> bool:
        """Whether there is anything to learn in it."""
        return any(label != NOT_LEARNED for label in self.labels)


def template_for(tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the chat template with marks around what is learned, the end of the turn included.

    A model that has a format of its own keeps it; one that has none, or one that nobody has marked, gets ours, which
    then stands in its tokenizer.
    """
    own = tokenizer.chat_template
    if isinstance(own, dict):
        own = own["default"]
    marked = _marked(tokenizer, own) if own else ""
    if marked and is_chat_template_stop_token_trained(tokenizer, chat_template=marked):
        return marked
    tokenizer.chat_template = OURS.read_text(encoding="utf-8")
    return tokenizer.chat_template


def is_ours(template: str) -> bool:
    """Tell whether a chat template is the one for models that have none."""
    return template == OURS.read_text(encoding="utf-8")


def _marked(tokenizer: PreTrainedTokenizerBase, own: str) -> str:
    """Return a format with marks, or "" where it has none and is not known."""
    if has_generation_markers(own):
        return own
    try:
        return get_training_chat_template(tokenizer) or ""
    # So it says that it does not know this one.
    except ValueError:
        return ""


def rows(tokenizer: PreTrainedTokenizerBase, template: str, path: Path) -> Iterator[Row]:
    """Yield the conversations of a file; an answer of weight 0 is read and not learned. Raises DataError."""
    for _, value in read_jsonl(path):
        yield row(tokenizer, template, cast("Mapping[str, Any]", value)["messages"])


def row(tokenizer: PreTrainedTokenizerBase, template: str, messages: Sequence[Mapping[str, object]]) -> Row:
    """Return one conversation in tokens; its answers are learned, but for those of weight 0."""
    told: Any = tokenizer.apply_chat_template(
        _plain(messages),
        chat_template=template,
        return_dict=True,
        return_assistant_tokens_mask=True,
    )
    weights = [message.get("weight", 1) for message in messages if message["role"] == "assistant"]
    learned = _weighed(told["assistant_masks"], weights)
    ids = told["input_ids"]
    labels = [token if wanted else NOT_LEARNED for token, wanted in zip(ids, learned, strict=True)]
    return Row(ids, labels)


def _weighed(mask: Sequence[int], weights: Sequence[object]) -> list[bool]:
    """Return which tokens are learned: each unbroken stretch of the mask is one answer, in order."""
    learned: list[bool] = []
    answers = iter(weights)
    for marked, tokens in groupby(mask):
        wanted = bool(marked) and bool(next(answers))
        learned += [wanted] * len(list(tokens))
    return learned


def pairs(path: Path) -> Iterator[dict[str, object]]:
    """Yield the preferences of a file as TRL takes them; raises DataError."""
    for _, value in read_jsonl(path):
        told = cast("Mapping[str, Any]", value)
        yield {
            "prompt": _plain(told["input"]["messages"]),
            "chosen": _plain(told[PREFERRED]),
            "rejected": _plain(told[NOT_PREFERRED]),
        }


def _plain(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"role": message["role"], "content": message["content"]} for message in messages]
