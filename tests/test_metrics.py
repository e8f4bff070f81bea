"""What an operator can watch."""

from bot.metrics import Metrics


def lines(metrics: Metrics) -> list[str]:
    return metrics.page().decode().splitlines()


def test_the_page_tells_what_turns_counted() -> None:
    metrics = Metrics()
    for model in ("champion", "champion", "guard"):
        metrics.turns.labels("slack", model, "answered").inc()
    metrics.seconds.labels("slack").observe(0.3)
    metrics.added.observe(0.002)
    metrics.model_failures.labels("champion").inc()
    metrics.ratings.labels("down").inc()
    metrics.platforms.labels("slack").set(1)
    assert {
        'sarah_turns_total{model="champion",outcome="answered",platform="slack"} 2.0',
        'sarah_turns_total{model="guard",outcome="answered",platform="slack"} 1.0',
        'sarah_turn_seconds_count{platform="slack"} 1.0',
        'sarah_turn_seconds_bucket{le="0.25",platform="slack"} 0.0',
        'sarah_turn_seconds_bucket{le="0.5",platform="slack"} 1.0',
        "sarah_before_model_seconds_sum 0.002",
        'sarah_model_failures_total{model="champion"} 1.0',
        'sarah_ratings_total{rating="down"} 1.0',
        'sarah_platform_up{platform="slack"} 1.0',
    } <= set(lines(metrics))


def test_every_kind_of_figure_is_explained() -> None:
    explained = {line.split()[2] for line in lines(Metrics()) if line.startswith("# HELP")}
    assert explained == {line.split()[2] for line in lines(Metrics()) if line.startswith("# TYPE")}


def test_two_sarahs_in_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.ratings.labels("up").inc()
    assert not any(line.startswith("sarah_ratings_total") for line in lines(other))
