"""What happens when a customer opens the page, sends a message, rates an answer or starts over."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Generator

import structlog

from bot.conversation import Answers, Conversation
from bot.platforms.web.exchange import Exchanges
from bot.platforms.web.view import View

# Turns of its history that a reloaded page shows.
TURNS_SHOWN = 50


def conversation_of(token: str) -> Conversation:
    """Return the conversation that a browser's token stands for."""
    return Conversation("web", "", token)


class Desk:
    """Serves open pages, on the assistant's behalf; pages of the same browser show the same."""

    def __init__(self, assistant: Answers) -> None:
        self._assistant = assistant
        self._exchanges = Exchanges(assistant)
        self._views: defaultdict[str, list[View]] = defaultdict(list)

    @contextlib.asynccontextmanager
    async def view(self, token: str) -> AsyncGenerator[View]:
        """Show a conversation for as long as its page is open."""
        view = View(token)
        try:
            await self.show(view, token)
            yield view
        finally:
            self._leave(view)

    async def show(self, view: View, token: str) -> None:
        """Let a view show the conversation of this token: its history, and what is being answered now."""
        self._leave(view)
        view.clear(token)
        self._views[token].append(view)
        for exchange in self._exchanges.open(conversation_of(token)):
            view.add(exchange)
        with _outlived("web.history_failed"):
            view.precede(await self._assistant.history(conversation_of(token), TURNS_SHOWN))

    def _leave(self, view: View) -> None:
        if view in self._views[view.token]:
            self._views[view.token].remove(view)
        if not self._views[view.token]:
            del self._views[view.token]

    def send(self, token: str, text: str) -> None:
        """Start answering a message, before the eyes of everyone who views its conversation."""
        exchange = self._exchanges.ask(conversation_of(token), text)
        for view in self._views.get(token, ()):
            view.add(exchange)

    async def rate(self, view: View, index: int, *, liked: bool) -> None:
        """Keep a verdict on the answer of the exchange at `index` in a view."""
        turn = view.exchanges[index].turn if 0 <= index < len(view.exchanges) else None
        if turn is not None:
            with _outlived("web.rating_failed"):
                await self._assistant.rate(turn, view.token, "up" if liked else "down")

    async def forget(self, token: str) -> None:
        """Forget a conversation, and whatever is being answered in it."""
        await self.clear(token)
        with _outlived("web.reset_failed"):
            await self._assistant.reset(conversation_of(token))

    async def clear(self, token: str) -> None:
        """Stop answering in a conversation, and show nothing of it any more."""
        await self._exchanges.drop(conversation_of(token))
        for view in self._views.get(token, ()):
            view.clear(token)

    async def resume(self) -> None:
        """Start answering what an earlier process left unfinished."""
        await self._exchanges.resume("web")

    async def stop(self) -> None:
        """Stop answering; the turns stay unfinished, for the next start."""
        await self._exchanges.stop()


@contextlib.contextmanager
def _outlived(event: str) -> Generator[None]:
    """Log a failure that costs the customer less than an error page would."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever broke, the page stays usable
        structlog.get_logger().error(event, error=type(error).__name__)
