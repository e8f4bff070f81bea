"""The body of the page: every conversation, turn by turn, the models' answers side by side."""

import re
from collections.abc import Iterator, Sequence

from training.evaluation.reports import words
from training.evaluation.reports.markup import colour, text
from training.evaluation.scorecard import Result, Trial

_TURN = re.compile(r"turn (\d+): (.*)", re.DOTALL)
_JUDGED = {True: "passes", False: "fails", None: "did not say"}


def conversation(results: Sequence[Result]) -> str:
    """Return what the models made of one scenario, the baseline first."""
    first = results[0]
    critical = " <em>critical</em>" if first.critical else ""
    passes = " ".join(f"{result.passes}/{len(result.trials)}" for result in results)
    marks = "".join(_badge(number, result) for number, result in enumerate(results))
    turns = "".join(_turn(number, results) for number in range(1, len(first.questions) + 1))
    return (
        f'<article id="at-{text(first.id)}" data-category="{text(first.category)}" data-passes="{passes}"'
        f"{' data-critical' * first.critical}><details open><summary><b>{text(first.id)}</b>"
        f" <small>{text(first.category)}</small>{critical} {marks}</summary>{turns}{_apart(results)}"
        "</details></article>\n"
    )


def _badge(number: int, result: Result) -> str:
    kind = "ok" if result.passed else "bad"
    told = f"{words.letter(number)} {words.outcome(result)}"
    return f'<span class="badge {kind}" data-model={number}>{told}</span>'


def _turn(number: int, results: Sequence[Result]) -> str:
    """Return a customer's message, a good answer to read when wanted, and what each model answered."""
    first = results[0]
    question = f"<p class=asked dir=auto>{text(first.questions[number - 1])}</p>"
    reference = first.references[number - 1] if number <= len(first.references) else ""
    good = f"<details><summary>A good answer</summary><p dir=auto>{text(reference)}</p></details>" if reference else ""
    cells = (_cell(model, "".join(_answers(model, number, result))) for model, result in enumerate(results))
    return f"<section>{question}{good}<div class=row>{''.join(cells)}</div></section>"


def _cell(model: int, content: str) -> str:
    return f"<div class=cell data-model={model}>{content}</div>"


def _answers(model: int, turn: int, result: Result) -> Iterator[str]:
    """Yield each answer that a model gave to a turn, with what it lacks; the same one of several trials once."""
    trials = dict[tuple[str | None, tuple[str, ...]], list[int]]()
    for number, trial in enumerate(result.trials, 1):
        answer = trial.answers[turn - 1].text if turn <= len(trial.answers) else None
        trials.setdefault((answer, _failures(trial, turn)), []).append(number)
    for (answer, failures), numbers in trials.items():
        yield _answer(model, answer, failures, numbers if len(result.trials) > 1 else [])


def _answer(model: int, answer: str | None, failures: Sequence[str], trials: Sequence[int]) -> str:
    kind = "gone" if answer is None and not failures else "bad" if failures else "ok"
    mark = {"ok": "✓", "bad": "✗", "gone": ""}[kind]
    which = f" <small>trial{'s' * (len(trials) > 1)} {', '.join(map(str, trials))}</small>" if trials else ""
    head = f"<b class='chip {colour(model)}'>{words.letter(model)}</b> {mark}{which}"
    body = "<p class=none>No answer.</p>" if answer is None else f"<p dir=auto>{text(answer)}</p>"
    lacking = "".join(f"<li>{text(failure)}</li>" for failure in failures)
    marked = f' data-trials="{" ".join(map(str, trials))}"' if trials else ""
    return f'<div class="said {kind}"{marked}>{head}{body}{f"<ul>{lacking}</ul>" if lacking else ""}</div>'


def _failures(trial: Trial, turn: int) -> tuple[str, ...]:
    """Return what a trial lacks in one turn; in turn 0, what belongs to none."""
    found = (_TURN.fullmatch(failure) or failure for failure in trial.failures)
    placed = ((0, match) if isinstance(match, str) else (int(match[1]), match[2]) for match in found)
    return tuple(failure for at, failure in placed if at == turn)


def _apart(results: Sequence[Result]) -> str:
    """Return what belongs to no turn, and what the model judge says, which decides nothing."""
    cells = ["".join(_rest(model, result)) for model, result in enumerate(results)]
    if not any(cells):
        return ""
    return f"<div class='row apart'>{''.join(_cell(model, cell) for model, cell in enumerate(cells))}</div>"


def _rest(model: int, result: Result) -> Iterator[str]:
    others = dict.fromkeys(failure for trial in result.trials for failure in _failures(trial, 0))
    if others:
        yield f"<ul>{''.join(f'<li>{text(failure)}</li>' for failure in others)}</ul>"
    if any(trial.judged is not None for trial in result.trials):
        said = ", ".join(_JUDGED[trial.judged] for trial in result.trials)
        yield f"<p class=judge>Model judge on {words.letter(model)}, which decides nothing: {said}</p>"
