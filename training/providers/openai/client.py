"""One server that speaks the files and fine-tuning protocol, through the openai library.

Answers come as the JSON that they are; every failure comes as ProviderBusy or ProviderError, with its way out.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import httpx2
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DefaultHttpxClient,
    Omit,
    OpenAI,
    OpenAIError,
    omit,
)

from training.providers import ProviderBusy, ProviderError
from training.providers.openai.reading import Json, id_of, mapping, records
from training.providers.openai.refusals import START, Refusal, UnansweredError, clean, said

OPENAI_HOST = "api.openai.com"
# Of jobs, files and events; no list that ends is longer.
MOST_PAGES = 1000
JOBS_A_PAGE, CHECKPOINTS_A_PAGE, FILES_A_PAGE = 100, 25, 1000
# Seconds without a sign of life while a file is taken in.
UPLOAD_TIMEOUT = 600.0
CHUNK = 64 * 1024

Verb = Literal["cancel", "pause", "resume"]
Ask = Callable[[], Any]


class Server:
    """One server, for one key; times are seconds, `retries` are those of reads."""

    def __init__(self, base_url: str, key: str, *, setting: str, timeout: float, retries: int) -> None:
        self.host = _host(base_url, setting)
        self.setting = setting
        self._key = key
        client = OpenAI(
            base_url=base_url,
            # Servers on one's own machine take any key, the library refuses none.
            api_key=key or "none",
            timeout=timeout,
            max_retries=retries,
            # Whoever is sent elsewhere would take the examples along.
            http_client=DefaultHttpxClient(follow_redirects=False),
        )
        self._reads = client
        # The library asks again by itself only where nothing can be made twice.
        self._writes = client.with_options(max_retries=0)
        if urlsplit(base_url).hostname != OPENAI_HOST:
            # The library reads them from the environment, where they are meant for OpenAI.
            for each in (self._reads, self._writes):
                each.organization = each.project = None

    # Files.

    def files(self) -> Iterator[Json]:
        """Yield the files that were uploaded for tuning."""
        listed = self._reads.files.with_raw_response.list
        return self._pages(lambda after: listed(purpose="fine-tune", limit=FILES_A_PAGE, after=after), "list the files")

    def upload(self, path: Path, name: str) -> Json:
        """Upload a file from the disk under a name, without holding it in memory."""
        create = self._writes.files.with_raw_response.create
        with path.open("rb") as file:
            return self._json(
                lambda: create(file=(name, file), purpose="fine-tune", timeout=UPLOAD_TIMEOUT), "take the file"
            )

    def content(self, file: str, limit: int) -> bytes:
        """Return a file's bytes; raises ProviderError when they are more than `limit`."""
        kept = bytearray()
        with (
            self._answering("hand a result file out"),
            self._reads.files.with_streaming_response.content(file) as answer,
        ):
            for chunk in answer.iter_bytes(CHUNK):
                kept += chunk
                if len(kept) > limit:
                    size = f"larger than {limit / 2**20:.0f} MB"
                    raise ProviderError(f"A result file at {self.host} is {size}: fetch it from there yourself.")
        return bytes(kept)

    # Jobs.

    def jobs(self, run: str = "") -> Iterator[Json]:
        """Yield the jobs, the newest first; of one run where the server knows how to choose by metadata."""
        listed = self._reads.fine_tuning.jobs.with_raw_response.list
        chosen: dict[str, str] | Omit = {"run": run} if run else omit
        return self._pages(
            lambda after: listed(limit=JOBS_A_PAGE, after=after, metadata=chosen), "list the fine-tuning jobs"
        )

    def create(self, body: Mapping[str, object], run: str) -> Json:
        """Ask for a job, once."""
        create = cast("Any", self._writes.fine_tuning.jobs.with_raw_response.create)
        # Servers that know this header make no second job for the same value.
        return self._json(lambda: create(**body, extra_headers={"Idempotency-Key": run}), START)

    def job(self, job: str) -> Json:
        """Return a job."""
        retrieve = self._reads.fine_tuning.jobs.with_raw_response.retrieve
        return self._json(lambda: retrieve(job), "show the job")

    def events(self, job: str) -> Iterator[Json]:
        """Yield a job's events, the newest first."""
        listed = self._reads.fine_tuning.jobs.with_raw_response.list_events
        return self._pages(lambda after: listed(job, limit=JOBS_A_PAGE, after=after), "list the job's events")

    def checkpoints(self, job: str) -> Iterator[Json]:
        """Yield a job's checkpoints, the newest first."""
        listed = self._reads.fine_tuning.jobs.checkpoints.with_raw_response.list
        return self._pages(
            lambda after: listed(job, limit=CHECKPOINTS_A_PAGE, after=after), "list the job's checkpoints"
        )

    def steer(self, job: str, verb: Verb) -> None:
        """Cancel, pause or resume a job."""
        act = getattr(self._writes.fine_tuning.jobs.with_raw_response, verb)
        with self._answering(f"{verb} the job"):
            act(job)

    # Chat.

    def complete(self, body: Mapping[str, object]) -> Json:
        """Return a chat completion."""
        create = cast("Any", self._reads.chat.completions.with_raw_response.create)
        return self._json(lambda: create(**body), "answer")

    # How it is asked.

    def _pages(self, ask: Callable[[str | Omit], Any], doing: str) -> Iterator[Json]:
        """Yield the records of a list, page by page, also from servers that always send the same page."""
        after: str | Omit = omit
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = self._json(lambda after=after: ask(after), doing)
            found = records(page.get("data"))
            ids = [id_of(record) for record in found]
            yield from (record for record, its in zip(found, ids, strict=True) if its not in seen)
            if page.get("has_more") is False or not set(filter(None, ids)) - seen or not ids[-1]:
                return
            seen.update(filter(None, ids))
            after = ids[-1]
        raise ProviderError(f"{self.host} does not come to an end when asked to {doing}: see {self.setting}_URL.")

    def _json(self, ask: Ask, doing: str) -> Json:
        with self._answering(doing):
            return _object(ask().content)

    @contextmanager
    def _answering(self, doing: str) -> Generator[None]:
        """Turn what the library raises into a sentence, without its cause, whose text may hold the key."""
        try:
            yield
        except APIStatusError as error:
            raise said(self._refusal(error, doing)) from None
        except (APIConnectionError, httpx2.HTTPError) as error:
            raise self._silence(error, doing) from None
        # Neither JSON nor UTF-8, nested too deep, or of another shape.
        except (ValueError, RecursionError):
            raise UnansweredError(
                f"{self.host} answers what is no JSON object when asked to {doing}: "
                f"it is tried again later, unless {self.setting}_URL is wrong."
            ) from None
        except (OpenAIError, httpx2.InvalidURL) as error:
            raise ProviderError(
                f"{self.host} cannot be asked to {doing} ({type(error).__name__}): correct {self.setting}_URL."
            ) from None

    def _silence(self, error: Exception, doing: str) -> ProviderBusy:
        if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
            return ProviderBusy(f"{self.host} cannot be reached to {doing}: it is tried again later.")
        silent = isinstance(error, APITimeoutError | httpx2.TimeoutException)
        how = "gives no sign of life" if silent else "broke off"
        return UnansweredError(f"{self.host} {how} when asked to {doing}: it is tried again later.")

    def _refusal(self, error: APIStatusError, doing: str) -> Refusal:
        body = mapping(error.body)
        # Beside OpenAI's own shape: a plain text, and what web frameworks send.
        message = body.get("message") or body.get("detail") or error.body
        code = body.get("code") or body.get("type")
        texts = (clean(value, self._key) for value in (code, body.get("param"), message))
        return Refusal(self.host, self.setting, doing, error.status_code, *texts)


def _object(content: bytes) -> Json:
    """Return the JSON object that an answer is; raises ValueError or RecursionError where it is none."""
    answer: object = json.loads(content)
    if not isinstance(answer, dict):
        raise ValueError("no object")  # noqa: TRY004 - as json says it of other broken answers
    return cast("Json", answer)


def _host(base_url: str, setting: str) -> str:
    """Return the host and port of a URL for sentences; raises ProviderError where the URL is none to use."""
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in {"http", "https"}:
        raise ProviderError(f"{setting}_URL is no address of a server: it starts with http:// or https://.")
    if parts.username is not None or parts.password is not None:
        raise ProviderError(f"{setting}_URL must hold no user name and no password: put the key into {setting}_KEY.")
    return f"{host}:{port}" if port else host
