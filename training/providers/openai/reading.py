"""What servers tell of jobs, read with tolerance: fields may lack, numbers may be text, statuses may be new."""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from training.providers import Event, EventLevel, JobState, Metric
from training.providers.openai.refusals import clean

Json = Mapping[str, object]

STATES: Mapping[str, JobState] = {
    "created": "queued",
    "pending": "queued",
    "validating_files": "queued",
    "queued": "queued",
    "running": "running",
    "in_progress": "running",
    "paused": "paused",
    "succeeded": "succeeded",
    "completed": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
ENDED: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})
LEVELS: Mapping[str, EventLevel] = {"warn": "warning", "warning": "warning", "error": "error"}
# What is measured at a step; the rest of an event's data, such as total_steps, is none.
MEASURED = re.compile(r"(full_)?(train|valid)_[a-z_]{1,40}")
# Result files call it otherwise than events and checkpoints do.
SAME = {"train_accuracy": "train_mean_token_accuracy", "valid_accuracy": "valid_mean_token_accuracy"}
LAST_STEP = 2**53
LONGEST_NAME = 300


def mapping(value: object) -> Json:
    """Return a JSON object, or an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return a JSON array, or an empty one."""
    return cast("list[object]", value) if isinstance(value, list) else []


def records(value: object) -> list[Json]:
    """Return the objects of a JSON array."""
    return [cast("Json", item) for item in items(value) if isinstance(item, dict)]


def text(value: object) -> str:
    """Return a JSON string that is a name or a word, or ""."""
    return value if isinstance(value, str) and value.isprintable() else ""


def id_of(record: Json) -> str:
    """Return a record's id, or "" where it has none that can stand in a path."""
    found = text(record.get("id"))
    return found if found.strip("./") and len(found) <= LONGEST_NAME else ""


def number(value: object) -> float | None:
    """Return a number, also one that was sent as text; None where there is none, or no finite one."""
    if not isinstance(value, int | float | str) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int:
    """Return a number of things, or 0."""
    found = number(value) or 0
    return int(found) if 0 < found <= LAST_STEP else 0


def state(job: Json) -> JobState | None:
    """Return a job's state; None where its status is none that we know."""
    return STATES.get(text(job.get("status")).lower())


def told(listed: Iterable[Json], key: str) -> tuple[Event, ...]:
    """Return a job's events, oldest first, from a list that begins with the newest."""
    events = [
        Event(
            clean(record.get("id"), key) or _fingerprint(record),
            number(record.get("created_at")) or 0.0,
            LEVELS.get(text(record.get("level")), "info"),
            clean(record.get("message"), key),
        )
        for record in listed
    ]
    # Within one second the list's own order holds.
    events.reverse()
    return tuple(sorted(events, key=lambda event: event.at))


def _fingerprint(record: Json) -> str:
    """Return a key for an event that has none."""
    content = repr((record.get("created_at"), record.get("level"), record.get("message")))
    return f"event-{hashlib.sha256(content.encode('utf-8', 'replace')).hexdigest()[:16]}"


def measured(rows: Iterable[Json]) -> tuple[Metric, ...]:
    """Return what was measured, by step and name; of two values for one the later row's counts."""
    found = {(metric.step, metric.name): metric for row in rows for metric in _of_row(row)}
    return tuple(found[place] for place in sorted(found))


def _of_row(row: Json) -> Iterator[Metric]:
    step = number(row.get("step", row.get("step_number")))
    if step is None or not 0 <= step <= LAST_STEP:
        return
    for column, value in row.items():
        named = SAME.get(column, column)
        if MEASURED.fullmatch(named) and (found := number(value)) is not None:
            yield Metric(int(step), named, found)


def checkpoint_row(checkpoint: Json) -> Json:
    """Return a checkpoint's metrics with their step, which some servers tell beside them only."""
    return {"step": checkpoint.get("step_number"), **mapping(checkpoint.get("metrics"))}
