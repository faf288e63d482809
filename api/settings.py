"""The server's settings: defaults < the table ``[server]`` of the TOML file < ``RAG_SERVER_*`` < flags."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from rag.layers import Layered
from rag.settings import SERVER, SERVER_PREFIX


@dataclass(frozen=True, kw_only=True)
class ServerSettings(Layered):
    """The settings of a server that runs here."""

    PREFIX: ClassVar[str] = SERVER_PREFIX
    TABLE: ClassVar[str] = SERVER

    host: str = "127.0.0.1"
    """The address to listen at. One that other machines can reach needs a token first."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """The port to listen at; 0 for any that is free."""
    allowed_hosts: tuple[str, ...] = ()
    """Names that the server answers to, beside those of this machine's loopback and ``host``."""
    allowed_origins: tuple[str, ...] = ()
    """Origins such as ``https://press.example`` whose pages may write here, beside the server's own."""
    protect_reads: bool | None = None
    """Whether reading needs a token once there is one; where it is not set, as soon as ``host`` can be reached."""
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 8
    """Questions and other work done at once."""
    queue: Annotated[int, Meta(ge=0, le=10_000)] = 32
    """Work that may wait for its turn; more is refused with 503."""
    rate: Annotated[float, Meta(ge=0.0001)] = 200.0
    """Requests a second that one client may make for long; more is refused with 429."""
    burst: Annotated[int, Meta(ge=1)] = 400
    """Requests that one client may make at once."""
    body_bytes: Annotated[int, Meta(ge=1024)] = 1 << 20
    """The largest JSON body; one of articles may be eight times as large."""
    upload_bytes: Annotated[int, Meta(ge=1024)] = 64 << 20
    """The largest body of a request that brings files of articles."""
    patience_seconds: Annotated[int, Meta(ge=1)] = 10
    """How long a client may take for the head of a request, pause in its body, and keep an idle connection."""
    kept_answers: Annotated[int, Meta(ge=1)] = 1000
    """Answers kept in memory, to be linked, exported and rated."""
    kept_seconds: Annotated[int, Meta(ge=1)] = 3600
    """How long they are kept, and what is known of a job that has ended."""
    quick_seconds: Annotated[float, Meta(ge=0)] = 2.0
    """How long a request that brings articles waits for them, before it is answered with a job."""
    drain_seconds: Annotated[float, Meta(ge=0)] = 0.5
    """How long the server still answers, and tells that it is stopping, after SIGTERM."""
    grace_seconds: Annotated[int, Meta(ge=1)] = 10
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
    return ServerSettings.load(flags)
