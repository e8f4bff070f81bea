"""What the bot makes of a model that was tuned here, wherever it is served."""

from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest

from bot.models.making import tuned
from bot.settings import Settings
from tests.engines.kit import local
from tests.kit import OTHER_DATA
from tests.models.kit import prompt, tokens, whole
from tests.servers.openai import open_openai, says

TURNS = [(f"Is lamp {number} dark?", "It is not. " * 30) for number in range(40)]
# What is set: tokens of all that is told and answered.
SET, ANSWER = 4096, 200


@pytest.mark.parametrize(("reads", "most"), [(0, SET), (100_000, SET), (2048, 1638), (1024, 819)])
async def test_a_model_is_told_no_more_than_its_base_can_read_at_once(tmp_path: Path, reads: int, most: int) -> None:
    model = local(tmp_path, context_tokens=reads)
    async with open_openai(says("Yes.")) as server, AsyncExitStack() as stack:
        settings = Settings(
            sarah_home=tmp_path,
            sarah_data=OTHER_DATA,
            sarah_local_url=server.url,
            sarah_context_tokens=SET,
            sarah_max_tokens=ANSWER,
        )
        assert await whole(tuned(settings, model, stack).answer(prompt(*TURNS))) == "Yes."
        (request,) = server.requests
    messages = cast("list[dict[str, str]]", request.body["messages"])
    told = sum(tokens()(message["content"]) for message in messages)
    # As much as goes in, which is but for one turn of some 100 tokens and what stands between messages.
    assert most - ANSWER - 300 < told <= most - ANSWER
    assert request.body["model"] == model.id
