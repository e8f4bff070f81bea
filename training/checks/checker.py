"""One pass of all rules over a file of examples, in memory that does not grow with it."""

from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Self, cast

from training.checks.case import Case, case_of
from training.checks.fingerprint import fingerprint
from training.checks.held_out import note_held_out
from training.checks.memory import Memory
from training.checks.problem import Expectations, Problem, Severity
from training.checks.resemblance import note_asked
from training.checks.rules import FILE_RULES, RULES
from training.checks.suspicion import note_refusals
from training.entries import Entry


class Checker:
    """Looks at every example once, and then at all of them; a context manager.

    Its methods raise DataError when its temporary file cannot be written.
    """

    def __init__(self, expectations: Expectations) -> None:
        self.examples = 0
        """How many were seen."""
        self.counts: Counter[str] = Counter()
        """How many problems were found so far, by rule."""
        self._expectations = expectations
        self._errors = 0
        # The line of the first preference, and that of the first conversation.
        self._firsts: dict[bool, int] = {}
        self._memory = Memory()

    def __enter__(self) -> Self:
        """Raise DataError when the validation file cannot be read."""
        try:
            note_held_out(self._memory, self._expectations)
        except BaseException:
            self._memory.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._memory.close()

    def see(self, entry: Entry, tokens: int) -> None:
        """Check one example, of so many tokens, by all rules that look at one."""
        self.examples += 1
        case = case_of(entry, tokens, self._expectations)
        for rule in RULES:
            for text in rule.check(case):
                self._report(entry.line, rule.name, rule.severity, text)
        self._see_kind(entry.line, case)
        self._remember(entry.line, case)

    def _see_kind(self, line: int, case: Case) -> None:
        """Report, once, that a file mixes preferences and conversations: no way to learn takes both."""
        if not case.listed or case.is_preference in self._firsts:
            return
        self._firsts[case.is_preference] = line
        if first := self._firsts.get(not case.is_preference):
            here, there = ("preference", "conversation") if case.is_preference else ("conversation", "preference")
            self._report(
                line,
                "mixed_kinds",
                "error",
                f"This example is a {here}, and that of line {first} is a {there}: put each kind into its own file.",
            )

    def _remember(self, line: int, case: Case) -> None:
        memory, example = self._memory, self.examples
        if not case.listed:
            memory.note("examples", example, line, None, None, None)
            return
        known = fingerprint(case)
        memory.note("examples", example, line, known.conversation, known.system, known.sketch)
        for band in known.bands:
            memory.note("bands", band, example)
        for number, exchange in enumerate(known.exchanges, 1):
            memory.note("exchanges", example, number, exchange.context, exchange.question, exchange.answer)
        note_asked(memory, example, case)
        note_refusals(memory, example, case)

    def finish(self) -> None:
        """Check what can be told only when all examples were seen."""
        for rule in FILE_RULES:
            for line, text in rule.check(self._memory):
                self._report(line, rule.name, rule.severity, text)

    def _report(self, line: int, rule: str, severity: Severity, text: str) -> None:
        self.counts[rule] += 1
        self._errors += severity == "error"
        self._memory.note("problems", line, rule, severity, text)

    @property
    def has_errors(self) -> bool:
        """Whether anything was found that keeps the examples from being learned."""
        return self._errors > 0

    def problems(self) -> Iterator[Problem]:
        """Yield every problem, by line."""
        rows = self._memory.rows("SELECT line, rule, severity, text FROM problems ORDER BY line, rowid")
        for row in cast("Iterator[tuple[int, str, Severity, str]]", rows):
            yield Problem(*row)
