"""The assembly: builds everything once, in sight, and takes it apart in order."""

import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from aiohttp import web
from filelock import FileLock, Timeout

from bot.assistant import Assistant, Clock, Policy
from bot.conversation import Platform, StartupError
from bot.guard import Guard, OpenGuard, TopicGuard
from bot.http import open_http
from bot.metrics import Metrics
from bot.models import ChatModel
from bot.models.chain import Chain
from bot.models.champion import open_champion
from bot.models.embedded import Embedded
from bot.persona import Persona, read_persona
from bot.platforms.terminal import terminal
from bot.serving import Serving
from bot.settings import Settings
from bot.store import open_store
from training.examples import DataError
from training.handbook import read_handbook
from training.knowledge import Knowledge, read_knowledge
from training.providers.embedded import read_embedded
from training.registry import Model
from training.topic import read_topic_model
from training.words import read_words

# A part's name, and one phrase about it.
Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """An assistant that is ready to answer, and what stands around it."""

    persona: Persona
    assistant: Assistant
    metrics: Metrics
    models: tuple[str, ...]


class _Told(TypedDict):
    """What differs between the models that are served."""

    name: str
    setting: str
    url: str
    model: str
    key: str
    stop: str


@asynccontextmanager
async def open_desk(settings: Settings, *, per_minute: int) -> AsyncGenerator[Desk]:
    """Build an assistant over the home folder; raises StartupError when that cannot be."""
    async with AsyncExitStack() as stack:
        stack.enter_context(_own(settings.sarah_home))
        store = await stack.enter_async_context(open_store(settings.sarah_home / "sarah.db"))
        persona, knowledge, guard = _company(settings)
        metrics = Metrics()
        models = _models(settings, knowledge, stack)
        champion = await stack.enter_async_context(
            open_champion(settings.sarah_home, lambda model, opened: _tuned(settings, model, opened))
        )
        assistant = Assistant(
            store=store,
            persona=persona,
            knowledge=knowledge,
            guard=guard,
            chain=Chain(models, metrics, champion),
            policy=Policy(settings.sarah_longest_question, per_minute, settings.sarah_waiting),
            metrics=metrics,
            clock=Clock(reference=lambda: secrets.token_hex(4)),
        )
        names = (*(f"{name}, the champion" for name in champion.names), *(model.name for model in models))
        yield Desk(persona, assistant, metrics, names)


async def serve(settings: Settings, tell: Tell) -> None:
    """Run every platform that the settings start, until cancelled; `tell` hears what runs and what does not."""
    async with open_desk(settings, per_minute=settings.sarah_per_minute) as desk:
        platforms, routes = _platforms(settings, desk, tell)
        serving = Serving(platforms, desk.metrics, tell)
        host, port = settings.sarah_http_host, settings.sarah_http_port
        async with open_http(host, port, serving.states, desk.metrics, routes) as url:
            tell("health", f"{url}/readyz, metrics at {url}/metrics")
            tell("model", _who_answers(desk.models))
            tell("home", str(settings.sarah_home.resolve()))
            await serving.run()


async def talk(settings: Settings, conversation: str, *, as_json: bool) -> None:
    """Talk in this terminal, or answer the lines of standard input, until they end."""
    async with open_desk(settings, per_minute=0) as desk:
        platform = terminal(desk.assistant, desk.persona, conversation, as_json=as_json)
        await platform.run(lambda _: None)


def _own(home: Path) -> FileLock:
    """Hold the home folder, so that two processes never answer the same customers."""
    lock = FileLock(home / "lock", timeout=0)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise StartupError(
            f"Another process works in {home}: stop it, or give this one a folder of its own in SARAH_HOME."
        ) from None
    except OSError as error:
        raise StartupError(
            f"{home} cannot be written to ({error.strerror}): set SARAH_HOME to a folder that can."
        ) from error
    return lock


def _company(settings: Settings) -> tuple[Persona, Knowledge, Guard]:
    data = settings.sarah_data
    persona = read_persona(data)
    try:
        knowledge = read_knowledge(data)
        return persona, knowledge, _guard(settings, knowledge)
    except DataError as error:
        raise StartupError(str(error)) from error


def _guard(settings: Settings, knowledge: Knowledge) -> Guard:
    if not settings.sarah_guard:
        return OpenGuard()
    return TopicGuard(read_topic_model(settings.sarah_data, knowledge), settings.sarah_guard_threshold)


def _models(settings: Settings, knowledge: Knowledge, stack: AsyncExitStack) -> list[ChatModel]:
    """Build the models that may answer, the preferred one first, the embedded one last."""
    models = _served_models(settings, stack) if settings.sarah_model else []
    return [*models, Embedded(knowledge)]


def _served_models(settings: Settings, stack: AsyncExitStack) -> list[ChatModel]:
    return [
        _served(settings, stack, name=name, setting=setting, url=url, model=name, key=key, stop=settings.sarah_stop)
        for setting, name, url, key in settings.models()
    ]


def _tuned(settings: Settings, model: Model, stack: AsyncExitStack) -> ChatModel:
    """Make a model of the registry ready (about half a second); raises DataError when its files are not whole."""
    if model.provider == "embedded":
        data = settings.sarah_data
        examples = read_embedded(settings.sarah_home / model.folder)
        knowledge = Knowledge(read_handbook(data / "handbook"), examples, read_words(data / "synonyms.txt"))
        return Embedded(knowledge, model.id)
    url = model.base_url
    if not url:
        raise DataError(f"The registry does not say where {model.id} is served: promote another model.")
    key = settings.key_for(url)
    return _served(settings, stack, name=model.id, setting="", url=url, model=model.served_as, key=key, stop=model.stop)


def _served(settings: Settings, stack: AsyncExitStack, **told: Unpack[_Told]) -> ChatModel:
    # Imported where they are needed: the package and the vocabulary cost a second and 70 MB.
    from bot.models.openai_compatible import Endpoint, OpenAICompatible  # noqa: PLC0415
    from training.tokens import counter  # noqa: PLC0415

    endpoint = Endpoint(
        temperature=settings.sarah_temperature,
        max_tokens=settings.sarah_max_tokens,
        context_tokens=settings.sarah_context_tokens,
        timeout=settings.sarah_model_timeout,
        deadline=settings.sarah_model_deadline,
        retries=settings.sarah_model_retries,
        **told,
    )
    model = OpenAICompatible(endpoint, counter(settings.sarah_vocabulary))
    stack.push_async_callback(model.close)
    return model


def _who_answers(models: tuple[str, ...]) -> str:
    first, *others = models
    if not others:
        return f"{first}, from the handbook and the examples; set SARAH_MODEL for a language model"
    return f"{first}, and when it fails {', then '.join(others)}"


def _platforms(settings: Settings, desk: Desk, tell: Tell) -> tuple[list[Platform], list[web.RouteDef]]:
    """Build what the settings start, and say what they do not."""
    platforms: list[Platform] = []
    routes: list[web.RouteDef] = []
    if settings.discord_token.get_secret_value():
        platforms.append(_discord(settings, desk))
    else:
        tell("discord", "not running: put DISCORD_TOKEN into .env to start it")
    if settings.slack_bot_token.get_secret_value():
        slack, routes = _slack(settings, desk)
        platforms.append(slack)
    else:
        tell("slack", "not running: put SLACK_BOT_TOKEN and SLACK_APP_TOKEN into .env to start it")
    if settings.sarah_web:
        platforms.append(_web(settings, desk))
    else:
        tell("web", "not running: set SARAH_WEB=true to start it")
    if not platforms:
        raise StartupError("There is nothing to start: set SARAH_WEB=true, DISCORD_TOKEN or SLACK_BOT_TOKEN.")
    return platforms, routes


# Each platform is imported where it is started: their SDKs cost between half a second and three.


def _discord(settings: Settings, desk: Desk) -> Platform:
    from bot.platforms.discord import DiscordPlatform  # noqa: PLC0415

    token = settings.discord_token.get_secret_value()
    return DiscordPlatform(desk.assistant, desk.persona, token, settings.sarah_home)


def _slack(settings: Settings, desk: Desk) -> tuple[Platform, list[web.RouteDef]]:
    from bot.platforms.slack import SlackPlatform, SlackTokens  # noqa: PLC0415

    tokens = SlackTokens(
        settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
    )
    slack = SlackPlatform(desk.assistant, desk.persona, tokens)
    return slack, slack.routes()


def _web(settings: Settings, desk: Desk) -> Platform:
    from bot.platforms.web import WebPlatform  # noqa: PLC0415

    return WebPlatform(desk.assistant, desk.persona, settings.sarah_web_host, settings.sarah_web_port)
