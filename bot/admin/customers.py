"""What customers may ask for beside an answer: a person, and what is kept of them."""

import json
from dataclasses import asdict
from typing import Annotated

import structlog

from bot.admin.board import ShowError
from bot.admin.calls import Call, Caller
from bot.admin.forms import About, command
from bot.admin.handing import announce, support_for
from bot.admin.office import Office, Refusal
from bot.admin.replies import Attachment, Button, Reply
from bot.conversation import Answered, Conversation, Question
from training.wording import number

EXPORT = "my-conversations.json"


@command("", may="anyone")
async def ask(
    call: Call, office: Office, question: Annotated[str, About("What you would like to know", long=True)]
) -> Reply:
    """Ask a question."""
    if why := office.assistant.silence(call.conversation):
        return Reply(why)
    asked = Question(call.conversation, call.caller.user, call.message_id, question)
    answers = [event.text async for event in office.assistant.answer(asked) if isinstance(event, Answered)]
    return Reply("\n".join(answers) or "That was asked before: the answer stands above.")


@command("", may="anyone")
async def human(call: Call, office: Office) -> Reply:
    """Talk to a person: somebody is told, and the assistant stays silent here until that is over."""
    sentences, handoff = office.persona.sentences, office.persona.handoff
    where = support_for(call.conversation.platform, office)
    if where is None:
        return Reply(f"{sentences.no_person} {handoff}")
    if not office.is_patient(call.caller.who):
        return Reply(f"{sentences.too_fast} {handoff}")
    begun = await office.store.handoffs.begin(call.conversation, call.caller.user, office.clock(), call.link)
    if begun is None:
        return Reply(sentences.with_person)
    try:
        await announce(office, begun, *where)
    except ShowError as error:
        structlog.get_logger().error("handoff.not_announced", handoff=begun.id, platform=where[0], why=str(error))
        return Reply(f"{sentences.no_person} {handoff}")
    return Reply(f"{sentences.handed_over} {handoff}", public=True)


@command("", may="anyone")
async def privacy(call: Call, office: Office) -> Reply:
    """Read what is kept of you, what for, and how to see or erase it."""
    buttons = (
        Button("Export what is kept of me", "export-me"),
        Button("Forget me", "forget-me", style="danger"),
    )
    return Reply(office.persona.privacy, buttons=buttons)


@command("", may="anyone")
async def forget_me(call: Call, office: Office, *, sure: Annotated[bool, About("Without asking")] = False) -> Reply:
    """Erase everything that you wrote here, and the answers to it."""
    if not sure:
        button = Button("Erase it all", "forget-me", {"sure": "yes"}, "danger")
        return Reply("Everything you wrote to me here, with my answers, would be gone for good.", buttons=(button,))
    erased = await office.store.people.forget(*_whose(call.caller))
    return Reply(f"Done: {number(erased, 'message')} of yours, and what was answered, are gone for good.")


def _whose(caller: Caller) -> tuple[str, str | None, str]:
    """Return platform, workspace and id of somebody: on Discord a person is the same in every server."""
    return caller.platform, None if caller.platform == "discord" else caller.workspace, caller.user


@command("", may="anyone")
async def export_me(call: Call, office: Office) -> Reply:
    """Get a file of everything that is kept of you here."""
    kept = await office.store.people.export(*_whose(call.caller))
    if not kept:
        return Reply("Nothing is kept of you here.")
    told = json.dumps(kept, ensure_ascii=False, indent=2, default=asdict).encode()
    return Reply(f"{number(len(kept), 'message')} of yours, with the answers.", (Attachment(EXPORT, told),))


@command("", may="anyone")
async def reset(call: Call, office: Office) -> Reply:
    """Forget what was said here, and start over."""
    if is_shared(call.conversation) and not call.caller.moderates:
        raise Refusal("Only people who may manage the messages of this channel can do that here.")
    await office.assistant.reset(call.conversation)
    return Reply("Done: what was said here is forgotten.")


def is_shared(conversation: Conversation) -> bool:
    """Whether several people may talk in this conversation: in a server's channel, but in no command of one's own."""
    return conversation.platform == "discord" and bool(conversation.workspace)
