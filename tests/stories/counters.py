"""The four places where an admin can be, each with a customer beside."""

from tests.stories.counter_discord import in_discord
from tests.stories.counter_slack import in_slack
from tests.stories.counter_web import web
from tests.stories.offices import Opening

COUNTERS: dict[str, Opening] = {
    "discord": in_discord,
    "slack": in_slack,
    "web": web,
}
