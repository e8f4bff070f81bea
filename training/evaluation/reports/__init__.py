"""What a comparison says, for whoever reads it: a terminal, a chat, a document, a program, a browser."""

from pathlib import Path

from training.evaluation.comparison import Comparison
from training.evaluation.reports.data import as_json
from training.evaluation.reports.document import as_markdown
from training.evaluation.reports.message import as_message
from training.evaluation.reports.page import as_html
from training.evaluation.reports.picture import as_png
from training.evaluation.reports.terminal import as_rich
from training.files import written_whole

__all__ = ["as_html", "as_json", "as_markdown", "as_message", "as_png", "as_rich", "write_reports"]


def write_reports(comparison: Comparison, folder: Path, *, answers: bool = True) -> tuple[Path, ...]:
    """Write report.md, .json, .png and .html into a folder, each of them whole; returns their paths, raises OSError."""
    parts = {
        "report.md": as_markdown(comparison).encode(),
        "report.json": as_json(comparison, answers=answers).encode(),
        "report.png": as_png(comparison),
        "report.html": as_html(comparison).encode(),
    }
    for name, content in parts.items():
        with written_whole(folder / name) as file:
            file.write(content)
    return tuple(folder / name for name in parts)
