"""What a comparison says, for whoever reads it: a terminal, a chat, a document, a program, a browser."""

from collections.abc import Mapping
from pathlib import Path

from training.evaluation.comparison import Comparison
from training.evaluation.reports.data import as_json
from training.evaluation.reports.document import as_markdown
from training.evaluation.reports.message import as_message
from training.evaluation.reports.page import as_html
from training.evaluation.reports.picture import as_png
from training.evaluation.reports.terminal import as_rich
from training.files import written_whole

__all__ = ["as_files", "as_html", "as_json", "as_markdown", "as_message", "as_png", "as_rich", "write_reports"]


def as_files(comparison: Comparison, *, answers: bool = True) -> Mapping[str, bytes]:
    """Return report.md, .json, .png and .html, by their names; the page always has the answers."""
    return {
        "report.md": as_markdown(comparison).encode(),
        "report.json": as_json(comparison, answers=answers).encode(),
        "report.png": as_png(comparison),
        "report.html": as_html(comparison).encode(),
    }


def write_reports(comparison: Comparison, folder: Path, *, answers: bool = True) -> tuple[Path, ...]:
    """Write these files into a folder, each of them whole; returns their paths, raises OSError."""
    parts = as_files(comparison, answers=answers)
    for name, content in parts.items():
        with written_whole(folder / name) as file:
            file.write(content)
    return tuple(folder / name for name in parts)
