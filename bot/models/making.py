"""Models made ready as the settings say: those that they name, and those of the registry."""

from contextlib import AsyncExitStack, suppress
from typing import TypedDict, Unpack

from bot.engines.notes import ask
from bot.models import ChatModel
from bot.models.discriminators import Discriminators
from bot.models.embedded import Embedded
from bot.models.endpoint import LOCAL
from bot.models.registered import TopicOf, companys
from bot.settings import Settings
from training.examples import DataError
from training.handbook import read_handbook
from training.knowledge import Knowledge
from training.providers.embedded import read_embedded
from training.providers.local.manifest import Manifest, see_whole
from training.registry import Model
from training.topic import load_topic_model
from training.words import read_words

# Tokens as we count them for one of a model that counts in its own way, older ones in shorter pieces.
_OURS = 0.8


class _Told(TypedDict):
    """What differs between the models that are served."""

    name: str
    setting: str
    url: str
    model: str
    key: str
    stop: str
    context_tokens: int


def models_named(settings: Settings, knowledge: Knowledge, stack: AsyncExitStack) -> list[ChatModel]:
    """Build the models that the settings name, the preferred one first, the embedded one last."""
    models = _served_models(settings, stack) if settings.sarah_model else []
    return [*models, Embedded(knowledge)]


def _served_models(settings: Settings, stack: AsyncExitStack) -> list[ChatModel]:
    return [
        _served(
            settings,
            stack,
            name=name,
            setting=setting,
            url=url,
            model=name,
            key=key,
            stop=settings.sarah_stop,
            context_tokens=settings.sarah_context_tokens,
        )
        for setting, name, url, key in settings.models()
    ]


def tuned(settings: Settings, model: Model, stack: AsyncExitStack) -> ChatModel:
    """Make a model of the registry ready (about half a second); raises DataError when its files are not whole."""
    if model.provider == "embedded":
        data = settings.sarah_data
        examples = read_embedded(settings.sarah_home / model.folder)
        knowledge = Knowledge(read_handbook(data / "handbook"), examples, read_words(data / "synonyms.txt"))
        return Embedded(knowledge, model.id)
    if model.provider == "local":
        return _local(settings, model, stack)
    url = model.base_url
    if not url:
        raise DataError(f"The registry does not say where {model.id} is served: promote another model.")
    return _served(
        settings,
        stack,
        name=model.id,
        setting="",
        url=url,
        model=model.served_as,
        key=settings.key_for(url),
        stop=model.stop,
        context_tokens=settings.sarah_context_tokens,
    )


def _local(settings: Settings, model: Model, stack: AsyncExitStack) -> ChatModel:
    """Return a model that an engine of one's own answers as, once that was given some time to load it."""
    manifest = see_whole(settings.sarah_home / model.folder)
    # Where no note can be left, the engine may have the model all the same.
    with suppress(OSError):
        ask(settings.sarah_home, model.id)
    url = settings.sarah_local_url
    return _served(
        settings,
        stack,
        name=model.id,
        setting=LOCAL,
        url=url,
        model=model.id,
        key=settings.key_for(url),
        stop=model.stop,
        context_tokens=_readable(settings, manifest),
    )


def _readable(settings: Settings, manifest: Manifest) -> int:
    """Return the tokens, as we count them, that a model surely reads at once: what is set, or less."""
    limit = round(_OURS * manifest.context_tokens)
    return min(settings.sarah_context_tokens, limit) if limit else settings.sarah_context_tokens


def topics(settings: Settings) -> TopicOf:
    """Return what finds the discriminator that a model of the registry came with; none is read without a guard."""
    if settings.sarah_guard == "off":
        return companys
    return Discriminators(settings.sarah_home, load_topic_model).of


def _served(settings: Settings, stack: AsyncExitStack, **told: Unpack[_Told]) -> ChatModel:
    # Imported where they are needed: the package and the vocabulary cost a second and 70 MB.
    from bot.models.openai_compatible import Endpoint, OpenAICompatible  # noqa: PLC0415
    from training.tokens import counter  # noqa: PLC0415

    endpoint = Endpoint(
        temperature=settings.sarah_temperature,
        max_tokens=settings.sarah_max_tokens,
        timeout=settings.sarah_model_timeout,
        deadline=settings.sarah_model_deadline,
        retries=settings.sarah_model_retries,
        **told,
    )
    model = OpenAICompatible(endpoint, counter(settings.sarah_vocabulary))
    stack.push_async_callback(model.close)
    return model
