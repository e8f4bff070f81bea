"""A customer asks, asks a follow-up, goes off topic, and comes back: the same everywhere, for every company."""

import re
from pathlib import Path

import pytest

from bot.persona import read_persona
from tests.browser import Profiles
from tests.stories.companies import COMPANIES, Company
from tests.stories.places import PLACES


def plain(text: str) -> str:
    """Return the words of a text, however they are laid out."""
    return " ".join(re.sub(r"[*_`#│┃]", "", text).split())


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("company", COMPANIES, ids=lambda company: company.name)
@pytest.mark.parametrize("place", PLACES)
async def test_a_customer_asks_twice_goes_off_topic_and_comes_back(
    place: str, company: Company, tmp_path: Path, browser: Profiles
) -> None:
    refusals = [plain(refusal) for refusal in read_persona(company.data).refusals]
    async with PLACES[place](tmp_path, company.data, browser) as somewhere:
        for asked in (company.asks, company.follows_up):
            assert asked.answer in plain(await somewhere.ask(asked.text))
        refused = plain(await somewhere.ask(company.off_topic))
        assert any(refusal in refused for refusal in refusals)
        answered = plain(await somewhere.ask(company.comes_back.text))
    assert company.comes_back.answer in answered
    assert not any(refusal in answered for refusal in refusals)
