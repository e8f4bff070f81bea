# pyright: basic, reportMissingImports=false
# The checks do without the extra that this needs.
"""What the installed `transformers serve` makes of the settings that an admin tries."""

from types import SimpleNamespace
from typing import Any

import pytest

from bot.models import Sampling
from tests.local import needs_local
from tests.models.kit import open_model, prompt, whole
from tests.servers.openai import open_openai

pytestmark = [needs_local, pytest.mark.slow]

EVERYTHING = Sampling(temperature=1.5, top_k=40, top_p=0.9, repetition_penalty=1.2, max_tokens=50)


def handler() -> Any:  # noqa: ANN401 - the library's
    """Return what answers requests in that program, without a model."""
    from transformers.cli.serving import chat_completion  # noqa: PLC0415

    made: Any = chat_completion.ChatCompletionHandler
    return made(None, SimpleNamespace(_compile=False))


async def body(sampling: Sampling) -> dict[str, object]:
    """Return the request that such a server is sent."""
    async with open_openai(engine="transformers") as server, open_model(server.url) as model:
        await whole(model.answer(prompt(sampling=sampling)))
        return dict(server.requests[-1].body)


async def test_every_setting_arrives_and_the_model_draws_its_words() -> None:
    from transformers import GenerationConfig  # noqa: PLC0415

    sent = await body(EVERYTHING)
    serving = handler()
    serving._validate_request(sent)  # noqa: SLF001 - the first thing that it does
    made = serving._build_generation_config(sent, GenerationConfig())  # noqa: SLF001 - and the last before a model
    assert made.do_sample
    assert (made.temperature, made.top_k, made.top_p, made.repetition_penalty) == (1.5, 40, 0.9, 1.2)
    assert made.max_new_tokens == 50


async def test_at_temperature_0_the_likeliest_words_are_said() -> None:
    from transformers import GenerationConfig  # noqa: PLC0415

    made = handler()._build_generation_config(  # noqa: SLF001 - as above
        await body(Sampling(temperature=0, top_k=0)), GenerationConfig()
    )
    assert not made.do_sample


def test_the_fields_of_other_servers_are_refused_as_our_own_server_refuses_them() -> None:
    from fastapi import HTTPException  # noqa: PLC0415

    with pytest.raises(HTTPException) as refused:
        handler()._validate_request({"model": "m", "messages": [], "top_k": 40})  # noqa: SLF001 - as above
    assert (refused.value.status_code, refused.value.detail) == (422, "Unexpected fields in the request: {'top_k'}")
