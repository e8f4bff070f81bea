"""What one open page shows of a conversation, and when that changes."""

from collections.abc import AsyncIterator, Iterable

from bot.conversation import PastTurn
from bot.platforms.web.exchange import Bell, Exchange


class View:
    """The exchanges that a page shows; `token` names the conversation."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.exchanges: list[Exchange] = []
        self._bell = Bell()

    def add(self, exchange: Exchange) -> None:
        """Show one more exchange, as it grows."""
        self.exchanges.append(exchange)
        exchange.bells.append(self._bell)
        self._bell.ring()

    def precede(self, history: Iterable[PastTurn]) -> None:
        """Show what was said before, where it is not shown already."""
        shown = {exchange.turn for exchange in self.exchanges}
        self.exchanges[:0] = [Exchange(past.question, past) for past in history if past.turn not in shown]
        self._bell.ring()

    def clear(self, token: str) -> None:
        """Show another conversation, of which nothing is known yet."""
        for exchange in self.exchanges:
            exchange.bells = [bell for bell in exchange.bells if bell is not self._bell]
        self.token, self.exchanges = token, []
        self._bell.ring()

    async def changes(self, at_least_every: float) -> AsyncIterator[None]:
        """Yield now, whenever something has changed, and at least every so many seconds."""
        while True:
            rings = self._bell.rings
            yield
            await self._bell.after(rings, at_least_every)
