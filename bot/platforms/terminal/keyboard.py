"""Waiting for what somebody types, and for the signals that come instead."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

from rich.console import Console

Handler = Callable[[int, FrameType | None], object]


# Reads a line after a prompt of that word.
Read = Callable[[str], str]
# Returns what a word may become, from what stands before it in the line and from the word.
Complete = Callable[[str, str], list[str]]


def line_reader(console: Console, complete: Complete) -> Read:
    """Return what reads a line with the terminal's editing; it blocks, for nobody else is served meanwhile.

    It raises EOFError at the end of input and when the process is told to end, KeyboardInterrupt on Ctrl-C.
    """
    with suppress(ImportError):
        # Reading is left plain where Python was built without it.
        import readline  # noqa: PLC0415

        # So that a paste of several lines is one question.
        readline.parse_and_bind("set enable-bracketed-paste on")
        readline.parse_and_bind("tab: complete")
        readline.set_completer_delims(" ")
        readline.set_completer(_Completer(complete))

    def read(word: str) -> str:
        with _raising({signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: EOFError}):
            return input(_prompt(console, word))

    return read


class _Completer:
    """Tells the line editor one completion after the other, as it asks for them."""

    def __init__(self, complete: Complete) -> None:
        self._complete = complete
        self._found: list[str] = []

    def __call__(self, word: str, at: int) -> str | None:
        if not at:
            import readline  # noqa: PLC0415 - there is one, or nobody would ask

            self._found = self._complete(readline.get_line_buffer()[: readline.get_begidx()], word)
        return self._found[at] if at < len(self._found) else None


def _prompt(console: Console, word: str) -> str:
    """Return the prompt, in colour where there are colours; what has no width is marked for the line editor."""
    if console.color_system is None or console.no_color:
        return f"{word} "
    return f"\001\033[1;32m\002{word}\001\033[0m\002 "


def stopped_by_signals(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines; the wait for the next one raises KeyboardInterrupt when the process is told to end."""
    waiting = iter(lines)
    while True:
        with _raising({signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: KeyboardInterrupt}):
            line = next(waiting, None)
        if line is None:
            return
        yield line


@contextmanager
def _raising(errors: Mapping[signal.Signals, type[BaseException]]) -> Generator[None]:
    """Let signals end a wait that blocks: asyncio's own handlers would only cancel what comes after it."""

    def handler(number: int, _: FrameType | None) -> None:
        raise errors[signal.Signals(number)]

    with _handling(dict.fromkeys(errors, handler)):
        yield


@contextmanager
def _handling(handlers: Mapping[signal.Signals, Handler]) -> Generator[None]:
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def unless_interrupted(work: Coroutine[None, None, None]) -> bool:
    """Do the work, and say whether it came to its end: Ctrl-C stops it and nothing else."""
    task = asyncio.current_task()
    assert task  # noqa: S101 - a coroutine runs in a task
    loop = asyncio.get_running_loop()
    interrupted = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            loop.call_soon_threadsafe(task.cancel)

    with _handling({signal.SIGINT: stop}):
        try:
            await work
        except asyncio.CancelledError:
            # More than one cancellation: somebody else wants the whole process to end.
            if not interrupted or task.uncancel():
                raise
            return False
    return True


@contextmanager
def unseen() -> Generator[None]:
    """Show nothing of what is typed meanwhile, where the input is a terminal: it stands at the next prompt."""
    try:
        import termios  # noqa: PLC0415 - not on Windows
    except ImportError:
        yield
        return
    try:
        before = termios.tcgetattr(sys.stdin)
    except (OSError, ValueError, termios.error):
        yield
        return
    silent = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(sys.stdin, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
