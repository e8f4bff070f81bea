"""What tests of the discriminator share: one of cooking, one of the company, and messages that neither has read."""

from functools import cache
from pathlib import Path

from tests.kit import DATA
from training.topic import Topic, TopicModel, measured, read_topic_model, trained_on

HERE = Path(__file__).parent
COOKING, REST = HERE / "cooking.txt", HERE / "rest.txt"
# Of either kind, and in neither file.
ABOUT_COOKING = (
    "how long do I roast a whole chicken in the oven",
    "can I use butter for the cake when the recipe says oil",
    "my sauce is too thick, how much water should I add",
    "do I have to soak beans before I cook them",
    "the dough sticks to my hands when I knead it",
    "which pan is best for an omelette",
    "how do I keep the rice from sticking",
    "can I freeze bread dough",
)
ABOUT_OTHERS = (
    "who was the first president of France",
    "my car battery is dead this morning",
    "is there a train to Berlin on Sunday",
    "write a poem about the moon",
    "my laptop does not find the printer",
    "how do I renew my visa",
    "which team won the cup last year",
    "what is the capital of Norway",
)


@cache
def cooking() -> TopicModel:
    """Train on two files of sixty messages each, once."""
    on, off = (file.read_text("utf-8").splitlines() for file in (COOKING, REST))
    return trained_on(on, off, 0.01)


@cache
def company() -> TopicModel:
    """Train the company's own, once."""
    return read_topic_model(DATA)


@cache
def unread() -> tuple[Topic, ...]:
    """Return the company's messages that no training has read."""
    return tuple(measured(DATA))
