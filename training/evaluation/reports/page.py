"""A comparison as one page that needs no network: figures first, then every conversation, side by side."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator

from training.evaluation.comparison import Comparison
from training.evaluation.reports import words
from training.evaluation.reports.conversations import conversation
from training.evaluation.reports.figures import side_by_side
from training.evaluation.reports.filters import SCRIPT
from training.evaluation.reports.look import STYLE
from training.evaluation.reports.markup import text
from training.evaluation.reports.summary import summary
from training.quoting import one_line

_NAME = 60
_ALONE = {"all": "all", "fail": "fails", "critical": "critical fails"}
_BESIDE = {
    "all": "all",
    "differs": "differs",
    "baseline": "only the baseline passes",
    "candidate": "only the candidate passes",
    "fail": "both fail",
    "critical": "critical fails",
}
_NOTE = (
    "Intervals are 95%. Verdicts are corrected for the number of comparisons (Holm); where none stands beside a "
    "category, it is not distinguishable. “Not distinguishable” means that chance alone may explain the difference; "
    "where an interval just leaves zero out, the verdict counts. A model judge, where one was asked, stands apart and "
    "decides nothing."
)
_KEYS = "Keys: <kbd>/</kbd> search, <kbd>j</kbd> next, <kbd>k</kbd> previous, <kbd>Enter</kbd> folds."


def as_html(comparison: Comparison) -> str:
    """Return a whole page: nothing in it asks a network, and nothing that a model wrote acts."""
    title = text(words.title(comparison.cards, lambda name: one_line(name, _NAME)))
    # Nothing loads and nothing runs but this very style and script.
    policy = (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    body = "".join(map(conversation, side_by_side(comparison.cards)))
    return (
        '<!doctype html>\n<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f'<meta http-equiv=Content-Security-Policy content="{policy}"><meta name=referrer content=no-referrer>'
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>"
        "<a class=skip href=#filters>To the conversations</a>"
        f"<header><h1>{title}</h1>{summary(comparison)}<p class=note>{_NOTE}</p></header>"
        f"<main><h2>Conversations</h2>{''.join(_filters(comparison))}"
        f"<p id=nothing hidden>No conversation is like that.</p>\n{body}</main>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _filters(comparison: Comparison) -> Iterator[str]:
    cards = comparison.cards
    categories = Counter(result.category for result in cards[0].results)
    shares = {name: f"{name} ({count:,})" for name, count in sorted(categories.items())}
    trials = max(card.trials for card in cards)
    yield "<form id=filters><label>Search<input id=search type=search autocomplete=off></label>"
    yield _select("category", "Category", {"": "all", **shares})
    yield _select("outcome", "Outcome", _BESIDE if len(cards) > 1 else _ALONE)
    if len(cards) > 1:
        yield _select("candidate", "Candidate", {"": "all", **_candidates(comparison)})
    if trials > 1:
        yield _select("trial", "Trial", {"": "all", **{str(number): str(number) for number in range(1, trials + 1)}})
    yield "<button type=reset>Show all</button><button type=button id=fold>Fold or unfold all</button>"
    yield f"<output id=count aria-live=polite></output><span class=note>{_KEYS}</span></form>"


def _candidates(comparison: Comparison) -> dict[str, str]:
    numbered = list(enumerate(comparison.cards))[1:]
    return {str(number): f"{words.letter(number)} {one_line(words.called(card), _NAME)}" for number, card in numbered}


def _select(name: str, label: str, choices: dict[str, str]) -> str:
    options = "".join(f'<option value="{text(value)}">{text(told)}</option>' for value, told in choices.items())
    return f"<label>{label}<select id={name}>{options}</select></label>"


def _hash(source: str) -> str:
    """Return how a policy names a script or a style (CSP level 2)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
