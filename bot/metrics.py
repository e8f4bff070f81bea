"""What an operator can watch, in Prometheus' terms."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of one running Sarah, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.turns = Counter("sarah_turns", "Turns ended", ["platform", "model", "outcome"], registry=self._registry)
        self.seconds = Histogram(
            "sarah_turn_seconds",
            "From question to whole answer",
            ["platform"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.added = Histogram(
            "sarah_before_model_seconds",
            "From question to the call of a model",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.model_failures = Counter(
            "sarah_model_failures", "Answers that a model did not finish", ["model"], registry=self._registry
        )
        self.drifted = Counter(
            "sarah_drifted_answers", "Answers cut off where they left the subject", ["model"], registry=self._registry
        )
        self.ratings = Counter("sarah_ratings", "Customers' verdicts", ["rating"], registry=self._registry)
        self.platforms = Gauge(
            "sarah_platform_up", "1 where a platform is being served", ["platform"], registry=self._registry
        )

    def page(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
