"""Forms: every kind of field, what is wrong with it in a sentence, and what is asked for."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.admin.buttons import LONGEST, MARK, decoded, encoded
from bot.admin.calls import Call, Upload
from bot.admin.catalogue import COMMANDS
from bot.admin.filling import FillingError, Value, filled, missing
from bot.admin.forms import About, Command, command
from bot.admin.office import Office
from bot.admin.replies import Reply
from tests.admin.kit import examples, open_small
from tests.admin_kit import HERE, OWNER, file

SENT = file("lamps.jsonl", examples())


@command("lamp", may="home")
async def mend(  # noqa: PLR0913 - a field of each kind
    call: Call,
    office: Office,
    lamp: Annotated[str, About("The lamp")],
    *,
    times: Annotated[int | None, About("How often", least=1, most=5)] = None,
    warmth: Annotated[float, About("How warm", least=0.5)] = 1.0,
    at_once: Annotated[bool, About("Without waiting")] = False,
    colour: Annotated[Literal["red", "green"], About("Which")] = "red",
    plan: Annotated[Upload | None, About("A drawing")] = None,
    note: Annotated[str, About("What else", long=True)] = "",
) -> Reply:
    """Mend a lamp.

    More about it, which no form shows.
    """
    return Reply(f"{lamp} {times} {warmth} {at_once} {colour} {plan} {note} {call} {office}")


def faults(**said: object) -> str:
    """Return what is wrong with a form."""
    with pytest.raises(FillingError) as wrong:
        filled(mend, {name.replace("_", "-"): value for name, value in said.items()})  # pyright: ignore[reportArgumentType] - as platforms may send it
    return str(wrong.value)


def test_the_signature_is_the_form_and_the_docstring_the_help() -> None:
    assert (mend.title, mend.about) == ("lamp mend", "Mend a lamp")
    assert [(field.name, field.kind, field.required) for field in mend.fields] == [
        ("lamp", "text", True),
        ("times", "whole", False),
        ("warmth", "number", False),
        ("at-once", "yes_no", False),
        ("colour", "choice", False),
        ("plan", "file", False),
        ("note", "long", False),
    ]
    assert mend.fields[4].choices == ("red", "green")


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("lamp", "  the tall one ", "the tall one"),
        ("times", "3", 3),
        ("times", 3, 3),
        ("warmth", "2.5", 2.5),
        ("warmth", "1e3", 1000.0),
        ("at-once", "Yes", True),
        ("at-once", "OFF", False),
        ("at-once", True, True),
        ("colour", "GREEN", "green"),
        ("plan", SENT, SENT),
        ("note", "a\nb", "a\nb"),
    ],
)
def test_what_people_type_becomes_what_the_function_takes(name: str, typed: Value, value: Value) -> None:
    assert filled(mend, {"lamp": "x", name: typed})[name.replace("-", "_")] == value


def test_what_is_left_empty_keeps_its_default() -> None:
    assert filled(mend, {"lamp": "x", "times": "", "note": "   "}) == {"lamp": "x"}


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({}, "`lamp` is missing: the lamp."),
        ({"lamp": "  "}, "`lamp` is missing: the lamp."),
        ({"lamp": "x", "times": "many"}, "`times` must be a whole number."),
        ({"lamp": "x", "times": "2.5"}, "`times` must be a whole number."),
        ({"lamp": "x", "times": "0"}, "`times` must be 1 or more."),
        ({"lamp": "x", "times": 6}, "`times` must be 5 or less."),
        ({"lamp": "x", "times": "9" * 5000}, "`times` must be a whole number."),
        ({"lamp": "x", "times": "9" * 400}, "`times` must be a smaller number."),
        ({"lamp": "x", "warmth": "nan"}, "`warmth` must be a number that ends."),
        ({"lamp": "x", "warmth": "inf"}, "`warmth` must be a number that ends."),
        ({"lamp": "x", "warmth": "1e300"}, "`warmth` must be a smaller number."),
        ({"lamp": "x", "at_once": "perhaps"}, "`at-once` must be yes or no."),
        ({"lamp": "x", "colour": "blue"}, "`colour` must be one of red, green."),
        ({"lamp": "x", "plan": "a path"}, "`plan` must be a file that you send along."),
        ({"lamp": SENT}, "`lamp` must be text."),
        ({"lamp": "x" * 50_001}, "`lamp` must be shorter than 50,000 characters."),
    ],
)
def test_a_fault_is_a_sentence_that_names_the_field(said: dict[str, object], fault: str) -> None:
    assert faults(**said) == fault


def test_every_fault_is_named_at_once() -> None:
    assert faults(times="x", colour="blue", weight="3") == (
        "`lamp mend` has no field 'weight': it takes `lamp`, `times`, `warmth`, `at-once`, `colour`, `plan`, `note`."
        " `lamp` is missing: the lamp. `times` must be a whole number. `colour` must be one of red, green."
    )


def test_what_is_missing_is_what_is_required() -> None:
    assert [field.name for field in missing(mend, {})] == ["lamp"]
    assert missing(mend, {"lamp": "x"}) == ()


@pytest.mark.parametrize("each", COMMANDS, ids=lambda each: each.title)
def test_every_command_fits_what_platforms_show(each: Command) -> None:
    assert 0 < len(each.about) <= 100
    assert all(0 < len(field.about) <= 100 for field in each.fields)
    assert len(each.fields) <= 25
    assert sum(field.required for field in each.fields) <= 5


def test_no_two_commands_have_the_same_name() -> None:
    assert len({each.title for each in COMMANDS}) == len(COMMANDS)


# What is asked for.


async def test_a_form_asks_for_what_is_missing_and_carries_the_rest(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        form = await scene.admin.form(scene.call("data add-example", question="Does it hum?", draft="hums", turn="0"))
        assert form
        names = [field.name for field in form.fields]
        assert "answer" in names
        assert len(names) <= 5
        assert set(names) | set(form.carried) >= {"question", "answer", "draft", "turn"}
        known = {**form.carried, **{name: form.values[name] for name in form.values if name in names}}
        assert (known["question"], known["draft"]) == ("Does it hum?", "hums")


async def test_a_command_that_has_all_it_needs_asks_for_nothing(home: Path) -> None:
    async with open_small(home) as scene:
        assert await scene.admin.form(scene.call("data list")) is None
        assert await scene.admin.form(scene.call("data show", dataset="lamps")) is None
        assert await scene.admin.form(scene.call("data burn")) is None


async def test_a_command_with_a_file_asks_for_it_first(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        for name in ("data upload", "data check"):
            form = await scene.admin.form(scene.call(name))
            assert form
            assert form.fields[0].kind == "file"
        assert await scene.admin.form(scene.call("data upload", file=SENT)) is None


async def test_names_are_completed_by_what_they_contain(home: Path) -> None:
    async with open_small(home) as scene:

        async def completed(title: str, field: str, typed: str) -> list[str]:
            return [choice.value for choice in await scene.admin.complete(scene.call(title), field, typed)]

        assert await completed("data show", "dataset", "LAM") == ["lamps"]
        assert sorted(await completed("data show", "dataset", "")) == ["lamps", "spare"]
        assert await completed("train events", "run", "embedded") == [run.id for run in scene.registry.runs()]
        assert await completed("model show", "model", "untuned") == ["base"]
        assert await completed("model compare", "model", "untrained") == ["untrained"]
        assert await completed("model show", "model", "nobody") == []
        assert await completed("train start", "base", "preset") == ["gpt-neo-1.3b", "modern"]
        assert await completed("train start", "base", "model-") == [model.id for model in scene.registry.models()]
        assert await completed("train start", "base", "untrained") == []
        assert await completed("data show", "nothing", "") == []
        assert await completed("data burn", "dataset", "") == []
        await scene.give("data add-example", question="Does it hum?", answer="It does.", draft="hums")
        assert await completed("data freeze", "draft", "h") == ["hums"]


# Buttons.

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.sampled_from([each.title for each in COMMANDS]), st.dictionaries(NAMES, NAMES, max_size=3))
def test_what_is_written_on_a_button_is_read_from_it_again(title: str, said: dict[str, str]) -> None:
    try:
        text = encoded(title, said)
    except ValueError:
        assert len(f"{MARK}{title}?{urlencode(said)}") > LONGEST
        return
    assert len(text) <= LONGEST
    assert decoded(text) == (title, said)


@given(st.text().filter(lambda text: not text.startswith(MARK)))
def test_what_is_no_button_of_ours_is_not_read(text: str) -> None:
    assert decoded(text) is None


@given(st.text())
def test_whatever_somebody_makes_up_is_read_without_a_fault(text: str) -> None:
    read = decoded(f"{MARK}{text}")
    assert read
    assert all(isinstance(value, str) for value in read[1].values())


async def test_a_button_that_somebody_made_up_does_nothing(home: Path) -> None:
    async with open_small(home) as scene:
        for text in ("do:data burn?x=1", "do:?", "do:data show?dataset=lamps&x=1", "do:data delete?"):
            read = decoded(text)
            assert read
            reply = await scene.admin.do(Call(OWNER, read[0], HERE, read[1]))
            assert reply.buttons == ()
            assert "the fault is ours" not in reply.text
