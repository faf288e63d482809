"""The server's settings: defaults < the table ``[server]`` of the TOML file < ``RAG_SERVER_*`` < flags."""

import ipaddress
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import SettingsConfigDict

from rag.settings import SERVER, SERVER_PREFIX, Layered, invalid


class ServerSettings(Layered):
    """The settings of a server that runs here."""

    model_config = SettingsConfigDict(env_prefix=SERVER_PREFIX)

    host: str = "127.0.0.1"
    """The address to listen at. One that other machines can reach needs a token first."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The port to listen at; 0 for any that is free."""
    allowed_hosts: tuple[str, ...] = ()
    """Names that the server answers to, beside those of this machine's loopback and ``host``."""
    allowed_origins: tuple[str, ...] = ()
    """Origins such as ``https://press.example`` whose pages may write here, beside the server's own."""
    protect_reads: bool | None = None
    """Whether reading needs a token once there is one; where it is not set, as soon as ``host`` can be reached."""
    concurrency: int = Field(default=8, ge=1, le=1000)
    """Questions and other work done at once."""
    queue: int = Field(default=32, ge=0, le=10_000)
    """Work that may wait for its turn; more is refused with 503."""
    rate: float = Field(default=200.0, gt=0)
    """Requests a second that one client may make for long; more is refused with 429."""
    burst: int = Field(default=400, ge=1)
    """Requests that one client may make at once."""
    body_bytes: int = Field(default=1 << 20, ge=1024)
    """The largest JSON body; one of articles may be eight times as large."""
    upload_bytes: int = Field(default=64 << 20, ge=1024)
    """The largest body of a request that brings files of articles."""
    patience_seconds: int = Field(default=10, ge=1)
    """How long a client may take for the head of a request, pause in its body, and keep an idle connection."""
    kept_answers: int = Field(default=1000, ge=1)
    """Answers kept in memory, to be linked, exported and rated."""
    kept_seconds: int = Field(default=3600, ge=1)
    """How long they are kept, and what is known of a job that has ended."""
    quick_seconds: float = Field(default=2.0, ge=0)
    """How long a request that brings articles waits for them, before it is answered with a job."""
    drain_seconds: float = Field(default=0.5, ge=0)
    """How long the server still answers, and tells that it is stopping, after SIGTERM."""
    grace_seconds: int = Field(default=10, ge=1)
    """How long it then waits for what is under way."""
    log_questions: bool = False
    """Whether the log holds what was asked."""

    @property
    def reachable(self) -> bool:
        """Whether other machines can reach ``host``."""
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host != "localhost"

    @classmethod
    def stored(cls) -> dict[str, Any]:
        table = super().stored().get(SERVER, {})
        if isinstance(table, str):  # the address of another server, which is none of this one's settings
            return {}
        return table if isinstance(table, dict) else {SERVER: table}


def load(**flags: Any) -> ServerSettings:
    """Return the settings, flags that are None counting as not given. Raises SettingsError, naming the setting."""
    try:
        return ServerSettings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise invalid(error, SERVER) from error
