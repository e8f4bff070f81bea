"""What tests of training share."""

from typing import Any, cast

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Return the figures that were saved."""
    figures: list[Figure] = []
    save = cast("Any", Figure).savefig

    def saved(figure: Figure, *arguments: object, **more: object) -> None:
        figures.append(figure)
        save(figure, *arguments, **more)

    monkeypatch.setattr(Figure, "savefig", saved)
    return figures
