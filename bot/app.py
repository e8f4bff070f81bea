"""The assembly: builds everything once, in sight, and takes it apart in order."""

import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from bot.admin.admin import Admin
from bot.admin.canary import returned
from bot.admin.catalogue import COMMANDS
from bot.admin.files import sweep
from bot.admin.office import Office
from bot.admin.permission import Staff
from bot.admin.records import Records
from bot.admin.rehearsal import Company, Rehearsal
from bot.admin.setups import circumstances
from bot.admin.working import Work
from bot.assistant import Assistant, Clock, Policy
from bot.canary import Bounds, Keeper
from bot.conversation import Platform, StartupError
from bot.guarding import Say, guard_of, logged
from bot.home import held
from bot.http import open_http
from bot.metrics import Metrics
from bot.models.chain import Chain
from bot.models.champion import open_champion
from bot.models.library import Library, open_library
from bot.models.making import models_named, topics, tuned
from bot.persona import Persona, read_persona
from bot.platforms.terminal import terminal
from bot.serving import Serving, State
from bot.settings import Settings
from bot.store import Store, open_store
from training.examples import DataError
from training.facts import read_facts
from training.knowledge import read_knowledge

# A part's name, and one phrase about it.
Tell = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Desk:
    """An assistant that is ready to answer, and what stands around it."""

    persona: Persona
    assistant: Assistant
    admin: Admin
    metrics: Metrics
    models: tuple[str, ...]
    start_work: Callable[[], None]
    """Goes on with the runs that an earlier process left, unless somebody does."""


@asynccontextmanager
async def open_desk(
    settings: Settings, *, per_minute: int, states: Mapping[str, str] | None = None, say: Say = logged
) -> AsyncGenerator[Desk]:
    """Build an assistant over the home folder; raises StartupError when that cannot be. `say` hears what takes long."""
    home, place, build = settings.sarah_home, settings.place(), partial(tuned, settings)
    async with AsyncExitStack() as stack:
        stack.enter_context(held(home))
        sweep(home)
        store = await stack.enter_async_context(open_store(home / "sarah.db"))
        records = stack.enter_context(Records(place))
        company, metrics = company_of(settings, stack, say), Metrics()
        models = models_named(settings, company.knowledge, stack)
        topic_of = topics(settings)
        library = await stack.enter_async_context(open_library(place, build, topic_of=topic_of))
        champion = await stack.enter_async_context(open_champion(place, build, topic_of=topic_of))
        chain = Chain(models, metrics, champion, library=library)
        canary = keeper_of(settings, store, models[0].name, library)
        assistant = _assistant(settings, company, store, chain, metrics, per_minute, canary)
        work = Work(records)
        office = Office(
            settings=settings,
            records=records,
            store=store,
            assistant=assistant,
            persona=company.persona,
            rehearsal=Rehearsal(company, library, models[0], records, spare=models[1:]),
            canary=canary,
            staff=staff_of(settings),
            start_work=work.start,
            platforms={} if states is None else states,
            answering=lambda: "".join(champion.names),
            support=_support(settings),
        )
        admin = Admin(office, COMMANDS)
        stack.push_async_callback(admin.close)
        canary.tell(partial(returned, office))
        stack.push_async_callback(canary.close)
        names = (*(f"{name}, the champion" for name in champion.names), *(model.name for model in models))
        yield Desk(company.persona, assistant, admin, metrics, names, work.start)


def _assistant(  # noqa: PLR0913, PLR0917 - built once, in sight
    settings: Settings, company: Company, store: Store, chain: Chain, metrics: Metrics, per_minute: int, canary: Keeper
) -> Assistant:
    policy = Policy(settings.sarah_longest_question, per_minute, settings.sarah_waiting, bool(_support(settings)))
    return Assistant(
        store=store,
        persona=company.persona,
        knowledge=company.knowledge,
        guard=company.guard,
        chain=chain,
        policy=policy,
        metrics=metrics,
        clock=Clock(reference=lambda: secrets.token_hex(4)),
        canary=canary,
    )


def keeper_of(settings: Settings, store: Store, base: str, library: Library) -> Keeper:
    """Return what gives conversations to a candidate; `base` is who answers where nothing is promoted."""
    bounds = Bounds(errors=settings.sarah_canary_errors, downs=settings.sarah_canary_down)
    return Keeper(store, settings.place(), base, library, bounds=bounds)


def _support(settings: Settings) -> dict[str, str]:
    """Return where people are told that a customer wants one, by platform."""
    return dict(settings.listed(settings.sarah_support_channels))


def staff_of(settings: Settings) -> Staff:
    """Return whom the settings name."""

    def named(listed: str) -> frozenset[str]:
        return frozenset(f"{platform}:{name}" for platform, name in settings.listed(listed))

    return Staff(named(settings.sarah_admins), named(settings.sarah_home_workspaces))


async def serve(settings: Settings, tell: Tell) -> None:
    """Run every platform that the settings start, until cancelled; `tell` hears what runs and what does not."""
    states: dict[str, State] = {}
    async with open_desk(settings, per_minute=settings.sarah_per_minute, states=states) as desk:
        platforms, routes = _platforms(settings, desk, tell)
        serving = Serving(platforms, desk.metrics, tell, states=states)
        host, port = settings.sarah_http_host, settings.sarah_http_port
        async with open_http(host, port, serving.states, desk.metrics, routes) as url:
            tell("health", f"{url}/readyz, metrics at {url}/metrics")
            tell("model", _who_answers(desk.models))
            tell("home", str(settings.sarah_home.resolve()))
            desk.start_work()
            await serving.run()


async def talk(settings: Settings, conversation: str, *, as_json: bool, say: Say) -> None:
    """Talk in this terminal, or answer the lines of standard input, until they end."""
    async with open_desk(settings, per_minute=0, say=say) as desk:
        platform = terminal(
            desk.assistant,
            desk.persona,
            conversation,
            as_json=as_json,
            admin=desk.admin,
            who=settings.author(),
            keep=settings.sarah_home / "replies",
        )
        desk.start_work()
        await platform.run(lambda _: None)


def company_of(settings: Settings, stack: AsyncExitStack, say: Say = logged) -> Company:
    """Read the company's folder; raises StartupError when it is not what it should be. `say` hears what takes long."""
    data = settings.sarah_data
    persona, facts = read_persona(data), data / "facts.toml"
    try:
        knowledge = read_knowledge(data)
        contacts = read_facts(facts).contacts if facts.is_file() else ()
        guard = guard_of(settings, persona, stack, say)
        return Company(persona, knowledge, guard, data / "scenarios", contacts, **circumstances(settings))
    except DataError as error:
        raise StartupError(str(error)) from error


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
    return DiscordPlatform(desk.assistant, desk.persona, desk.admin, token, settings.sarah_home)


def _slack(settings: Settings, desk: Desk) -> tuple[Platform, list[web.RouteDef]]:
    from bot.platforms.slack import SlackPlatform, SlackTokens  # noqa: PLC0415

    tokens = SlackTokens(
        settings.slack_bot_token.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
    )
    slack = SlackPlatform(desk.assistant, desk.persona, tokens, desk.admin)
    return slack, slack.routes()


def _web(settings: Settings, desk: Desk) -> Platform:
    from bot.platforms.web import WebPlatform  # noqa: PLC0415

    host, port, keys = settings.sarah_web_host, settings.sarah_web_port, settings.web_admins()
    return WebPlatform(
        desk.assistant, desk.persona, host, port, admin=desk.admin, keys=keys, public=settings.sarah_web_url
    )
