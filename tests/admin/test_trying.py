"""Models that an admin tries: two at once, with settings of the admin's own, and nothing of it is kept."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.admin.calls import Call, Caller
from bot.admin.choosing import TryingError, Wanted
from bot.admin.trying import DRIFTED, REFUSED, Tried, Trying
from bot.conversation import PastTurn, Piece
from bot.guard import OpenGuard, Subject
from bot.models import AS_SET_UP, ModelError, Sampling
from tests.admin.kit import audited, files, open_small, rows
from tests.admin_kit import ELSEWHERE, HERE, MEMBER, OWNER, Scene
from tests.champions import embedded, promote, served
from tests.engines.kit import local
from tests.kit import PERSONA, ScriptedModel, broken
from tests.servers.openai import OpenAI, open_openai, says

ADMIN = Caller("web", "", "Olga", "Olga", manages=True)
STRANGER = replace(ADMIN, manages=False)
QUESTION = "How long is the warranty on the Brook?"


class Strict(OpenGuard):
    """Takes every question that names whales, and every sentence that does, for something else."""

    watches = True

    async def subject(self, question: str, before: PastTurn | None) -> Subject:
        """Judge a question."""
        del before
        return "off" if "whale" in question else "on"

    def drifts(self, sentence: str) -> bool:
        """Judge a sentence."""
        return "whale" in sentence


async def wanted(scene: Scene, caller: Caller = ADMIN, /, **given: str) -> Wanted:
    """Return what somebody wants to try, as a page would send it."""
    said = {"message": QUESTION, "left": "base"} | {name.replace("_", "-"): value for name, value in given.items()}
    return await scene.admin.trying.wanted(Call(caller, "model try", HERE, said))


async def refused(scene: Scene, caller: Caller = ADMIN, /, **given: str) -> str:
    """Return why that is not put to any model."""
    with pytest.raises(TryingError) as why:
        await wanted(scene, caller, **given)
    return str(why.value)


async def asked(scene: Scene, past: Sequence[PastTurn] = (), /, **given: str) -> tuple[str, Tried]:
    """Ask the model on the left, and return what was shown piece by piece, and the end."""
    what = await wanted(scene, **given)
    events = [event async for event in scene.admin.trying.answer(what.models[0].value, past, what)]
    *pieces, end = events
    assert isinstance(end, Tried)
    return "".join(piece.text for piece in pieces if isinstance(piece, Piece)), end


@asynccontextmanager
async def beside(home: Path) -> AsyncGenerator[tuple[Scene, OpenAI, str]]:
    """Open an office with a tuned model that a server of the vLLM kind serves."""
    async with (
        open_openai(says("Two ", "years."), engine="vllm") as server,
        open_small(home) as scene,
    ):
        yield scene, server, served(home, server.url).id


async def test_every_model_is_offered_with_a_star_at_the_champion_and_those_of_the_settings_after_them(
    tmp_path: Path,
) -> None:
    async with open_small(tmp_path, ScriptedModel(name="zen-2"), ScriptedModel(name="zen-3")) as scene:
        older, newer = embedded(tmp_path, "Why?", "Because."), served(tmp_path, "http://127.0.0.1:1/v1")
        promote(tmp_path, older)
        offered = await scene.admin.trying.offered(ADMIN)
        assert [(choice.value, choice.label) for choice in offered.models] == [
            (newer.id, f"{newer.id} · openai zen-1 on lamps"),
            (older.id, f"★ {older.id} · embedded zen-1 on lamps"),
            ("base", "zen-2 (answers where no model is promoted)"),
            ("zen-3", "zen-3 (answers where those before it fail)"),
            ("untrained", "untrained (the handbook without examples)"),
        ]
        assert offered.usual == {
            "left": older.id,
            "temperature": "0.3",
            "top-k": "0",
            "top-p": "1",
            "repetition-penalty": "1",
            "longest": "600",
        }
        assert not offered.trouble


async def test_a_registry_that_cannot_be_read_leaves_the_models_of_the_settings(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        with closing(sqlite3.connect(tmp_path / "registry.db")) as database:
            database.execute("ALTER TABLE models RENAME TO elsewhere")
        offered = await scene.admin.trying.offered(ADMIN)
        assert [choice.value for choice in offered.models] == ["base", "untrained"]
        assert offered.trouble.startswith("Tuned models cannot be listed: ")


async def test_a_model_is_sent_the_settings_to_the_byte_and_customers_settings_stay(tmp_path: Path) -> None:
    async with beside(tmp_path) as (scene, server, model):
        given = {"temperature": "1.25", "top_k": "40", "top_p": "0.9", "repetition_penalty": "1.1", "longest": "77"}
        text, end = await asked(scene, left=model, **given)
        assert (text, end.text, end.note) == ("Two years.", "Two years.", "")
        body = dict(server.requests[0].body)
        assert body.pop("messages")
        assert body == {
            "model": "ft:zen-1",
            "stream": True,
            "temperature": 1.25,
            "top_k": 40,
            "top_p": 0.9,
            "repetition_penalty": 1.1,
            "max_tokens": 77,
        }
        await asked(scene, left=model)
        assert {name: server.requests[1].body.get(name) for name in ("temperature", "top_k", "max_tokens")} == {
            "temperature": 0.3,
            "top_k": None,
            "max_tokens": 600,
        }


async def test_what_a_model_said_before_is_what_it_goes_on_from(tmp_path: Path) -> None:
    async with beside(tmp_path) as (scene, server, model):
        _, first = await asked(scene, left=model, message="How long is it?")
        assert first.past
        await asked(scene, [first.past], left=model, message="And then?")
        said = [text for _, text in server.requests[1].messages[1:]]
        assert said == ["How long is it?", "Two years.", "And then?"]


async def test_what_had_no_effect_is_told_in_one_line(tmp_path: Path) -> None:
    model = ScriptedModel()
    model.deaf_to = frozenset({"top_k", "repetition_penalty", "temperature"})
    async with open_small(tmp_path, model) as scene:
        _, end = await asked(scene, temperature="1", top_k="40", repetition_penalty="1.1")
        assert end.note == "No effect on this model: temperature, top-k and repetition penalty."
        assert model.prompts[0].sampling == Sampling(temperature=1, top_k=40, repetition_penalty=1.1)
        _, end = await asked(scene)
        assert end.note == ""
        assert model.prompts[1].sampling == AS_SET_UP


async def test_the_embedded_model_says_that_nothing_has_an_effect_on_it(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        text, end = await asked(scene, left="untrained", temperature="2", longest="16")
        assert "3 years" in text
        assert end.note == "No effect on this model: temperature and longest answer."


async def test_the_model_that_answers_where_another_fails_can_be_tried_too(tmp_path: Path) -> None:
    async with open_small(tmp_path, ScriptedModel(), ScriptedModel("Hello.", name="spare")) as scene:
        assert (await asked(scene, left="spare"))[0] == "Hello."


async def test_an_answer_is_harmless_and_ends_at_the_stop_token(tmp_path: Path) -> None:
    said = ["Look at https://evil.exa", "mple/x @every", "one **ST", "OP** and more"]
    async with open_small(tmp_path, ScriptedModel(said, stop="**STOP**")) as scene:
        text, _ = await asked(scene)
        assert text.strip() == "Look at [link removed] everyone"


async def test_the_guard_stands_aside_unless_it_is_wanted(tmp_path: Path) -> None:
    said = "The lamp takes any bulb that there is. But whales are larger than that, as everybody knows."
    model = ScriptedModel(said, said)
    async with open_small(tmp_path, model, guard=Strict()) as scene:
        text, end = await asked(scene, message="What of whales?")
        assert (text, end.note, model.asked) == (said, "", ["What of whales?"])
        text, end = await asked(scene, message="What of whales?", guard="yes")
        assert (text, end.note, len(model.asked)) == (PERSONA.refusals[0], REFUSED, 1)
        assert end.past
        assert not end.past.on_topic
        text, end = await asked(scene, message="What of lamps?", guard="yes")
        assert text == f"The lamp takes any bulb that there is. \n\n{PERSONA.sentences.drifted}"
        assert (end.note, end.text) == (DRIFTED, text)


async def test_a_model_that_fails_says_why_with_the_id_of_the_log_and_makes_no_history(tmp_path: Path) -> None:
    model = ScriptedModel(["Half an ans", ModelError("it is down")], "", [RuntimeError(f"{QUESTION} broke it")])
    async with open_small(tmp_path, model) as scene:
        for why in ("it is down", "it answered nothing"):
            with capture_logs() as log:
                _, end = await asked(scene)
            (line,) = [line for line in log if line["event"] == "trying.failed"]
            assert end.text == f"**base** did not answer ({why}). The log has it under #{line['reference']}."
            assert (line["why"], line["model"], end.past) == (why, "base", None)
        with capture_logs() as log:
            _, end = await asked(scene)
        (line,) = [line for line in log if line["event"] == "trying.broken"]
        assert end.text == f"That did not work, and the fault is ours: the log tells more under #{line['reference']}."
        assert QUESTION not in repr(line)


async def test_a_model_that_the_local_engine_has_not_loaded_names_the_way_out(tmp_path: Path) -> None:
    async with open_small(tmp_path, sarah_model_retries=0, sarah_local_url="http://127.0.0.1:9/v1") as scene:
        model = local(tmp_path)
        assert f"{model.id} · local " in (await scene.admin.trying.offered(ADMIN)).models[0].label
        _, end = await asked(scene, left=model.id)
        assert end.text.startswith(f"**{model.id}** did not answer (")
        assert "see that `sarah serve` runs, and has loaded it" in end.text


async def test_the_other_model_goes_on_where_one_fails(tmp_path: Path) -> None:
    models = ScriptedModel(broken()), ScriptedModel("Yes.", name="spare")
    async with open_small(tmp_path, *models) as scene:
        what = await wanted(scene, right="spare")
        assert [choice.value for choice in what.models] == ["base", "spare"]

        async def end(model: str) -> Tried:
            *_, last = [event async for event in scene.admin.trying.answer(model, (), what)]
            assert isinstance(last, Tried)
            return last

        left, right = await asyncio.gather(end("base"), end("spare"))
        assert "did not answer" in left.text
        assert right.text == "Yes."


async def test_how_fast_an_answer_came_is_told(tmp_path: Path) -> None:
    ticks = iter([10.0, 10.5, 12.0])
    async with open_small(tmp_path, ScriptedModel(["Two ", "years."])) as scene:
        what, trying = await wanted(scene), Trying(scene.office, lambda: next(ticks))
        *_, end = [event async for event in trying.answer("base", (), what)]
        assert isinstance(end, Tried)
        assert (end.first, end.seconds) == (0.5, 2.0)


async def test_a_model_is_let_go_of_when_its_answer_is_not_wanted_any_more(tmp_path: Path) -> None:
    patient = {"sarah_model_timeout": 600, "sarah_model_deadline": 600}
    async with open_openai(says("Two ", asyncio.Event())) as server, open_small(tmp_path, **patient) as scene:
        model = served(tmp_path, server.url).id
        answer = scene.admin.trying.answer(model, (), await wanted(scene, left=model))
        assert await anext(answer) == Piece("Two ")
        await answer.aclose()
        await asyncio.wait_for(server.left.wait(), 30)


# Who may, and what may be sent.


@pytest.mark.parametrize(
    ("caller", "why"),
    [
        (STRANGER, "Only admins can do that: sign in first."),
        (MEMBER, "people who may Manage Server"),
        (replace(OWNER, workspace=ELSEWHERE), "SARAH_HOME_WORKSPACES"),
        (replace(OWNER, is_guest=True), "Guests cannot do that"),
        (replace(ADMIN, is_bot=True), "Bots cannot"),
    ],
)
async def test_nobody_but_an_admin_at_home_is_offered_or_answered_anything(
    tmp_path: Path, caller: Caller, why: str
) -> None:
    model = ScriptedModel()
    async with open_small(tmp_path, model) as scene:
        assert why in await refused(scene, caller)
        offered = await scene.admin.trying.offered(caller)
        assert (offered.models, offered.usual) == ((), {})
        assert why in offered.trouble
        assert (caller.who, "refused") in audited(scene)
        assert model.asked == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"message": " \n "}, "`message` is missing"),
        ({"message": "?!… 🙂"}, "There are no words in that message"),
        ({"message": "x" * 4001}, "a message has 4,000 characters at most"),
        ({"left": ""}, "`left` is missing"),
        ({"left": "model-none"}, "There is no model 'model-none'"),
        ({"right": "gpt-4o"}, "There is no model 'gpt-4o'"),
        ({"temperature": "2.1"}, "`temperature` must be 2 or less."),
        ({"temperature": "-0.1"}, "`temperature` must be 0 or more."),
        ({"temperature": "nan"}, "`temperature` must be a number that ends."),
        ({"temperature": "warm"}, "`temperature` must be a number."),
        ({"top_k": "-1"}, "`top-k` must be 0 or more."),
        ({"top_k": "1.5"}, "`top-k` must be a whole number."),
        ({"top_p": "0"}, "`top-p` must be 0.01 or more."),
        ({"top_p": "1.01"}, "`top-p` must be 1 or less."),
        ({"repetition_penalty": "0.9"}, "`repetition-penalty` must be 1 or more."),
        ({"repetition_penalty": "2.5"}, "`repetition-penalty` must be 2 or less."),
        ({"longest": "0"}, "`longest` must be 1 or more."),
        ({"longest": "4097"}, "The longest answer may have 4,096 tokens"),
        ({"guard": "maybe"}, "`guard` must be yes or no."),
        ({"seed": "1"}, "has no field 'seed'"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_a_sentence(tmp_path: Path, given: dict[str, str], why: str) -> None:
    model = ScriptedModel()
    async with open_small(tmp_path, model) as scene:
        assert why in await refused(scene, **given)
        assert model.asked == []


async def test_nothing_that_was_tried_is_kept_or_counted(tmp_path: Path) -> None:
    async with beside(tmp_path) as (scene, _, model):
        promote(tmp_path, scene.registry.model(model))
        await scene.give("canary start", model=embedded(tmp_path, "Why?", "Because.").id, share=100)
        before = rows(tmp_path), files(tmp_path)
        for _ in range(3):
            await asked(scene, left=model)
            await asked(scene, left="base")
        assert (rows(tmp_path), files(tmp_path)) == before
