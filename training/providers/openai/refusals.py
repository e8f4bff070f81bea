"""What went wrong at a server, as one sentence with the way out."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from training.providers import ProviderBusy, ProviderError

# Characters of a server's own words that a sentence repeats.
LONGEST_QUOTE = 300
# A key's first characters are blotted out along with what follows: some servers repeat a part of the key.
SHOWN_OF_KEY = 8
_KEYS = re.compile(r"\bsk-[\w*-]{6,}|(?<=Bearer )\S+", re.IGNORECASE)
_TUNING = re.compile(r"fine[ -]?tun")
_CLOSING = re.compile(
    r"no longer|not (available|enabled|eligible|allowed)|(cannot|can't) create|unavailable|disabled|deprecated|"
    r"w(ound|ind|inding)[ -]down|sunset|discontinued|shut down|closed",
)
_NOT_NOW = {HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_NOT_THERE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}
_QUOTA = {"insufficient_quota", "exceeded_quota", "quota_exceeded", "exceeded_current_quota"}
_BILLING = {"billing_hard_limit_reached", "billing_not_active", "hard_limit_reached", "access_terminated"}
_FILE = {"invalid_file", "invalid_file_format", "invalid_training_file", "invalid_validation_file", "file_not_found"}
_UNSUPPORTED = {"unsupported_parameter", "unsupported_value"}
_TOO_FEW = "invalid_n_examples"


class NotThereError(ProviderError):
    """The server has no such thing, or does not know the route."""


class UnsupportedError(ProviderError):
    """The server or the model does not take a parameter."""

    def __init__(self, text: str, param: str) -> None:
        self.param = param
        super().__init__(text)


class UnansweredError(ProviderBusy):
    """Nobody knows whether the server did what it was asked for."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a server tells it; its texts are clean."""

    server: str
    """The server's host."""
    setting: str
    """The variable that names the server begins with these words, and so does that of its key."""
    doing: str
    """What it was asked for, such as "start the job"."""
    status: int
    code: str = ""
    param: str = ""
    message: str = ""

    @property
    def quote(self) -> str:
        """What the server says, in brackets, or nothing."""
        told = self.message.rstrip(". ") or self.code
        return f" ({told})" if told else ""

    @property
    def about_jobs(self) -> bool:
        """Whether a job was to be started."""
        return self.doing == START


START = "start the job"
Rule = tuple[Callable[[Refusal], object], Callable[[Refusal], str]]


def _closed(refusal: Refusal) -> bool:
    """Whether the organisation may start no more jobs: OpenAI documents no code for it, other servers have theirs."""
    told = f"{refusal.code} {refusal.message}".lower().replace("_", " ")
    if not refusal.about_jobs or "scope" in told or _unknown_model(refusal):
        return False
    return refusal.status == HTTPStatus.FORBIDDEN or bool(_TUNING.search(told) and _CLOSING.search(told))


def _unknown_model(refusal: Refusal) -> bool:
    return refusal.param == "model" or refusal.code.startswith("model_not") or refusal.code == "invalid_model"


def _too_large(refusal: Refusal) -> bool:
    return refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or refusal.code in {
        "file_too_large",
        "max_file_size_exceeded",
    }


def _storage_full(refusal: Refusal) -> bool:
    return "storage" in refusal.code or "stored files" in refusal.message


def _bad_file(refusal: Refusal) -> bool:
    return refusal.code in _FILE or refusal.param in {"file", "training_file", "validation_file"}


# The first that fits says it.
_RULES: tuple[Rule, ...] = (
    (
        lambda it: it.status == HTTPStatus.UNAUTHORIZED or it.code == "invalid_api_key",
        lambda it: f"{it.server} refuses the key: correct {it.setting}_KEY.",
    ),
    (
        _closed,
        lambda it: (
            f"{it.server} does not let this organisation start fine-tuning jobs, or no longer{it.quote}: "
            f"tune with the provider `embedded`, or at another server by {it.setting}_URL."
        ),
    ),
    (
        _unknown_model,
        lambda it: (
            f"{it.server} has no such model for this, or does not let this key use it{it.quote}: name another model."
        ),
    ),
    (
        lambda it: it.status == HTTPStatus.FORBIDDEN,
        lambda it: (
            f"{it.server} does not let this key {it.doing}{it.quote}: "
            f"give it the permission there, or set another {it.setting}_KEY."
        ),
    ),
    (
        lambda it: it.code in _QUOTA,
        lambda it: f"The account at {it.server} has no credit left: add some there, or take another {it.setting}_KEY.",
    ),
    (
        lambda it: it.code in _BILLING,
        lambda it: f"The account at {it.server} reached its billing limit: raise the limit there, then start again.",
    ),
    (_too_large, lambda it: f"{it.server} does not take a file of this size{it.quote}: leave examples out."),
    (
        _storage_full,
        lambda it: f"{it.server} keeps no more files for this account{it.quote}: delete some there, then start again.",
    ),
    (
        lambda it: it.code == _TOO_FEW,
        lambda it: f"{it.server} needs more examples{it.quote}: add some to the dataset.",
    ),
    (
        _bad_file,
        lambda it: f"{it.server} refuses the file{it.quote}: correct what `data check` says about it.",
    ),
    (
        lambda it: it.param and it.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY},
        lambda it: f"{it.server} does not take this value of {it.param}{it.quote}: choose another, or leave it out.",
    ),
    (
        lambda it: it.status in _NOT_THERE,
        lambda it: (
            f"{it.server} cannot {it.doing}, because it has no such thing{it.quote}: "
            f"see whether {it.setting}_URL is right."
        ),
    ),
    (
        lambda it: HTTPStatus.MULTIPLE_CHOICES <= it.status < HTTPStatus.BAD_REQUEST,
        lambda it: f"{it.server} sends us elsewhere (HTTP {it.status}): correct {it.setting}_URL.",
    ),
)


def said(refusal: Refusal) -> ProviderBusy | ProviderError:
    """Return the error to raise: busy where the same may well work later."""
    hopeless = refusal.code in _QUOTA | _BILLING
    if _later(refusal.status) and not hopeless:
        # What was refused for being too much at once was not done; of the rest nobody knows.
        kind = ProviderBusy if refusal.status in _NOT_NOW else UnansweredError
        told = f"{refusal.server} is busy or down (HTTP {refusal.status} when asked to {refusal.doing})"
        return kind(f"{told}: it is tried again later.")
    sentences = (sentence(refusal) for fits, sentence in _RULES if fits(refusal))
    refused = f"{refusal.server} refuses to {refusal.doing} (HTTP {refusal.status}){refusal.quote}"
    text = next(sentences, f"{refused}: mend that and start again.")
    if refusal.code in _UNSUPPORTED:
        return UnsupportedError(text, refusal.param)
    missing = refusal.status in _NOT_THERE and not _unknown_model(refusal)
    return NotThereError(text) if missing else ProviderError(text)


def _later(status: int) -> bool:
    broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status not in _NOT_THERE
    return broken or status == HTTPStatus.REQUEST_TIMEOUT or status in _NOT_NOW


def reason(refusal: Refusal) -> str:
    """Say why a job failed, from the error that it ended with."""
    if refusal.code or refusal.param or refusal.message:
        asked = replace(refusal, doing=START, status=HTTPStatus.BAD_REQUEST)
        sentences = (sentence(asked) for fits, sentence in _RULES if fits(asked))
        usual = f"The job failed at {refusal.server}{refusal.quote}: start the run again, or ask there."
        return next(sentences, usual)
    return f"The job failed at {refusal.server}, which does not say why: start the run again, or ask there."


def clean(text: object, key: str = "") -> str:
    """Return a server's words as one short line that a terminal and a log may show, without the key."""
    line = " ".join(text.split()) if isinstance(text, str) else ""
    line = _KEYS.sub("***", line)
    if len(key) >= SHOWN_OF_KEY:
        line = re.sub(re.escape(key[:SHOWN_OF_KEY]) + r"\S*", "***", line)
    elif key:
        line = re.sub(rf"(?<!\w){re.escape(key)}(?!\w)", "***", line)
    shown = "".join(sign if sign.isprintable() else "?" for sign in line)
    return shown if len(shown) <= LONGEST_QUOTE else f"{shown[: LONGEST_QUOTE - 1]}…"
