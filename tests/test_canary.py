"""A candidate that answers a share of the conversations, and is taken back when it does worse than it may."""

import asyncio
import math
import random
import re
import statistics
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.assistant import Assistant, Policy
from bot.canary import SARAH, Bounds, Keeper, is_placed, objection
from bot.conversation import Answered, Conversation, Question, Rating
from bot.guard import Guard
from bot.models import ChatModel
from bot.models.champion import open_champion
from bot.models.library import open_library
from bot.store import Arm, Canary, Outcome, Store, open_store
from tests.champions import promote, roll_back, served
from tests.kit import ScriptedModel, Step, broken, open_assistant
from tests.store_kit import HERE, ask, change, explain
from tests.test_replying import LAMPS, POEM, Wary
from tests.test_store_cost import listening
from training.examples import DataError
from training.registry import Model

BOUNDS = Bounds()
NOBODY = Arm()
CONVERSATIONS = [Conversation("slack", "T1", "C1", f"{number}.5") for number in range(10_000)]
numbers = count(1)
# A thousand answers, of which nobody complains.
FILL = """
    INSERT INTO conversations VALUES (1, 'slack', 'T1', 'C1', '171.5');
    WITH RECURSIVE numbers(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 1000)
    INSERT INTO turns
        (id, conversation_id, message_id, author, reference, question, attachments, asked_at, state, model)
    SELECT number, 1, 'm' || number, 'U', 'r', 'q', 0, 0, 'answered', '{model}' FROM numbers;
    INSERT INTO canary_turns SELECT id, 1, 1 FROM turns;
"""


def canary(share: float = 0.1, number: int = 1) -> Canary:
    return Canary(number, "model-1", "base", share, "slack:U1", 1.0)


def placed(of: Canary) -> set[Conversation]:
    return {conversation for conversation in CONVERSATIONS if is_placed(of, conversation)}


# Who is the candidate's.


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_the_share_of_ten_thousand_conversations_is_as_it_was_said(share: float) -> None:
    # Four standard deviations of a binomial.
    assert abs(len(placed(canary(share))) - 10_000 * share) < 4 * math.sqrt(10_000 * share * (1 - share))


def test_nobody_has_no_share_and_everybody_all_of_it() -> None:
    assert placed(canary(0.0)) == set()
    assert placed(canary(1.0)) == set(CONVERSATIONS)


def test_a_larger_share_keeps_those_that_it_had_and_a_smaller_one_takes_nobody_new() -> None:
    few, more, many = (placed(canary(share)) for share in (0.05, 0.1, 0.4))
    assert few < more < many
    assert placed(canary(0.1)) == more


def test_the_next_canary_has_other_conversations() -> None:
    both = placed(canary(0.1, 1)) & placed(canary(0.1, 2))
    assert abs(len(both) - 100) < 40


@pytest.mark.parametrize("part", ["platform", "workspace", "channel", "thread"])
def test_every_part_of_a_conversation_decides_where_it_is(part: str) -> None:
    others = [replace(CONVERSATIONS[0], **{part: f"other{number}"}) for number in range(50)]
    assert {is_placed(canary(0.5), other) for other in others} == {True, False}


# What is borne.


@pytest.mark.parametrize(
    ("candidate", "champion"),
    [
        (Arm(19, 19), NOBODY),
        (Arm(20, 3), NOBODY),
        (Arm(20, 10), Arm(20, 10)),
        (Arm(20, 10), Arm(40, 30)),
        (Arm(9, downs=9), NOBODY),
        (Arm(50, ups=6, downs=4), NOBODY),
        (Arm(50, downs=20), Arm(50, downs=20)),
    ],
    ids=["few", "chance", "as the champion", "better", "few ratings", "chance ratings", "ratings as the champion"],
)
def test_what_is_no_reason_to_take_a_candidate_back(candidate: Arm, champion: Arm) -> None:
    assert objection(candidate, champion, BOUNDS) == ""


def test_a_reason_tells_the_figures_of_both_and_the_bound() -> None:
    assert objection(Arm(20, 10), Arm(200, 4), BOUNDS) == (
        "10 of its 20 answers failed (50%, and 2% of the champion's), which is surely more than 5%"
    )
    assert objection(Arm(30, ups=2, downs=10), NOBODY, BOUNDS) == (
        "10 of its 12 ratings were thumbs-down (83%, and the champion had none), which is surely more than 20%"
    )


def ended_at(errors: float, turns: int, chance: random.Random) -> int:
    """Return after how many turns a candidate of that true share of errors is taken back; 0 where it is not."""
    failures = 0
    for turn in range(1, turns + 1):
        failures += chance.random() < errors
        if objection(Arm(turn, failures), NOBODY, BOUNDS):
            return turn
    return 0


def test_looked_at_after_every_turn_chance_takes_hardly_anybody_back_and_a_bad_model_is_found_soon() -> None:
    chance = random.Random(7)  # noqa: S311 - chance that comes again
    assert sum(ended_at(BOUNDS.errors / 2, 500, chance) > 0 for _ in range(300)) <= 6
    assert statistics.median(ended_at(BOUNDS.errors * 2, 500, chance) or math.inf for _ in range(200)) < 100
    assert all(0 < ended_at(0.3, 200, chance) <= 100 for _ in range(100))


# At work.


@dataclass(frozen=True)
class Scene:
    """An assistant whose conversations a candidate may have a share of."""

    assistant: Assistant
    keeper: Keeper
    store: Store
    candidate: ScriptedModel
    told: list[Canary]

    async def ask(self, conversation: Conversation = HERE, text: str = "does it dim?") -> Answered:
        """Let a customer ask."""
        question = Question(conversation, "U1", f"m{next(numbers)}", text)
        *_, ended = [event async for event in self.assistant.answer(question)]
        assert isinstance(ended, Answered)
        return ended

    async def rated(self, rating: Rating, conversation: Conversation = HERE) -> None:
        """Let a customer ask and mark the answer."""
        assert await self.assistant.rate((await self.ask(conversation)).turn, "U1", rating)

    @property
    def running(self) -> bool:
        """Whether a canary runs."""
        return self.store.canaries.running is not None

    async def why(self) -> str:
        """Return why the last one ended."""
        last = await self.store.canaries.last()
        assert last
        assert bool(last.why) == bool(last.ended_at) == bool(last.ended_by)
        return last.why


@asynccontextmanager
async def opened(
    home: Path,
    *answers: Iterable[Step] | str,
    bounds: Bounds = BOUNDS,
    refuse: str = "",
    guard: Guard | None = None,
) -> AsyncGenerator[Scene]:
    """Open an assistant; candidates say these answers, or cannot be made ready for the reason that is given."""
    candidate, told = ScriptedModel(*answers), list[Canary]()

    def build(model: Model, _: AsyncExitStack) -> ChatModel:
        if refuse:
            raise OSError(refuse)
        candidate.name = model.id
        return candidate

    async def tell(ended: Canary) -> None:
        told.append(ended)

    async with (
        open_store(home / "sarah.db") as store,
        open_library(home, build) as library,
        open_champion(home, lambda model, _: ScriptedModel(name=model.id)) as champion,
    ):
        keeper = Keeper(store, home, "base", library, bounds=bounds, now=lambda: 5.0)
        keeper.tell(tell)
        base = ScriptedModel(name="base")
        async with open_assistant(
            home,
            base,
            library=library,
            champion=champion,
            store=store,
            canary=keeper,
            policy=Policy(per_minute=0),
            guard=guard,
        ) as assistant:
            yield Scene(assistant, keeper, store, candidate, told)
        await keeper.close()


async def test_each_conversation_is_answered_by_the_one_that_it_belongs_to_turn_after_turn(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 0.5, "slack:U1")
        for conversation in CONVERSATIONS[:20] * 2:
            expected = model.id if is_placed(begun, conversation) else "base"
            assert (await scene.ask(conversation)).model == expected
        arms = [await scene.store.canaries.arm(begun, is_candidate=candidate) for candidate in (True, False)]
    theirs = 2 * sum(is_placed(begun, conversation) for conversation in CONVERSATIONS[:20])
    assert arms == [Arm(theirs), Arm(40 - theirs)]
    assert 0 < theirs < 40


async def test_a_larger_share_of_the_same_model_is_the_same_canary_and_another_model_must_wait(tmp_path: Path) -> None:
    model, other = served(tmp_path, ""), served(tmp_path, "")
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 0.1, "slack:U1")
        wider = await scene.keeper.start(model.id, 0.4, "slack:U2")
        assert wider == replace(begun, share=0.4) == scene.store.canaries.running
        with pytest.raises(DataError, match="has its share already"):
            await scene.keeper.start(other.id, 0.4, "slack:U1")
        assert scene.store.canaries.running == wider


async def test_of_two_who_start_at_the_same_time_one_does(tmp_path: Path) -> None:
    models = [served(tmp_path, "") for _ in range(2)]
    async with opened(tmp_path) as scene:
        starts = (scene.keeper.start(model.id, 0.1, "slack:U1") for model in models)
        outcomes = await asyncio.gather(*starts, return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Canary", "DataError"]
        assert scene.running


async def test_a_turn_that_the_candidate_fails_is_the_champions_and_three_in_a_row_end_it(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, "Yes.", broken(), broken(), "Yes.", broken(), ["Tu", *broken()], []) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        with capture_logs() as logs:
            names = [(await scene.ask()).model for _ in range(8)]
        assert names == [model.id, "base", "base", model.id, "base", "base", "base", "base"]
        assert len(scene.candidate.prompts) == 7
        assert await scene.store.canaries.arm(begun, is_candidate=True) == Arm(7, 5)
        assert await scene.why() == "Its last 3 answers all failed."
        assert [line["model"] for line in logs if line["event"] == "canary.ended"] == [model.id]
    assert [(ended.id, ended.ended_by, ended.ended_at) for ended in scene.told] == [(begun.id, SARAH, 5.0)]


async def test_too_many_failures_end_it_as_soon_as_there_are_enough_turns(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, *(["Yes."] * 4, broken()) * 4) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        for _ in range(19):
            await scene.ask()
        assert scene.running
        await scene.ask()
        assert not scene.running
        assert (await scene.why()).startswith("4 of its 20 answers failed (20%, ")


async def test_a_candidate_that_leaves_the_subject_at_once_has_failed_and_a_customer_who_does_blames_nobody(
    tmp_path: Path,
) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, *([LAMPS], [LAMPS, POEM], [LAMPS], [LAMPS], [POEM]) * 4, guard=Wary()) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        for number in range(20):
            assert scene.running
            refused = await scene.ask(text="write me a poem")
            answered = await scene.ask()
            assert (refused.model, refused.on_topic) == ("guard", False)
            assert (answered.model, answered.on_topic) == (model.id, number % 5 != 4)
        assert await scene.store.canaries.arm(begun, is_candidate=True) == Arm(20, 4, refusals=20)
        assert (await scene.why()).startswith("4 of its 20 answers failed (20%, ")


async def test_a_candidate_that_says_nothing_of_the_product_is_taken_back_after_three_answers(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, *([POEM],) * 3, guard=Wary()) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        assert [(await scene.ask()).model for _ in range(3)] == [model.id] * 3
        assert await scene.why() == "Its last 3 answers all failed."


async def test_too_many_thumbs_down_end_it_as_soon_as_there_are_enough_ratings(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        for _ in range(9):
            await scene.rated("down")
        assert scene.running
        await scene.rated("down")
        assert not scene.running
        assert (await scene.why()).startswith("10 of its 10 ratings were thumbs-down (100%, ")
        assert (await scene.ask()).model == "base"


async def test_what_may_be_chance_ends_nothing(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, *(["Yes."] * 5), broken(), broken(), "Yes.", broken()) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        for number in range(25):
            await scene.rated("down" if number % 3 == 0 else "up")
        assert scene.running
        assert scene.told == []


@pytest.mark.parametrize("failing", ["turns", "ratings"])
async def test_where_the_champion_does_as_badly_the_candidate_is_not_to_blame(tmp_path: Path, failing: str) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 0.5, "slack:U1")
        for side in (False, True):
            for number in range(20):
                failed = failing == "turns" and number % 2 == 0
                answered_by = "backup" if failed else model.id if side else "base"
                rating: Rating = "down" if failing == "ratings" else "up"
                await filled(scene.store, begun, answered_by, rating, is_candidate=side)
        await scene.keeper.look()
        assert scene.running
        await filled(scene.store, begun, "base", "up", is_candidate=False)
        await scene.keeper.look()
        assert not scene.running


async def filled(  # noqa: PLR0913 - what a turn was, by name
    store: Store,
    canary: Canary,
    model: str,
    rating: Rating | None = None,
    *,
    is_candidate: bool,
    latency_ms: int = 10,
    on_topic: bool = True,
) -> int:
    """Keep a turn of one side, as it was answered and marked."""
    turn = await store.take(ask(), "r", 1.0)
    assert turn
    await store.canaries.place(turn, canary, is_candidate=is_candidate)
    await store.finish(turn, Outcome("answered", "Yes.", model, on_topic), latency_ms)
    if rating:
        assert await store.rate(turn, "U1", rating, 1.0)
    return turn


async def test_the_figures_of_each_side_are_those_of_its_turns_that_ended_and_a_refusal_is_no_failure(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path / "sarah.db") as store:
        begun = await store.canaries.begin("model-1", "base", 0.1, "slack:U1", 1.0)
        assert begun
        for latency in (30, 10, 20, 500):
            await filled(store, begun, "model-1", "up", is_candidate=True, latency_ms=latency)
        await filled(store, begun, "model-1", is_candidate=True, latency_ms=2, on_topic=False)
        changed = await filled(store, begun, "base", "down", is_candidate=True, latency_ms=1)
        await store.rate(changed, "U1", "up", 2.0)
        await store.rate(changed, "U2", "down", 2.0)
        await filled(store, begun, "base", is_candidate=False, latency_ms=8)
        await filled(store, begun, "embedded", "down", is_candidate=False, latency_ms=7)
        await filled(store, begun, "guard", "down", is_candidate=True, on_topic=False)
        asked = await store.take(ask(), "r", 1.0)
        assert asked
        await store.canaries.place(asked, begun, is_candidate=True)
        arms = [await store.canaries.arm(begun, is_candidate=side) for side in (True, False)]
        assert arms == [Arm(6, 2, 1, 5, 2), Arm(2, 1, 0, 0, 1)]
        medians = [await store.canaries.median_ms(begun, arm, is_candidate=not at) for at, arm in enumerate(arms)]
        assert medians == [25, 8]
        assert await store.canaries.lately(begun, 3) == [True, True, False]
        await store.canaries.end(begun.id, "slack:U1", 2.0, "stopped")
        another = await store.canaries.begin("model-1", "base", 0.1, "slack:U1", 3.0)
        assert another
        assert await store.canaries.arm(another, is_candidate=True) == NOBODY
        assert await store.canaries.median_ms(another, NOBODY, is_candidate=True) is None


async def test_a_turn_that_is_taken_up_again_counts_once_and_for_the_side_that_it_is_on_by_then(tmp_path: Path) -> None:
    async with open_store(tmp_path / "sarah.db") as store:
        begun = await store.canaries.begin("model-1", "base", 0.1, "slack:U1", 1.0)
        assert begun
        turn = await filled(store, begun, "model-1", is_candidate=False)
        await store.canaries.place(turn, begun, is_candidate=True)
        assert await store.canaries.arm(begun, is_candidate=True) == Arm(1)
        assert await store.canaries.arm(begun, is_candidate=False) == NOBODY


async def test_it_goes_on_after_a_restart_with_the_same_conversations_and_figures_and_stays_ended(
    tmp_path: Path,
) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, broken(), broken()) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        for _ in range(2):
            await scene.ask()
    async with opened(tmp_path, broken()) as scene:
        assert scene.store.canaries.running == begun
        await scene.ask()
        assert not scene.running
    async with opened(tmp_path) as scene:
        assert not scene.running
        assert (await scene.ask()).model == "base"


async def test_a_model_that_cannot_be_made_ready_is_given_no_share(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path, refuse="Its files are gone.") as scene:
        with pytest.raises(DataError, match=f"{model.id} cannot be made ready: Its files are gone"):
            await scene.keeper.start(model.id, 1.0, "slack:U1")
        assert await scene.store.canaries.last() is None


async def test_one_that_can_be_made_ready_no_more_is_taken_back_while_the_champion_answers(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
    async with opened(tmp_path, refuse="Its files are gone.") as scene:
        assert [(await scene.ask()).model for _ in range(3)] == ["base"] * 3
        assert not scene.running


async def test_the_champion_is_given_no_share_for_it_has_everybody(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    promote(tmp_path, model)
    async with opened(tmp_path) as scene:
        with pytest.raises(DataError, match="answers everybody"):
            await scene.keeper.start(model.id, 0.1, "slack:U1")


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        ("promoted", "It was promoted: there is nothing to compare any more."),
        ("another", "{other} answers instead of {first}: there is nothing to compare any more."),
        ("back", "base answers instead of {first}: there is nothing to compare any more."),
    ],
)
async def test_whoever_becomes_champion_ends_it_from_the_next_turn_on(tmp_path: Path, happens: str, why: str) -> None:
    first, model, other = (served(tmp_path, "") for _ in range(3))
    promote(tmp_path, first)
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        assert (await scene.ask()).model == model.id
        if happens == "back":
            roll_back(tmp_path)
        else:
            promote(tmp_path, model if happens == "promoted" else other)
        answering = {"promoted": model.id, "another": other.id, "back": "base"}[happens]
        assert (await scene.ask()).model == answering
        assert not scene.running
        assert await scene.why() == why.format(other=other.id, first=first.id)
        assert await scene.store.canaries.arm(begun, is_candidate=True) == Arm(1)


async def test_what_else_is_written_into_the_registry_ends_nothing(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        await scene.ask()
        served(tmp_path, "")
        assert (await scene.ask()).model == model.id


async def test_a_channel_with_a_model_of_its_own_is_on_neither_side(tmp_path: Path) -> None:
    model, own = served(tmp_path, ""), served(tmp_path, "")
    promote(tmp_path, own)
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        await scene.store.channels.change(HERE, "slack:U1", 1.0, model=own.id)
        assert (await scene.ask()).model == own.id
        assert await scene.store.canaries.arm(begun, is_candidate=True) == NOBODY


async def test_what_cannot_be_counted_is_answered_by_the_champion_and_told_in_the_log(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        change(tmp_path / "sarah.db", "ALTER TABLE canary_turns RENAME TO elsewhere")
        with capture_logs() as logs:
            assert (await scene.ask()).model == "base"
        assert {line["event"] for line in logs} >= {"canary.not_counted", "canary.not_judged"}
        assert scene.running


async def test_of_many_who_find_a_reason_at_the_same_time_one_ends_it_and_tells(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        for _ in range(3):
            await filled(scene.store, begun, "base", is_candidate=True)
        await asyncio.gather(*(scene.keeper.look() for _ in range(5)))
        await scene.keeper.close()
        assert [ended.id for ended in scene.told] == [begun.id]


async def test_what_happens_on_the_champions_side_is_no_occasion_to_look(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 0.5, "slack:U1")
        for _ in range(3):
            await filled(scene.store, begun, "base", is_candidate=True)
        theirs = next(conversation for conversation in CONVERSATIONS if not is_placed(begun, conversation))
        await scene.keeper.look(theirs)
        assert scene.running


async def test_the_longer_it_runs_the_more_seldom_all_of_its_answers_are_counted(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    statements: list[tuple[str, tuple[object, ...]]] = []

    def heard(_connection: object, _cursor: object, statement: str, values: tuple[object, ...], *_: object) -> None:
        statements.append((statement, values))

    async with opened(tmp_path) as scene:
        await scene.keeper.start(model.id, 1.0, "slack:U1")
        change(tmp_path / "sarah.db", FILL.format(model=model.id))
        with listening("before_cursor_execute", heard):
            for _ in range(12):
                await scene.keeper.look()
        assert scene.running
    # The answers and the verdicts, at the first look and at the twelfth.
    assert sum("count(" in statement for statement, _ in statements) == 4
    plans = [explain(tmp_path / "sarah.db", *one) for one in statements]
    assert [plan for plan in plans if re.search(r"SCAN|TEMP B-TREE", plan)] == []


async def test_an_admin_stops_it_and_a_second_stop_finds_nothing(tmp_path: Path) -> None:
    model = served(tmp_path, "")
    async with opened(tmp_path) as scene:
        begun = await scene.keeper.start(model.id, 1.0, "slack:U1")
        ended = await scene.keeper.stop("slack:U2", "enough")
        assert ended == replace(begun, ended_by="slack:U2", ended_at=5.0, why="enough")
        assert (await scene.ask()).model == "base"
        with pytest.raises(DataError, match="No canary runs"):
            await scene.keeper.stop("slack:U2", "enough")
        assert scene.told == []
