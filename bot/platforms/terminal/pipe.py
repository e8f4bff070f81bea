"""A program that asks one question a line and reads one answer a line."""

import json
import re
import sys
import uuid
from collections.abc import Callable, Iterable

from bot.conversation import Answered, Answers, Conversation, Question
from bot.incoming import clean
from bot.platforms.terminal.keyboard import stopped_by_signals

NAME = "terminal"
# What ends a line for some readers, or steers a terminal, and stands as it is in JSON.
_UNESCAPED = re.compile("[\x7f-\x9f\u2028\u2029]")


class PipePlatform:
    """One question a line in, one answer a line out; satisfies `bot.conversation.Platform`."""

    name = NAME

    def __init__(  # noqa: PLR0913 - built once, in sight
        self,
        assistant: Answers,
        conversation: str,
        questions: Iterable[str],
        write: Callable[[str], None],
        note: Callable[[str], None],
        *,
        as_json: bool,
        who: str,
    ) -> None:
        """`who` runs the program: what it asks is kept as theirs."""
        self._who = who
        self._assistant = assistant
        self._conversation = Conversation(NAME, "", conversation)
        self._questions = questions
        self._write = write
        self._note = note
        self._as_json = as_json

    async def run(self, ready: Callable[[str], None]) -> None:
        """Answer every line; what an earlier process left unanswered is only noted."""
        ready("standard input")
        for turn in await self._assistant.unfinished(NAME):
            async for event in self._assistant.resume(turn):
                if isinstance(event, Answered):
                    question, answer = clean(turn.question.text), clean(event.text)
                    self._note(f"Left by an earlier session: {question!r} is answered by {answer!r}.")
        for line in stopped_by_signals(self._questions):
            await self._answer(line.rstrip("\r\n"))

    async def _answer(self, text: str) -> None:
        question = Question(self._conversation, author=self._who, message_id=uuid.uuid4().hex, text=text)
        async for event in self._assistant.answer(question):
            if isinstance(event, Answered):
                self._write(_as_json(text, event) if self._as_json else " ".join(clean(event.text).split()))


def _as_json(question: str, answered: Answered) -> str:
    told = {
        "question": question,
        "answer": clean(answered.text),
        "model": answered.model,
        "on_topic": answered.on_topic,
        "latency_ms": answered.latency_ms,
    }
    return _UNESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(told, ensure_ascii=False))


def write_line(line: str) -> None:
    """Say an answer at once: the program may wait for it before it asks again."""
    print(line, flush=True)  # noqa: T201 - this is the answer


def note_line(line: str) -> None:
    """Say something beside the answers."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - beside the answers
