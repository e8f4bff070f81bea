"""Models that an admin tries: any of them, with settings of the admin's own, and no record of what was said."""

import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from bot.admin.calls import Call, Caller
from bot.admin.choosing import CALLED, Offered, TryingError, Wanted, offered, talk
from bot.admin.filling import FillingError, filled
from bot.admin.office import Office
from bot.admin.permission import refusal
from bot.conversation import PastTurn, Piece
from bot.drift import Drifted, led_back, shown
from bot.guard import OPEN
from bot.models import ModelError
from bot.persona import fresh

REFUSED = "The guard refused it: the model was not asked."
DRIFTED = "The guard ended it where it left the subject."


@dataclass(frozen=True, slots=True)
class Tried:
    """The end of an answer: all of it, or why there is none; times are seconds.

    `past` is the turn that it makes for its model's next answer, None where it makes none. `first` is when its
    first words came.
    """

    text: str
    past: PastTurn | None = None
    first: float = 0.0
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class _End:
    """How a model came to its end."""

    note: str = ""
    on_topic: bool = True


@dataclass(slots=True)
class _Said:
    """What a model has said until now, and when it began to."""

    clock: Callable[[], float]
    begun: float
    pieces: list[str] = field(default_factory=list[str])
    first: float = 0.0

    def add(self, piece: str) -> None:
        if not self.pieces:
            self.first = self.clock() - self.begun
        self.pieces.append(piece)

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()


class Trying:
    """Puts messages of admins to models."""

    def __init__(self, office: Office, clock: Callable[[], float] = time.perf_counter) -> None:
        self._office = office
        self._clock = clock

    async def offered(self, caller: Caller) -> Offered:
        """Return what somebody can try; nothing where they may not."""
        why = refusal(caller, talk.may, self._office.staff)
        return Offered((), {}, why) if why else await offered(self._office)

    async def wanted(self, call: Call) -> Wanted:
        """Return what somebody wants to try, if they may and it can be tried; raises TryingError with a sentence."""
        if why := refusal(call.caller, talk.may, self._office.staff):
            await self._office.note_refusal(call, why)
            raise TryingError(why)
        try:
            return await talk.work(call, self._office, **filled(talk, call.given))
        except FillingError as fault:
            raise TryingError(str(fault)) from None

    async def answer(self, model: str, past: Sequence[PastTurn], wanted: Wanted) -> AsyncGenerator[Piece | Tried]:
        """Stream what a model answers after what it said before, and how that ended."""
        reference, said, end = secrets.token_hex(4), _Said(self._clock, self._clock()), _End()
        try:
            async with aclosing(self._said(model, past, wanted)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, _End):
                        end = piece
                        continue
                    said.add(piece)
                    yield Piece(piece)
            if not said.text:
                raise ModelError("it answered nothing")  # noqa: TRY301 - silence is handled as any failure
        except ModelError as error:
            structlog.get_logger().warning("trying.failed", reference=reference, model=model, why=str(error))
            yield Tried(f"**{model}** did not answer ({error}). The log has it under #{reference}.")
        except Exception as error:  # noqa: BLE001 - whatever broke, the other model goes on
            # Without its text, which may quote what somebody wrote.
            structlog.get_logger().error("trying.broken", reference=reference, model=model, error=type(error).__name__)
            yield Tried(f"That did not work, and the fault is ours: the log tells more under #{reference}.")
        else:
            turn = PastTurn(len(past) + 1, wanted.message, said.text, end.on_topic)
            yield Tried(said.text, turn, said.first, self._clock() - said.begun, end.note)

    async def _said(self, model: str, past: Sequence[PastTurn], wanted: Wanted) -> AsyncGenerator[str | _End]:
        """Yield what may be shown of an answer, and how it ended; the model is held for that long."""
        asking, persona = self._office.rehearsal.asking, self._office.persona
        answers = [turn.answer for turn in past]
        guard = await asking.guard_of(model) if wanted.guarded else OPEN
        prompt = await asking.prompt(model, guard, tuple(past), wanted.message)
        if prompt is None:
            yield fresh(persona.refusals, answers)
            yield _End(REFUSED, on_topic=False)
            return
        said = ""
        async with asking.lent(model) as lent:
            try:
                async with aclosing(shown(lent, replace(prompt, sampling=wanted.sampling), guard)) as pieces:
                    async for piece in pieces:
                        said += piece
                        yield piece
            except Drifted:
                yield led_back(persona, said.strip(), answers)
                yield _End(DRIFTED, on_topic=bool(said.strip()))
                return
            yield _End(_without_effect(lent.ignored(wanted.sampling)))


def _without_effect(ignored: Sequence[str]) -> str:
    """Say what had no effect, in one line; "" where everything had one."""
    if not ignored:
        return ""
    *others, last = [CALLED[name] for name in ignored]
    listed = f"{', '.join(others)} and {last}" if others else last
    return f"No effect on this model: {listed}."
