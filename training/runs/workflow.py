"""A run, durable: killed between or within any two steps, it goes on at the next start."""

from typing import Literal

from dbos import DBOS
from sqlalchemy.exc import SQLAlchemyError

from training.registry import RegistryError, Step
from training.runs.attempts import Attempts, Outcome
from training.runs.steps import STEPS, Do, cancel
from training.runs.workbench import Facts, Workbench

_SECONDS_AN_HOUR = 3600


class Workflow:
    """What DBOS does for each run."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._attempts = Attempts(bench)
        self._active: set[str] = set()

    def perform(self, run: str) -> str:
        """Do a run from its dataset to its registered model, and return how it ended.

        DBOS keeps the outcome of every step. After a crash it calls this again and hands it the outcomes so far: what
        is decided here is decided by them alone. Raises Interruption when the run is to go on at the next start.
        """
        self._active.add(run)
        try:
            outcome = self._outcome(run)
            DBOS.run_step({"name": "end"}, self._end, run, outcome)
        except (RegistryError, SQLAlchemyError, OSError) as error:
            raise self._attempts.leave(run, error) from None
        else:
            return outcome["kind"]
        finally:
            self._active.discard(run)

    def active(self) -> frozenset[str]:
        """Return the runs that are being worked on."""
        return frozenset(self._active)

    def _outcome(self, run: str) -> Outcome:
        try:
            return self._steps(run)
        except (RegistryError, SQLAlchemyError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the run must not be left without anybody
            # DBOS is being taken away beneath it.
            self._bench.interruptible(0)
            return self._attempts.unexpected(run, "a step's end", error)

    def _steps(self, run: str) -> Outcome:
        """Do the steps one after the other, until one says that this is the end."""
        facts: dict[str, str | float] = {}
        outcome: Outcome | None = None
        for name, do in STEPS.items():
            outcome = self._through(run, name, do, facts)
            facts |= outcome["facts"]
            # Once the files are uploaded there may be a job, though nobody was told of it.
            if outcome["kind"] == "cancelled" and "train_file" in facts:
                return self._stopped(run, facts, outcome)
            if outcome["kind"] != "done":
                break
        return outcome or self._attempts.failed("There was nothing to do.")

    def _stopped(self, run: str, facts: Facts, cancelled: Outcome) -> Outcome:
        """Stop the job of a run that was cancelled."""
        stopped = self._through(run, "cancel", cancel, facts)
        if stopped["kind"] == "done":
            return cancelled
        return self._attempts.failed(f"The run was cancelled, but its job may go on. {stopped['reason']}")

    def _through(self, run: str, name: Step | Literal["cancel"], do: Do, facts: Facts) -> Outcome:
        """Do a step, again while it asks for that, and while its provider is busy and patience lasts.

        Each attempt waits for its time itself: it can be woken then, and goes on waiting after a crash.
        """
        known, pace = dict(facts), self._bench.pace
        attempts, since, not_before = 0, 0.0, 0.0
        while True:
            outcome = DBOS.run_step({"name": name}, self._attempts.once, run, name, do, known, not_before)
            if outcome["kind"] == "busy":
                since = since or outcome["at"]
                if outcome["at"] - since > pace.patience_for(name):
                    return self._given_up(outcome, since)
                not_before = outcome["at"] + pace.retry(attempts)
                attempts += 1
            elif pause := outcome["facts"].get("pause"):
                known |= outcome["facts"]
                attempts, since, not_before = 0, 0.0, outcome["at"] + float(pause)
            else:
                return outcome

    def _given_up(self, busy: Outcome, since: float) -> Outcome:
        hours = (busy["at"] - since) / _SECONDS_AN_HOUR
        return self._attempts.failed(
            f"It did not work for {hours:.1f} hours, so the run was given up. {busy['reason']}"
        )

    def _end(self, run: str, outcome: Outcome) -> None:
        """Write down how a run ended, once; raises Interruption, for DBOS would keep any other error."""
        try:
            self._write_end(run, outcome)
        except (RegistryError, SQLAlchemyError) as error:
            raise self._attempts.leave(run, error) from None

    def _write_end(self, run: str, outcome: Outcome) -> None:
        bench, kind = self._bench, outcome["kind"]
        if kind == "cancelled":
            bench.tell(run, "end", "The run was cancelled.", "warning")
            bench.registry.update_run(run, state="cancelled")
        elif kind == "failed":
            bench.tell(run, "end", outcome["reason"], "error")
            bench.registry.update_run(run, state="failed", reason=outcome["reason"])
        bench.finish_showing(run)
