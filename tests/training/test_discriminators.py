"""A dataset brings its own discriminator: fitted once for each content, whole or not there, and named by its hash."""

import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.kit import OTHER_DATA
from tests.training.workflow_kit import Scripted, bench, conversation, keep, record, start, told
from training.datasets import Dataset
from training.examples import DataError
from training.registry import Model, RunEvent, open_registry
from training.runs import discriminators
from training.runs.discriminators import described, refitted
from training.runs.workbench import Interruption
from training.runs.worker import work
from training.topic import TopicModel, fitted, load_topic_model

SUBJECT = "kombucha"
CODE = "1.0+abc"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a company's folder that a test may change."""
    return Path(shutil.copytree(OTHER_DATA, tmp_path / "company"))


def fit(data: Path, questions: Sequence[str]) -> TopicModel:
    return fitted(data, questions)


@cache
def companys() -> TopicModel:
    """Return what is fitted on the company's folder alone, once."""
    return fit(OTHER_DATA, [])


def noting(seen: list[Sequence[str]]) -> Callable[[Path, Sequence[str]], TopicModel]:
    """Note on which questions one is to be fitted, and return the company's."""

    def noted(_: Path, questions: Sequence[str]) -> TopicModel:
        seen.append(questions)
        return companys()

    return noted


def about(subject: str, count: int = 20) -> list[dict[str, object]]:
    return [
        conversation(f"Is {subject} number {number} ready?", f"It is, in {number} days.") for number in range(count)
    ]


def dataset(home: Path, examples: list[dict[str, object]] | None = None) -> Dataset:
    return keep(home, examples or about(SUBJECT))


def seen_of(home: Path, data: Path, *examples: dict[str, object]) -> Sequence[str]:
    """Return what a discriminator is fitted on, of these examples among others."""
    seen: list[Sequence[str]] = []
    # Many of them, for some are put aside to validate with.
    refitted(home, data, dataset(home, [*about(SUBJECT), *examples]), CODE, noting(seen))
    return seen[0]


def test_a_discriminator_knows_what_its_datasets_customers_ask(tmp_path: Path, data: Path) -> None:
    kept = dataset(tmp_path)
    folder = refitted(tmp_path, data, kept, CODE, fit)
    own = load_topic_model(tmp_path / folder)
    question = "is my kombucha ready"
    assert own.verdict(question).score > companys().verdict(question).score
    assert own.verdict(question).on_topic
    assert not own.verdict("How do I fix a flat tyre on my bike?").on_topic


def test_the_same_dataset_is_fitted_once(tmp_path: Path, data: Path) -> None:
    kept, seen = dataset(tmp_path), list[Sequence[str]]()
    folders = {refitted(tmp_path, data, kept, CODE, noting(seen)) for _ in range(3)}
    assert (len(seen), len(folders)) == (1, 1)


@pytest.mark.parametrize("changed", ["topics/starter.jsonl", "handbook/descaling.md", "examples/round1.jsonl"])
def test_another_content_of_the_companys_folder_makes_another_version(tmp_path: Path, data: Path, changed: str) -> None:
    kept = dataset(tmp_path)
    before = refitted(tmp_path, data, kept, CODE, noting([]))
    with (data / changed).open("a", encoding="utf-8") as file:
        file.write("\n" if changed.endswith("md") else (data / changed).read_text("utf-8").splitlines()[0] + "\n")
    assert refitted(tmp_path, data, kept, CODE, noting([])) != before


def test_another_dataset_and_another_program_make_another_version(tmp_path: Path, data: Path) -> None:
    kept = dataset(tmp_path)
    versions = {
        refitted(tmp_path, data, kept, CODE, noting([])),
        refitted(tmp_path, data, dataset(tmp_path / "other", about("cider")), CODE, noting([])),
        refitted(tmp_path, data, kept, "2.0+def", noting([])),
    }
    assert len(versions) == 3


def test_of_the_dataset_the_first_questions_of_the_training_part_are_learned(tmp_path: Path, data: Path) -> None:
    kept, seen = dataset(tmp_path), list[Sequence[str]]()
    refitted(tmp_path, data, kept, CODE, noting(seen))
    assert len(seen[0]) == kept.train
    assert set(seen[0]) < {f"Is {SUBJECT} number {number} ready?" for number in range(20)}


def test_a_preference_gives_its_question_too(tmp_path: Path, data: Path) -> None:
    preferences: list[dict[str, object]] = [
        {
            "input": {"messages": [{"role": "user", "content": f"Is cider {number} ready?"}]},
            "preferred_output": [{"role": "assistant", "content": "Yes."}],
            "non_preferred_output": [{"role": "assistant", "content": "No."}],
        }
        for number in range(10)
    ]
    assert any("cider" in question for question in seen_of(tmp_path, data, *preferences))


def test_what_the_company_calls_off_topic_is_not_taken_for_its_subject(tmp_path: Path, data: Path) -> None:
    table = (data / "examples" / "origins.csv").read_text("utf-8")
    row = "round1.jsonl,Who painted the  night watch?,off-topic,no,desk,2026-11-20,,\n"
    (data / "examples" / "origins.csv").write_text(table + row, "utf-8")
    (data / "topics" / "more.jsonl").write_text('{"text": "sing me a song", "on_topic": false, "kind": "play"}\n')
    refusal = "I only know espresso."
    persona = data / "persona.toml"
    persona.write_text(persona.read_text("utf-8").replace("refusals = [", f'refusals = [\n"{refusal}",'), "utf-8")
    off = [
        conversation("Who painted the night watch?", "Ask me about your machine."),
        conversation("sing me a song", "Ask me about your machine."),
        *(conversation(f"What is {number} times 7?", f"Sorry! {refusal}") for number in range(10)),
    ]
    seen = seen_of(tmp_path, data, *off)
    assert seen
    assert all(SUBJECT in question for question in seen)


def test_of_very_many_questions_the_same_part_is_learned_whatever_their_order(tmp_path: Path, data: Path) -> None:
    many = about(SUBJECT, 7_000)
    first = seen_of(tmp_path, data, *many)
    again = seen_of(tmp_path / "again", data, *many[::-1])
    assert first == again
    assert len(first) == 5_000


# Whole, or not there.


class Crash(BaseException):
    """The process is killed here."""


def test_a_crash_while_it_is_written_leaves_nothing_in_its_place_and_the_next_start_makes_it_whole(
    tmp_path: Path, data: Path
) -> None:
    kept = dataset(tmp_path)

    class Dying(TopicModel):
        """Is killed when half of it is written."""

        def save(self, folder: Path) -> None:
            """Write a half."""
            (folder / "half").write_text("half")
            raise Crash

    def dying(data: Path, questions: Sequence[str]) -> TopicModel:
        model = fit(data, questions)
        return Dying(model.judges, model.calibration, model.drift)

    with pytest.raises(Crash):
        refitted(tmp_path, data, kept, CODE, dying)
    versions = tmp_path / "topics"
    assert [path.name for path in versions.iterdir() if not path.name.startswith(".")] == []
    folder = refitted(tmp_path, data, kept, CODE, fit)
    assert load_topic_model(tmp_path / folder)
    assert not list((tmp_path / folder).glob("half"))
    assert not [path for path in versions.iterdir() if path.is_dir() and path != tmp_path / folder]


def test_a_version_that_somebody_took_something_from_is_fitted_anew(tmp_path: Path, data: Path) -> None:
    kept = dataset(tmp_path)
    folder = refitted(tmp_path, data, kept, CODE, noting([]))
    for path in (tmp_path / folder).iterdir():
        path.unlink()
    assert described(tmp_path, folder) is None
    assert "gone" in discriminators.told(tmp_path, folder)
    assert refitted(tmp_path, data, kept, CODE, noting([])) == folder
    assert load_topic_model(tmp_path / folder)


def test_a_version_tells_its_threshold_and_how_many_questions_it_knows(tmp_path: Path, data: Path) -> None:
    kept = dataset(tmp_path)
    folder = refitted(tmp_path, data, kept, CODE, fit)
    version = described(tmp_path, folder)
    assert version
    model = load_topic_model(tmp_path / folder)
    assert (version.questions, version.threshold) == (kept.train, pytest.approx(model.threshold))
    text = discriminators.told(tmp_path, folder)
    assert text.startswith(f"{Path(folder).name}, threshold {version.threshold:.3f}")
    assert f"{kept.train} questions" in text


# In a run.


def tuned(home: Path, refit: Callable[[Dataset], str] | None) -> tuple[Model, list[RunEvent]]:
    """Return the model of a run, and what the run told."""
    kept = dataset(home)
    with open_registry(home) as registry:
        record(registry, kept)
        run = start(registry, kept)
        work(bench(home, registry, Scripted(), refit=refit))
        (model,) = registry.models()
        return model, registry.events(run.id)


def test_a_runs_model_is_registered_with_its_discriminator(tmp_path: Path, data: Path) -> None:
    model, events = tuned(tmp_path, lambda kept: refitted(tmp_path, data, kept, CODE, fit))
    assert described(tmp_path, model.topic)
    assert any(event.key == "topic" and Path(model.topic).name in event.text for event in events)


def test_without_a_discriminator_a_model_is_registered_all_the_same(tmp_path: Path) -> None:
    model, events = tuned(tmp_path, None)
    assert (model.topic, "topic" in [event.key for event in events]) == ("", False)


@pytest.mark.parametrize("wrong", [DataError("There is no topics file."), OSError(28, "No space left on device")])
def test_a_discriminator_that_cannot_be_fitted_costs_no_model(tmp_path: Path, wrong: Exception) -> None:
    def refuse(_: Dataset) -> str:
        raise wrong

    model, events = tuned(tmp_path, refuse)
    (warning,) = [event for event in events if event.key == "topic"]
    assert (model.topic, warning.level) == ("", "warning")
    assert str(wrong) in warning.text


def test_a_run_that_is_killed_while_it_fits_goes_on_and_fits_once_more(tmp_path: Path, data: Path) -> None:
    kept, tries = dataset(tmp_path), list[str]()

    with open_registry(tmp_path) as registry:

        def once_killed(kept: Dataset) -> str:
            tries.append(kept.id)
            if len(tries) == 1:
                first.stop.set()
                raise Interruption
            return refitted(tmp_path, data, kept, CODE, fit)

        record(registry, kept)
        run, provider = start(registry, kept), Scripted()
        first = bench(tmp_path, registry, provider, refit=once_killed)
        work(first)
        assert not registry.models()
        work(bench(tmp_path, registry, provider, refit=once_killed))
        (model,) = registry.models()
        assert (registry.run(run.id).state, len(tries)) == ("succeeded", 2)
        assert described(tmp_path, model.topic)
        assert told(registry, run.id).count("topic") == 1
