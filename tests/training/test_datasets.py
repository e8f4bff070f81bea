"""A dataset is kept whole, under the hash of its content, with the origin of every example, and never changes."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.kit import DATA
from training.datasets import Dataset, Datasets, Intake
from training.datasets.manifest import id_of, read_manifest
from training.entries import Entry
from training.examples import DataError, Message
from training.formats import Reader, Shaping
from training.provenance import Provenance
from training.registry.records import Permission
from training.split import sides

DESK = Provenance("desk", "file", permission="ours")
FILE = Path("lamps.jsonl")
INTAKE = Intake(FILE, "chat", DESK)
QUESTIONS = [f"Is lamp {number} on?" for number in range(40)]


def entries(questions: Iterable[str] = QUESTIONS, **fields: object) -> list[Entry]:
    """Return examples that ask these questions."""
    made: list[Entry] = []
    for line, question in enumerate(questions, 1):
        messages = [{"content": question, "role": "user"}, {"role": "assistant", "content": "Yes.", "weight": 1}]
        made.append(Entry(line, {"messages": messages, **fields}))
    return made


def add(store: Datasets, examples: Iterable[Entry] | None = None, intake: Intake = INTAKE) -> Dataset:
    """Add examples to a store, each of as many tokens as its line's number."""
    with store.adding(intake) as writer:
        for entry in entries() if examples is None else examples:
            writer.take(entry, entry.line)
        return writer.keep()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def names(store: Datasets) -> list[str]:
    """Return what is in the store's folder but the lock that stays there."""
    return sorted(path.name for path in store.folder.iterdir() if path.name != ".lock")


@pytest.fixture
def store(tmp_path: Path) -> Datasets:
    return Datasets(tmp_path / "datasets", clock=count(1_800_000_000).__next__)


def test_a_dataset_has_its_split_its_figures_and_its_hashes(store: Datasets) -> None:
    dataset = add(store, intake=replace(INTAKE, system="Be brief.", stop="**STOP**"))
    expected = list(sides([(question, "") for question in QUESTIONS]))
    train = [number for number, side in enumerate(expected, 1) if side == "train"]
    assert (dataset.examples, dataset.train, dataset.validation) == (40, len(train), 40 - len(train))
    assert (dataset.tokens, dataset.longest) == (sum(train), max(train))
    assert dataset.validation_tokens == sum(range(41)) - sum(train)
    assert (dataset.name, dataset.file, dataset.format) == ("lamps", "lamps.jsonl", "chat")
    assert (dataset.system, dataset.stop, dataset.seed, dataset.share) == ("Be brief.", "**STOP**", None, 0.2)
    assert (dataset.vocabulary, dataset.created_at) == ("o200k_base", 1_800_000_000)
    assert dataset.folder == store.folder / dataset.id
    assert names(store) == [dataset.id]
    kept = sorted(path.name for path in dataset.folder.iterdir())
    assert kept == ["manifest.json", "origins.jsonl", "train.jsonl", "validation.jsonl"]


def test_its_files_hold_what_a_provider_takes_to_the_byte(store: Datasets) -> None:
    odd = {"role": "user", "content": "Caf\u00e9 \u2028?", "colour": "red"}
    entry = Entry(1, {"category": "x", "messages": [odd, {"weight": 0, "content": "Yes.", "role": "assistant"}]})
    dataset = add(store, [entry])
    assert (
        dataset.train_file.read_bytes()
        == (
            '{"messages": [{"role": "user", "content": "Caf\u00e9 \u2028?"}, '
            '{"role": "assistant", "content": "Yes.", "weight": 0}]}\n'
        ).encode()
    )
    assert dataset.validation_file is None


def test_half_a_surrogate_pair_is_kept_as_json_spells_it(store: Datasets) -> None:
    dataset = add(store, entries(["\ud83d?"]))
    side = next(sides([("\ud83d?", "")]))
    (example,) = store.examples(dataset, side)
    assert example.first_question == "\ud83d?"
    assert b'"\\ud83d?"' in dataset.file_of(side).read_bytes()


def test_every_example_has_its_origin(store: Datasets) -> None:
    dataset = add(store, entries(category="lamps"))
    origins = lines(dataset.origins_file)
    by_side: dict[str, list[Any]] = defaultdict(list)
    for origin in origins:
        by_side[origin["side"]].append(origin)
    for side, path in (("train", dataset.train_file), ("validation", dataset.validation_file)):
        assert path
        assert [origin["number"] for origin in by_side[side]] == list(range(1, len(lines(path)) + 1))
        for origin, example in zip(by_side[side], lines(path), strict=True):
            line = QUESTIONS.index(example["messages"][0]["content"]) + 1
            assert origin == {
                "side": side,
                "number": origin["number"],
                "category": "lamps",
                "supplied_by": "desk",
                "source": "file",
                "place": f"lamps.jsonl, line {line}",
                "workspace": "",
                "permission": "ours",
            }


def test_the_same_content_is_kept_once_and_stays_as_it_was(store: Datasets) -> None:
    first = add(store)
    assert add(store) == first
    assert add(store, intake=replace(INTAKE, name="lamps")) == first
    assert store.list() == (first,)
    assert names(store) == [first.id]


def test_the_same_content_under_another_name_is_refused_with_the_name_that_it_has(store: Datasets) -> None:
    first = add(store)
    with pytest.raises(DataError, match=rf"lamps.jsonl is kept already as {first.id} \(lamps\): use that name"):
        add(store, intake=replace(INTAKE, name="another"))
    assert names(store) == [first.id]


def test_the_same_content_in_a_file_of_another_name_is_the_same_dataset(store: Datasets) -> None:
    first = add(store)
    moved = [Entry(entry.line + 7, entry.value) for entry in entries()]
    with store.adding(replace(INTAKE, file=Path("bulbs.jsonl"))) as writer:
        for entry in moved:
            writer.take(entry, entry.line - 7)
        assert writer.keep() == first
    assert lines(first.origins_file)[0]["place"].startswith("lamps.jsonl, line ")
    store.verify(store.get(first.id))


@pytest.mark.parametrize(
    ("examples", "intake"),
    [
        (entries([*QUESTIONS, "Is it off?"]), INTAKE),
        (entries(reversed(QUESTIONS)), INTAKE),
        (entries(), replace(INTAKE, stop="END")),
        (entries(), replace(INTAKE, declared=replace(DESK, supplied_by="ada"))),
        (entries(), replace(INTAKE, seed=3)),
    ],
    ids=["more", "reordered", "stop", "origin", "split"],
)
def test_other_content_has_another_id(store: Datasets, examples: Sequence[Entry], intake: Intake) -> None:
    assert add(store).id != add(store, examples, intake).id


def test_an_id_follows_from_the_content_alone(store: Datasets, tmp_path: Path) -> None:
    assert add(store).id == add(Datasets(tmp_path / "elsewhere"), intake=replace(INTAKE, name="other")).id


def test_examples_are_read_back_with_what_is_said_in_them(store: Datasets) -> None:
    call = {"role": "function", "name": "f", "content": "1"}
    messages = [{"role": "user", "content": "Is it on?"}, call, {"role": "assistant", "content": "Yes."}]
    dataset = add(store, [Entry(1, {"messages": messages})])
    (example,) = store.examples(dataset, "train")
    assert example.messages == (Message("user", "Is it on?"), Message("assistant", "Yes."))
    assert list(store.examples(dataset, "validation")) == []


def test_a_dataset_is_found_by_its_id_its_name_and_the_beginning_of_its_id(store: Datasets) -> None:
    dataset = add(store)
    other = add(store, entries(QUESTIONS[:20]), replace(INTAKE, name="few"))
    for wanted in (dataset.id, dataset.id[:9], dataset.id[:7], "lamps"):
        assert store.get(wanted) == dataset
    assert store.list() == (other, dataset)


def test_the_beginning_of_several_ids_is_refused_with_them(store: Datasets) -> None:
    first = add(store)
    found = read_manifest(first.folder)
    stops = (f"END {number}" for number in count())
    ids = ((stop, id_of(found.sha256, found.origins_sha256, stop)) for stop in stops)
    stop, twin = next((stop, twin) for stop, twin in ids if twin[:7] == first.id[:7])
    second = add(store, intake=replace(INTAKE, stop=stop))
    assert second.id == twin
    with pytest.raises(DataError, match=rf"several datasets \({second.id}, {first.id}\): write more"):
        store.get(first.id[:7])


@pytest.mark.parametrize("part", [slice(0, 3), slice(0, 6), slice(3, 4), slice(3, 9), slice(3, None)])
def test_too_little_of_an_id_or_its_digits_alone_are_no_beginning(store: Datasets, part: slice) -> None:
    dataset = add(store)
    for ask in (store.get, store.delete):
        with pytest.raises(DataError, match="There is no dataset"):
            ask(dataset.id[part])
    assert names(store) == [dataset.id]


def test_only_a_whole_id_or_a_name_deletes(store: Datasets) -> None:
    dataset = add(store)
    with pytest.raises(DataError, match="only the beginning of an id: give the dataset's whole id or its name"):
        store.delete(dataset.id[:-1])
    assert names(store) == [dataset.id]
    assert store.delete(dataset.id) == dataset


@pytest.mark.parametrize("wanted", ["lamp", "ds-zzzz", "", "../lamps", "/etc", "."])
def test_an_unknown_dataset_is_refused_with_the_nearest(store: Datasets, wanted: str) -> None:
    add(store)
    with pytest.raises(DataError, match=r"There is no dataset .* did you mean .*lamps"):
        store.get(wanted)


def test_an_empty_store_says_how_to_add_to_it(store: Datasets) -> None:
    assert store.list() == ()
    with pytest.raises(DataError, match="add one with `sarah data add FILE`"):
        store.get("lamps")


def test_a_name_belongs_to_one_dataset(store: Datasets) -> None:
    first = add(store, intake=replace(INTAKE, name="best"))
    with pytest.raises(DataError, match=rf"named 'best' already \({first.id}\)"):
        add(store, entries(QUESTIONS[:20]), replace(INTAKE, name="best"))
    assert names(store) == [first.id]


def test_a_name_that_comes_from_the_file_makes_room_for_others(store: Datasets) -> None:
    found = [add(store, entries(QUESTIONS[:size])).name for size in (20, 30, 40)]
    assert found == ["lamps", "lamps-2", "lamps-3"]
    assert (
        add(store, entries(QUESTIONS[:9]), replace(INTAKE, file=Path("Unsere Lampen (\u00fc).csv"))).name
        == "Unsere-Lampen-u"
    )


@pytest.mark.parametrize(
    ("file", "name"),
    [("donn\u00e9es.jsonl", "donnees"), ("donne\u0301es.jsonl", "donnees"), ("\u65e5\u672c.jsonl", "dataset")],
)
def test_a_name_that_comes_from_the_file_loses_its_accents(store: Datasets, file: str, name: str) -> None:
    assert add(store, intake=replace(INTAKE, file=Path(file))).name == name


@pytest.mark.parametrize("name", ["a b", "../x", "\u00e9", "x" * 65, "a\n"])
def test_a_name_of_other_characters_is_refused(store: Datasets, name: str) -> None:
    with pytest.raises(DataError, match="1 to 64 letters"), store.adding(replace(INTAKE, name=name)):
        pass
    assert names(store) == []


def test_what_is_not_kept_leaves_nothing(store: Datasets) -> None:
    with store.adding(INTAKE) as writer:
        writer.take(entries()[0], 1)
    with pytest.raises(ZeroDivisionError), store.adding(INTAKE) as writer:  # noqa: PT012 - the file breaks off in there
        writer.take(entries()[0], 1)
        raise ZeroDivisionError
    assert names(store) == []


@pytest.mark.parametrize("value", [None, [], {}, {"messages": []}, {"messages": ["hi"]}, {"messages": "hi"}])
def test_what_has_not_the_chat_format_is_passed_over_and_never_kept(store: Datasets, value: object) -> None:
    with pytest.raises(DataError, match=r"line 41 has not the chat format"):
        add(store, [*entries(), Entry(41, value), Entry(42, value)])
    assert names(store) == []


def test_a_file_without_examples_is_refused(store: Datasets) -> None:
    with pytest.raises(DataError, match="holds no examples"):
        add(store, [])


def test_every_example_without_permission_is_named_and_nothing_is_kept(store: Datasets) -> None:
    chat = [Entry(line, entry.value) for line, entry in enumerate(entries(["<@U012ABC>", "Hi", "<!here>"]), 41)]
    with store.adding(INTAKE) as writer:
        for entry in (*entries(), *chat):
            writer.take(entry, 1)
        found = list(writer.problems())
        assert (writer.refused, list(writer.problems())) == (2, found)
        assert [(problem.line, problem.rule) for problem in found] == [
            (41, "unpermitted_origin"),
            (43, "unpermitted_origin"),
        ]
        with pytest.raises(DataError, match="may not be learned from"):
            writer.keep()
    assert names(store) == []


def test_what_is_permitted_is_kept_with_the_permission(store: Datasets) -> None:
    permission = Permission("permit-1", "slack", "T1", "minutes", "the owner", "ada", 0.0, None)
    declared = Provenance("ada", "slack", workspace="T1")
    dataset = add(store, intake=replace(INTAKE, declared=declared, permissions=(permission,)))
    assert {origin["permission"] for origin in lines(dataset.origins_file)} == {"permit-1"}
    late = replace(permission, until=1.0)
    with store.adding(replace(INTAKE, declared=declared, permissions=(late,))) as writer:
        writer.take(entries()[0], 1)
        assert writer.refused == 1


@pytest.mark.parametrize("file", ["train.jsonl", "validation.jsonl", "origins.jsonl"])
def test_a_file_that_was_changed_is_found_and_mended_by_adding_it_again(store: Datasets, file: str) -> None:
    dataset = add(store)
    store.verify(dataset)
    path = dataset.folder / file
    whole = path.read_bytes()
    for changed in (whole.replace(b"a", b"b", 1), whole[:-1], b""):
        path.write_bytes(changed)
        with pytest.raises(DataError, match=rf"{file} is not what it was.* add 'lamps.jsonl' again"):
            store.verify(dataset)
    path.unlink()
    with pytest.raises(DataError, match=rf"{file} is not what it was"):
        store.verify(dataset)
    assert add(store).id == dataset.id
    store.verify(store.get(dataset.id))
    assert path.read_bytes() == whole
    assert names(store) == [dataset.id]


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"id": "x"}', None, "stop", "sha256", "origins", "elsewhere"])
def test_a_damaged_manifest_is_refused_by_its_place_and_hides_nothing_else(
    store: Datasets, manifest: str | None
) -> None:
    dataset = add(store)
    other = add(store, entries(QUESTIONS[:20]))
    path = dataset.folder / "manifest.json"
    told = json.loads(path.read_text())
    changed: dict[str, dict[str, object]] = {
        "stop": {"stop": "x"},
        "sha256": {"sha256": {}},
        "origins": {"origins_sha256": "0" * 64},
        "elsewhere": {"id": other.id},
    }
    if manifest is None:
        path.unlink()
    else:
        path.write_text(json.dumps({**told, **changed[manifest]}) if manifest in changed else manifest)
    assert store.list() == (other,)
    with pytest.raises(DataError, match=rf"{dataset.id} is damaged"):
        store.get(dataset.id)
    assert store.get(add(store).id).examples == 40


def test_a_dataset_that_is_deleted_is_gone(store: Datasets) -> None:
    dataset = add(store)
    assert store.delete("lamps") == dataset
    assert names(store) == []
    with pytest.raises(DataError, match="There is no dataset"):
        store.delete("lamps")


@pytest.mark.parametrize("name", ["round1", "round2"])
@pytest.mark.parametrize("seed", [None, 11])
def test_the_examples_of_the_company_go_in_with_their_authors_and_categories(
    store: Datasets, name: str, seed: int | None
) -> None:
    file = DATA / "examples" / f"{name}.jsonl"
    reader = Reader(file, Shaping(stop="**STOP**"))
    dataset = add(store, reader, Intake(file, reader.format, DESK, seed=seed, stop="**STOP**"))
    origins = lines(dataset.origins_file)
    assert dataset.examples == len(origins) == len(file.read_text("utf-8").splitlines())
    assert all(origin["supplied_by"].endswith("-desk") and origin["source"] == "written" for origin in origins)
    found: dict[str, set[str]] = defaultdict(set)
    for origin in origins:
        found[origin["category"]].add(origin["side"])
    assert len(found) >= 6
    assert all(len(of_one) == 2 for of_one in found.values())
    assert all(example.messages[-1].content.endswith("**STOP**") for example in store.examples(dataset, "train"))
    assert 0.1 < dataset.validation / dataset.examples < 0.3
