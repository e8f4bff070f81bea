"""Scorecards are kept, one a model, so that a model that has not changed is not asked again."""

import json
from pathlib import Path
from urllib.parse import quote

from pydantic import TypeAdapter

from training.evaluation.scorecard import Scorecard
from training.examples import DataError
from training.files import written_whole


class Shelf:
    """The scorecards of a home folder."""

    def __init__(self, home: Path) -> None:
        """Take the home folder; nothing need be there yet."""
        self._folder = home / "evaluations"

    def keep(self, card: Scorecard) -> None:
        """Put a scorecard in the place of what was kept of its model; raises OSError, as when the disk is full."""
        with written_whole(self._path(card.model)) as file:
            file.write(to_json(card).encode())

    def keep_verdicts(self, card: Scorecard) -> None:
        """Keep the verdicts of a scorecard; nothing where it is not the one that is kept. Raises as `keep` and `find`.

        So what a judge says puts no scorecard there that was not worth keeping, or that is out of date.
        """
        kept = self.find(card.model, card.scenarios, card.trials, card.setup)
        if kept and (kept.at, kept.trials) == (card.at, card.trials):
            self.keep(card)

    def find(self, model: str, scenarios: str, trials: int = 1, setup: str = "") -> Scorecard | None:
        """Return what is kept of a model; None unless it is of these scenarios and of at least so many trials.

        A setup that is given must be the card's. Raises DataError for a file that cannot be read.
        """
        path = self._path(model)
        try:
            card = from_json(path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, DataError):
            raise DataError(f"{path} is not a whole scorecard: delete it and evaluate {model!r} again.") from None
        wanted = card.model == model and card.scenarios == scenarios and card.trials >= trials
        return card if wanted and setup in ("", card.setup) else None

    def _path(self, model: str) -> Path:
        # No model's name leads out of the folder.
        return self._folder / f"{quote(model, safe='')}.json"


def to_json(card: Scorecard) -> str:
    """Return a scorecard as JSON."""
    told = json.dumps(TypeAdapter(Scorecard).dump_python(card), ensure_ascii=False)
    # Half of a character that a model wrote can be kept by no file.
    return told.encode(errors="replace").decode()


def from_json(text: str) -> Scorecard:
    """Return the scorecard that JSON holds; raises DataError for anything else."""
    try:
        card = TypeAdapter(Scorecard).validate_json(text, strict=True)
    except ValueError:
        raise DataError("This is not a whole scorecard: evaluate the model again.") from None
    if any(len(result.trials) != card.trials for result in card.results):
        raise DataError(f"This scorecard of {card.model!r} lacks trials: evaluate the model again.")
    return card
