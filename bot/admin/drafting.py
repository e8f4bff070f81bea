"""`data`: examples that people write by hand, in a draft until somebody freezes it into a dataset."""

from typing import Annotated

from bot.admin.calls import Call
from bot.admin.data import NameField, Stop, System, told
from bot.admin.forms import About, command
from bot.admin.names import drafts_of
from bot.admin.office import Office, Refusal
from bot.admin.permission import OWN
from bot.admin.replies import Button, Reply
from bot.conversation import Conversation
from training.drafts import Drafted
from training.examples import DataError
from training.provenance import Provenance, Source, covers
from training.quoting import quoted
from training.split import folded
from training.wording import number

DRAFT = "draft"
# Digits of the longest number of a turn.
LONGEST_NUMBER = 15
# Examples of a draft that are shown.
SHOWN = 20


async def _prefilled(call: Call, office: Office) -> dict[str, str]:
    """Return the question and answer of a turn, where the law of its platform lets them be learned from."""
    turn = str(call.given.get("turn", ""))
    marked = await office.store.people.turn(int(turn)) if _is_turn(turn) else None
    if marked is None:
        return {}
    place = marked.conversation
    if place.platform not in OWN and not await _permission(office, place):
        return {}
    return {"question": marked.question, "answer": marked.answer}


def _is_turn(text: str) -> bool:
    """Tell whether a text is a number that a turn can have."""
    return text.isdecimal() and len(text) <= LONGEST_NUMBER


async def _permission(office: Office, place: Conversation) -> str:
    """Return the id of a recorded permission to copy what was said in a workspace of Slack, or ""."""
    if place.platform != "slack":
        return ""
    now, origin = office.clock(), Provenance("", "slack", workspace=place.workspace)
    return await office.apart(
        lambda: next((one.id for one in office.registry.permissions() if covers(one, origin, now)), "")
    )


@command("data", may="home", prefill=_prefilled)
async def add_example(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    question: Annotated[str, About("What a customer asks, in your own words", long=True)],
    answer: Annotated[str, About("What the answer should be", long=True)],
    *,
    category: Annotated[str, About("What it is about, such as billing")] = "",
    draft: Annotated[str, About("The draft that it goes into", names="drafts")] = DRAFT,
    turn: Annotated[int, About("The number of the answer that it is to replace", least=0)] = 0,
) -> Reply:
    """Write an example by hand; it goes into a draft, which can be frozen into a dataset."""
    example = await _written(call, office, question, answer, category, turn)
    count = await office.apart(lambda: drafts_of(office).add(draft, example))
    await office.note(call.caller.who, "add example", f"draft {draft}", f"for the answer {turn}" if turn else "")
    return Reply(
        f"Kept in the draft **{quoted(draft)}**, which has {number(count, 'example')} now.",
        buttons=(
            Button("Write another", "data add-example", {"draft": draft}),
            Button("Freeze into a dataset", "data freeze", {"draft": draft}),
        ),
    )


async def _written(  # noqa: PLR0913, PLR0917 - the form's fields
    call: Call, office: Office, question: str, answer: str, category: str, turn: int
) -> Drafted:
    """Return an example with its author, and with the chat that it was copied from if it was."""
    marked = await office.store.people.turn(turn) if turn else None
    if turn and marked is None:
        raise DataError(f"There is no answer {turn} any more: write the example without `turn`.")
    source: Source = "written"
    workspace = permission = ""
    if marked and marked.conversation.platform not in OWN:
        place = marked.conversation
        if permission := await _permission(office, place):
            source, workspace = "slack", place.workspace
        elif _same(question, marked.question):
            raise Refusal(
                "A customer's own words from this workspace may not be learned from: write the question in your words."
            )
    return Drafted(
        question=question,
        answer=answer,
        category=category,
        author=call.caller.who,
        source=source,
        workspace=workspace,
        permission=permission,
        at=office.clock(),
        turn=turn,
    )


def _same(text: str, other: str) -> bool:
    """Tell whether two texts are the same but for case, spaces and punctuation."""
    return folded(text) == folded(other)


@command("data", may="home")
async def freeze(  # noqa: PLR0913 - a form, field by field
    call: Call,
    office: Office,
    draft: Annotated[str, About("The draft", names="drafts")],
    *,
    name: NameField = "",
    onto: Annotated[str, About("A dataset whose examples come first", names="datasets")] = "",
    stop: Stop = "",
    system: System = "",
) -> Reply:
    """Check a draft and keep it as a dataset, which never changes; the draft is empty then."""
    return await office.heavily(
        lambda: _frozen(office, call.caller.who, draft, name=name, onto=onto, stop=stop, system=system)
    )


def _frozen(  # noqa: PLR0913 - the form's fields
    office: Office, by: str, draft: str, *, name: str, onto: str, stop: str, system: str
) -> Reply:
    drafts, settings, registry = drafts_of(office), office.settings, office.registry
    with drafts.freeze(settings, registry, draft, by, name=name, onto=onto, stop=stop, system=system) as taken:
        return told(taken, draft, "freeze it again; the draft is still there")


@command("data", may="home")
async def draft(
    call: Call,
    office: Office,
    *,
    draft: Annotated[str, About("The draft", names="drafts")] = DRAFT,
    remove: Annotated[int, About("The number of an example to be taken out", least=1)] = 0,
) -> Reply:
    """Show the examples of a draft, or take one out."""
    drafts = drafts_of(office)
    if remove:
        gone = await office.apart(lambda: drafts.remove(draft, remove))
        await office.note(call.caller.who, "remove example", f"draft {draft}", f"number {remove}")
        return Reply(f"Taken out of the draft **{quoted(draft)}**: {quoted(gone.question)}")
    written = await office.apart(lambda: list(drafts.examples(draft)))
    listed = "\n".join(
        f"{at}. {quoted(one.question)}\n> {quoted(one.answer)} ({quoted(one.author, 60)})"
        for at, one in enumerate(written[:SHOWN], 1)
    )
    more = f"\n... and {len(written) - SHOWN:,} more" if len(written) > SHOWN else ""
    freeze = Button("Freeze into a dataset", "data freeze", {"draft": draft})
    return Reply(f"**{quoted(draft)}**: {number(len(written), 'example')}\n{listed}{more}", buttons=(freeze,))
