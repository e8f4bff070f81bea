"""What Slack's message events mean."""

import pytest

from bot.conversation import Conversation, Question
from bot.platforms.slack.incoming import Changed, Deleted, Heard, Me, Place, read

ME = Me("T1", "U0")
IN_CHANNEL = {"type": "message", "channel": "C1", "user": "U1", "ts": "2.0", "text": "Hello"}
DIRECTLY = {**IN_CHANNEL, "channel": "D1"}
THREAD = Conversation("slack", "T1", "C1", "1.0")


def heard(event: dict[str, object]) -> Heard:
    message = read(event, ME)
    assert isinstance(message, Heard)
    return message


def test_a_message_in_a_thread_belongs_to_the_thread_and_is_answered_there() -> None:
    message = heard({**IN_CHANNEL, "thread_ts": "1.0"})
    assert message.question == Question(THREAD, "U1", "2.0", "Hello")
    assert message.place == Place("C1", "1.0", "T1", "U1")
    assert not message.addressed


def test_a_message_that_is_no_reply_begins_a_thread() -> None:
    message = heard(dict(IN_CHANNEL))
    assert message.question.conversation.thread == message.place.thread == "2.0"


def test_a_direct_message_is_addressed_to_her_and_belongs_to_the_whole_channel() -> None:
    message = heard({**DIRECTLY, "thread_ts": "1.0"})
    assert message.question.conversation == Conversation("slack", "T1", "D1")
    assert message.place.thread == "1.0"
    assert message.addressed


@pytest.mark.parametrize(
    ("text", "addressed", "to_others"),
    [
        ("Hello", False, False),
        ("<@U0> hello", True, False),
        ("<@U0|sarah> hello", True, False),
        ("<@U2> hello", False, True),
        ("<@U0> and <@U2>", True, True),
    ],
)
def test_whom_a_message_is_for_is_told_by_whom_it_mentions(text: str, addressed: bool, to_others: bool) -> None:  # noqa: FBT001
    message = heard({**IN_CHANNEL, "text": text})
    assert (message.addressed, message.to_others) == (addressed, to_others)


def test_a_customer_of_another_workspace_is_shown_the_stream_in_theirs() -> None:
    assert heard({**IN_CHANNEL, "user_team": "T9"}).place.team == "T9"


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_what_customers_write_in_other_ways_counts(subtype: str) -> None:
    assert heard({**IN_CHANNEL, "subtype": subtype}).question.text == "Hello"


def test_files_are_counted() -> None:
    assert heard({**IN_CHANNEL, "files": [{"id": "F1"}, {"id": "F2"}]}).question.attachments == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"bot_id": "B1"},
        {"user": "U0"},
        {"user": "USLACKBOT"},
        {"user": None},
        {"ts": None},
        {"channel": 7},
        *({"subtype": subtype} for subtype in ("bot_message", "channel_join", "channel_topic", "message_replied")),
    ],
)
def test_machines_notices_and_what_is_malformed_are_nothing_for_us(changed: dict[str, object]) -> None:
    assert read({**IN_CHANNEL, **changed}, ME) is None


def change(now: dict[str, object], before: dict[str, object]) -> dict[str, object]:
    said: dict[str, object] = {"user": "U1", "ts": "2.0", "thread_ts": "1.0"}
    return {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "message": said | now,
        "previous_message": said | before,
    }


def test_a_changed_text_is_a_change() -> None:
    assert read(change({"text": "<@U0> New"}, {"text": "<@U0> Old"}), ME) == Changed(THREAD, "2.0", "New")


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ({"text": "Same", "attachments": []}, {"text": "Same"}),
        ({"text": "New", "user": "U0"}, {"text": "Old", "user": "U0"}),
        ({"text": "New", "bot_id": "B1"}, {"text": "Old", "bot_id": "B1"}),
    ],
)
def test_a_preview_and_a_machines_rewriting_are_no_change(now: dict[str, object], before: dict[str, object]) -> None:
    assert read(change(now, before), ME) is None


def test_a_deleted_message_is_a_deletion_whoever_wrote_it() -> None:
    gone = {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "2.0"}
    hers = {"user": "U0", "bot_id": "B0", "ts": "2.0", "thread_ts": "1.0"}
    assert read({**gone, "previous_message": hers}, ME) == Deleted(THREAD, "2.0")
    assert read(gone, ME) == Deleted(Conversation("slack", "T1", "C1", "2.0"), "2.0")


def test_the_head_of_a_thread_that_leaves_a_tombstone_is_a_deletion() -> None:
    stone = change({"subtype": "tombstone", "ts": "1.0", "user": "USLACKBOT"}, {"ts": "1.0", "text": "Old"})
    assert read(stone, ME) == Deleted(THREAD, "1.0")
