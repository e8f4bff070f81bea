"""What learning costs: golden numbers, and a file of prices that is wrong says where."""

from datetime import date
from pathlib import Path

import pytest

from training.distribution import Distribution
from training.entries import Entry
from training.examples import DataError
from training.pricing import NO_LIMIT, PRICES, auto_epochs, estimates, read_prices

ONE_MODEL = """
read_on = 2026-11-21
last_hosted_job = 2027-01-06
[[models]]
provider = "openai"
model = "gpt-4o-mini-2024-07-18"
limit_tokens = 100
usd_per_million = 3.0
"""


def distribution(*lengths: int) -> Distribution:
    made = Distribution()
    for length in lengths:
        made.add(Entry(1, {}), length)
    return made


def written(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [
        (0, 3),
        (1, 25),  # 100 would be needed, 25 is the most
        (4, 25),  # 100 / 4
        (7, 14),  # 100 / 7 = 14.3
        (10, 10),
        (33, 3),  # 3 x 33 = 99 is fewer than 100, and 100 / 33 = 3.03
        (34, 3),
        (100, 3),
        (8_333, 3),  # 3 x 8,333 = 24,999
        (8_334, 2),  # 25,000 / 8,334 = 2.99...
        (12_501, 1),
        (10_000_000, 1),
    ],
)
def test_epochs_are_those_of_the_public_notebook(examples: int, epochs: int) -> None:
    assert auto_epochs(examples) == epochs


def test_a_price_is_billed_tokens_times_epochs_times_the_price_of_a_million(tmp_path: Path) -> None:
    # Ten examples of 90 tokens and two of 150, cut at 100: 10 x 90 + 2 x 100 = 1,100 billed.
    # 3 x 12 = 36 is fewer than 100 examples, so 100 / 12 = 8 epochs: 8,800 tokens at $3 a million are $0.0264.
    made = distribution(*[90] * 10, 150, 150)
    (one,) = estimates(made, read_prices(written(tmp_path, ONE_MODEL)))
    assert (one.billed_tokens, one.epochs, one.total_tokens, one.cost_usd) == (1_100, 8, 8_800, 0.0264)


def test_epochs_that_are_told_are_taken(tmp_path: Path) -> None:
    (one,) = estimates(distribution(50), read_prices(written(tmp_path, ONE_MODEL)), epochs=2)
    assert (one.epochs, one.total_tokens, one.cost_usd) == (2, 100, 0.0003)


def test_our_prices_are_of_one_day_and_cover_every_provider_that_is_there() -> None:
    prices = read_prices()
    assert (prices.read_on, prices.last_hosted_job) == (date(2026, 11, 21), date(2027, 1, 6))
    costs = {one.model: one.cost_usd for one in estimates(distribution(*[10_000] * 100), prices, epochs=1)}
    assert costs == {
        "embedded": 0,
        "gpt-4.1-2025-04-14": 25,
        "gpt-4.1-mini-2025-04-14": 5,
        "gpt-4.1-nano-2025-04-14": 1.5,
        "gpt-4o-2024-08-06": 25,
        "gpt-4o-mini-2024-07-18": 3,
        "gpt-3.5-turbo-0125": 8,
    }


def test_each_model_cuts_at_its_own_limit() -> None:
    billed = {one.model: one.billed_tokens for one in estimates(distribution(100_000), read_prices())}
    assert billed["gpt-4.1-2025-04-14"] == 65_536
    assert billed["gpt-3.5-turbo-0125"] == 16_385
    assert billed["embedded"] == 100_000


def test_what_is_shut_down_says_so() -> None:
    retires = {one.model: one.retires for one in estimates(distribution(7), read_prices())}
    assert retires["gpt-4.1-nano-2025-04-14"] == date(2026, 10, 23)
    assert retires["gpt-4o-mini-2024-07-18"] == date(2027, 1, 14)
    assert retires["embedded"] is None


def test_the_embedded_model_reads_each_example_once_whatever_is_asked() -> None:
    assert estimates(distribution(7), read_prices(), epochs=9)[0].epochs == 1


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        (" GPT-4o ", "gpt-4o-2024-08-06"),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
        ("ft:gpt-4.1-mini-2025-04-14:zennest::Ab1", "gpt-4.1-mini-2025-04-14"),
        ("gpt-4", None),
        ("gpt-4o-m", None),
        ("gpt-4o-mini-2025-01-01", None),
        ("ft:", None),
        ("", None),
    ],
)
def test_a_model_is_found_with_and_without_its_date(name: str, found: str | None) -> None:
    price = read_prices().model("openai", name)
    assert (price.model if price else None) == found


def test_a_model_is_looked_for_at_its_provider() -> None:
    assert read_prices().model("embedded", "gpt-4o-mini") is None


def test_what_nobody_priced_costs_an_unknown_sum_not_nothing() -> None:
    prices = read_prices()
    asked = prices.estimate("openai", "Qwen/Qwen3-8B", billed=1_000, examples=50, epochs=None)
    assert (asked.cost_usd, asked.epochs, asked.total_tokens) == (None, 3, 3_000)
    unknown = prices.named("Qwen/Qwen3-8B")
    assert (unknown.model, unknown.limit_tokens, unknown.usd_per_million) == ("Qwen/Qwen3-8B", NO_LIMIT, None)


def test_a_plan_costs_what_its_model_costs() -> None:
    asked = read_prices().estimate("openai", "gpt-4o-mini", billed=1_000_000, examples=500, epochs=2)
    assert (asked.model, asked.total_tokens, asked.cost_usd) == ("gpt-4o-mini-2024-07-18", 2_000_000, 6.0)
    assert read_prices().named("embedded").provider == "embedded"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("usd_per_million = 3.0", "usd_per_million = -1.0"), "models.0.usd_per_million"),
        (("usd_per_million = 3.0", "usd_per_million = nan"), "models.0.usd_per_million"),
        (("usd_per_million = 3.0", 'usd_per_million = "3"'), "models.0.usd_per_million"),
        (("limit_tokens = 100", "limit_tokens = 0"), "models.0.limit_tokens"),
        (("limit_tokens", "limit"), "models.0.limit"),
        (('model = "gpt-4o-mini-2024-07-18"', ""), "models.0.model"),
        (("read_on = 2026-11-21", 'read_on = "yesterday"'), "read_on"),
        (("[[models]]", "[[model]]"), "models"),
        (("read_on = ", "read_on "), "line 2"),
    ],
)
def test_a_wrong_price_names_the_file_and_the_field(tmp_path: Path, change: tuple[str, str], place: str) -> None:
    path = written(tmp_path, ONE_MODEL.replace(*change))
    with pytest.raises(DataError) as refusal:
        read_prices(path)
    assert str(path) in str(refusal.value)
    assert place in str(refusal.value)


def test_a_model_that_is_priced_twice_is_refused(tmp_path: Path) -> None:
    twice = ONE_MODEL + ONE_MODEL[ONE_MODEL.index("[[models]]") :]
    with pytest.raises(DataError, match=r"'gpt-4o-mini-2024-07-18' stands there twice"):
        read_prices(written(tmp_path, twice))


def test_prices_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_prices(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9")
    with pytest.raises(DataError, match="UTF-8"):
        read_prices(path)


def test_every_listed_model_says_where_its_price_was_read() -> None:
    assert PRICES.is_file()
    assert all(price.source for price in read_prices().models)


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("gpt-4.1-mini", 0.4 + 2 * 1.6),
        ("gpt-4.1-mini-2025-04-14", 0.4 + 2 * 1.6),
        ("ft:gpt-4.1-mini-2025-04-14:zennest::Ab1", 0.8 + 2 * 3.2),
        ("FT:gpt-4o-mini:zennest::Ab1", 0.3 + 2 * 1.2),
    ],
)
def test_answers_are_priced_by_what_is_read_and_written_and_those_of_a_tuned_model_by_its_own_price(
    model: str, cost: float
) -> None:
    rates = read_prices().answering(model)
    assert rates
    assert rates.cost(1_000_000, 2_000_000) == pytest.approx(cost)


@pytest.mark.parametrize("model", ["Qwen/Qwen3-8B", "gpt-4.1-mini-high", "embedded"])
def test_nobody_knows_what_the_answers_of_a_model_cost_that_is_not_listed(model: str) -> None:
    assert read_prices().answering(model) is None


def test_a_price_of_answers_without_one_side_is_refused(tmp_path: Path) -> None:
    wrong = written(tmp_path, f"{ONE_MODEL}answers = {{ input = 1.0 }}\n")
    with pytest.raises(DataError, match=r"models\.0\.answers\.output"):
        read_prices(wrong)
