"""An assistant for tests: everything inside is real, only the model says what the test wants."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from itertools import count
from pathlib import Path

import aiosqlite

from bot.assistant import Assistant, Clock, Policy
from bot.canary import Keeper
from bot.guard import Guard, OpenGuard
from bot.metrics import Metrics
from bot.models import ChatModel, ModelError, Prompt, Sampling
from bot.models.chain import Chain
from bot.models.champion import Champion
from bot.models.library import Library
from bot.persona import Persona, Sentences
from bot.store import Store, open_store
from training.knowledge import Knowledge, read_knowledge
from training.topic import TopicModel, read_topic_model

ROOT = Path(__file__).parents[1]
# The company that comes with the product, and another one.
DATA = ROOT / "data"
OTHER_DATA = ROOT / "tests" / "data" / "brightwater"

PERSONA = Persona(
    name="Juno",
    company="Lumen",
    product="lamps",
    greeting="Hello, which lamp is it?",
    disclosure="I am a program, and I can be wrong.",
    instructions="Help.",
    privacy="I keep what you write, and reset makes me forget it.",
    refusals=("That is not about lamps.",),
    unknown=("I do not know.",),
    handoff="Write to lumen.example.",
    suggestions=("What is a lamp?", "My lamp is dark"),
    links=("lumen.example",),
    sentences=Sentences(
        welcome="You are welcome.",
        sorry="I am sorry.",
        vague="Which lamp is it?",
        empty="There are no words in that.",
        attachment="I cannot open that yet.",
        too_long="That is too long.",
        too_fast="One moment, please.",
        busy="I am still busy.",
        failed="That did not work.",
        cut="There would be more.",
        drifted="Back to lamps.",
        switched_off="I am off here.",
        handed_over="I have called somebody.",
        with_person="Somebody is with you.",
        handed_back="I am back.",
        no_person="I can call nobody.",
    ),
)

Step = str | asyncio.Event | Exception


class ScriptedModel:
    """Gives one answer after the other: pieces, events to wait for, and failures; afterwards says "Yes."."""

    def __init__(self, *answers: Iterable[Step] | str, name: str = "scripted", stop: str = "") -> None:
        self.name = name
        self.stop = stop
        self.prompts: list[Prompt] = []
        self.deaf_to: frozenset[str] = frozenset()
        self._answers = iter(answers)

    @property
    def asked(self) -> list[str]:
        """The questions that reached the model."""
        return [prompt.question for prompt in self.prompts]

    async def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Tell the next answer."""
        self.prompts.append(prompt)
        answer = next(self._answers, "Yes.")
        for step in [answer] if isinstance(answer, str) else answer:
            if isinstance(step, str):
                yield step
            elif isinstance(step, Exception):
                raise step
            else:
                await self.wait(step)

    def ignored(self, sampling: Sampling) -> Sequence[str]:
        """Return what is chosen and named in `deaf_to`."""
        return [name for name in sampling.chosen if name in self.deaf_to]

    async def wait(self, event: asyncio.Event) -> None:
        """Pause until the test lets it go on."""
        await event.wait()


@cache
def knowledge(data: Path = DATA) -> Knowledge:
    """Read a company's handbook and examples, once."""
    return read_knowledge(data)


@cache
def topic_model(data: Path = DATA) -> TopicModel:
    """Read a company's discriminator, or fit it where none is kept, once."""
    return read_topic_model(data)


@asynccontextmanager
async def open_assistant(  # noqa: PLR0913 - what a test changes, by name
    home: Path,
    *models: ChatModel,
    persona: Persona = PERSONA,
    data: Path = DATA,
    guard: Guard | None = None,
    policy: Policy | None = None,
    champion: Champion | None = None,
    library: Library | None = None,
    store: Store | None = None,
    canary: Keeper | None = None,
) -> AsyncGenerator[Assistant]:
    """Open an assistant over `store`, or else the database file in `home`; its references are r1, r2, and so on."""
    numbers = count(1)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        yield Assistant(
            store=store or await stack.enter_async_context(open_store(home / "sarah.db")),
            persona=persona,
            knowledge=knowledge(data),
            guard=guard or OpenGuard(),
            chain=Chain(models, metrics, champion, library=library),
            policy=policy or Policy(),
            metrics=metrics,
            clock=Clock(reference=lambda: f"r{next(numbers)}"),
            canary=canary,
        )


def broken(why: str = "it is down") -> list[Step]:
    """Return an answer that fails at once."""
    return [ModelError(why)]


async def damage(home: Path) -> None:
    """Take the table away that questions are recorded in."""
    async with aiosqlite.connect(home / "sarah.db") as database:
        await database.execute("ALTER TABLE turns RENAME TO elsewhere")
        await database.commit()
