"""How long a turn takes that costs the model nothing, and what the time goes to."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from statistics import quantiles

from bot.assistant import Assistant, Policy
from bot.conversation import Conversation, Question
from bot.guard import TopicGuard
from bot.incoming import clean
from bot.models import Prompt, Sampling
from bot.models.champion import Champion, open_champion
from bot.persona import read_persona
from bot.replying import PASSAGES_SHOWN, TURNS_READ
from bot.store import Outcome, open_store
from tests.champions import promote, served
from tests.kit import DATA, knowledge, open_assistant
from training.topic import read_topic_model, read_topics

WARM_UP = 50


class InstantModel:
    """Answers at once, and notes when it was asked."""

    name = "instant"
    stop = ""

    def __init__(self) -> None:
        self.asked_at: dict[str, float] = {}

    async def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Say something of usual length."""
        self.asked_at[prompt.question] = time.perf_counter()
        yield "Hold the button at the back for ten seconds, until the ring goes dark, and let it start again."

    def ignored(self, sampling: Sampling) -> Sequence[str]:
        """Return whatever is chosen."""
        return tuple(sampling.chosen)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds of every turn: until the model was asked, and until it was recorded; and turns a second."""

    before: list[float]
    whole: list[float]
    per_second: float


def questions() -> list[str]:
    """Return what customers ask: the on-topic messages of the company's topics."""
    return [topic.text for topic in read_topics(DATA / "topics") if topic.on_topic and not topic.previous]


@asynccontextmanager
async def desk(home: Path, model: InstantModel) -> AsyncGenerator[Assistant]:
    """Open an assistant as it serves customers, but for the model: the registry's champion, looked up at each turn."""
    guard = TopicGuard(read_topic_model(DATA))
    policy = Policy(per_minute=0)
    persona = read_persona(DATA)
    async with (
        crowned(home, model) as champion,
        open_assistant(home, persona=persona, guard=guard, policy=policy, champion=champion) as assistant,
    ):
        yield assistant


@asynccontextmanager
async def crowned(home: Path, model: InstantModel) -> AsyncGenerator[Champion]:
    """Make a model the champion of a registry."""
    promote(home, served(home, ""))
    async with open_champion(home, lambda _model, _opened: model) as champion:
        yield champion


async def measure(home: Path, conversations: int, turns: int, every: float = 0.0) -> Times:
    """Run so many turns in all, with so many conversations at once, each asking `every` so many seconds at most."""
    model = InstantModel()
    numbers, texts = count(), cycle(questions())
    before: list[float] = []
    whole: list[float] = []
    async with desk(home, model) as assistant:

        async def converse(conversation: Conversation, length: int, starts: float = 0.0) -> None:
            await asyncio.sleep(starts)
            for _ in range(length):
                # The number makes every question a new one.
                text = f"{next(texts)} ({next(numbers)})"
                began = time.perf_counter()
                question = Question(conversation, conversation.channel, text, text)
                async for _event in assistant.answer(question):
                    pass
                ended = time.perf_counter()
                if asked := model.asked_at.pop(clean(text), 0.0):
                    before.append((asked - began) * 1000)
                    whole.append((ended - began) * 1000)
                await asyncio.sleep(max(0.0, began + every - ended))

        await converse(Conversation("bench", "", "warm-up"), WARM_UP)
        before.clear()
        whole.clear()
        began = time.perf_counter()
        each = turns // conversations
        talks = [
            converse(Conversation("bench", "", str(n)), each, every * n / conversations) for n in range(conversations)
        ]
        await asyncio.gather(*talks)
        return Times(before, whole, each * conversations / (time.perf_counter() - began))


async def steps(home: Path, rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each step of a turn, done alone."""
    known, guard = knowledge(), TopicGuard(read_topic_model(DATA))
    texts = cycle(questions())
    outcome = Outcome("answered", "Hold the button at the back for ten seconds.", "instant")
    numbers = count()
    async with open_store(home / "sarah.db") as store, crowned(home, InstantModel()) as champion:
        taken: list[int] = []

        async def take() -> None:
            text = f"{next(texts)} ({next(numbers)})"
            turn = await store.take(Question(Conversation("bench", "", "steps"), "a", text, text), "r", 0.0)
            taken.append(turn or 0)

        async def guarded() -> None:
            await guard.subject(next(texts), None)

        async def passages() -> None:
            known.passages(next(texts), "", PASSAGES_SHOWN)

        async def finish() -> None:
            await store.finish(next(left), outcome, 1)

        async def history() -> None:
            await store.before(taken[-1], TURNS_READ)

        async def crown() -> None:
            async with champion.turn():
                pass

        asked = await _median(take, rounds)
        left = iter(taken)
        return {
            "record the question (one transaction, on disk)": asked,
            "is it about the product?": await _median(guarded, rounds),
            "find the passages": await _median(passages, rounds),
            "who is the champion?": await _median(crown, rounds),
            "record the answer (one transaction, on disk)": await _median(finish, rounds),
            f"read the history, {TURNS_READ} turns of it": await _median(history, rounds),
        }


async def _median(step: Callable[[], Awaitable[object]], rounds: int) -> float:
    took: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        await step()
        took.append((time.perf_counter() - began) * 1000)
    return percentile(took, 50)


def percentile(values: list[float], share: int) -> float:
    """Return the value that `share` percent of the values do not exceed."""
    return quantiles(values, n=100, method="inclusive")[share - 1]
