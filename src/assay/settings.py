"""What this installation is told: from `assay.toml` in its home folder, and from ASSAY_* in the environment, which wins."""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path

from assay.errors import Invalid, NotFound, Unavailable

HOME_NAME = ".assay"
FILE_NAME = "assay.toml"
DEFAULT_PORT = 8765


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, with its default."""

    home: Path
    """Folder of this installation: settings, database, signing key."""
    database_url: str = ""
    """`sqlite:///path` or `postgresql://...`; empty means `assay.db` in the home folder."""
    host: str = "127.0.0.1"
    """Address to listen on. Local mode has no login, so anything but loopback is refused."""
    port: int = DEFAULT_PORT
    """Port to listen on; a free one is taken when it is in use."""
    project: str = ""
    """Project that commands mean when none is named."""
    user: str = ""
    """Name written to the journal; empty means the account's name."""
    allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    """Host names that requests may carry, comma-separated."""
    sync_interval_s: int = 15
    """Seconds between two looks at the connected trackers while the server runs; 0 switches it off."""
    tracker: str = ""
    """Where `assay.experiment` logs: empty means the run log of this installation; `mlflow`, or the address of an MLflow."""
    public_url: str = ""
    """Address under which people reach this installation, for links in webhooks; empty means host and port."""
    webhook_hosts: str = ""
    """Host names, addresses and networks that webhooks may reach although they are not on the public Internet, comma-separated."""
    log_level: str = "info"
    """debug, info, warning or error."""

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self.database_url or f"sqlite:///{self.home / 'assay.db'}"

    @property
    def key_file(self) -> Path:
        """Where the signing key of the instance is."""
        return self.home / "signing.key"

    @property
    def actor_name(self) -> str:
        """Who acts when nobody has logged in."""
        return self.user or _account_name()


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"


def find_home(start: Path, environment: Mapping[str, str]) -> Path | None:
    """Which installation is meant: ASSAY_HOME, else the nearest `.assay` folder here or above; None when there is none."""
    named = environment.get("ASSAY_HOME")
    if named:
        return Path(named).expanduser()
    for folder in (start, *start.parents):
        if is_home(folder / HOME_NAME):
            return folder / HOME_NAME
    return None


def is_home(folder: Path) -> bool:
    """Is this the folder of an installation? One that may not be looked into counts: reading it says why."""
    try:
        return (folder / FILE_NAME).is_file()
    except PermissionError:
        return os.path.isdir(folder)  # noqa: PTH112  # False where even this may not be known
    except OSError:
        return False


def load_settings(
    start: Path | None = None, environment: Mapping[str, str] | None = None, *, home: Path | None = None
) -> Settings:
    """The settings that hold here.

    Raises:
        NotFound: there is no installation here yet.
        Invalid: a setting is unknown or malformed; the message names file and key.
    """
    environment = os.environ if environment is None else environment
    found = home or find_home(start or Path.cwd(), environment)
    if found is None:
        raise NotFound(
            f"cannot find an Assay home: no {HOME_NAME}/{FILE_NAME} here or above (expected one made by init)",
            hint="assay init",
            code="home-missing",
        )
    settings = Settings(home=found.resolve())
    file = found / FILE_NAME
    if is_home(found):
        settings = _apply(settings, _read(file), where=str(file))
    named = {
        name.removeprefix("ASSAY_").lower(): value
        for name, value in environment.items()
        if name.startswith("ASSAY_") and name.removeprefix("ASSAY_").lower() in _NAMES
    }
    return _checked(_apply(settings, named, where="the environment"))


_NAMES = {field.name for field in fields(Settings)} - {"home"}
_NUMBERS = {"port": (0, 65535), "sync_interval_s": (0, 86_400)}


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            f"cannot read settings '{file}': {error} (expected TOML such as port = 8765)",
            hint=f"mend {file}",
            code="settings-unreadable",
        ) from error
    except OSError as error:
        raise Unavailable(
            f"cannot read settings '{file}': {error.strerror} (expected a file that this account may read)",
            hint=f"give it to the account that runs Assay: chown {file}",
            code="settings-unreadable",
        ) from error


def _apply(settings: Settings, given: Mapping[str, object], *, where: str) -> Settings:
    for name, value in given.items():
        if name not in _NAMES:
            close = get_close_matches(name, _NAMES, n=1)
            raise Invalid(
                f"cannot read settings: {where} has the unknown key {name[:60]!r} "
                f"(expected {'perhaps ' + close[0] if close else 'one of: ' + ', '.join(sorted(_NAMES))})",
                hint="correct or remove it there",
                code="setting-unknown",
                field=name,
            )
        settings = replace(settings, **{name: _typed(name, value, where)})  # type: ignore[arg-type]  # one of our own names
    return settings


def _typed(name: str, value: object, where: str) -> object:
    if name not in _NUMBERS:
        if isinstance(value, str):
            return value
        raise _malformed(name, value, where, "text")
    low, high = _NUMBERS[name]
    text = str(value)
    number = (
        int(text)
        if not isinstance(value, bool) and text.isascii() and text.isdigit() and len(text) < 9
        else -1
    )
    if not low <= number <= high:
        raise _malformed(name, value, where, f"a whole number from {low} to {high}")
    return number


def _malformed(name: str, value: object, where: str, expected: str) -> Invalid:
    return Invalid(
        f"cannot read setting {name!r} in {where}: found {str(value)[:60]!r} (expected {expected})",
        hint="correct or remove it there",
        code="setting-malformed",
        field=name,
    )


def _checked(settings: Settings) -> Settings:
    if settings.host not in ("127.0.0.1", "localhost", "::1"):
        raise Invalid(
            f"cannot listen on {settings.host[:60]!r}: local mode has no login (expected 127.0.0.1, localhost or ::1)",
            hint="put a proxy with login in front, or wait for team mode",
            code="host-not-loopback",
            field="host",
        )
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        raise _malformed(
            "public_url", settings.public_url, "the settings", "an address such as https://assay.example.org"
        )
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise _malformed("log_level", settings.log_level, "the settings", "debug, info, warning or error")
    return settings


def write_settings(home: Path, values: Mapping[str, str | int]) -> Path:
    """Write `assay.toml` of an installation, whole or not at all; the folder is for its owner only.

    Raises:
        Unavailable: there is no room or no permission; the settings before it stay.
    """
    file = home / FILE_NAME
    lines = [
        "# Settings of this Assay installation. Every key can also be set as ASSAY_KEY in the environment.\n"
    ]
    for name, value in values.items():
        shown = (
            str(value)
            if isinstance(value, int)
            else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        )
        lines.append(f"{name} = {shown}\n")
    draft = file.with_name(f".{FILE_NAME}.{os.getpid()}")
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            draft.write_text("".join(lines), encoding="utf-8")
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(
            f"cannot write settings '{file}': {error.strerror} (expected a folder with room that this account may write)",
            hint="free space, mend the permissions, or set ASSAY_HOME to another folder",
            code="settings-not-writable",
        ) from error
    return file
