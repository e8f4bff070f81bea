"""Print how good the answers are that need no language model."""

import asyncio
import time
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from bot.guard import TopicGuard
from bot.persona import read_persona
from tests.kit import DATA
from tests.quality.measure import HERE, judged, milliseconds, read_cases, read_off_topic, refused
from training.knowledge import read_knowledge
from training.topic import read_topic_model


async def main() -> None:
    """Measure and print."""
    began = time.perf_counter()
    knowledge = read_knowledge(DATA)
    read = time.perf_counter()
    guard = TopicGuard(read_topic_model(DATA))
    trained = time.perf_counter()
    cases, off_topic = read_cases(HERE / "questions.jsonl"), read_off_topic()
    table = Table("The embedded model and the guard", "")
    for verdict, number in sorted(judged(cases, knowledge, read_persona(DATA)).items()):
        table.add_row(f"questions {verdict}", str(number))
    follow_ups = read_cases(HERE / "follow_ups.jsonl")
    right = judged(follow_ups, knowledge, read_persona(DATA))["right"]
    table.add_row("follow-ups right, with the turn before", f"{right} of {len(follow_ups)}")
    passed = sum([await guard.subject(text, None) != "off" for text in off_topic])
    table.add_row("customers' questions refused", f"{len(await refused(cases, guard))} of {len(cases)}")
    table.add_row("off-topic messages refused", f"{len(off_topic) - passed} of {len(off_topic)}")
    took = quantiles(await milliseconds(cases, knowledge, guard), n=20)
    table.add_row("guard and search, p50 and p95", f"{took[9]:.1f} and {took[18]:.1f} ms")
    table.add_row("read the handbook, and the guard", f"{read - began:.2f} and {trained - read:.2f} s")
    Console(width=100).print(table)


if __name__ == "__main__":
    asyncio.run(main())
