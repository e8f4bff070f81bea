"""How often one customer may ask, and how many of a conversation's messages wait."""

import asyncio
import gc
import tracemalloc
from asyncio import Event, Task, create_task

import pytest

from bot.limits import MINUTE, Busy, Cooldown, TurnQueue


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


class Desk:
    """A queue, and a record of who held the turn."""

    def __init__(self, waiting: int) -> None:
        self.queue = TurnQueue(lambda: waiting)
        self.served: list[str] = []
        self.inside = 0

    def come(self, name: str, until: Event, conversation: str = "c") -> Task[None]:
        """Take the conversation's turn and hold it until the event."""

        async def stay() -> None:
            async with self.queue.turn(conversation):
                self.served.append(name)
                self.inside += 1
                assert self.inside == 1
                try:
                    await until.wait()
                finally:
                    self.inside -= 1

        return create_task(stay())


def test_messages_beyond_the_limit_are_refused_until_a_minute_has_passed() -> None:
    cooldown = Cooldown(lambda: 3)
    assert [cooldown.allows("a", second) for second in (0.0, 1.0, 2.0, 3.0)] == [True, True, True, False]
    assert not cooldown.allows("a", MINUTE - 0.1)
    assert cooldown.allows("a", MINUTE)
    assert not cooldown.allows("a", MINUTE + 0.5)
    assert cooldown.allows("a", MINUTE + 1.0)


def test_a_refused_message_does_not_prolong_the_wait() -> None:
    cooldown = Cooldown(lambda: 1)
    assert cooldown.allows("a", 0.0)
    assert not any(cooldown.allows("a", second) for second in range(1, 60))
    assert cooldown.allows("a", MINUTE)


def test_one_author_does_not_slow_another() -> None:
    cooldown = Cooldown(lambda: 1)
    assert cooldown.allows("a", 0.0)
    assert cooldown.allows("b", 0.0)
    assert not cooldown.allows("a", 0.0)


def test_no_limit_means_any_number() -> None:
    cooldown = Cooldown(lambda: 0)
    assert all(cooldown.allows("a", 0.0) for _ in range(1000))


def test_authors_who_went_away_leave_nothing() -> None:
    cooldown = Cooldown(lambda: 2)
    for author in range(1000):
        cooldown.allows(author, 0.0)
    gc.collect()
    tracemalloc.start()
    for author in range(1000, 200_000):
        cooldown.allows(author, author * 1.0)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 200_000


def test_an_author_who_keeps_asking_too_fast_leaves_nothing_either() -> None:
    cooldown = Cooldown(lambda: 2)
    tracemalloc.start()
    for message in range(100_000):
        cooldown.allows("a", message * 0.001)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 10_000


async def test_turns_of_one_conversation_come_one_at_a_time_in_order() -> None:
    desk, done = Desk(waiting=5), Event()
    tasks = [desk.come(name, done) for name in "abcde"]
    await settle()
    assert desk.served == ["a"]
    done.set()
    await asyncio.gather(*tasks)
    assert desk.served == list("abcde")


async def test_conversations_do_not_wait_for_each_other() -> None:
    queue, inside, done = TurnQueue(lambda: 0), list[str](), Event()

    async def stay(conversation: str) -> None:
        async with queue.turn(conversation):
            inside.append(conversation)
            await done.wait()

    tasks = [create_task(stay(conversation)) for conversation in "cd"]
    await settle()
    assert inside == ["c", "d"]
    done.set()
    await asyncio.gather(*tasks)


async def test_beyond_those_who_may_wait_the_queue_is_busy() -> None:
    desk, done = Desk(waiting=1), Event()
    tasks = [desk.come(name, done) for name in "ab"]
    await settle()
    with pytest.raises(Busy):
        await desk.come("c", done)
    done.set()
    await asyncio.gather(*tasks)
    assert desk.served == ["a", "b"]


async def test_who_was_refused_takes_no_place() -> None:
    desk, done = Desk(waiting=0), Event()
    first = desk.come("a", done)
    await settle()
    for _ in range(3):
        with pytest.raises(Busy):
            await desk.come("b", done)
    done.set()
    await first
    await desk.come("c", done)
    assert desk.served == ["a", "c"]


async def test_who_gives_up_waiting_frees_the_place_and_holds_nobody_up() -> None:
    desk, done = Desk(waiting=2), Event()
    first, second, third = (desk.come(name, done) for name in "abc")
    await settle()
    second.cancel()
    await settle()
    fourth = desk.come("d", done)
    await settle()
    done.set()
    await asyncio.gather(first, third, fourth)
    assert desk.served == ["a", "c", "d"]
    assert second.cancelled()


@pytest.mark.parametrize("moments", range(5))
async def test_who_is_cancelled_while_being_called_passes_the_turn_on(moments: int) -> None:
    desk, one, never, done = Desk(waiting=2), Event(), Event(), Event()
    _, second, third = desk.come("a", one), desk.come("b", never), desk.come("c", done)
    await settle()
    one.set()
    for _ in range(moments):
        await asyncio.sleep(0)
    second.cancel()
    done.set()
    await asyncio.wait_for(third, 30)
    assert desk.served[-1] == "c"


async def test_who_comes_in_the_moment_of_handing_over_does_not_overtake() -> None:
    desk, one, done = Desk(waiting=2), Event(), Event()
    first, second = desk.come("a", one), desk.come("b", done)
    await settle()
    one.set()
    await first
    third = desk.come("c", done)
    done.set()
    await asyncio.gather(second, third)
    assert desk.served == ["a", "b", "c"]


async def test_a_turn_that_fails_lets_the_next_one_in() -> None:
    queue = TurnQueue(lambda: 0)
    with pytest.raises(ValueError, match="broken"):
        async with queue.turn("c"):
            raise ValueError("broken")
    async with queue.turn("c"):
        pass


async def test_conversations_that_ended_leave_nothing() -> None:
    queue = TurnQueue(lambda: 2)
    tracemalloc.start()
    for conversation in range(20_000):
        async with queue.turn(conversation):
            pass
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 50_000
