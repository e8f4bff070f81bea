"""Small decision trees, boosted: fitted by scikit-learn, kept and asked as plain arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# What of scikit-learn's nodes decides.
_FIELDS = ("feature_idx", "num_threshold", "left", "right", "value", "is_leaf")
# Many small trees, each over a third of the figures.
_TREES, _RATE, _LEAVES, _SHARE = 300, 0.06, 10, 0.3
# Rows from which on scikit-learn's own way is faster.
_MANY = 1000


class Forest:
    """Gradient-boosted trees (Friedman 2001) as arrays; the score is the log-odds of the first class."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.arrays = dict(arrays)
        self._feature = arrays["feature_idx"].astype(np.intp)
        self._threshold = arrays["num_threshold"].astype(np.float64)
        self._left, self._right = arrays["left"].astype(np.intp), arrays["right"].astype(np.intp)
        self._value = arrays["value"].astype(np.float64)
        self._leaf = arrays["is_leaf"].astype(bool)
        self._roots = arrays["roots"].astype(np.intp)
        self._base = float(arrays["base"])
        self._native: Any = None

    @classmethod
    def fitted(cls, rows: Floats, labels: Sequence[bool]) -> "Forest":
        """Fit to rows of features (messages x features)."""
        # A second to import, and only who fits needs it.
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415
        from threadpoolctl import threadpool_limits  # noqa: PLC0415

        # Its threads wait for each other thousands of times, which takes long where other programs run.
        with threadpool_limits(1):
            model = cast("Any", HistGradientBoostingClassifier)(
                max_iter=_TREES,
                learning_rate=_RATE,
                max_leaf_nodes=_LEAVES,
                max_features=_SHARE,
                l2_regularization=1.0,
                early_stopping=False,
                random_state=0,
            ).fit(rows, labels)
        trees = [tree.nodes for (tree,) in model._predictors]  # noqa: SLF001 - there is no other way to its nodes
        sizes = np.array([len(nodes) for nodes in trees])
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        arrays = {field: np.concatenate([nodes[field] for nodes in trees]) for field in _FIELDS}
        for side in ("left", "right"):
            arrays[side] = arrays[side].astype(np.int64) + np.repeat(roots, sizes)
        forest = cls(arrays | {"roots": roots, "base": np.array(model._baseline_prediction[0, 0])})  # noqa: SLF001
        # Faster for many rows, slower for few.
        forest._native = model
        return forest

    def scores(self, rows: Floats) -> Floats:
        """Return the log-odds for rows of features (messages x features)."""
        if self._native is not None and len(rows) > _MANY:
            return self._native.decision_function(rows)
        at = np.repeat(self._roots[None, :], len(rows), axis=0)
        row = np.arange(len(rows))[:, None]
        while not (leaf := self._leaf[at]).all():
            goes_left = rows[row, self._feature[at]] <= self._threshold[at]
            at = np.where(leaf, at, np.where(goes_left, self._left[at], self._right[at]))
        return self._base + self._value[at].sum(axis=1)
