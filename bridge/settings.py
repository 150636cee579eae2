"""All settings: one frozen model, read once from a TOML file and the environment. No other module reads the environment.

BRIDGE_SERVER__PORT=9000 sets server.port; the environment wins over the file.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableVariable

from bridge.domain.address import canonical_host, parse_url
from bridge.errors import Language, SettingsError

__all__ = [
    "AccountSettings",
    "LedgerSettings",
    "LimitSettings",
    "LogSettings",
    "MetricsSettings",
    "Network",
    "PushSettings",
    "ServerSettings",
    "Settings",
    "SoapSettings",
    "Url",
    "VendorConfig",
    "http_url",
    "load",
    "settings_error",
]


def http_url(value: str) -> str:
    """Checks an http or https URL without userinfo, query and fragment; gives it back with a slash at its end."""
    try:
        parse_url(value)
    except ValueError:
        value = ""
    if not value.startswith(("http://", "https://")) or not value.isascii() or any(c in value for c in "?#@"):
        raise ValueError("must be an http:// or https:// URL without user, query and fragment")
    return value if value.endswith("/") else f"{value}/"


def _host(value: str) -> str:
    try:
        return canonical_host(f"[{value}]" if ":" in value and not value.startswith("[") else value)
    except ValueError:
        raise ValueError("must be a host name or an IP address, without scheme and port") from None


def _argon2(value: str) -> str:
    try:
        extract_parameters(value)
    except InvalidHashError:
        raise ValueError("must be an argon2 hash, such as `smsbridge hash-password` prints") from None
    return value


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError:
        raise ValueError("must be an IP address or network, such as 10.0.0.0/8") from None


def _readable(path: Path) -> Path:
    if not path.is_file():
        raise ValueError("no such file")
    return path


# loopback and private networks
_HERE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

Url = Annotated[str, AfterValidator(http_url)]
PasswordHash = Annotated[str, AfterValidator(_argon2)]
Host = Annotated[str, AfterValidator(_host)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network), PlainSerializer(str)]
ExistingFile = Annotated[Path, AfterValidator(_readable)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Section(BaseModel):
    """A table of the file. An unknown key is an error: it is most often a spelling mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ServerSettings(Section):
    """[server]: where the bridge listens."""

    host: str = Field("0.0.0.0", description="Address to listen on.")  # noqa: S104  # a server in a container
    port: Port = Field(9587, description="Port for plain HTTP; 0 picks a free one.")
    workers: int = Field(1, ge=1, le=64, description="Processes.")
    public_url: Url | None = Field(None, description="The endpoint's address in the WSDL; else the Host header of the request.")
    tls_port: Port = Field(9588, description="Port for HTTPS, open when a certificate is set.")
    tls_certificate: ExistingFile | None = Field(None, description="PEM file with the certificate chain.")
    tls_key: ExistingFile | None = Field(None, description="PEM file with the private key.")
    trusted_proxies: tuple[Network, ...] = Field((), description="Proxies whose X-Forwarded headers are believed.")
    keepalive_seconds: Seconds = Field(
        130, description="Idle time before a client's connection is closed; .NET reuses after 100 s."
    )
    shutdown_seconds: Seconds = Field(30, description="Time that calls in flight get to finish when the server stops.")
    header_seconds: Seconds = Field(20, description="Time for the head of a request, from its first byte or from the connection.")
    body_seconds: Seconds = Field(
        60, description="Time for the body of a request, and to fetch its answer; 8 KiB a second are fast enough to take longer."
    )
    connections: int = Field(5000, ge=1, description="Connections at one time, of one port in one process; more are answered 503.")
    connections_per_address: int = Field(
        500, ge=1, description="Those of one address, of IPv6 of 64 bits; trusted_proxies, which bring many clients, may have more."
    )
    max_body_bytes: int = Field(10 * 1024 * 1024, ge=1024, le=2**30, description="Largest request, also after decompression.")
    max_bodies_bytes: int = Field(
        256 * 1024 * 1024, ge=1024, description="Large requests in memory at one time, per process; small ones do not count."
    )
    backlog: int = Field(2048, ge=1, le=65535, description="Connections waiting to be accepted.")

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key belong together")
        return self

    @model_validator(mode="after")
    def _the_largest_has_room(self) -> Self:
        if self.max_bodies_bytes < self.max_body_bytes:
            raise ValueError("max_bodies_bytes: must not be less than max_body_bytes")
        return self


class SoapSettings(Section):
    """[soap]: what old clients expect of the old server."""

    service: str = Field("SmsService", pattern=r"^[A-Za-z_][\w.-]*$", description="wsdl:service name; JAX-WS stubs check it.")
    port: str = Field("SmsPort", pattern=r"^[A-Za-z_][\w.-]*$", description="wsdl:port name.")
    port_type: str = Field("SmsPortType", pattern=r"^[A-Za-z_][\w.-]*$", description="wsdl:portType name.")
    wsdl_file: ExistingFile | None = Field(None, description="The old server's own WSDL, served with only its address rewritten.")
    language: Language = Field(Language.TURKISH, description="Language of error messages: tr or en.")
    fault_status: Literal[200, 500] = Field(500, description="HTTP status of a SOAP Fault.")
    max_depth: int = Field(64, ge=8, le=256, description="Levels of nested elements in a request.")
    max_elements: int = Field(250_000, ge=100, description="Elements in a request, and attributes.")
    max_refs: int = Field(200_000, ge=0, description="Elements read through references (rpc/encoded clients) in a request.")


class LimitSettings(Section):
    """[limits]: what one call may ask for, and how fast passwords may be tried."""

    recipients: int = Field(20_000, ge=1, le=1_000_000, description="Recipients of one call; more is ERR_REQUEST_PARAM_LIMIT.")
    query_ids: int = Field(1000, ge=1, le=100_000, description="Entries in ids or customIDs of one call.")
    free_login_failures: int = Field(5, ge=1, description="Wrong passwords of a username or an address before it is slowed.")
    login_delay_seconds: Seconds = Field(5, description="Longest pause before the answer to a wrong password.")
    proof_seconds: Seconds = Field(600, description="Time that a password counts as proven after it was last used.")


class LogSettings(Section):
    """[log]"""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")
    format: Literal["json", "console"] = Field("json", description="One JSON object a line, or text for people.")
    requests: bool = Field(True, description="One line for every call.")


class LedgerSettings(Section):
    """[ledger]: where packages are kept for vendors that do not keep them."""

    url: SecretStr = Field(description="sqlite:///FILE or postgresql://user:password@host/database.")
    password_file: Path | None = Field(None, description="File that holds the database's password; the url then has none.")
    migrate: Literal["auto", "manual"] = Field(
        "auto", description="Who brings the tables up to date: every start, or only `smsbridge migrate`; then no start without it."
    )
    first_package_id: int = Field(
        1_500_000_000, ge=1, lt=2**31 - 10**6, description="Least package id of a new ledger; old clients hold ids in an int."
    )
    query_seconds: Seconds = Field(2, description="Time that a query waits for the vendor before the ledger answers alone.")
    when_unreachable: Literal["keep", "refuse"] = Field(
        "keep", description="A send whose vendor cannot be reached: kept and sent while it is valid, or refused."
    )
    keep_days: int | None = Field(
        None, ge=1, le=36_500, description="Finished packages older than this are deleted; none: they stay for ever."
    )

    def clear_url(self) -> str:
        """The URL with its password. Raises SettingsError when that cannot be found."""
        url = self.url.get_secret_value()
        if self.password_file is None:
            return url
        user, at, rest = url.removeprefix("postgresql://").partition("@")
        if not url.startswith("postgresql://") or not at or set(user) & set(":/?"):
            raise SettingsError("ledger.password_file", "needs a url of the form postgresql://user@host/database")
        password = quote(_from_file("ledger.password_file", self.password_file), safe="")
        return f"postgresql://{user}:{password}@{rest}"


class PushSettings(Section):
    """[push]: deliveries to clients' pushSettings, where the vendor has none."""

    allow_hosts: tuple[Host, ...] = Field(
        (), description="Names or addresses, as URLs have them, that may be pushed to although their address is private."
    )


class MetricsSettings(Section):
    """[metrics]: the page /metrics, for Prometheus."""

    enabled: bool = Field(True, description="Whether there is such a page.")
    allow: tuple[Network, ...] = Field(
        tuple(map(_network, _HERE)),
        description="Networks that may read it. What came through a proxy may not, whatever the proxy's address.",
    )


class EngineName(StrEnum):
    """Which HTTP client."""

    AUTO = "auto"
    FAST = "fast"
    HTTPX = "httpx"


class VendorConfig(BaseModel):
    """[vendors.NAME]: keys that all vendors have; the others belong to the vendor and are checked by it."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    kind: str = Field(description="node, or an installed plug-in.")
    connect_timeout_seconds: Seconds = Field(5, description="Time to connect, with DNS and TLS. Nothing was sent when it runs out.")
    read_timeout_seconds: Seconds = Field(15, description="Time from the first byte sent to the last received.")
    pool_timeout_seconds: Seconds = Field(5, description="Time to wait for a free connection.")
    max_connections: int = Field(300, ge=1, le=10_000, description="Connections to this vendor, per process.")
    keepalive_seconds: Seconds = Field(4, description="Idle connections older than this are not used again.")
    verify_tls: bool = Field(True, description="Check the vendor's certificate.")
    ca_file: ExistingFile | None = Field(None, description="PEM file with the certificate authority in place of the system's.")
    proxy: SecretStr | None = Field(None, description="http://[user:password@]host:port; uses the httpx engine.")
    ignore: tuple[Literal["commercial", "trustDate", "pushSettings", "periodicSettings"], ...] = Field(
        (), description="Fields that are dropped where this vendor lacks the feature; else the bridge does it, or refuses the call."
    )
    rate_per_second: float | None = Field(
        None, gt=0, le=100_000, description="Vendor messages a second of each account, over all processes; what is more waits."
    )
    engine: EngineName = Field(EngineName.AUTO, description="auto, fast or httpx: the HTTP client.")

    @property
    def own(self) -> dict[str, Any]:
        """The keys that only this kind of vendor has."""
        return dict(self.__pydantic_extra__ or {})

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:  # the vendor's own keys may be secrets
        return [(name, value) for name, value in super().__repr_args__() if name in type(self).model_fields]


class AccountSettings(Section):
    """[[accounts]]: a username of the bridge and what it stands for at a vendor. None at all: pass-through."""

    username: str = Field(min_length=1, repr=False, description="As the client sends it.")
    password: SecretStr | None = Field(None, min_length=1, description="In the clear; better one of the next three.")
    password_hash: PasswordHash | None = Field(None, repr=False, description="Argon2; from `smsbridge hash-password`.")
    password_env: str | None = Field(None, description="Environment variable that holds the password.")
    password_file: Path | None = Field(None, description="File that holds the password.")
    vendor: str | None = Field(None, description="NAME of [vendors.NAME]; may be left out when there is one.")
    user_id: int | None = Field(
        None, description="userID in pushes, as the old platform had it; else a number of the bridge's own."
    )
    credentials: dict[str, Any] = Field(
        {}, repr=False, description="What the vendor asks for; KEY_env and KEY_file name where to find a value."
    )

    PASSWORDS: ClassVar = ("password", "password_hash", "password_env", "password_file")

    @model_validator(mode="after")
    def _one_password(self) -> Self:
        if sum(getattr(self, name) is not None for name in self.PASSWORDS) != 1:
            raise ValueError(f"needs exactly one of {', '.join(self.PASSWORDS)}")
        return self

    def clear_password(self) -> SecretStr | None:
        """The password wherever it stands, or None when only its hash is known. Raises SettingsError when it cannot be found."""
        if self.password_env is not None:
            return SecretStr(_from_environment("password_env", self.password_env))
        if self.password_file is not None:
            return SecretStr(_from_file("password_file", self.password_file))
        return self.password

    def clear_credentials(self) -> dict[str, Any]:
        """The credentials with KEY_env and KEY_file replaced by what they point to. Raises SettingsError when that is missing."""
        found = {}
        for key, value in self.credentials.items():
            if key.endswith("_env"):
                found[key.removesuffix("_env")] = _from_environment(f"credentials.{key}", str(value))
            elif key.endswith("_file"):
                found[key.removesuffix("_file")] = _from_file(f"credentials.{key}", Path(str(value)))
            else:
                found[key] = value
        return found


def _from_environment(key: str, name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise SettingsError(key, f"the environment variable {name} is not set")
    return value


def _from_file(key: str, path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(key, f"the file {path} cannot be read") from None
    if not value:
        raise SettingsError(key, f"the file {path} is empty")
    return value


class Settings(BaseSettings):
    """Everything."""

    model_config = SettingsConfigDict(
        env_prefix="BRIDGE_", env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    server: ServerSettings = ServerSettings()
    soap: SoapSettings = SoapSettings()
    limits: LimitSettings = LimitSettings()
    log: LogSettings = LogSettings()
    ledger: LedgerSettings | None = None
    push: PushSettings = PushSettings()
    metrics: MetricsSettings = MetricsSettings()
    vendors: dict[str, VendorConfig] = Field({}, description="At least one.")
    accounts: tuple[AccountSettings, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # what `load` passes in is the file: the environment wins over it
        assert isinstance(init_settings, InitSettingsSource)
        return env_settings, init_settings

    @model_validator(mode="after")
    def _accounts_fit_vendors(self) -> Self:
        if not self.vendors:
            raise ValueError("vendors: at least one [vendors.NAME] is needed")
        names = [account.username for account in self.accounts]
        if len(set(names)) < len(names):
            raise ValueError("accounts: a username is given twice")
        for index, account in enumerate(self.accounts):
            if account.vendor is None and len(self.vendors) > 1:
                raise ValueError(f"accounts.{index}.vendor: is needed, for there is more than one vendor")
            if account.vendor is not None and account.vendor not in self.vendors:
                raise ValueError(f"accounts.{index}.vendor: there is no [vendors.{account.vendor}]")
        if not self.accounts and len(self.vendors) > 1:
            raise ValueError("accounts: without accounts (pass-through) there can be only one vendor")
        return self

    def vendor_of(self, account: AccountSettings) -> str:
        """The name of the account's vendor."""
        return account.vendor or next(iter(self.vendors))


def load(path: Path | None, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
    """Reads the file (none: only the environment), puts `overrides` ({section: {key: value}}) over it, and checks everything.

    Raises SettingsError naming the exact key.
    """
    data: dict[str, Any] = {}
    if path is not None:
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(str(path), f"cannot be read ({error.strerror})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(str(path), f"is not TOML: {error}") from None
    for key in data:
        if key not in Settings.model_fields:  # pydantic-settings would take _env_file and the like for its own arguments
            raise SettingsError(key, "there is no such table")
    try:
        settings = Settings(**data)
    except ValidationError as error:
        raise settings_error(error) from None
    except UnreadableVariable as error:
        field = str(error).split('"')[1]  # error parsing value for field "server" from source ..
        raise SettingsError(field, f"a variable BRIDGE_{field.upper()}.. is not JSON") from None
    if not overrides:
        return settings
    changed = {section: getattr(settings, section).model_copy(update=dict(values)) for section, values in overrides.items()}
    return settings.model_copy(update=changed)


def settings_error(error: ValidationError, *prefix: str) -> SettingsError:
    """The first finding of a model as a SettingsError. A message of ours may begin with a key of its own: it goes on from there."""
    first = error.errors(include_url=False, include_input=False)[0]
    why = first["msg"].removeprefix("Value error, ")
    own, colon, rest = why.partition(": ")
    loc: tuple[Any, ...] = (*prefix, *first["loc"])
    if first["type"] == "value_error" and colon and " " not in own:
        loc, why = (*loc, own), rest
    return SettingsError(".".join(map(str, loc)), why)
