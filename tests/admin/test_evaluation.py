"""Models answer the held-out scenarios as customers would be answered, and what they said is kept while it is true."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from bot.admin.costs import Costs, Served
from bot.admin.drafting import DRAFT
from bot.admin.rehearsal import SAMPLED
from bot.admin.setups import setup_of
from bot.guard import Subject
from bot.models import Prompt
from bot.settings import Settings
from tests.admin.kit import audited, examples, open_small, until
from tests.admin_kit import CHANNEL, HERE, OWNER, Scene, Wall, file, open_office
from tests.champions import served
from tests.engines.kit import local
from tests.kit import OTHER_DATA, PERSONA, ScriptedModel
from tests.training.local_kit import preset_in
from training.evaluation.scorecard import Scorecard, read_all
from training.settings import OPENAI

SCENARIOS = read_all(OTHER_DATA / "scenarios")
TURNS = sum(len(scenario.turns) for scenario in SCENARIOS)


class Strict:
    """Refuses questions that name pirates, and cuts sentences that do."""

    watches = True

    async def subject(self, question: str, before: object) -> Subject:
        """Return whether the question is about anything else."""
        del before
        return "off" if "pirate" in question.lower() else "on"

    def drifts(self, sentence: str) -> bool:
        """Whether a sentence is about pirates."""
        return "pirate" in sentence.lower()

    def by(self, topic: object) -> "Strict":
        """Return itself."""
        del topic
        return self


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """Return a copy of a company's folder with one scenario of two turns."""
    data = shutil.copytree(OTHER_DATA, tmp_path / "data")
    asks(data, "Do pirates drink it?", "How hot is the water?")
    return data


def asks(data: Path, *questions: str) -> None:
    """Let a company have one scenario, in which this is asked."""
    expect = {"refuses": False}
    turns = [{"user": question, "reference": "It is 92 degrees.", "expect": expect} for question in questions]
    (data / "scenarios" / "scenarios.jsonl").write_text(
        json.dumps({"id": "one", "category": "knowledge-base", "turns": turns}) + "\n", "utf-8"
    )


def said(card: Scorecard) -> list[str]:
    """Return the answers of the first trial of every scenario."""
    return [given.text for result in card.results for given in result.trials[0].answers]


def newest(scene: Scene) -> str:
    """Return the id of the newest model of the prepared home."""
    return scene.registry.models()[0].id


# What is asked, and how often.


async def test_a_model_that_always_says_the_same_goes_through_the_scenarios_once_and_another_thrice(home: Path) -> None:
    async with open_small(home, model := ScriptedModel()) as scene:
        base, untrained, tuned = await scene.office.rehearsal.cards(["base", "untrained", newest(scene)])
    assert (base.trials, untrained.trials, tuned.trials) == (SAMPLED, 1, 1)
    assert len(model.prompts) == SAMPLED * TURNS


async def test_how_often_can_be_said(tmp_path: Path) -> None:
    async with open_small(tmp_path, model := ScriptedModel()) as scene:
        [card] = await scene.office.rehearsal.cards(["base"], 2)
    assert (card.trials, len(model.prompts)) == (2, 2 * TURNS)


async def test_a_beginning_of_an_id_names_a_model(home: Path) -> None:
    async with open_small(home) as scene:
        [card] = await scene.office.rehearsal.cards([newest(scene)[:10]])
        assert card.model == newest(scene)


async def test_the_untrained_model_knows_the_handbook_and_no_example(home: Path) -> None:
    async with open_small(home) as scene:
        untrained, tuned = await scene.office.rehearsal.cards(["untrained", newest(scene)])
        question = "Which bulb does lamps number 3 take, and where do I buy it?"
        assert "Take bulb 3" in await scene.office.rehearsal.tried(newest(scene), question)
        assert "Take bulb 3" not in await scene.office.rehearsal.tried("untrained", question)
        assert "3 years" in await scene.office.rehearsal.tried("untrained", "How long is the warranty on the Brook?")
    assert untrained.losses == {}
    assert set(tuned.losses) == {"train_loss", "valid_loss"}


async def test_the_last_losses_of_its_run_stand_in_a_scorecard(home: Path) -> None:
    async with open_small(home) as scene:
        [card] = await scene.office.rehearsal.cards([newest(scene)])
        measured = scene.registry.metrics(scene.registry.model(newest(scene)).run)
    for name in ("train_loss", "valid_loss"):
        last = max((metric for metric in measured if metric.name == name), key=lambda metric: metric.step)
        assert card.losses[name] == last.value


# As customers would be answered.


async def test_what_the_guard_refuses_is_asked_of_no_model_and_costs_nothing(tmp_path: Path, company: Path) -> None:
    async with open_office(tmp_path, model := ScriptedModel(), data=company, guard=Strict()) as scene:
        [card] = await scene.office.rehearsal.cards(["base"], 1)
    assert said(card) == [PERSONA.refusals[0], "Yes."]
    assert model.asked == ["How hot is the water?"]
    assert card.results[0].trials[0].answers[0].cost_usd == 0


async def test_an_answer_that_drifts_ends_where_a_customer_would_see_it_end(tmp_path: Path, company: Path) -> None:
    asks(company, "How hot is the water?", "And in summer?")
    drift = "Pirates sail the seven seas."
    model = ScriptedModel(f"The water in it is 92 degrees hot. {drift}", drift)
    async with open_office(tmp_path, model, data=company, guard=Strict()) as scene:
        [card] = await scene.office.rehearsal.cards(["base"], 1)
    cut = f"The water in it is 92 degrees hot.\n\n{PERSONA.sentences.drifted}"
    assert said(card) == [cut, PERSONA.refusals[0]]


async def test_of_a_served_model_tokens_are_counted_and_those_of_a_listed_price_are_priced(
    tmp_path: Path, company: Path
) -> None:
    listed = {"sarah_model": "gpt-4.1-mini", "sarah_model_url": OPENAI}
    own = {"sarah_model": "gpt-4.1-mini", "sarah_model_url": "http://127.0.0.1:8000/v1"}
    cards: list[Scorecard] = []
    for at, settings in enumerate((listed, own)):
        async with open_office(tmp_path / str(at), ScriptedModel(), data=company, **settings) as scene:  # pyright: ignore[reportArgumentType] - by name
            cards += await scene.office.rehearsal.cards(["base"], 1)
    [(read, written)] = {card.tokens for card in cards}
    assert read > 500
    # Two answers, each "Yes.".
    assert written == 2 * 2
    # $0.40 and $1.60 a million.
    assert cards[0].cost == pytest.approx((0.4 * read + 1.6 * written) / 1e6)
    assert cards[1].cost is None


async def test_an_embedded_model_is_free(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        [card] = await scene.office.rehearsal.cards(["untrained"])
    assert (card.tokens, card.cost) == ((0, 0), 0)


async def test_a_model_that_was_tuned_here_asks_nothing_for_its_answers(home: Path) -> None:
    async with open_small(home) as scene:
        made = [local(home), served(home, "http://127.0.0.1:8000/v1")]
        ours, elsewhere = await scene.office.rehearsal.errands([model.id for model in made])
    assert ours.told == f"{SAMPLED * TURNS} questions for nothing"
    assert elsewhere.told == f"{SAMPLED * TURNS} questions for an unknown price"
    prompt = Prompt(PERSONA, (), (), "Is it on?")
    taken = Costs().of(Served("http://127.0.0.1:8000/v1", ours.model, is_ours=True), prompt, "Yes.")
    assert (taken.cost_usd, taken.output_tokens) == (0, 2)


# What is kept.


async def test_what_a_model_answered_is_not_asked_again_after_a_restart(tmp_path: Path) -> None:
    async with open_small(tmp_path) as scene:
        [first] = await scene.office.rehearsal.cards(["base"])
    async with open_small(tmp_path, model := ScriptedModel()) as scene:
        assert await scene.office.rehearsal.cards(["base"]) == [first]
        # More trials than are kept are not there.
        await scene.office.rehearsal.cards(["base"], SAMPLED + 1)
    assert len(model.prompts) == (SAMPLED + 1) * TURNS


@pytest.mark.parametrize("change", ["scenario", "handbook", "setting"])
async def test_what_is_kept_of_other_scenarios_or_another_setup_is_asked_again(
    tmp_path: Path, company: Path, change: str
) -> None:
    async with open_office(tmp_path, data=company) as scene:
        await scene.office.rehearsal.cards(["base"])
    settings: dict[str, object] = {}
    match change:
        case "scenario":
            asks(company, "Is it hot?")
        case "handbook":
            (company / "handbook" / "tea.md").write_text("# Tea\n\n## Heat\n\nTea is hot.\n", "utf-8")
        case _:
            settings["sarah_temperature"] = 1.5
    async with open_office(tmp_path, model := ScriptedModel(), data=company, **settings) as scene:  # pyright: ignore[reportArgumentType] - by name
        await scene.office.rehearsal.cards(["base"])
    assert model.prompts


def test_how_long_a_guard_is_waited_for_decides_no_answer_and_who_guards_does(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    usual = Settings.model_construct(sarah_data=tmp_path / "data")
    patient = usual.model_copy(update={"sarah_guard_deadline": 9.0})
    unguarded = usual.model_copy(update={"sarah_guard": "off"})
    assert setup_of(usual) == setup_of(patient) != setup_of(unguarded)


def test_how_something_is_tuned_decides_no_answer(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    usual = Settings.model_construct(sarah_data=tmp_path / "data")
    before = setup_of(usual)
    preset_in(tmp_path / "data")
    assert setup_of(usual) == before


# The commands.


async def test_a_model_is_evaluated_in_the_background_and_its_scorecard_is_posted(home: Path) -> None:
    hold, wall = asyncio.Event(), Wall()
    async with open_small(home, ScriptedModel([hold, "Yes."])) as scene:
        scene.admin.serve("discord", wall.notice)
        begun = await scene.give("model evaluate", model="base", trials=2)
        assert begun.text == f"**base** answers {2 * TURNS} questions for an unknown price."
        assert (OWNER.who, "evaluate") in audited(scene)
        rehearsal = scene.office.rehearsal
        [errand] = await rehearsal.errands(["base"], 2)
        await until(lambda: rehearsal.answered(errand))
        assert "has answered " in (await scene.press(begun, "Show the scorecard")).text
        assert wall.notices == []
        hold.set()
        await until(lambda: wall.notices)
        [(channel, notice)] = wall.notices
        assert channel == CHANNEL
        assert "**base** passes" in notice.text
        assert (await scene.press(begun, "Show the scorecard")).text == notice.text


async def test_a_model_that_cannot_answer_is_posted_as_such(home: Path) -> None:
    wall = Wall()
    async with open_small(home) as scene:
        scene.admin.serve("discord", wall.notice)
        shutil.rmtree(home / scene.registry.model(newest(scene)).folder)
        await scene.give("model evaluate", model=newest(scene))
        await until(lambda: wall.notices)
        [(_, notice)] = wall.notices
        assert notice.text.startswith(f"**{newest(scene)}** could not be evaluated: ")


async def test_what_would_cost_more_than_the_spending_limit_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    dear = {"sarah_model": "gpt-4.1", "sarah_model_url": OPENAI, "sarah_spending_limit": 0.01}
    async with open_small(tmp_path, model := ScriptedModel(), **dear) as scene:
        for command in ("model evaluate", "model compare"):
            reply = await scene.give(command, model="base")
            assert "more than the spending limit of $0.01: raise SARAH_SPENDING_LIMIT" in reply.text
        assert model.prompts == []
        priced = await scene.office.rehearsal.errands(["base"])
    assert priced[0].questions == SAMPLED * TURNS
    assert priced[0].cost_usd
    assert 0.01 < priced[0].cost_usd < 5


async def test_any_number_of_models_are_compared(home: Path) -> None:
    async with open_small(home) as scene:
        newer, older = (model.id for model in scene.registry.models())
        reply = await scene.give("model compare", model=newer, also=f"{older}, untrained")
        for name in ("base", older, "untrained", newer):
            assert f"**{name}** passes" in reply.text
        assert [dict(button.given) for button in reply.buttons] == [{"model": newer, "over": "base"}]
        assert (await scene.give("model compare", model="untrained")).buttons == ()


async def test_a_report_is_handed_out_as_a_page_a_picture_a_document_and_for_programs(home: Path) -> None:
    async with open_small(home) as scene:
        newer, older = (model.id for model in scene.registry.models())
        reply = await scene.give("model report", models=f"untrained {older} {newer}")
    files = {each.name: each.content for each in reply.attachments}
    assert sorted(files) == ["report.html", "report.json", "report.md", "report.png"]
    assert files["report.html"].lower().startswith(b"<!doctype html>")
    for name in ("report.html", "report.json", "report.md"):
        assert all(model.encode() in files[name] for model in ("untrained", older, newer))
    assert files["report.png"].startswith(b"\x89PNG")
    told = json.loads(files["report.json"])
    assert told["results"][0]["models"][0]["trials"][0]["answers"][0]["text"]


async def test_readers_are_told_of_models_under_their_labels(home: Path) -> None:
    async with open_small(home) as scene:
        newer, older = (model.id for model in scene.registry.models())
        also = f"round 1={older}, untrained"
        compared = await scene.give("model compare", model=f"round 2={newer}", to="now=base", also=also)
        for name in ("now", "round 1", "untrained", "round 2"):
            assert f"**{name}** passes" in compared.text
        assert [dict(button.given) for button in compared.buttons] == [{"model": newer, "over": "base"}]
        report = await scene.give("model report", models=f"now=base\nround 1={older}")
        [told] = [json.loads(each.content) for each in report.attachments if each.name == "report.json"]
        assert [(model["label"], model["model"]) for model in told["models"]] == [("now", "base"), ("round 1", older)]


@pytest.mark.parametrize(
    ("models", "told"),
    [
        ("a=base, a=untrained", "Two models are called 'a': give each a label of its own."),
        ("untrained=base, untrained", "Two models are called 'untrained': give each a label of its own."),
        ("a=base, b=base", "'base' is named twice: name each model once."),
        ("base, b=", "'b=' names no model: write MODEL, or LABEL=MODEL."),
    ],
)
async def test_labels_that_tell_no_models_apart_are_refused_as_on_the_command_line(
    tmp_path: Path, models: str, told: str
) -> None:
    async with open_small(tmp_path, model := ScriptedModel()) as scene:
        assert (await scene.give("model report", models=models)).text == told
        assert (await scene.give("model compare", model="untrained", also=models, to="base")).text == told
    assert model.prompts == []


async def test_how_often_scenarios_are_gone_through_can_be_said_in_a_chat(tmp_path: Path) -> None:
    async with open_small(tmp_path, model := ScriptedModel()) as scene:
        compared = await scene.give("model compare", model="untrained", to="base", trials=2)
        assert "**base** passes 0 of 14 in all of its 2 trials" in compared.text
        report = await scene.give("model report", models="base untrained", trials=2)
        assert report.text == (await scene.give("model compare", model="untrained", to="base", trials=2)).text
    assert len(model.prompts) == 2 * TURNS


@pytest.mark.parametrize("command", ["model compare", "model evaluate", "model report", "model show", "model try"])
async def test_a_name_that_is_too_long_to_be_said_is_cut(tmp_path: Path, command: str) -> None:
    long = "x" * 5_000
    given: dict[str, object] = {"models": long} if command == "model report" else {"model": long}
    if command == "model try":
        given["question"] = "Is it hot?"
    async with open_small(tmp_path) as scene:
        reply = await scene.give(command, OWNER, HERE, **given)
    assert reply.text.startswith("There is no model 'xxx")
    assert len(reply.text) < 200


async def test_a_report_of_one_model_sets_it_beside_who_answers_now(home: Path) -> None:
    async with open_small(home) as scene:
        reply = await scene.give("model report", models=newest(scene))
        assert "**base** passes" in reply.text
        unknown = await scene.give("model report", models="untrained, model-nobody")
        assert "There is no model 'model-nobody'" in unknown.text
        assert unknown.attachments == ()


@pytest.mark.parametrize("way", ["upload", "draft"])
async def test_what_a_scenario_asks_is_learned_by_nobody(home: Path, way: str) -> None:
    question = SCENARIOS[0].turns[0].user
    async with open_small(home) as scene:
        before = len(scene.registry.datasets())
        if way == "upload":
            leak = json.dumps(
                {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": "92."}]}
            )
            reply = await scene.give("data upload", file=file("leak.jsonl", f"{examples()}\n{leak}"))
        else:
            for number in range(12):
                asked, answer = f"Which filter fits jug {number}?", f"Filter {number} fits jug {number}."
                await scene.give("data add-example", question=asked, answer=answer)
            await scene.give("data add-example", question=question, answer="92.")
            reply = await scene.give("data freeze", draft=DRAFT)
        assert "Nothing was kept" in reply.text
        assert "an evaluation scenario" in reply.text
        assert len(scene.registry.datasets()) == before
