"""Who the assistant is: read from one file, or refused by the file and the key."""

import re
from pathlib import Path

import pytest

from bot.conversation import StartupError
from bot.persona import fresh, read_persona
from tests.kit import DATA, OTHER_DATA
from training.evaluation.declining import declines
from training.prose import sentences
from training.words import Words

WRITTEN = (DATA / "persona.toml").read_text("utf-8")

SCOLDING = re.compile(
    r"\b(inappropriate|not allowed|forbidden|policy|rules?|violat\w*|nonsense|waste|stop (asking|it)|must not"
    r"|should not|shouldn't|unacceptable|silly|stupid|wrong (question|thing)|off[- ]topic|irrelevant)\b",
    re.IGNORECASE,
)
LEADING_BACK = re.compile(
    r"\b(I'm all yours|I do know|ask me|ask away|try me|tell me|help you|look (into|at)|walk you|go into|begin|start"
    r"|do you have)\b",
    re.IGNORECASE,
)


def refusal(folder: Path, text: str | bytes) -> str:
    """Return why a persona is refused."""
    (folder / "persona.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StartupError) as refused:
        read_persona(folder)
    return str(refused.value)


@pytest.mark.parametrize("data", [DATA, OTHER_DATA], ids=["zennest", "brightwater"])
def test_a_company_has_everything_that_its_assistant_says(data: Path) -> None:
    persona = read_persona(data)
    assert persona.name in persona.greeting
    assert len(persona.refusals) > 1
    assert "{limit}" in persona.sentences.too_long


@pytest.mark.parametrize("data", [DATA, OTHER_DATA], ids=["zennest", "brightwater"])
def test_a_refusal_is_known_as_one_scolds_nobody_and_begins_like_no_other(data: Path) -> None:
    refusals = read_persona(data).refusals
    assert all(map(declines, refusals))
    assert not [refusal for refusal in refusals if SCOLDING.search(refusal)]
    assert len({refusal.split()[0] + refusal.split()[1] for refusal in refusals}) == len(refusals)
    assert len({refusal.casefold() for refusal in refusals}) == len(refusals)


def test_sarah_has_twelve_refusals_and_each_leads_back_to_something_that_she_knows() -> None:
    persona, words = read_persona(DATA), Words()
    assert len(persona.refusals) >= 12
    known = set(words(persona.product))
    assert [refusal for refusal in persona.refusals if not known & set(words(refusal))] == []
    # What she can do, or asks for, comes last.
    led = [sentences(refusal)[-1] for refusal in persona.refusals]
    assert [sentence for sentence in led if not LEADING_BACK.search(sentence)] == []


def test_no_refusal_comes_back_in_a_conversation_until_all_were_said() -> None:
    refusals, said = read_persona(DATA).refusals, list[str]()
    for _ in range(2 * len(refusals)):
        said.append(fresh(refusals, said))
    assert sorted(said[: len(refusals)]) == sorted(refusals)
    assert said[len(refusals) :] == said[: len(refusals)]


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "product",
        "instructions",
        "privacy",
        "greeting",
        "disclosure",
        "handoff",
        "sorry",
        "failed",
        "drifted",
        "no_person",
    ],
)
def test_a_sentence_that_is_missing_is_named(tmp_path: Path, key: str) -> None:
    without = re.sub(rf"^{key} = ", f"not_{key} = ", WRITTEN, flags=re.MULTILINE)
    assert refusal(tmp_path, without) == f"{tmp_path / 'persona.toml'}: {key!r} must be a sentence."


@pytest.mark.parametrize("value", ["7", '" "', "[]"])
def test_a_sentence_that_is_none_is_named(tmp_path: Path, value: str) -> None:
    wrong = re.sub(r"^name = .*$", f"name = {value}", WRITTEN, flags=re.MULTILINE)
    assert refusal(tmp_path, wrong) == f"{tmp_path / 'persona.toml'}: 'name' must be a sentence."


@pytest.mark.parametrize("value", ['"one"', "[]", '["one", 2]'])
def test_a_list_of_refusals_that_is_none_is_named(tmp_path: Path, value: str) -> None:
    wrong = re.sub(r"^refusals = \[.*?^\]", f"refusals = {value}", WRITTEN, flags=re.MULTILINE | re.DOTALL)
    assert "'refusals'" in refusal(tmp_path, wrong)


def test_a_persona_without_sentences_says_so(tmp_path: Path) -> None:
    assert refusal(tmp_path, WRITTEN.replace("[sentences]", "[words]")).endswith("needs a [sentences] table.")


@pytest.mark.parametrize("text", ["name = ", b"name = '\xff'"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, text: str | bytes) -> None:
    assert refusal(tmp_path, text).startswith(f"{tmp_path / 'persona.toml'} is not valid TOML: ")


def test_a_sentence_is_not_said_again_while_there_are_others() -> None:
    assert fresh(("One.", "Two."), []) == "One."
    assert fresh(("One.", "Two."), ["One. And more."]) == "Two."
    assert fresh(("One.", "Two."), ["One.", "Two."]) == "One."
