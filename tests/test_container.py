"""The container is built from what stands in the repository, safe from its first start, and keeps no secret inside."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Json, SecretStr, TypeAdapter

from bot.__main__ import cli
from bot.engines.process import GRACE
from bot.settings import Settings
from tests.kit import ROOT

BESIDE_PYTHON = Path(sys.executable).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SPEC = ROOT.parent / "shared" / "specs" / "compose-spec.json"
PACKAGES = ("bot", "training")
SECRETS = {name.upper() for name, field in Settings.model_fields.items() if isinstance(field.default, SecretStr)}
VARIABLES = {name.upper() for name in Settings.model_fields} - SECRETS
# What lies beside the code on somebody's machine, and concerns nobody else.
PRIVATE = [
    ".env", ".env.example", ".env.production", "bot/.env", "data/.env", "data/.env.old", "training/a/b/.env",
    ".git/config", ".venv/bin/python", "var/sarah.db", "tests/kit.py", "bot/__pycache__/app.cpython-311.pyc",
]  # fmt: skip
# What the wheel is asked for, in a process of its own and away from the repository.
LOOK = """
import sys
from pathlib import Path
from alembic.config import Config
from alembic.script import ScriptDirectory
import bot, training
from bot import migrations
from training.tokens import counter

config = Config()
config.set_main_option("script_location", str(Path(migrations.__file__).parent))
assert Path(bot.__file__).is_relative_to(sys.argv[1]) and Path(training.__file__).is_relative_to(sys.argv[1])
assert ScriptDirectory.from_config(config).get_current_head() == migrations.NEWEST
print([counter(vocabulary)("How do I reset the hub?") for vocabulary in ("o200k_base", "cl100k_base")])
"""


class Strict(BaseModel):
    """A part of docker-compose.yml: everything in it is known here, and everything here is in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EnvFile(Strict):
    """A file of variables."""

    path: str
    required: bool


class BindOptions(Strict):
    """How a folder of this machine is mounted."""

    create_host_path: bool


class Bind(Strict):
    """A folder of this machine inside the container."""

    type: Literal["bind"]
    source: str
    target: str
    read_only: bool
    bind: BindOptions


class Log(Strict):
    """Where the log goes, and how long it is kept."""

    driver: str
    options: dict[str, str]


class Container(Strict):
    """How any of our containers is run."""

    image: str
    env_file: list[EnvFile]
    environment: dict[str, str]
    restart: str
    init: bool
    stop_grace_period: str
    read_only: bool
    tmpfs: list[str]
    cap_drop: list[str]
    security_opt: list[str]
    pids_limit: int
    logging: Log


class Service(Container):
    """How the bot's container is run."""

    build: str
    ports: list[str]
    volumes: list[str | Bind]
    mem_limit: str


class Build(Strict):
    """Which image is built, and with which arguments."""

    context: str
    target: str
    args: dict[str, str]


class Dependency(Strict):
    """How a container goes with another."""

    condition: str
    restart: bool


class Engine(Container):
    """How the container is run that serves models of one's own."""

    profiles: list[str]
    build: Build
    network_mode: str
    depends_on: dict[str, Dependency]
    volumes: list[str]


class Services(Strict):
    """The bot, and what may stand beside it."""

    sarah: Service
    engine: Engine


class Compose(Strict):
    """The whole file."""

    services: Services
    volumes: dict[str, None]


@cache
def stages() -> dict[str, list[tuple[str, str]]]:
    """Return each instruction of the Dockerfile and what it says, in order, by the names of what is built."""
    lines = [line for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    for word, _, text in (line.partition(" ") for line in whole.splitlines() if line):
        if word == "FROM":
            found[text.rpartition(" AS ")[2]] = []
        list(found.values())[-1].append((word, text.strip()))
    return found


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions of what is in every image."""
    return stages()["common"]


def said(instruction: str, stage: str = "common") -> list[str]:
    """Return what each instruction of one kind says."""
    return [text for word, text in stages()[stage] if word == instruction]


def place(instruction: str, start: str) -> int:
    """Return where in the Dockerfile an instruction stands, by how it begins."""
    return next(n for n, (word, text) in enumerate(dockerfile()) if word == instruction and text.startswith(start))


def copied() -> list[str]:
    """Return every path that the Dockerfile copies into an image."""
    texts = [text for stage in stages() for text in said("COPY", stage)]
    return [source for text in texts for source in text.split()[:-1]]


def image_variables() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(pair.split("=", 1) for text in said("ENV") for pair in text.split())


def command(text: str) -> list[str]:
    """Return a command in its JSON form, the one that no shell stands in front of."""
    return TypeAdapter(Json[list[str]]).validate_python(text)


def sent_to_the_builder(path: str) -> bool:
    """Whether .dockerignore lets a path through: of the patterns that meet it or a folder above, the last decides."""
    through = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and _meets(pattern, path):
            through = line.startswith("!")
    return through


def _meets(pattern: str, path: str) -> bool:
    regex = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
    return re.fullmatch(f"{regex}(/.*)?", path) is not None


@cache
def compose() -> Compose:
    """Read docker-compose.yml; a key that is unknown, missing or of the wrong kind is refused."""
    return Compose.model_validate(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")), strict=True)


def service() -> Service:
    """Return how the bot's container is run."""
    return compose().services.sarah


def engine() -> Engine:
    """Return how the container is run that serves models of one's own."""
    return compose().services.engine


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the repository as the image gets it, for setuptools to work in."""
    folder = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def wheel(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel offline, as the Dockerfile does, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(copy)], check=True, timeout=60)  # noqa: S603 - our own
    (built,) = folder.glob("*.whl")
    with ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def files(folder: Path) -> set[str]:
    """Return every file of the packages in a folder."""
    found = (path for package in PACKAGES for path in (folder / package).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix() for path in found}


def test_hadolint_finds_nothing_wrong_with_the_dockerfile() -> None:
    found = subprocess.run(  # noqa: S603 - our own
        [BESIDE_PYTHON / "hadolint", "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_the_base_image_is_pinned_to_a_patch_of_the_python_that_the_code_is_checked_for() -> None:
    (base,) = said("FROM")
    python = re.escape(PROJECT["tool"]["pyright"]["pythonVersion"])
    assert re.fullmatch(rf"python:{python}\.\d+-slim-[a-z]+ AS common", base)


def test_the_image_that_is_built_where_none_is_named_is_the_bots_alone() -> None:
    assert list(stages()) == ["common", "local", "sarah"]
    assert stages()["sarah"] == [("FROM", "common AS sarah")]


def test_the_container_runs_as_a_user_without_rights() -> None:
    (user,) = said("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    assert int(gid) > 0
    assert place("USER", user) < place("CMD", "")


def test_the_user_owns_the_home_and_no_code() -> None:
    uid, gid = said("USER")[0].split(":")
    made = said("RUN")[0]
    assert f"--gid {gid} sarah" in made
    assert f"--uid {uid} --gid sarah" in made
    assert f"--owner sarah --group sarah --mode 0700 {image_variables()['SARAH_HOME']}" in made
    assert not [text for text in said("COPY") if "--chown" in text or "--chmod" in text]


def test_the_container_asks_sarah_herself_whether_she_is_well() -> None:
    (check,) = said("HEALTHCHECK")
    assert command(check.partition(" CMD ")[2]) == ["sarah", "health"]


def test_the_container_starts_sarah_without_a_shell_that_would_swallow_the_signal_to_stop() -> None:
    (start,) = said("CMD")
    assert command(start) == ["sarah", "run"]


def test_what_the_container_calls_exists() -> None:
    names = {it.name or it.callback.__name__ for it in cli.registered_commands if it.callback}
    assert {"run", "health", "serve"} <= names
    assert "sarah" in PROJECT["project"]["scripts"]


def test_nothing_is_installed_whose_hash_is_not_known() -> None:
    installs = [text for text in said("RUN") if re.search(r"\b(pip|apt|apt-get|curl|wget|uv)\b", text)]
    hashed, own = installs
    assert "--require-hashes -r requirements.txt" in hashed
    assert {"--no-index", "--no-deps", "--no-build-isolation", "./src"} <= set(own.split())


def test_a_change_of_the_code_downloads_nothing() -> None:
    downloaded = next(n for n, (word, text) in enumerate(dockerfile()) if word == "RUN" and "requirements.txt" in text)
    assert place("COPY", "requirements.txt") < downloaded
    assert [text for word, text in dockerfile()[:downloaded] if word in {"COPY", "ADD"}] == ["requirements.txt ./"]


def test_everything_that_is_copied_exists_and_is_sent_to_the_builder() -> None:
    assert {"requirements.txt", "pyproject.toml", "data", *PACKAGES} <= set(copied())
    assert [path for path in copied() if not (ROOT / path).exists() or not sent_to_the_builder(path)] == []


def test_every_file_of_the_packages_is_sent_to_the_builder(copy: Path) -> None:
    assert [path for path in files(copy) if not sent_to_the_builder(path)] == []


@pytest.mark.parametrize("path", PRIVATE)
def test_what_is_private_or_of_no_use_stays_out_of_the_image(path: str) -> None:
    assert not sent_to_the_builder(path)


def test_the_image_copies_named_paths_only_and_downloads_none() -> None:
    assert not {".", "./", "*", ".env"} & set(copied())
    assert said("ADD") == []


def test_the_image_sets_settings_that_exist_and_no_secret() -> None:
    assert {name for name in image_variables() if not name.startswith("PYTHON")} <= VARIABLES
    assert said("ARG") == []


def test_the_image_opens_the_ports_of_the_settings_to_its_host() -> None:
    fields = Settings.model_fields
    assert said("EXPOSE") == [f"{fields['sarah_web_port'].default} {fields['sarah_http_port'].default}"]
    assert image_variables()["SARAH_WEB_HOST"] == image_variables()["SARAH_HTTP_HOST"] == "0.0.0.0"


def test_the_image_of_the_engine_adds_the_extra_and_serves() -> None:
    torch, *_ = re.findall(r"torch==[\d.]+", (ROOT / "Makefile").read_text("utf-8"))
    (install,) = said("RUN", "local")
    assert "--require-hashes -r requirements-local.txt" in install
    # As `make local` does: builds of it differ, so that it has no hash.
    assert f" $TORCH_OPTIONS {torch} " in install
    assert command(said("CMD", "local")[0]) == ["sarah", "serve"]
    assert said("USER", "local")[-1] == said("USER")[0]
    home = image_variables()["SARAH_HOME"]
    assert said("ENV", "local") == [f"HF_HOME={home}/huggingface"]


def test_the_engine_is_started_only_where_somebody_asks_for_it() -> None:
    assert engine().profiles == ["local"]
    assert engine().build.target == "local"
    assert set(engine().build.args) == {text.partition("=")[0] for text in said("ARG", "local")}


def test_the_bot_finds_the_engine_on_its_own_loopback_where_nobody_else_does() -> None:
    local = urlsplit(str(Settings.model_fields["sarah_local_url"].default))
    assert local.hostname == "127.0.0.1"
    assert engine().network_mode == "service:sarah"
    assert engine().depends_on == {"sarah": Dependency(condition="service_started", restart=True)}
    assert not any(f":{local.port}" in port for port in service().ports)


def test_the_engine_sees_the_home_of_the_bot_as_the_bot_does() -> None:
    home = image_variables()["SARAH_HOME"]
    assert engine().environment == {name: service().environment[name] for name in ("SARAH_HOME", "SARAH_DATA")}
    assert engine().volumes == [f"home:{home}"]
    assert engine().env_file == service().env_file


def test_the_engine_may_do_no_more_than_the_bot() -> None:
    assert engine().read_only
    assert engine().cap_drop == service().cap_drop
    assert engine().security_opt == service().security_opt
    assert (engine().restart, engine().init) == (service().restart, service().init)
    assert engine().logging == service().logging
    # Longer than an engine is given to end, and then to be killed.
    assert int(engine().stop_grace_period.removesuffix("s")) > 2 * GRACE


def test_the_compose_file_says_nothing_that_is_not_known() -> None:
    assert compose().services.sarah.build == "."


def test_ports_are_published_to_this_machine_only() -> None:
    inside = service().environment
    assert service().ports == [
        f"127.0.0.1:${{{name}:-{Settings.model_fields[name.lower()].default}}}:{inside[name]}"
        for name in ("SARAH_WEB_PORT", "SARAH_HTTP_PORT")
    ]


def test_the_settings_of_the_container_exist_and_hold_no_secret() -> None:
    assert set(service().environment) <= VARIABLES


def test_what_the_image_decides_no_env_file_of_the_machine_undoes() -> None:
    decided = {name: value for name, value in image_variables().items() if name in VARIABLES}
    assert decided
    assert decided.items() <= service().environment.items()


def test_tokens_come_from_an_env_file_that_may_be_missing() -> None:
    assert service().env_file == [EnvFile(path=".env", required=False)]


def test_what_is_kept_lives_in_a_volume_that_outlives_the_container() -> None:
    home = image_variables()["SARAH_HOME"]
    assert said("VOLUME") == [home]
    assert f"home:{home}" in service().volumes
    assert compose().volumes == {"home": None}


def test_the_company_is_mounted_from_this_machine_and_cannot_be_written_to() -> None:
    (data,) = [volume for volume in service().volumes if isinstance(volume, Bind)]
    assert data.target == service().environment["SARAH_DATA"]
    assert data.source == f"${{SARAH_DATA:-./{Settings.model_fields['sarah_data'].default}}}"
    assert data.read_only
    # A misspelt folder is an error, not an empty company.
    assert not data.bind.create_host_path


def test_the_container_comes_back_after_a_crash_and_is_given_time_to_end() -> None:
    assert service().restart == "unless-stopped"
    assert service().init
    assert service().stop_grace_period == "30s"


def test_the_container_may_do_nothing_beyond_its_work() -> None:
    assert service().read_only
    assert service().cap_drop == ["ALL"]
    assert service().security_opt == ["no-new-privileges:true"]
    assert [mount.partition(":")[0] for mount in service().tmpfs] == ["/tmp"]  # noqa: S108 - the container's own


def test_neither_memory_nor_processes_nor_the_log_grow_without_end() -> None:
    assert service().mem_limit == "1g"
    assert service().pids_limit == 256
    assert set(service().logging.options) == {"max-size", "max-file"}


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(wheel: Path, copy: Path) -> None:
    assert files(wheel) == files(copy)


@pytest.mark.slow
def test_the_wheel_brings_its_migrations_and_its_vocabularies(wheel: Path, tmp_path: Path) -> None:
    looked = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-c", LOOK, str(wheel)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (looked.stdout, looked.stderr) == ("[7, 7]\n", "")


@pytest.mark.skipif(not SPEC.exists(), reason="Compose's published description is not beside this repository")
def test_the_compose_file_is_one_that_compose_takes() -> None:
    schema = Draft202012Validator(json.loads(SPEC.read_text("utf-8")))

    def wrong(written: object) -> list[str]:
        return [error.message for error in schema.iter_errors(written)]  # pyright: ignore[reportUnknownMemberType, reportArgumentType]

    assert wrong(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))) == []
    assert wrong({"services": {"sarah": {"restarts": "always"}}})
