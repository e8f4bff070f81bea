"""Somebody of the company at the Admin tab, without a browser: real HTTP, and forms sent as they are shown."""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.admin_kit import Scene as Office
from tests.platforms.web_scene import KEYS, served

# What a browser says of a form that it sends from a page to that page's own server.
OWN = {"sec-fetch-site": "same-origin"}
_TAGS = re.compile(r"<[^>]+>")


@dataclass
class Form:
    """A form as a page shows it; `about` holds the attributes of every field that is seen."""

    action: str
    label: str = ""
    values: dict[str, str] = field(default_factory=dict[str, str])
    about: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    options: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.lists: dict[str, list[str]] = {}
        self._form = Form("")
        self._name = self._list = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(said.get("action", ""))
            self.forms.append(self._form)
        elif tag in {"input", "select", "textarea"}:
            self._name = said["name"]
            if said.get("type") != "checkbox" or "checked" in said:
                self._form.values[self._name] = said.get("value", "")
            if said.get("type") != "hidden":
                self._form.about[self._name] = {"tag": tag, **said}
        elif tag == "datalist":
            self._list = said["id"]
        elif tag == "option":
            self._option(said)
        # A button may hold more than words.
        if self._inside != "button":
            self._inside = tag

    def _option(self, said: dict[str, str]) -> None:
        if self._list:
            self.lists.setdefault(self._list, []).append(said["value"])
        elif "selected" in said:
            self._form.values[self._name] = said.get("value", "?")

    def handle_data(self, data: str) -> None:
        if self._inside == "button":
            self._form.label += data
        elif self._inside == "textarea":
            self._form.values[self._name] = data.removeprefix("\n")
        elif self._inside == "option" and not self._list:
            self._form.options.setdefault(self._name, []).append(data)
            if self._form.values[self._name] == "?":
                self._form.values[self._name] = data

    def handle_endtag(self, tag: str) -> None:
        if tag == "datalist":
            self._list = ""
        if tag in {"textarea", "option", "button", "form"}:
            self._inside = ""


def forms(page: httpx.Response) -> list[Form]:
    """Return the forms of a page."""
    reader = _Reader()
    reader.feed(page.text)
    return reader.forms


def lists(page: httpx.Response) -> Mapping[str, list[str]]:
    """Return the names that complete the fields of a page, by the list's id."""
    reader = _Reader()
    reader.feed(page.text)
    return reader.lists


def shown(page: httpx.Response) -> str:
    """Return the text of a page's main part, in one line."""
    main = page.text.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return " ".join(_TAGS.sub(" ", main).split())


@dataclass
class Member:
    """Somebody with a browser's manners."""

    client: httpx.AsyncClient

    async def see(self, path: str) -> httpx.Response:
        """Open a page."""
        return await self.client.get(path)

    async def send(
        self, form: Form, files: Mapping[str, tuple[str, bytes]] | None = None, **filled: str
    ) -> httpx.Response:
        """Send a form, filled in, and go where that leads."""
        given = {**form.values, **{name.replace("_", "-"): value for name, value in filled.items()}}
        return await self.client.post(form.action, data=given, files=files, headers=OWN)

    async def sign_in(self, name: str = "Olga", passphrase: str = KEYS["Olga"], to: str = "") -> httpx.Response:
        """Fill in the form at the door."""
        page = await self.see(f"/admin/sign-in?to={to}")
        return await self.send(forms(page)[-1], name=name, passphrase=passphrase)

    async def fill(
        self, title: str, files: Mapping[str, tuple[str, bytes]] | None = None, **filled: str
    ) -> httpx.Response:
        """Open a command's page, fill its form in, and return the page of the reply."""
        page = await self.see(f"/admin/do/{title.replace(' ', '/')}")
        return await self.send(forms(page)[-1], files, **filled)

    async def press(self, page: httpx.Response, label: str) -> httpx.Response:
        """Press the button of that label."""
        return await self.send(next(form for form in forms(page) if form.label.startswith(label)))


@asynccontextmanager
async def visiting(url: str, **headers: str) -> AsyncGenerator[Member]:
    """Come to the page with no cookies."""
    async with httpx.AsyncClient(base_url=url, follow_redirects=True, headers=headers, timeout=30) as client:
        yield Member(client)


@asynccontextmanager
async def at_the_desk(office: Office, keys: Mapping[str, str] = KEYS) -> AsyncGenerator[Member]:
    """Serve the page, and let Olga sign in."""
    async with served(office, keys=keys) as url, visiting(url) as olga:
        await olga.sign_in()
        yield olga
