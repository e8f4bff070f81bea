"""Examples that people write are kept in drafts, whatever happens, until they are frozen into a dataset."""

import os
import random
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import count
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from tests.training.cli_kit import REPOSITORY, Sarah, example, lines, written
from tests.training.registry_kit import actions
from tests.training.test_datasets_crashes import SPAWNING, ended, files_of_at_most
from training.drafted import LONGEST
from training.drafts import Draft, Drafted, Drafts
from training.examples import DataError
from training.intake import Request, datasets_of, taken_in
from training.registry import Registry, open_registry
from training.settings import TrainingSettings

START = 1_800_000_000


def lamp(number: int, **other: Any) -> Drafted:  # noqa: ANN401 - what differs, field by field
    return replace(
        Drafted(f"Is lamp {number} dark?", f"It is, in room {number * 7}.", "lamps", "ada", "written"), **other
    )


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    return Drafts(tmp_path / "home" / "drafts", clock=count(START).__next__)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TrainingSettings:
    sarah = Sarah(tmp_path, monkeypatch)
    return TrainingSettings(sarah_home=sarah.home, sarah_data=REPOSITORY / "data")


@pytest.fixture
def registry(settings: TrainingSettings) -> Iterator[Registry]:
    with open_registry(settings.sarah_home) as opened:
        yield opened


def files(drafts: Drafts) -> list[str]:
    return sorted(path.name for path in drafts.folder.iterdir() if path.name != ".lock")


# Putting in, reading, taking out.


def test_what_is_put_in_is_there_in_order_with_the_time(drafts: Drafts) -> None:
    first = lamp(1, source="slack", workspace="T1", permission="permit-1", turn=9)
    assert [drafts.add("lamps", one) for one in (first, lamp(2), lamp(3, at=7.0))] == [1, 2, 3]
    assert list(drafts.examples("lamps")) == [replace(first, at=START), lamp(2, at=START + 2), lamp(3, at=7.0)]


def test_a_draft_is_listed_with_its_examples_and_when_it_changed_last(drafts: Drafts) -> None:
    assert drafts.list() == ()
    for name, number in (("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3)):
        drafts.add(name, lamp(number, at=1.0))
    assert drafts.list() == (Draft("a", 3, START + 4), Draft("b", 2, START + 2))
    assert drafts.get("b") == Draft("b", 2, START + 2)
    drafts.remove("b", 1)
    assert drafts.list()[0] == Draft("b", 1, START + 5)


def test_an_example_is_taken_out_by_its_number_and_the_draft_goes_with_the_last(drafts: Drafts) -> None:
    for number in range(3):
        drafts.add("lamps", lamp(number, at=1.0))
    assert drafts.remove("lamps", 2) == lamp(1, at=1.0)
    assert list(drafts.examples("lamps")) == [lamp(0, at=1.0), lamp(2, at=1.0)]
    for number in (0, 3, -1):
        with pytest.raises(DataError, match=rf"has no example {number}: give a number from 1 to 2\."):
            drafts.remove("lamps", number)
    assert [drafts.remove("lamps", 1), drafts.remove("lamps", 1)] == [lamp(0, at=1.0), lamp(2, at=1.0)]
    assert (drafts.list(), files(drafts)) == ((), [])


def test_a_draft_is_deleted_and_others_stay(drafts: Drafts) -> None:
    for name in ("a", "b"):
        drafts.add(name, lamp(1))
    assert drafts.delete("a").examples == 1
    assert [draft.name for draft in drafts.list()] == ["b"]


def test_a_draft_that_is_none_is_told_with_those_that_are(drafts: Drafts) -> None:
    with pytest.raises(DataError, match=r"^There is no draft 'x', nor any other: put an example into it\.$"):
        drafts.get("x")
    drafts.add("lamps", lamp(1))
    told = r"^There is no draft 'lamp': did you mean lamps\?$"
    with pytest.raises(DataError, match=told):
        drafts.get("lamp")
    with pytest.raises(DataError, match=told):
        list(drafts.examples("lamp"))
    with pytest.raises(DataError, match=told):
        drafts.remove("lamp", 1)
    with pytest.raises(DataError, match=told):
        drafts.delete("lamp")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../a", "x" * 65, "caf\u00e9", "a\n"])
def test_a_name_that_is_none_is_refused(drafts: Drafts, name: str) -> None:
    with pytest.raises(DataError, match="1 to 64 letters, digits, and"):
        drafts.add(name, lamp(1))
    assert not drafts.folder.exists()


@pytest.mark.parametrize("name", [".", "..", ".lock", ".a.jsonl.b", "-", "x" * 64])
def test_odd_names_are_names(drafts: Drafts, name: str) -> None:
    drafts.add("a", lamp(1))
    drafts.add(name, lamp(1))
    drafts.add("a", lamp(2))
    assert {draft.name: draft.examples for draft in drafts.list()} == {"a": 2, name: 1}
    drafts.delete(name)
    assert [draft.name for draft in drafts.list()] == ["a"]


# What is taken.


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"question": " \n\u200b"}, r"^The question is empty: "),
        ({"answer": "\u2060"}, r"^The answer is empty: "),
        ({"question": "x" * (LONGEST + 1)}, r"^The question has 20,001 characters, and at most 20,000 are taken: "),
        ({"answer": "x" * (LONGEST + 1)}, r"^The answer has 20,001 "),
        ({"author": "\u202e "}, r"^The example has no author: "),
    ],
)
def test_an_example_that_lacks_something_is_refused(drafts: Drafts, change: dict[str, str], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        drafts.add("lamps", lamp(1, **change))
    assert drafts.list() == ()


def test_what_nobody_sees_is_not_kept_and_what_is_said_is(drafts: Drafts) -> None:
    family = "\U0001f468\u200d\U0001f469"
    drafts.add("lamps", lamp(1, question=f" Is\u200b it on,\r\n{family}? ", author="a\nda\x1b", category="x\ty"))
    (kept,) = drafts.examples("lamps")
    assert (kept.question, kept.author, kept.category) == (f"Is it on,\n{family}?", "a da", "x y")
    drafts.add("lamps", lamp(2, question="x" * LONGEST, answer="y" * LONGEST))
    assert drafts.get("lamps").examples == 2


def test_the_same_is_refused_a_second_time_and_another_answer_is_not(drafts: Drafts) -> None:
    drafts.add("lamps", lamp(1))
    for same in (lamp(1), lamp(1, question=" is LAMP 1  dark ", author="ben")):
        with pytest.raises(DataError, match=r"^Example 1 of 'lamps' says the same already: "):
            drafts.add("lamps", same)
    assert drafts.add("lamps", lamp(1, answer="It is on.")) == 2
    assert drafts.add("others", lamp(1)) == 1
    assert files(drafts) == ["lamps.jsonl", "others.jsonl"]


def test_a_line_that_somebody_broke_is_named(drafts: Drafts) -> None:
    drafts.add("lamps", lamp(1))
    with (drafts.folder / "lamps.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"question": 1}\n')
    with pytest.raises(DataError, match=r"lamps\.jsonl, line 2 is no example of a draft: remove the line"):
        list(drafts.examples("lamps"))


# Crashes and crowds.


def killed_at_call(folder: Path, number: int) -> None:
    """Put an example in, take one out, and die at the n-th time that anything is done to the folder."""
    calls = count(1)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        touches = event.startswith(("os.", "open", "shutil.")) and any(str(folder) in str(arg) for arg in args)
        if touches and next(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    Drafts(folder).add("lamps", lamp(2, at=1.0))
    Drafts(folder).remove("lamps", 1)


@pytest.mark.slow
def test_a_process_that_is_killed_at_any_step_leaves_the_draft_before_or_after(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    seen: list[list[int]] = []
    for number in count(1):
        drafts.add("lamps", lamp(1, at=1.0))
        code = ended(killed_at_call, drafts.folder, number)
        there = [int(one.question.split()[2]) for one in drafts.examples("lamps")]
        seen.append(there)
        drafts.delete("lamps")
        assert files(drafts) == []
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert [there for at, there in enumerate(seen) if there not in seen[:at]] == [[1], [1, 2], [2]]
    assert len(seen) > 10


def added_many(folder: Path, first: int, barrier: Barrier) -> None:
    barrier.wait()
    for number in range(first, first + 20):
        Drafts(folder).add("lamps", lamp(number))


def test_two_processes_that_add_at_once_lose_nothing(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts")
    barrier = SPAWNING.Barrier(2)
    both = [SPAWNING.Process(target=added_many, args=(drafts.folder, first, barrier)) for first in (0, 20)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0]
    assert {one.question for one in drafts.examples("lamps")} == {lamp(number).question for number in range(40)}
    assert drafts.get("lamps").examples == 40


def test_whoever_reads_sees_one_draft_while_it_changes(drafts: Drafts) -> None:
    for number in range(3):
        drafts.add("lamps", lamp(number))
    reading = drafts.examples("lamps")
    assert next(reading).question == lamp(0).question
    drafts.delete("lamps")
    assert [one.question for one in reading] == [lamp(1).question, lamp(2).question]


def test_a_disk_that_is_full_is_told_and_the_draft_is_what_it_was(drafts: Drafts) -> None:
    drafts.add("lamps", lamp(1))
    with files_of_at_most(1000), pytest.raises(DataError, match=r"drafts cannot be written \(File too large\)"):
        drafts.add("lamps", lamp(2, answer="x" * 2000))
    assert drafts.get("lamps").examples == 1
    assert files(drafts) == ["lamps.jsonl"]


# Freezing.


def drafted(drafts: Drafts, *, name: str = "lamps", examples: int = 12, **more: Any) -> None:  # noqa: ANN401 - as above
    for number in range(examples):
        drafts.add(name, lamp(number, **more))


def learned(settings: TrainingSettings, wanted: str) -> dict[str, str]:
    """Return each question of a dataset with its answer."""
    dataset = datasets_of(settings).get(wanted)
    both = [*datasets_of(settings).examples(dataset, "train"), *datasets_of(settings).examples(dataset, "validation")]
    return {one.first_question: one.messages[-1].content for one in both}


def test_a_draft_becomes_a_dataset_with_the_origin_of_each_example(
    settings: TrainingSettings, registry: Registry, drafts: Drafts
) -> None:
    drafted(drafts)
    drafts.add("lamps", lamp(40, author="ben", category="odd", turn=8, permission="CC0"))
    with drafts.freeze(settings, registry, "lamps", "kim") as taken:
        assert taken.dataset
        assert (taken.inspection.examples, taken.inspection.format) == (13, "chat")
    dataset = taken.dataset
    assert (dataset.name, dataset.file, dataset.examples, dataset.stop) == ("lamps", "lamps.jsonl", 13, "")
    assert learned(settings, "lamps") == {lamp(n).question: lamp(n).answer for n in (*range(12), 40)}
    *_, last = lines(dataset.origins_file)
    assert last | {"side": "", "number": 0} == {
        "side": "",
        "number": 0,
        "category": "odd",
        "supplied_by": "ben",
        "source": "written",
        "place": "draft lamps, turn 8",
        "workspace": "",
        "permission": "CC0",
    }
    assert {one.supplied_by for one in datasets_of(settings).origins(dataset)} == {"ada", "ben"}
    assert [(row.id, row.by) for row in registry.datasets()] == [(dataset.id, "kim")]
    assert actions(registry) == ["add dataset", "freeze draft"]
    assert drafts.list() == ()


def test_a_draft_that_is_refused_stays_with_what_is_wrong_with_it(
    settings: TrainingSettings, registry: Registry, drafts: Drafts
) -> None:
    drafted(drafts, examples=9)
    with drafts.freeze(settings, registry, "lamps", "kim") as taken:
        assert taken.dataset is None
        assert [problem.rule for problem in taken.inspection.problems()] == ["too_few_examples"]
    assert drafts.get("lamps").examples == 9
    assert (registry.datasets(), actions(registry)) == ([], [])


@pytest.mark.parametrize(("source", "workspace"), [("slack", "T1"), ("discord", "123")])
def test_what_was_said_in_a_chat_is_frozen_under_a_permission_only(
    settings: TrainingSettings, registry: Registry, drafts: Drafts, source: str, workspace: str
) -> None:
    assert source in ("slack", "discord")
    drafted(drafts)
    drafts.add("lamps", lamp(12, source=source, workspace=workspace))
    with drafts.freeze(settings, registry, "lamps", "kim") as taken:
        assert taken.dataset is None
        [problem] = taken.inspection.problems()
    assert (problem.line, problem.rule) == (13, "unpermitted_origin")
    assert drafts.get("lamps").examples == 13
    registry.permit(source, "999", "contract 6", "Ana", "kim", 1.0)
    with drafts.freeze(settings, registry, "lamps", "kim") as taken:
        assert taken.dataset is None, "a permission of another workspace is none"
    permission = registry.permit(source, workspace, "contract 7", "Ana", "kim", 1.0)
    with drafts.freeze(settings, registry, "lamps", "kim") as taken:
        assert taken.dataset
    [origin] = [one for one in datasets_of(settings).origins(taken.dataset) if one.source == source]
    assert (origin.workspace, origin.permission) == (workspace, permission.id)
    assert drafts.list() == ()


def test_an_example_that_came_meanwhile_stays_in_the_draft(
    settings: TrainingSettings, registry: Registry, drafts: Drafts
) -> None:
    drafted(drafts)
    writing = iter([lamp(99, at=5.0)])

    def clock() -> float:
        """Tell the time, at which somebody goes on writing once the dataset is kept."""
        for late in writing:
            assert len(registry.datasets()) == 1
            drafts.add("lamps", late)
        return 9.0

    with Drafts(drafts.folder, clock).freeze(settings, registry, "lamps", "kim") as taken:
        assert taken.dataset
        assert taken.dataset.examples == 12
    assert list(drafts.examples("lamps")) == [lamp(99, at=5.0)]


def test_answers_end_with_the_stop_token_exactly_once(
    settings: TrainingSettings, registry: Registry, drafts: Drafts
) -> None:
    drafted(drafts)
    for number, end in ((20, "**STOP**"), (21, " **STOP** "), (22, "**STOP** **STOP**")):
        drafts.add("lamps", lamp(number, answer=f"Yes {number}.{end}"))
    with drafts.freeze(settings, registry, "lamps", "kim", name="ended", stop="**STOP**", system="Be brief.") as taken:
        assert taken.dataset
    assert (taken.dataset.name, taken.dataset.stop, taken.dataset.system) == ("ended", "**STOP**", "Be brief.")
    answers = learned(settings, "ended")
    assert answers[lamp(1).question] == f"{lamp(1).answer}**STOP**"
    assert [answers[lamp(number).question] for number in (20, 21, 22)] == [f"Yes {n}.**STOP**" for n in (20, 21, 22)]


@pytest.fixture
def base(settings: TrainingSettings, registry: Registry, tmp_path: Path) -> str:
    """Keep a dataset of examples with origins of their own, and return its id."""
    own = {"origin": {"supplied_by": "eve", "source": "handbook", "permission": "CC0", "place": "page 4"}}
    kept = [
        example(f"Where is key {number}?", f"Key {number} hangs on hook {number * 3}.") | own for number in range(15)
    ]
    kept[3] |= {"category": "keys"}
    request = Request(written(tmp_path / "keys.jsonl", kept), system="Be brief.", stop="**STOP**", seed=4, share=0.4)
    with taken_in(settings, registry, request, "kim") as taken:
        assert taken.dataset
        return taken.dataset.id


def test_a_draft_goes_onto_a_dataset_whose_examples_keep_their_origins_and_their_end(
    settings: TrainingSettings, registry: Registry, drafts: Drafts, base: str
) -> None:
    drafted(drafts, examples=2)
    with drafts.freeze(settings, registry, "lamps", "kim", onto="keys") as taken:
        assert taken.dataset
        assert taken.inspection.counts == {}
    dataset = taken.dataset
    assert (dataset.name, dataset.examples, dataset.stop, dataset.system) == ("lamps", 17, "**STOP**", "Be brief.")
    assert (dataset.seed, dataset.share) == (4, 0.4)
    before = learned(settings, base)
    assert learned(settings, dataset.id) == before | {lamp(n).question: f"{lamp(n).answer}**STOP**" for n in (0, 1)}
    origins = [{**asdict(one)} for one in datasets_of(settings).origins(dataset)]
    assert origins[:15] == [asdict(one) for one in datasets_of(settings).origins(datasets_of(settings).get(base))]
    assert [one["supplied_by"] for one in origins[15:]] == ["ada", "ada"]
    assert [told["category"] for told in lines(dataset.origins_file)].count("keys") == 1
    assert sorted(row.id for row in registry.datasets()) == sorted([base, dataset.id])


def test_another_stop_token_than_the_datasets_is_refused(
    settings: TrainingSettings, registry: Registry, drafts: Drafts, base: str
) -> None:
    drafted(drafts, examples=2)
    told = r"The answers of 'keys' end with '\*\*STOP\*\*': leave the stop token out"
    with pytest.raises(DataError, match=told), drafts.freeze(settings, registry, "lamps", "kim", onto=base, stop="#"):
        pass
    assert drafts.get("lamps").examples == 2


def test_a_dataset_that_was_changed_is_not_put_under_a_draft(
    settings: TrainingSettings, registry: Registry, drafts: Drafts, base: str
) -> None:
    drafted(drafts, examples=2)
    with (settings.sarah_home / "datasets" / base / "train.jsonl").open("a", encoding="utf-8") as file:
        file.write("{}\n")
    with pytest.raises(DataError, match="not what it was"), drafts.freeze(settings, registry, "lamps", "k", onto=base):
        pass


def test_a_dataset_of_preferences_takes_no_draft(
    settings: TrainingSettings, registry: Registry, drafts: Drafts, tmp_path: Path
) -> None:
    asked = [{"role": "user", "content": f"Is lamp {n} on?"} for n in range(12)]
    good, bad = ([{"role": "assistant", "content": f"Lamp {n} is {so}."} for n in range(12)] for so in ("on", "ON!"))
    made = [
        {"input": {"messages": [one]}, "preferred_output": [good[n]], "non_preferred_output": [bad[n]]}
        for n, one in enumerate(asked)
    ]
    with taken_in(settings, registry, Request(written(tmp_path / "prefs.jsonl", made)), "kim") as taken:
        assert taken.dataset, list(taken.inspection.problems())
    drafted(drafts)
    with (
        pytest.raises(DataError, match="'prefs' holds preferences"),
        drafts.freeze(settings, registry, "lamps", "kim", onto="prefs"),
    ):
        pass


def test_a_name_that_is_taken_is_told_and_the_draft_stays(
    settings: TrainingSettings, registry: Registry, drafts: Drafts, base: str
) -> None:
    drafted(drafts)
    with (
        pytest.raises(DataError, match=rf"There is a dataset named 'keys' already \({base}\)"),
        drafts.freeze(settings, registry, "lamps", "kim", name="keys"),
    ):
        pass
    assert drafts.get("lamps").examples == 12
    with pytest.raises(DataError, match="There is no draft 'x'"), drafts.freeze(settings, registry, "x", "kim"):
        pass
    with (
        pytest.raises(DataError, match="There is no dataset 'x'"),
        drafts.freeze(settings, registry, "lamps", "k", onto="x"),
    ):
        pass


def test_a_draft_of_odd_texts_is_frozen_as_it_was_written(
    settings: TrainingSettings, registry: Registry, drafts: Drafts
) -> None:
    chance = random.Random(7)  # noqa: S311 - texts, not secrets
    signs = '"\\{}[]\u2028\u00e9\U0001f600\n,:\ud83d\x00'
    asked = [f"Lamp {n}, {''.join(chance.choices(signs, k=8))}?" for n in range(12)]
    for number, question in enumerate(asked):
        drafts.add("odd", lamp(number, question=question))
    wanted = {one.question for one in drafts.examples("odd")}
    with drafts.freeze(settings, registry, "odd", "kim") as taken:
        assert taken.dataset, list(taken.inspection.problems())
    assert set(learned(settings, "odd")) == wanted
    assert len(wanted) == 12
