"""What can go wrong between a client and the local tuning server, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Json = Mapping[str, object]
Moment = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error in OpenAI's shape; without headers of its own the client may try again after a millisecond."""

    status: int
    code: str = ""
    message: str = "No."
    param: str = ""
    kind: str = "invalid_request_error"
    headers: Mapping[str, str] = field(default_factory=lambda: {"retry-after-ms": "1"})

    @property
    def body(self) -> Json:
        """The body of the answer."""
        told = {"message": self.message, "type": self.kind, "param": self.param or None, "code": self.code or None}
        return {"error": told}


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection is cut before the request is processed, or after, so that the answer is lost."""

    when: Moment = "after"


@dataclass(frozen=True, slots=True)
class Slow:
    """The server waits some seconds before it processes the request, or after it did."""

    seconds: float
    when: Moment = "after"


@dataclass(frozen=True, slots=True)
class Garbled:
    """The request is processed, and the answer is these bytes."""

    content: bytes = b'{"id": "ftjob-1", "sta'
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Patched:
    """The request is processed, and these fields take the place of those of the answer; None takes one away."""

    fields: Json


Fault = Refusal | Cut | Slow | Garbled | Patched


def rate_limited(seconds: str = "") -> Refusal:
    """Say that there were too many requests, with Retry-After where seconds are told."""
    headers = {"retry-after": seconds} if seconds else {"retry-after-ms": "1"}
    return Refusal(429, "rate_limit_exceeded", "Rate limit reached for requests.", kind="requests", headers=headers)


def quota_used_up() -> Refusal:
    """Say that the account has no money left, which waiting does not mend."""
    message = "You exceeded your current quota, please check your plan and billing details."
    return Refusal(429, "insufficient_quota", message, kind="insufficient_quota")


def billing_limit_reached() -> Refusal:
    """Say that the month's hard limit is reached."""
    return Refusal(400, "billing_hard_limit_reached", "Billing hard limit has been reached.")


def down(status: int = 500) -> Refusal:
    """Say that the server has an error of its own, or is overloaded."""
    return Refusal(status, "", "The server had an error while processing your request.", kind="server_error")


def closed_to_the_organisation(status: int = 403) -> Refusal:
    """Say that the organisation may start no more jobs."""
    message = "Fine-tuning is no longer available to your organization: new fine-tuning jobs cannot be created."
    return Refusal(status, "fine_tuning_not_available" if status != 403 else "", message)


def key_refused(key: str = "sk-local********cdef") -> Refusal:
    """Say that the key is wrong, and repeat it."""
    return Refusal(401, "invalid_api_key", f"Incorrect API key provided: {key}.")


def scope_missing() -> Refusal:
    """Say that the key may not do this."""
    message = "You have insufficient permissions for this operation. Missing scopes: api.fine_tuning.jobs.write."
    return Refusal(403, "missing_scope", message)


def too_many_files() -> Refusal:
    """Say that the project may keep no more files."""
    return Refusal(400, "file_storage_limit_exceeded", "Your project has reached its limit of stored files.")
