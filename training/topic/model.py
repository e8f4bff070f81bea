"""The discriminator: whether a message, or a sentence of an answer, is about the product."""

import io
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from training.examples import DataError
from training.files import written_whole
from training.follow_ups import is_fragment, leans_on_context, names_nothing, points_back
from training.topic.calibration import Calibration
from training.topic.canonical import length
from training.topic.drifting import Drift
from training.topic.evidence import Evidence
from training.topic.features import asks, wishes
from training.topic.forest import Forest
from training.topic.judges import Judges
from training.topic.nearness import Nearness

# What is added to the margin of a message that leans on one about the product, in log-odds: to a part of a sentence, to
# a few words, and to a sentence that points back.
_FOR_FRAGMENTS, _FOR_FEW, _FOR_POINTING = 12.0, 6.0, 1.5
_FEW = 6
# The margin of a message that names nothing of its own.
_NAMELESS = 3.0
_FORMAT = 3
_MODEL, _ABOUT = "model.npz", "model.json"
# Bytes, unpacked: what is larger was not written here.
_LARGEST = 1 << 27


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a message is about the product; the score is 0 to 1, and a borderline one could be taken either way."""

    on_topic: bool
    score: float
    borderline: bool


@dataclass(frozen=True, slots=True)
class _About:
    """What is kept beside the figures."""

    format: int
    sha256: str
    calibration: Calibration
    drift: float
    """The threshold of what drifts."""


class TopicModel:
    """Judges messages, and the sentences of answers."""

    threshold = 0.5
    """The score from which on a message is about the product."""

    def __init__(self, judges: Judges, calibration: Calibration, drift: Drift) -> None:
        """Take what judges messages, where refusing begins, and what judges the sentences of answers."""
        self.calibration = calibration
        self.judges = judges
        self.drift = drift

    def verdict(self, text: str, after: str = "") -> Verdict:
        """Judge a message; `after` is the question of the turn before, when that was about the product."""
        margin = self.margin(text, after)
        return Verdict(
            on_topic=margin >= 0,
            score=1 / (1 + math.exp(-max(min(margin, 30.0), -30.0))),
            borderline=0 <= margin < self.calibration.borderline,
        )

    def margin(self, text: str, after: str = "") -> float:
        """Return by how much a message is above the threshold, in log-odds."""
        reading = self.judges.evidence.read(text)
        count = length(reading.words)
        if not count or (after and names_nothing(text)):
            return _NAMELESS
        (row,) = self.judges.rows([reading])
        margin = self.calibration.margin(*self.judges.scores(row), count)
        if not after:
            return margin
        margin += _leniency(text, reading.words, count)
        turned = self.judges.after(after, row, text, reading)
        return margin if turned is None else max(margin, turned - self.calibration.turn)

    def drifts(self, text: str) -> bool:
        """Whether a sentence of an answer is off the subject."""
        return self.drift.holds(self.judges.evidence.read(text))

    def save(self, folder: Path) -> None:
        """Write it into a folder: arrays, and what there is to know of them. Raises OSError."""
        judges = self.judges
        kept = {
            "evidence": judges.evidence.arrays,
            "near": judges.near.arrays,
            "whole": judges.whole.arrays,
            "piece": judges.piece.arrays,
            "parts": judges.parts.arrays,
            "turn": judges.turn.arrays if judges.turn else {},
            "drift": self.drift.forest.arrays,
        }
        arrays = {f"{part}.{name}": array for part, own in kept.items() for name, array in own.items()}
        packed = io.BytesIO()
        np.savez_compressed(packed, **arrays)  # pyright: ignore[reportArgumentType] - numpy's names are ours
        content = packed.getvalue()
        about = _About(_FORMAT, sha256(content).hexdigest(), self.calibration, self.drift.threshold)
        with written_whole(folder / _MODEL) as file:
            file.write(content)
        # Written last: it says what the arrays must be.
        with written_whole(folder / _ABOUT) as file:
            file.write(json.dumps(asdict(about), indent=1).encode())


def _leniency(text: str, words: Sequence[str], count: int) -> float:
    """Return what is added to the margin of a message that follows one about the product."""
    if wishes(words):
        # It says by itself what is wanted: "also tell me a joke".
        return 0.0
    if is_fragment(text):
        return _FOR_FRAGMENTS
    if count <= _FEW and (points_back(text) or not asks(words, (0, len(words)))):
        return _FOR_FEW
    return _FOR_POINTING if leans_on_context(text) else 0.0


def load_topic_model(folder: Path) -> TopicModel:
    """Read a discriminator that was saved; raises DataError when it is not whole or was changed."""
    try:
        about = TypeAdapter(_About).validate_json((folder / _ABOUT).read_bytes())
        content = (folder / _MODEL).read_bytes()
    except OSError as error:
        raise DataError(f"{folder} holds no discriminator that can be read ({error.strerror}): fit it again.") from None
    except ValidationError:
        raise DataError(f"{folder / _ABOUT} is not what a discriminator comes with: fit it again.") from None
    if about.format != _FORMAT or sha256(content).hexdigest() != about.sha256:
        raise DataError(f"{folder / _MODEL} is not what was fitted, or by another version: fit it again.")
    try:
        arrays = _unpacked(content)
        whole, piece, parts = (Forest(_of(arrays, part)) for part in ("whole", "piece", "parts"))
        turn = _of(arrays, "turn")
        evidence, near = Evidence(_of(arrays, "evidence")), Nearness(_of(arrays, "near"))
        judges = Judges(evidence, near, whole, piece, parts, Forest(turn) if turn else None)
        drift = Drift(Forest(_of(arrays, "drift")), about.drift)
    except (ValueError, KeyError, IndexError, OSError, zipfile.BadZipFile):
        raise DataError(f"{folder / _MODEL} is no discriminator: fit it again.") from None
    return TopicModel(judges, about.calibration, drift)


def _unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(member.file_size for member in packed.infolist()) > _LARGEST:
            raise ValueError("it is too large")
    with np.load(io.BytesIO(content), allow_pickle=False) as packed:
        return {name: packed[name] for name in packed.files}


def _of(arrays: dict[str, NDArray[Any]], part: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(f"{part}."): array for name, array in arrays.items() if name.startswith(f"{part}.")}
