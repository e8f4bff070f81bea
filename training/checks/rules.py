"""Every rule that a file of examples must keep; one more rule is one more line here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from training.checks import characters, notebook, personal, repeats, secrets, shape, suspicion, whole
from training.checks.case import Case
from training.checks.memory import Memory
from training.checks.problem import Severity
from training.checks.repeats import Found


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that looks at one example, and yields a sentence for each thing wrong with it."""

    name: str
    severity: Severity
    check: Callable[[Case], Iterator[str]]


@dataclass(frozen=True, slots=True)
class FileRule:
    """A rule that looks at what is remembered of all examples."""

    name: str
    severity: Severity
    check: Callable[[Memory], Iterator[Found]]


RULES = (
    Rule("not_json", "error", shape.not_json),
    Rule("data_type", "error", notebook.data_type),
    Rule("missing_messages_list", "error", notebook.missing_messages_list),
    Rule("message_missing_key", "error", notebook.message_missing_key),
    Rule("message_unrecognized_key", "error", notebook.message_unrecognized_key),
    Rule("unrecognized_role", "error", notebook.unrecognized_role),
    Rule("missing_content", "error", notebook.missing_content),
    Rule("example_missing_assistant_message", "error", notebook.example_missing_assistant_message),
    Rule("bad_preference", "error", shape.bad_preference),
    Rule("weight_not_on_assistant", "error", shape.weight_not_on_assistant),
    Rule("weight_not_0_or_1", "error", shape.weight_not_0_or_1),
    Rule("last_message_not_assistant", "error", shape.last_message_not_assistant),
    Rule("too_long", "error", shape.too_long),
    Rule("personal_data", "error", secrets.secrets),
    Rule("personal_data", "error", personal.payment_cards),
    Rule("personal_data", "warning", personal.contact_details),
    Rule("invisible_characters", "warning", characters.invisible_characters),
    Rule("mojibake", "warning", characters.mojibake),
)
FILE_RULES = (
    FileRule("too_few_examples", "error", whole.too_few_examples),
    FileRule("duplicate", "warning", repeats.duplicate),
    # After the one before, which tells it what to pass over.
    FileRule("near_duplicate", "warning", repeats.near_duplicate),
    FileRule("conflicting_answers", "error", repeats.conflicting_answers),
    FileRule("leakage", "error", whole.leakage),
    FileRule("mixed_system_prompts", "warning", whole.mixed_system_prompts),
    FileRule("label_suspicion", "warning", suspicion.label_suspicion),
)
