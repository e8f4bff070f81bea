"""The rule against keys, tokens and passwords, which a model would give away."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.checks.case import Case

_START = r"(?<![\w-])"
_LONG_RUN = 15
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    """With what it begins: that is public, and tells its owner which one to withdraw."""
    marks: tuple[str, ...]
    """One of these stands in each; without marks, each has a long run without a space and with a digit."""
    pattern: str
    """Quantities are bounded and starts are anchored, so that no text takes more than a few steps a character."""

    def is_marked(self, text: str) -> bool:
        """Whether one of its marks stands in a text, or it needs none."""
        return not self.marks or any(mark in text for mark in self.marks)


_KINDS = tuple(
    (kind, re.compile(kind.pattern, re.ASCII))
    for kind in (
        _Kind("a private key", ("-----BEGIN",), r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY"),
        _Kind("an API key that begins with sk-", ("sk-",), rf"{_START}sk-[\w-]{{16}}"),
        _Kind("a Stripe key", ("k_live_", "k_test_"), rf"{_START}[rs]k_(?:live|test)_\w{{16}}"),
        _Kind("a Slack token", ("xox", "xapp-"), rf"{_START}(?:xox[abeprs]-|xapp-\d-)[\w-]{{10}}"),
        _Kind("a Slack webhook", ("hooks.slack.com",), r"hooks\.slack\.com/services/\w{6,14}/\w{6,14}/\w{20}"),
        _Kind(
            "a GitHub token",
            ("ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_"),
            rf"{_START}(?:gh[opsur]_\w{{30}}|github_pat_\w{{20}})",
        ),
        _Kind("a GitLab token", ("glpat-",), rf"{_START}glpat-[\w-]{{20}}"),
        _Kind("a Hugging Face token", ("hf_",), rf"{_START}hf_[A-Za-z0-9]{{30}}"),
        _Kind("an npm token", ("npm_",), rf"{_START}npm_[A-Za-z0-9]{{36}}"),
        _Kind("an AWS access key", ("AKIA", "ASIA"), rf"{_START}A(?:KI|SI)A[0-9A-Z]{{16}}\b"),
        _Kind("a Google API key", ("AIza",), rf"{_START}AIza[\w-]{{35}}"),
        _Kind("a SendGrid key", ("SG.",), rf"{_START}SG\.[\w-]{{16,32}}\.[\w-]{{16}}"),
        _Kind("a JSON web token", ("eyJ",), rf"{_START}eyJ[\w-]{{10,4096}}\.eyJ[\w-]{{5}}"),
        _Kind("a password in an address", ("://",), r"(?<![a-z])[a-z]{2,12}://[^\s:/@]{1,64}:[^\s:/@]{3,128}@[\w.-]"),
        _Kind("a Discord token", (), rf"{_START}[MNO][\w-]{{23,27}}\.[\w-]{{6,7}}\.[\w-]{{27}}"),
        _Kind(
            "a secret",
            (),
            r"(?i:key|token|secret|bearer|credentials?)[\"']?(?: ?[=:] ?| is:? | )[\"'`]?"
            r"(?=[A-Za-z+/_.~-]{0,64}\d)(?=[0-9+/_.~-]{0,64}[A-Za-z])[\w+/.~-]{16}",
        ),
        _Kind(
            "a password",
            ("assw", "ASSW", "assphrase", "pwd", "PWD"),
            r"(?i:passw(?:or)?d|passphrase|pwd)[\"']?(?: ?[=:] ?| is:? )[\"'`]?"
            r"(?=[^\s\d]{0,64}\d)(?=[^\sA-Za-z]{0,64}[A-Za-z])\S{8}",
        ),
    )
)


_MARKS = tuple(mark for kind, _ in _KINDS for mark in kind.marks)


def secrets(case: Case) -> Iterator[str]:
    """No key, token or password is learned, whoever wrote it."""
    if not case.may_hold(_may_hold_one):
        return
    for kind, pattern in _KINDS:
        for number, _, text in case.said:
            if kind.is_marked(text) and pattern.search(text):
                way = "withdraw it where it was given out, and take it out of here"
                yield f"Message {number} holds {kind.name}: {way}."


def _may_hold_one(text: str) -> bool:
    for mark in _MARKS:
        if mark in text:
            return True
    # Prose has hardly ever one.
    return any(_DIGIT.search(word) for word in [word for word in text.split() if len(word) >= _LONG_RUN])
