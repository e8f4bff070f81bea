"""One attempt at a step of a run, and how it went."""

import re
from hashlib import sha256
from typing import Literal, TypedDict
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from training.examples import DataError
from training.providers import ProviderBusy, ProviderError
from training.registry import RegistryError, Run, RunChanges, Step
from training.runs.steps import Do
from training.runs.workbench import Cancelled, Facts, Interruption, Refused, Workbench, log

# What `done` is, `busy` and the others end a step; `ended` is a run that is over already, or that nobody knows.
Kind = Literal["done", "busy", "cancelled", "failed", "ended"]

_DIGITS = re.compile(r"\d+")


class Outcome(TypedDict):
    """How an attempt went, as it is kept: plain JSON."""

    kind: Kind
    at: float
    """When, in seconds since 1970."""
    facts: dict[str, str | float]
    reason: str


class Attempts:
    """Does what a step does, and turns whatever comes of it into an outcome."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench

    def once(self, run: str, name: Step | Literal["cancel"], do: Do, facts: Facts, not_before: float) -> Outcome:
        """Do a step once, not before a time; raises Interruption, and nothing else."""
        try:
            return self._answered(self._bench.registry.run(run), name, do, facts, not_before)
        except (RegistryError, SQLAlchemyError) as error:
            if self._is_unknown(run):
                return self._outcome("ended")
            raise self.leave(run, error) from None

    def _answered(self, run: Run, name: Step | Literal["cancel"], do: Do, facts: Facts, not_before: float) -> Outcome:
        """Do a step; raises Interruption, and what the registry raises."""
        try:
            if name == "cancel":
                run = self._bench.wait(run, not_before)
                return self._outcome("done", do(self._bench, run, facts))
            return self._gone_on(run, name, do, facts, not_before)
        except (RegistryError, SQLAlchemyError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must not be left without anybody
            return self._explained(run, name, error)

    def _explained(self, run: Run, name: str, error: Exception) -> Outcome:
        """Return what an error means for a run."""
        match error:
            case Cancelled():
                return self._outcome("cancelled")
            case ProviderBusy():
                return self._busy(run, name, str(error))
            case ProviderError() | DataError() | Refused():
                return self.failed(str(error))
            case OSError():
                return self.failed(_sentence(error))
            case _:
                return self.unexpected(run.id, name, error)

    def _gone_on(self, run: Run, name: Step, do: Do, facts: Facts, not_before: float) -> Outcome:
        """Do a step of a run that has neither ended nor is to end."""
        bench = self._bench
        bench.interruptible(0)
        # One that has a model was killed after it was registered, and only needs to be told of.
        if run.ended and not run.model:
            return self._outcome("ended")
        if not run.ended:
            run = run if run.cancel_wanted else bench.wait(run, not_before)
            if run.cancel_wanted:
                return self._outcome("cancelled")
            changes: RunChanges = {"step": name}
            if run.state == "queued":
                changes["state"] = "running"
            run = bench.registry.update_run(run.id, **changes)
        return self._outcome("done", do(bench, run, facts))

    def _busy(self, run: Run, name: str, reason: str) -> Outcome:
        """Tell what a provider is busy with, once for each thing, whatever numbers are in it."""
        thing = sha256(_DIGITS.sub("", reason).encode()).hexdigest()[:8]
        self._bench.tell(run.id, f"busy:{name}:{thing}", reason, "warning")
        return self._outcome("busy", reason=reason)

    def failed(self, reason: str) -> Outcome:
        """Return that a run cannot go on."""
        return self._outcome("failed", reason=reason)

    def unexpected(self, run: str, name: str, error: Exception) -> Outcome:
        """Return that something happened which nobody thought of; how it came about stands in the log."""
        reference = uuid4().hex[:8]
        log.error("%s: %s failed at %s", reference, run, name, exc_info=error)
        return self.failed(
            f"Something unexpected happened at {name} ({type(error).__name__}):"
            f" look for {reference} in {self._bench.log_file}, and start the run again."
        )

    def leave(self, run: str, error: Exception) -> Interruption:
        """Return what leaves a run where it is, because what it is kept in cannot be read or written."""
        log.error("%s is left for the next start", run, exc_info=error)
        self._bench.left.append(error)
        return Interruption()

    def _is_unknown(self, run: str) -> bool:
        try:
            return all(known.id != run for known in self._bench.registry.runs())
        except (RegistryError, SQLAlchemyError):
            return False

    def _outcome(self, kind: Kind, facts: Facts | None = None, reason: str = "") -> Outcome:
        return {"kind": kind, "at": self._bench.clock(), "facts": dict(facts or {}), "reason": reason}


def _sentence(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}: mend that or make room there, and start the run again."
