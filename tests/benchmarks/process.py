"""One process as it serves Discord and Slack without the web page; says when it could, and how large it is.

`python -m tests.benchmarks.process HOME CONVERSATIONS` prints `ready`, then sizes in MB: of scikit-learn
with what it imports, of the process as it is, and after so many conversations of one turn each.
"""

import asyncio
import sys
from importlib import import_module
from pathlib import Path

from bot.conversation import Conversation, Question


async def main(home: Path, conversations: int) -> None:
    """Build what `sarah run` builds, then be asked."""
    empty = _size()
    for part in ("sklearn.feature_extraction.text", "sklearn.linear_model"):
        import_module(part)
    learning = _size() - empty
    from bot.app import open_desk  # noqa: PLC0415 - the imports are part of what is measured
    from bot.platforms.discord import DiscordPlatform  # noqa: PLC0415
    from bot.platforms.slack import SlackPlatform, SlackTokens  # noqa: PLC0415
    from bot.settings import Settings  # noqa: PLC0415

    settings = Settings(sarah_home=home, sarah_web=False)
    async with open_desk(settings, per_minute=0) as desk:
        DiscordPlatform(desk.assistant, desk.persona, desk.admin, "token", home)
        SlackPlatform(desk.assistant, desk.persona, SlackTokens("xoxb-1", app_token="xapp-1"), desk.admin)
        print("ready", flush=True)
        print(f"{learning:.0f}", flush=True)
        print(f"{_size():.0f}", flush=True)
        for number in range(conversations):
            question = Question(Conversation("bench", "", str(number)), str(number), "1", "How do I reset the hub?")
            async for _event in desk.assistant.answer(question):
                pass
        print(f"{_size():.0f}", flush=True)


def _size() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("error"))
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
