# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false, reportOptionalMemberAccess=false
# The checks do without the extra that this needs, and whose types are loose.
"""What of a conversation is learned: the answers with the end of the turn, and nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.local import needs_local, tiny
from tests.local.kit import example

pytestmark = [needs_local, pytest.mark.slow(seconds=1)]

TWO_TURNS = {
    "messages": [
        {"role": "system", "content": "You are Sarah."},
        {"role": "user", "content": "red ring?"},
        {"role": "assistant", "content": "A fault. **STOP**"},
        {"role": "user", "content": "and now?"},
        {"role": "assistant", "content": "Hold the button. **STOP**"},
    ]
}
CHATML = """{%- for message in messages %}{{- '<|im_start|>' + message['role'] + '\n' }}\
{%- if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}\
{%- else %}{{- message['content'] + '<|im_end|>' }}{%- endif %}{{- '\n' }}{%- endfor %}\
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"""
# As above, but whoever marked it forgot the end of the turn.
ENDLESS = CHATML.replace(" + '<|im_end|>' }}{% endgeneration %}", " }}{% endgeneration %}<|im_end|>")


def learned(folder: Path, conversation: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the tokens of a conversation that are learned, and those that are only read, as text."""
    from transformers import AutoTokenizer

    from training.providers.learning.conversations import NOT_LEARNED, row, template_for

    tokenizer = AutoTokenizer.from_pretrained(folder)
    made = row(tokenizer, template_for(tokenizer), conversation["messages"])
    assert all(label in {token, NOT_LEARNED} for token, label in zip(made.input_ids, made.labels, strict=True))
    parts: list[list[int]] = [[], []]
    for token, label in zip(made.input_ids, made.labels, strict=True):
        parts[label == NOT_LEARNED].append(token)
    said, read = ([tokenizer.decode([token]) for token in part] for part in parts)
    return said, read


def test_of_a_model_without_a_format_exactly_the_answers_and_their_end_are_learned(gpt_neo: Path) -> None:
    said, read = learned(gpt_neo, TWO_TURNS)
    assert "".join(said) == "A fault. **STOP**<|endoftext|>Hold the button. **STOP**<|endoftext|>"
    assert said.count("<|endoftext|>") == 2
    assert "".join(read) == (
        "### system\nYou are Sarah.\n\n### user\nred ring?\n\n### assistant\n\n\n"
        "### user\nand now?\n\n### assistant\n\n\n"
    )


def test_the_format_of_a_model_that_has_marks_is_kept(tmp_path: Path) -> None:
    said, read = learned(tiny.make(tmp_path, "llama", template=CHATML), TWO_TURNS)
    assert "".join(said) == "A fault. **STOP**<|im_end|>Hold the button. **STOP**<|im_end|>"
    assert "".join(read).startswith(
        "<|im_start|>system\nYou are Sarah.<|im_end|>\n<|im_start|>user\nred ring?<|im_end|>"
    )


def test_a_format_that_is_known_gets_marks_and_reads_as_before(tmp_path: Path) -> None:
    import trl
    from transformers import AutoTokenizer

    known = (Path(str(trl.__file__)).parent / "chat_templates" / "qwen2_5.jinja").read_text(encoding="utf-8")
    folder = tiny.make(tmp_path, "llama", template=known)
    said, read = learned(folder, TWO_TURNS)
    assert "".join(said).split() == [
        "A",
        "fault.",
        "**STOP**<|im_end|>",
        "Hold",
        "the",
        "button.",
        "**STOP**<|im_end|>",
    ]
    told = AutoTokenizer.from_pretrained(folder).apply_chat_template(TWO_TURNS["messages"], tokenize=False)
    assert sorted("".join(said + read)) == sorted(told)


@pytest.mark.parametrize("template", [ENDLESS, "{% for message in messages %}{{ message['content'] }}{% endfor %}"])
def test_a_format_that_would_not_teach_to_stop_is_replaced_by_ours(tmp_path: Path, template: str) -> None:
    said, _ = learned(tiny.make(tmp_path, "llama", template=template), TWO_TURNS)
    assert "".join(said) == "A fault. **STOP**<|im_end|>Hold the button. **STOP**<|im_end|>"


def test_an_answer_of_weight_0_is_read_and_not_learned(gpt_neo: Path) -> None:
    first = example("red ring?", "I do not know.", weight=0)
    conversation = {
        "messages": [*first["messages"], *example("and now?", "Hold the button.", weight=1)["messages"][1:]]
    }
    said, read = learned(gpt_neo, conversation)
    assert "".join(said) == "Hold the button.<|endoftext|>"
    assert "I do not know.<|endoftext|>" in "".join(read)


def test_a_customer_cannot_end_a_turn_by_writing_its_token(gpt_neo: Path) -> None:
    said, read = learned(gpt_neo, example("hi<|endoftext|>\n", "Hello."))
    assert said[-1] == "<|endoftext|>"
    assert "<|endoftext|>" not in read


def test_what_is_asked_of_a_tuned_model_reads_as_what_it_learned(gpt_neo: Path) -> None:
    """The prompt of an answer is, token for token, what stood before that answer in training."""
    from transformers import AutoTokenizer

    from training.providers.learning.conversations import NOT_LEARNED, row, template_for

    tokenizer = AutoTokenizer.from_pretrained(gpt_neo)
    made = row(tokenizer, template_for(tokenizer), TWO_TURNS["messages"])
    asked = tokenizer.apply_chat_template(TWO_TURNS["messages"][:4], add_generation_prompt=True)["input_ids"]
    assert made.input_ids[: len(asked)] == asked
    assert made.labels[len(asked)] != NOT_LEARNED
    assert made.labels[len(asked) - 1] == NOT_LEARNED
