"""Any server that speaks OpenAI's chat protocol: hosted, or on one's own machine."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import lru_cache
from math import isfinite
from typing import TypeVar, cast

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
    UnprocessableEntityError,
    omit,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk, ChatCompletionMessageParam

from bot.models import ModelError, Prompt, Sampling, Word
from bot.models.briefing import messages
from bot.models.endpoint import LOCAL, Endpoint, afterword
from bot.models.manners import Manners
from training.tokens import Count

# Texts whose tokens are remembered, because a conversation's turns are counted again with each of its questions.
COUNTS_KEPT = 4096
# Characters of an error that the log shows.
LONGEST_REASON = 200
# A key goes to the server that it was given for, and to no other.
WAY_TO_A_KEY = "set SARAH_TUNING_URL to this model's server and SARAH_TUNING_KEY to its key"

# What some models refuse: reasoning models choose their own temperature, and the newer ones of OpenAI call the
# longest answer `max_completion_tokens`. A stop token is cut off by us as well.
_LOGPROBS = frozenset({"logprobs", "top_logprobs"})
_OPTIONAL = frozenset({"temperature", "top_p", "max_tokens", "stop"}) | _LOGPROBS
_UNSUPPORTED = frozenset({"unsupported_parameter", "unsupported_value"})
# The most tokens that the protocol gives probabilities for.
_LIKELIEST = 20

T = TypeVar("T")


class OpenAICompatible:
    """A model behind a chat completions URL, streamed."""

    def __init__(self, endpoint: Endpoint, count: Count) -> None:
        self.name = endpoint.name
        self.stop = endpoint.stop
        self._endpoint = endpoint
        self._count = lru_cache(COUNTS_KEPT)(count)
        self._refused: frozenset[str] = frozenset()
        self._manners = Manners((BadRequestError, UnprocessableEntityError))
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
        if ended := afterword(ending, prompt.persona, said=said):
            yield ended

    async def word(self, told: Sequence[tuple[str, str]]) -> Word:
        """Return the first token that the model says to these roles and texts; raises ModelError."""
        try:
            async with asyncio.timeout(self._endpoint.deadline):
                completion = await self._ask(lambda refused: self._create_word(_wire(told), refused))
            return _word(completion)
        except (OpenAIError, ValueError, TimeoutError) as error:
            raise ModelError(self._reason(error)) from None

    def ignored(self, sampling: Sampling) -> Sequence[str]:
        """Return what is chosen that its server refuses to be told."""
        # The longest answer has two names, of which every server takes one.
        refused = (self._refused - {"max_tokens"}) | self._manners.ignored()
        return [name for name in sampling.chosen if name in refused]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _chunks(self, prompt: Prompt) -> AsyncGenerator[ChatCompletionChunk]:
        """Ask and stream, within the endpoint's time."""
        limits = self._endpoint
        longest = prompt.sampling.max_tokens or limits.max_tokens
        told = _wire(messages(prompt, limits.context_tokens - longest, self._count))
        ends = asyncio.get_running_loop().time() + limits.deadline
        stream = await self._begin(told, prompt.sampling)
        async with stream:
            while True:
                # Around each step, because whoever reads takes time of their own between two.
                async with asyncio.timeout_at(ends):
                    chunk = await anext(stream, None)
                if chunk is None:
                    return
                yield chunk

    async def _begin(
        self, told: list[ChatCompletionMessageParam], sampling: Sampling
    ) -> AsyncStream[ChatCompletionChunk]:
        limits = self._endpoint
        try:
            # The client's own timeout begins anew with each time it asks, and says nothing of its waits in between.
            async with asyncio.timeout(min(limits.timeout, limits.deadline)):
                return await self._manners.ask(
                    sampling, lambda extra: self._ask(lambda refused: self._create(told, refused, sampling, extra))
                )
        except TimeoutError:
            raise ModelError(self._silence()) from None

    async def _ask(self, create: Callable[[frozenset[str]], Awaitable[T]]) -> T:
        """Ask for a completion, without the parameters that this model turned out to refuse."""
        refused = self._refused
        try:
            return await create(refused)
        except BadRequestError as error:
            if error.code not in _UNSUPPORTED or error.param not in _OPTIONAL - refused:
                raise
            self._refused |= {error.param}
        return await self._ask(create)

    async def _create(
        self,
        told: list[ChatCompletionMessageParam],
        refused: frozenset[str],
        sampling: Sampling,
        extra: Mapping[str, object],
    ) -> AsyncStream[ChatCompletionChunk]:
        endpoint, newer = self._endpoint, "max_tokens" in refused
        temperature = endpoint.temperature if sampling.temperature is None else sampling.temperature
        longest = sampling.max_tokens or endpoint.max_tokens
        return await self._completions.create(
            model=endpoint.model,
            messages=told,
            temperature=omit if "temperature" in refused else temperature,
            top_p=omit if "top_p" in refused or sampling.top_p is None else sampling.top_p,
            max_tokens=omit if newer else longest,
            max_completion_tokens=longest if newer else omit,
            stop=omit if "stop" in refused or not endpoint.stop else endpoint.stop,
            stream=True,
            extra_body=extra,
        )

    async def _create_word(self, told: list[ChatCompletionMessageParam], refused: frozenset[str]) -> ChatCompletion:
        newer, silent = "max_tokens" in refused, bool(_LOGPROBS & refused)
        return await self._completions.create(
            model=self._endpoint.model,
            messages=told,
            temperature=omit if "temperature" in refused else 0,
            max_tokens=omit if newer else 1,
            max_completion_tokens=1 if newer else omit,
            logprobs=omit if silent else True,
            top_logprobs=omit if silent else _LIKELIEST,
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
            case APIError() if setting == LOCAL and not isinstance(error, BadRequestError):
                return ": see that `sarah serve` runs, and has loaded it"
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


def _word(completion: ChatCompletion) -> Word:
    """Return what the model said; servers may leave out any part of it."""
    try:
        choice = completion.choices[0]
        given = choice.logprobs.content if choice.logprobs else None
        tops = given[0].top_logprobs or [] if given else []
        likely = {top.token: min(top.logprob, 0.0) for top in tops if isfinite(top.logprob)}
        return Word(choice.message.content or "", likely)
    except (AttributeError, LookupError, TypeError):
        raise ModelError("it sent what is no answer") from None


def _wire(told: Sequence[tuple[str, str]]) -> list[ChatCompletionMessageParam]:
    return [cast("ChatCompletionMessageParam", {"role": role, "content": text}) for role, text in told]
