"""The four places where an admin can be, each with a customer beside."""

from tests.stories.counter_discord import in_discord
from tests.stories.counter_slack import in_slack
from tests.stories.counter_terminal import in_a_terminal
from tests.stories.counter_web import on_the_page
from tests.stories.offices import Opening

COUNTERS: dict[str, Opening] = {
    "discord": in_discord,
    "slack": in_slack,
    "web": on_the_page,
    "terminal": in_a_terminal,
}
