"""What happens when a customer opens the page, sends a message, rates an answer or starts over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from bot.conversation import Answers, Conversation
from bot.persona import Persona
from bot.platforms.web.exchange import Exchange, Exchanges, past_exchange

# Turns of its history that a reloaded page shows.
TURNS_SHOWN = 50


@dataclass(eq=False, slots=True)
class View:
    """What one open page shows of a conversation; `token` names the conversation."""

    token: str
    exchanges: list[Exchange] = field(default_factory=list[Exchange])


def conversation_of(token: str) -> Conversation:
    """Return the conversation that a browser's token stands for."""
    return Conversation("web", "", token)


class Desk:
    """Serves open pages, on the assistant's behalf."""

    def __init__(self, assistant: Answers, persona: Persona) -> None:
        self._assistant = assistant
        self._exchanges = Exchanges(assistant, apology=persona.sentences.failed)

    async def view(self, token: str) -> View:
        """Show the history of a conversation, and what is being answered in it now."""
        # Read in this order, an answer that ends in between is shown once.
        growing = self._exchanges.open(conversation_of(token))
        history = await self._assistant.history(conversation_of(token), TURNS_SHOWN)
        known = {past.turn for past in history}
        past = [past_exchange(turn) for turn in history]
        return View(token, past + [exchange for exchange in growing if exchange.turn not in known])

    async def grow(self, view: View) -> AsyncIterator[None]:
        """Tell, until every answer in a view is complete, that it has changed."""
        for exchange in view.exchanges:
            if not exchange.over:
                async for _ in exchange.growth():
                    yield

    async def send(self, view: View, text: str) -> AsyncIterator[None]:
        """Answer a message; tells whenever the view has changed."""
        exchange = self._exchanges.ask(conversation_of(view.token), text)
        view.exchanges.append(exchange)
        async for _ in exchange.growth():
            yield

    async def rate(self, view: View, index: int, *, liked: bool) -> None:
        """Keep a verdict on the answer of the exchange at `index` in a view."""
        turn = view.exchanges[index].turn if 0 <= index < len(view.exchanges) else None
        if turn is not None:
            await self._assistant.rate(turn, view.token, "up" if liked else "down")

    async def forget(self, token: str) -> None:
        """Forget a conversation, and whatever is being answered in it."""
        await self._exchanges.drop(conversation_of(token))
        await self._assistant.reset(conversation_of(token))

    async def resume(self) -> None:
        """Start answering what an earlier process left unfinished."""
        await self._exchanges.resume("web")

    async def stop(self) -> None:
        """Stop answering."""
        await self._exchanges.stop()
