"""Any server that speaks OpenAI's chat protocol: hosted, or on one's own machine."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate

from openai import (
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AsyncStream,
    AuthenticationError,
    BadRequestError,
    NotFoundError,
    OpenAIError,
    PermissionDeniedError,
    omit,
)
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from bot.models import ModelError, Prompt
from bot.models.briefing import CLOSING, NOTHING, opening, quoted
from bot.persona import Persona
from bot.window import fit
from training.tokens import Count

# Texts whose tokens are remembered, because a conversation's turns are counted again with each of its questions.
COUNTS_KEPT = 4096
# Characters of an error that the log shows.
LONGEST_REASON = 200
# A key goes to the server that it was given for, and to no other.
WAY_TO_A_KEY = "set SARAH_TUNING_URL to this model's server and SARAH_TUNING_KEY to its key"
# Tokens of roles and separators around the system message and the question, and of the answer's beginning.
REST_OF_TOKENS = 12

# What some models refuse: reasoning models choose their own temperature, and the newer ones of OpenAI call the
# longest answer `max_completion_tokens`. A stop token is cut off by us as well.
_OPTIONAL = frozenset({"temperature", "max_tokens", "stop"})
_UNSUPPORTED = frozenset({"unsupported_parameter", "unsupported_value"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a model is, and how it is asked; times are seconds, budgets tokens.

    `name` is what its answers are recorded under. `setting` is the variable that names it; those of its URL and its key
    begin with the same words; "" for the champion, which the registry names.
    """

    name: str
    setting: str
    url: str
    model: str
    key: str = field(repr=False)
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
        self.name = endpoint.name
        self.stop = endpoint.stop
        self._endpoint = endpoint
        self._count = lru_cache(COUNTS_KEPT)(count)
        self._refused: frozenset[str] = frozenset()
        self._client = AsyncOpenAI(
            base_url=endpoint.url,
            # Servers on one's own machine take any key, the client refuses none.
            api_key=endpoint.key or "none",
            timeout=endpoint.timeout,
            max_retries=endpoint.retries,
        )
        # Named here, because the package imports this part at its first use.
        self._completions = self._client.chat.completions

    async def answer(self, prompt: Prompt) -> AsyncGenerator[str]:
        """Stream the completion; raises ModelError when the server refuses, stalls or breaks off."""
        said, ending = False, ""
        try:
            async with aclosing(self._chunks(prompt)) as chunks:
                async for chunk in chunks:
                    text, ended = _read(chunk)
                    ending = ended or ending
                    if text:
                        said = said or not text.isspace()
                        yield text
        # ValueError is what a stream of broken JSON or broken UTF-8 raises.
        except (OpenAIError, ValueError, TimeoutError) as error:
            # An answer that came to its end stands, whatever becomes of the connection.
            if not ending:
                # Without its cause, whose text may hold the key or what the customer wrote.
                raise ModelError(self._reason(error)) from None
        if afterword := _afterword(ending, prompt.persona, said=said):
            yield afterword

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _chunks(self, prompt: Prompt) -> AsyncGenerator[ChatCompletionChunk]:
        """Ask and stream, within the endpoint's time."""
        limits = self._endpoint
        told = messages(prompt, limits.context_tokens - limits.max_tokens, self._count)
        ends = asyncio.get_running_loop().time() + limits.deadline
        stream = await self._begin(told)
        async with stream:
            while True:
                # Around each step, because whoever reads takes time of their own between two.
                async with asyncio.timeout_at(ends):
                    chunk = await anext(stream, None)
                if chunk is None:
                    return
                yield chunk

    async def _begin(self, told: list[ChatCompletionMessageParam]) -> AsyncStream[ChatCompletionChunk]:
        limits = self._endpoint
        try:
            # The client's own timeout begins anew with each time it asks, and says nothing of its waits in between.
            async with asyncio.timeout(min(limits.timeout, limits.deadline)):
                return await self._ask(told)
        except TimeoutError:
            raise ModelError(self._silence()) from None

    async def _ask(self, told: list[ChatCompletionMessageParam]) -> AsyncStream[ChatCompletionChunk]:
        """Ask for a completion, without the parameters that this model turned out to refuse."""
        refused = self._refused
        try:
            return await self._create(told, refused)
        except BadRequestError as error:
            if error.code not in _UNSUPPORTED or error.param not in _OPTIONAL - refused:
                raise
            self._refused |= {error.param}
        return await self._ask(told)

    async def _create(
        self, told: list[ChatCompletionMessageParam], refused: frozenset[str]
    ) -> AsyncStream[ChatCompletionChunk]:
        endpoint = self._endpoint
        newer = "max_tokens" in refused
        return await self._completions.create(
            model=endpoint.model,
            messages=told,
            temperature=omit if "temperature" in refused else endpoint.temperature,
            max_tokens=omit if newer else endpoint.max_tokens,
            max_completion_tokens=endpoint.max_tokens if newer else omit,
            stop=omit if "stop" in refused or not endpoint.stop else endpoint.stop,
            stream=True,
        )

    def _silence(self) -> str:
        return f"no sign of life for {self._endpoint.timeout:g} s"

    def _reason(self, error: Exception) -> str:
        """Say in one line why there is no answer."""
        if isinstance(error, APITimeoutError):
            return self._silence()
        if isinstance(error, TimeoutError):
            return f"no whole answer within {self._endpoint.deadline:g} s"
        reason = " ".join(_codes(error).split())
        if self._endpoint.key:
            # Some servers repeat the key that they refuse.
            reason = reason.replace(self._endpoint.key, "***")
        return reason[:LONGEST_REASON] + self._way_out(error)

    def _way_out(self, error: Exception) -> str:
        setting = self._endpoint.setting
        match error:
            case AuthenticationError() | PermissionDeniedError():
                return f": correct {setting}_KEY" if setting else f": {WAY_TO_A_KEY}"
            case NotFoundError():
                return f": correct {setting} or {setting}_URL" if setting else ": promote another model, or roll back"
            case _:
                return ""


def _codes(error: Exception) -> str:
    """Name an error by its codes: a server's sentences may repeat the key or what the customer wrote."""
    if isinstance(error, APIError):
        status = error.status_code if isinstance(error, APIStatusError) else None
        if told := [str(code) for code in (status, error.type, error.code, error.param) if code]:
            return " ".join(told)
    origin: BaseException = error
    while cause := origin.__cause__ or origin.__context__:
        origin = cause
    return type(origin).__name__


def _read(chunk: ChatCompletionChunk) -> tuple[str, str]:
    """Return a chunk's text and, where the answer ends, why."""
    try:
        if not chunk.choices:
            return "", ""
        choice = chunk.choices[0]
        text = choice.delta.content if choice.delta else ""
        return text if isinstance(text, str) else "", choice.finish_reason or ""
    # The client checks nothing of what a server streams.
    except (AttributeError, LookupError, TypeError):
        raise ModelError("it streamed what is no part of an answer") from None


def _afterword(ending: str, persona: Persona, *, said: bool) -> str:
    """Return what to add to an answer that ended like this; raises ModelError where it is not whole."""
    if not ending:
        raise ModelError("the stream ended before the answer did")
    if ending == "content_filter":
        raise ModelError("its server's filter took the answer back")
    if ending != "length":
        return ""
    if not said:
        raise ModelError("its tokens were used up before it said anything: raise SARAH_MAX_TOKENS")
    return f" … {persona.sentences.cut}"


def messages(prompt: Prompt, budget: int, count: Count) -> list[ChatCompletionMessageParam]:
    """Persona, the passages and the newest history that fit in `budget` tokens, and the question."""
    system, left = _system(prompt, budget - count(prompt.question) - REST_OF_TOKENS, count)
    told: list[ChatCompletionMessageParam] = [{"role": "system", "content": system}]
    for turn in fit(prompt.history, left, count):
        told.append({"role": "user", "content": turn.question})
        told.append({"role": "assistant", "content": turn.answer})
    return [*told, {"role": "user", "content": prompt.question}]


def _system(prompt: Prompt, budget: int, count: Count) -> tuple[str, int]:
    """Return what the model is told first, with the surest passages that fit, and the tokens that are left."""
    start = opening(prompt.persona)
    budget -= count(start) + count(NOTHING) + count(CLOSING)
    quotes = [quoted(found.passage) for found in prompt.passages]
    sizes = list(accumulate(map(count, quotes)))
    kept = sum(size <= budget for size in sizes)
    body = "".join(quotes[:kept]) or NOTHING
    return start + body + CLOSING, budget - (sizes[kept - 1] if kept else 0)
