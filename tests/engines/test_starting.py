"""Which engine is started, and why none can be."""

import socket
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from bot.conversation import StartupError
from bot.engines.starting import Starter, see_free, starter
from bot.engines.vllm import Launch
from bot.settings import Settings
from tests.engines.running import free_url, program
from tests.local import needs_local


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave each test in an empty folder, where no program is found but those beside Python."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def started(home: Path, **changes: str) -> Starter:
    """Return what starts an engine with these settings."""
    return starter(Settings(**{"sarah_home": home, **changes}))  # pyright: ignore[reportArgumentType]


def test_vllm_is_started_where_it_is_installed(tmp_path: Path) -> None:
    program(tmp_path / "bin")
    begin = started(tmp_path, sarah_engine_options="--gpu-memory-utilization 0.6 --dtype 'bfloat16'")
    assert begin.command(Launch("tiny/base", rank=16)) == [
        *(str(tmp_path / "bin" / "vllm"), "serve", "tiny/base"),
        *("--enable-lora", "--max-lora-rank", "16", "--max-loras", "4", "--host", "127.0.0.1", "--port", "7862"),
        *("--gpu-memory-utilization", "0.6", "--dtype", "bfloat16"),
    ]
    assert begin.environment()["VLLM_ALLOW_RUNTIME_LORA_UPDATING"] == "True"


@needs_local
@pytest.mark.parametrize("wanted", ["auto", "transformers"])
def test_transformers_serve_is_started_where_there_is_nothing_else_or_it_is_asked_for(
    tmp_path: Path, wanted: str
) -> None:
    if wanted == "transformers":
        program(tmp_path / "bin")
    begin = started(tmp_path, sarah_engine=wanted)
    command = begin.command(Launch(""))
    assert command[0] == sys.executable
    assert command[-4:] == ["--host", "127.0.0.1", "--port", "7862"]
    # A name that it does not know is not looked for at Hugging Face.
    assert begin.environment()["HF_HUB_OFFLINE"] == "1"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sarah_local_url": "http://10.0.0.5:7862/v1"}, "on this machine's loopback only, and SARAH_LOCAL_URL is"),
        ({"sarah_local_url": "https://127.0.0.1:7862/v1"}, "on this machine's loopback only"),
        ({"sarah_local_url": "http://127.0.0.1:7862"}, "set it to http://127.0.0.1:7862/v1, or name the engines"),
        ({"sarah_engine": "vllm"}, "there is no program of that name: install vLLM, or leave it out"),
        ({"sarah_engine_options": "'half"}, r"SARAH_ENGINE_OPTIONS cannot be read \(No closing quotation\)"),
    ],
)
def test_what_cannot_be_started_is_one_sentence(tmp_path: Path, changes: dict[str, str], sentence: str) -> None:
    if "sarah_engine" not in changes:
        program(tmp_path / "bin")
    with pytest.raises(StartupError, match=sentence):
        started(tmp_path, **changes)


def test_where_nothing_is_installed_it_is_told_what_would_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a machine without the extra.
    def without_peft(name: str) -> ModuleSpec | None:
        return None if name == "peft" else find_spec(name)

    monkeypatch.setattr("bot.engines.starting.find_spec", without_peft)
    with pytest.raises(StartupError) as refused:
        started(tmp_path)
    assert str(refused.value) == "No engine is installed: install one with `pip install '.[local]'`, or vLLM."


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StartupError) as refused:
            see_free(f"http://127.0.0.1:{port}/v1")
    assert str(refused.value) == (
        f"The engine cannot open port {port} on 127.0.0.1 (Address already in use):"
        " stop what uses it, or set SARAH_LOCAL_URL to another."
    )


def test_a_port_that_nobody_uses_is_free() -> None:
    see_free(free_url())


def test_an_engine_finds_nothing_that_an_earlier_one_was_to_find(tmp_path: Path) -> None:
    program(tmp_path / "bin")
    folder = started(tmp_path).fresh_folder()
    (folder / "model-1").mkdir()
    assert started(tmp_path).fresh_folder() == folder
    assert list(folder.iterdir()) == []
