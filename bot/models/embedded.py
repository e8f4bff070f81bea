"""The model that is always there: it answers from the nearest example and passage."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence

from bot.courtesy import courteous
from bot.models import Prompt, Sampling
from bot.persona import fresh
from training.knowledge import Found, Knowledge
from training.words import Words

# Measured on the examples left out one by one and on the topics: see docs/decisions.
LIKE_ENOUGH = 0.7
SURE_ENOUGH = 0.5
# A passage longer than this (characters) is cut to its best sentences.
LONGEST_QUOTE = 700

# Answers back to which a repetition helps nobody.
_JUST_SAID = 2

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|\n+")
_PIECE = re.compile(r"\S+\s*")


class Embedded:
    """Answers without an account or a download: quotes what is near, and says so when nothing is."""

    stop = ""

    def __init__(self, knowledge: Knowledge, name: str = "embedded") -> None:
        self.name = name
        self._knowledge = knowledge

    async def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the answer word by word."""
        for piece in _PIECE.findall(self.reply(prompt)):
            yield piece

    def ignored(self, sampling: Sampling) -> Sequence[str]:
        """Return whatever is chosen: it quotes, and chooses no words."""
        return tuple(sampling.chosen)

    def reply(self, prompt: Prompt) -> str:
        """Answer with the nearest example, else the nearest passage, else that it is not known."""
        if said := courteous(prompt.question, prompt.persona):
            return said
        if not prompt.history and not self._knowledge.words(prompt.question):
            return prompt.persona.sentences.vague
        answers = [turn.answer for turn in prompt.history]
        answer = self._known(prompt)
        if answer in answers[-_JUST_SAID:]:
            # Said a moment ago: only what the new question picks out of it is worth saying again.
            answer = picked(answer, prompt.question, self._knowledge.words)
        if not answer and prompt.borderline:
            return fresh(prompt.persona.refusals, answers)
        return answer or f"{fresh(prompt.persona.unknown, answers)} {prompt.persona.handoff}"

    def _known(self, prompt: Prompt) -> str:
        """Return what the examples or the handbook say, or ""."""
        before = next((turn.question for turn in reversed(prompt.history) if turn.on_topic), "")
        precedent = self._knowledge.precedent(prompt.question, before)
        if precedent and precedent.likeness >= LIKE_ENOUGH:
            return precedent.answer
        if prompt.passages and prompt.passages[0].confidence >= SURE_ENOUGH:
            return quote(prompt.passages[0], prompt.question, self._knowledge.words)
        return ""


def picked(text: str, question: str, words: Words) -> str:
    """Return the sentence of a text that shares most words with a question, or ""."""
    asked = set(words(question))

    def shared(sentence: str) -> int:
        return len(asked & set(words(sentence)))

    best = max(_SENTENCE.split(text), key=shared)
    return best if shared(best) else ""


def quote(found: Found, question: str, words: Words) -> str:
    """Return a passage under its title, cut to the sentences that speak of the question if it is long."""
    passage = found.passage
    text = passage.text
    if len(text) > LONGEST_QUOTE:
        text = " ".join(_best_sentences(text, question, words))
    about = passage.title if passage.heading == passage.title else f"{passage.title}: {passage.heading}"
    return f"**{about}**\n\n{text}"


def _best_sentences(text: str, question: str, words: Words) -> Iterator[str]:
    """Yield the run of sentences within LONGEST_QUOTE that shares most words with the question."""
    asked, sentences = set(words(question)), _SENTENCE.split(text)
    runs = [_run(sentences, start) for start in range(len(sentences))]
    yield from max(runs, key=lambda run: sum(len(asked & set(words(sentence))) for sentence in run))


def _run(sentences: Sequence[str], start: int) -> list[str]:
    """Return the sentences from `start` that fit in LONGEST_QUOTE, at least one."""
    taken = [sentences[start]]
    room = LONGEST_QUOTE - len(sentences[start])
    for sentence in sentences[start + 1 :]:
        room -= len(sentence) + 1
        if room < 0:
            break
        taken.append(sentence)
    return taken
