"""Which engine is installed, and how it is started."""

import os
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import aiohttp

from bot.conversation import StartupError
from bot.engines import transformers_serve, vllm
from bot.engines.keeping import Engine
from bot.engines.notes import FOLDER
from bot.engines.transformers_serve import TransformersServe
from bot.engines.vllm import Launch, Vllm
from bot.engines.wishes import Wish
from bot.settings import Settings
from training.surroundings import search_path

_NEEDED = ("torch", "transformers", "peft", "fastapi", "uvicorn")
_MODELS = "models"


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts one kind of engine for a home."""

    name: Literal["vLLM", "transformers serve"]
    program: tuple[str, ...]
    url: str
    home: Path
    most: int
    options: tuple[str, ...]

    def launch(self, wishes: Sequence[Wish], running: Launch | None) -> Launch | None:
        """Return what the engine is to be started for; None where there is nothing to serve yet."""
        if self.name == "vLLM":
            return vllm.launch(wishes, running)
        # It is started for any model.
        return Launch("") if wishes else None

    def command(self, launch: Launch) -> list[str]:
        """Return the command that starts it."""
        parts = urlsplit(self.url)
        at = ["--host", parts.hostname or "", "--port", str(parts.port or 80)]
        what = vllm.arguments(launch, self.most) if self.name == "vLLM" else transformers_serve.arguments()
        return [*self.program, *what, *at, *self.options]

    def environment(self) -> Mapping[str, str]:
        """Return what it needs beside what is set here."""
        if self.name == "vLLM":
            return {vllm.RUNTIME: "True", "VLLM_NO_USAGE_STATS": "1", "PATH": search_path()}
        return transformers_serve.ENVIRONMENT

    def fresh_folder(self) -> Path:
        """Return the folder that it runs in, without what an earlier one was to find there; raises OSError."""
        folder = self.home.resolve() / FOLDER / _MODELS
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def engine(self, session: aiohttp.ClientSession, folder: Path) -> Engine:
        """Return the engine that was started in a folder."""
        if self.name == "vLLM":
            return Vllm(self.url, session, self.home)
        return TransformersServe(self.url, session, folder)


def starter(settings: Settings) -> Starter:
    """Return what starts the engine that is installed; raises StartupError."""
    _see_here(settings.sarah_local_url)
    name, program = _installed(settings.sarah_engine)
    url, most = settings.sarah_local_url.rstrip("/"), settings.sarah_engine_models
    return Starter(name, program, url, settings.sarah_home, most, _options(settings.sarah_engine_options))


def _options(said: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(said))
    except ValueError as error:
        raise StartupError(f"SARAH_ENGINE_OPTIONS cannot be read ({error}): correct it or leave it out.") from None


def see_free(url: str) -> None:
    """Raise StartupError where the port of a URL on this machine cannot be had."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        raise StartupError(
            f"The engine cannot open port {port} on {host} ({os.strerror(error.errno or 0)}):"
            " stop what uses it, or set SARAH_LOCAL_URL to another."
        ) from None


def _see_here(url: str) -> None:
    parts = urlsplit(url)
    here = parts.hostname in {"127.0.0.1", "localhost", "::1"} and parts.scheme == "http"
    if not here or parts.path.rstrip("/") != "/v1":
        raise StartupError(
            f"An engine is started on this machine's loopback only, and SARAH_LOCAL_URL is {url}: set it to"
            " http://127.0.0.1:7862/v1, or name the engines that run already in SARAH_ENGINES."
        )


def _installed(wanted: str) -> tuple[Literal["vLLM", "transformers serve"], tuple[str, ...]]:
    found = shutil.which("vllm", path=search_path()) if wanted != "transformers" else None
    if found:
        return "vLLM", (found, "serve")
    if wanted == "vllm":
        raise StartupError("SARAH_ENGINE is vllm, and there is no program of that name: install vLLM, or leave it out.")
    if not all(map(find_spec, _NEEDED)):
        raise StartupError("No engine is installed: install one with `pip install '.[local]'`, or vLLM.")
    return "transformers serve", (sys.executable, *transformers_serve.PROGRAM)
