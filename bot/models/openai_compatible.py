"""Any server that speaks OpenAI's chat protocol: hosted, or on one's own machine."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from openai import AsyncOpenAI, AsyncStream, OpenAIError
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from bot.models import ModelError, Prompt
from bot.window import fit
from training.tokens import Count


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is, and how it is asked; times are seconds, budgets tokens."""

    url: str
    model: str
    key: str
    temperature: float
    max_tokens: int
    stop: str
    context_tokens: int
    timeout: float
    deadline: float
    retries: int


class OpenAICompatible:
    """A model behind a chat completions URL, streamed."""

    def __init__(self, endpoint: Endpoint, count: Count) -> None:
        self.name = endpoint.model
        self.stop = endpoint.stop
        self._endpoint = endpoint
        self._count = count
        self._client = AsyncOpenAI(
            base_url=endpoint.url,
            # Servers on one's own machine take any key, the client refuses none.
            api_key=endpoint.key or "none",
            timeout=endpoint.timeout,
            max_retries=endpoint.retries,
        )

    async def answer(self, prompt: Prompt) -> AsyncIterator[str]:
        """Stream the completion; raises ModelError when the server refuses, stalls or breaks off."""
        try:
            async with await self._ask(prompt) as stream:
                async for piece in self._pieces(stream, prompt):
                    yield piece
        # ValueError is what a stream of broken JSON raises.
        except (OpenAIError, ValueError) as error:
            raise ModelError(self._without_key(f"{type(error).__name__}: {error}")) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _without_key(self, text: str) -> str:
        # Some servers repeat the key that they refuse.
        return text.replace(self._endpoint.key, "***") if self._endpoint.key else text

    async def _ask(self, prompt: Prompt) -> AsyncStream[ChatCompletionChunk]:
        return await self._client.chat.completions.create(
            model=self._endpoint.model,
            messages=messages(prompt, self._endpoint.context_tokens - self._endpoint.max_tokens, self._count),
            temperature=self._endpoint.temperature,
            max_tokens=self._endpoint.max_tokens,
            stop=self._endpoint.stop or None,
            stream=True,
        )

    async def _pieces(self, stream: AsyncStream[ChatCompletionChunk], prompt: Prompt) -> AsyncIterator[str]:
        ends = time.monotonic() + self._endpoint.deadline
        finished = None
        async for chunk in stream:
            if time.monotonic() > ends:
                raise ModelError(f"it took longer than {self._endpoint.deadline:g} s")
            for choice in chunk.choices[:1]:
                finished = choice.finish_reason or finished
                if choice.delta.content:
                    yield choice.delta.content
        if finished is None:
            raise ModelError("the stream ended before the answer did")
        if finished == "length":
            yield f" … {prompt.persona.sentences.cut}"


def messages(prompt: Prompt, budget: int, count: Count) -> list[ChatCompletionMessageParam]:
    """Persona and passages, the newest history that fits in `budget` tokens, and the question."""
    system = _system(prompt)
    history = fit(prompt.history, budget - count(system) - count(prompt.question), count)
    told: list[ChatCompletionMessageParam] = [{"role": "system", "content": system}]
    for turn in history:
        told.append({"role": "user", "content": turn.question})
        told.append({"role": "assistant", "content": turn.answer})
    return [*told, {"role": "user", "content": prompt.question}]


def _system(prompt: Prompt) -> str:
    persona = prompt.persona
    parts = [persona.instructions, f"To hand over to a person, say: {persona.handoff}"]
    if prompt.passages:
        parts.append("From the handbook:")
        parts += [
            f"[{passage.title} > {passage.heading}]\n{passage.text}"
            for passage in (found.passage for found in prompt.passages)
        ]
    return "\n\n".join(parts)
