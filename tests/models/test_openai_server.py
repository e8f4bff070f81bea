"""The local server refuses what the real one refuses."""

import aiohttp
import pytest

from tests.servers.openai import open_openai
from tests.servers.openai_rules import SPEC

GOOD: dict[str, object] = {"model": "zen-1", "messages": [{"role": "user", "content": "Hi."}], "stream": True}


async def status(**changes: object) -> int:
    """Return how a request with these changes is answered."""
    async with (
        open_openai() as server,
        aiohttp.ClientSession() as client,
        client.post(f"{server.url}/chat/completions", json={**GOOD, **changes}) as response,
    ):
        assert len(server.requests) == (response.status == 200)
        return response.status


async def test_a_good_request_is_answered() -> None:
    assert await status() == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": ""},
        {"messages": []},
        {"messages": [{"role": "boss", "content": "Hi."}]},
        {"messages": [{"role": "user", "content": None}]},
        {"temperature": 2.1},
        {"max_tokens": 0},
        {"stop": None},
        {"top_logprobs": 20},
        {"reference": "r1"},
    ],
    ids=str,
)
async def test_a_wrong_request_is_refused(wrong: dict[str, object]) -> None:
    assert await status(**wrong) == 400


@pytest.mark.skipif(not SPEC.exists(), reason="OpenAI's published description is not beside this repository")
@pytest.mark.parametrize(
    "wrong", [{"stop": ["a", "b", "c", "d", "e"]}, {"max_tokens": 1.5}, {"logprobs": True, "top_logprobs": 21}], ids=str
)
async def test_what_only_the_published_schema_forbids_is_refused(wrong: dict[str, object]) -> None:
    assert await status(**wrong) == 400
