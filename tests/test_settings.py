"""Settings: a wrong value stops the start and names its key; secrets show nowhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from bridge.app import compose
from bridge.errors import SettingsError
from bridge.settings import PushSettings, Settings, http_url, load

SECRET = "Marked-Secret-1"
GOOD = """
[vendors.main]
kind = "node"
base_url = "http://vendor.example:9587/"

[[accounts]]
username = "admin"
password = "123456"
[accounts.credentials]
username = "user"
password = "test"
"""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    """Without the BRIDGE_ variables of whoever runs the tests."""
    for name in [name for name in os.environ if name.upper().startswith("BRIDGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def start(tmp_path):
    """Reads a file of this text and builds what it describes, as a start does, without serving."""

    def start(text: str, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Settings:
        file = tmp_path / "bridge.toml"
        file.write_text(text, encoding="utf-8")
        settings = load(file, overrides)
        compose(settings)
        return settings

    return start


def refused(start, text: str) -> SettingsError:
    with pytest.raises(SettingsError) as raised:
        start(text)
    shown = str(raised.value)
    assert "\n" not in shown
    assert SECRET not in shown
    return raised.value


def test_a_small_file_suffices(start):
    settings = start(GOOD)
    assert (settings.server.port, settings.server.host, settings.server.workers) == (9587, "0.0.0.0", 1)
    assert settings.vendor_of(settings.accounts[0]) == "main"


WRONG = {
    # key: what is added to the good file (a table that it has already is written in a line of its own)
    "server.port": "[server]\nport = 70000",
    "server.workers": "[server]\nworkers = 0",
    "server.host": "[server]\nhost = 5",
    "server.public_url": '[server]\npublic_url = "sms.example.com/soap"',
    "server.tls_port": '[server]\ntls_port = "https"',
    "server.tls_certificate": '[server]\ntls_certificate = "/no/such/file"\ntls_key = "/no/such/file"',
    "server.trusted_proxies.1": '[server]\ntrusted_proxies = ["10.0.0.0/8", "proxy.example"]',
    "server.trusted_proxies.0": '[server]\ntrusted_proxies = ["10.0.0.1/8"]',
    "server.keepalive_seconds": "[server]\nkeepalive_seconds = 0",
    "server.shutdown_seconds": "[server]\nshutdown_seconds = -1",
    "server.max_body_bytes": "[server]\nmax_body_bytes = 10",
    "server.max_bodies_bytes": "[server]\nmax_body_bytes = 1000000\nmax_bodies_bytes = 900000",
    "server.header_seconds": "[server]\nheader_seconds = 0",
    "server.body_seconds": '[server]\nbody_seconds = "long"',
    "server.connections": "[server]\nconnections = 0",
    "server.connections_per_address": "[server]\nconnections_per_address = -1",
    "server.backlog": "[server]\nbacklog = 0",
    "server.prot": "[server]\nprot = 9587",
    "server": "server = 9587",
    "soap.service": '[soap]\nservice = "Sms Service"',
    "soap.port": '[soap]\nport = "1port"',
    "soap.port_type": '[soap]\nport_type = ""',
    "soap.wsdl_file": '[soap]\nwsdl_file = "/no/such/file.wsdl"',
    "soap.language": '[soap]\nlanguage = "de"',
    "soap.fault_status": "[soap]\nfault_status = 400",
    "soap.max_depth": "[soap]\nmax_depth = 1",
    "soap.max_elements": "[soap]\nmax_elements = 1",
    "soap.max_refs": "[soap]\nmax_refs = -1",
    "limits.recipients": "[limits]\nrecipients = 0",
    "limits.query_ids": "[limits]\nquery_ids = 0",
    "limits.free_login_failures": "[limits]\nfree_login_failures = 0",
    "limits.login_delay_seconds": "[limits]\nlogin_delay_seconds = 0",
    "limits.proof_seconds": "[limits]\nproof_seconds = 1e9",
    "log.level": '[log]\nlevel = "loud"',
    "log.format": '[log]\nformat = "xml"',
    "log.requests": '[log]\nrequests = "perhaps"',
    "ledger.url": "[ledger]",
    "push.allow_hosts": '[push]\nallow_hosts = "host"',
    "push.allow_hosts.1": '[push]\nallow_hosts = ["hooks.example", "hooks.example:8080"]',
    "accounts.1.user_id": '[[accounts]]\nusername = "x"\npassword = "x"\nuser_id = "x"',
    "accounts.1.password_hash": '[[accounts]]\nusername = "x"\npassword_hash = "$argon2id$v=19$m=65536,t=3,p=4$short"',
    "logs": "[logs]",
    "vendors.other.kind": '[vendors.other]\nbase_url = "http://vendor.example/"',
    "vendors.other.connect_timeout_seconds": '[vendors.other]\nkind = "node"\npreset = "nac"\nconnect_timeout_seconds = 0',
    "vendors.other.read_timeout_seconds": '[vendors.other]\nkind = "node"\npreset = "nac"\nread_timeout_seconds = "long"',
    "vendors.other.max_connections": '[vendors.other]\nkind = "node"\npreset = "nac"\nmax_connections = 0',
    "vendors.other.verify_tls": '[vendors.other]\nkind = "node"\npreset = "nac"\nverify_tls = "x"',
    "vendors.other.ca_file": '[vendors.other]\nkind = "node"\npreset = "nac"\nca_file = "/no/such/file"',
    "vendors.other.engine": '[vendors.other]\nkind = "node"\npreset = "nac"\nengine = "slow"',
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_names_its_key(start, key):
    more = WRONG[key]
    text = f"{more}\n{GOOD}" if key == "server" else f"{GOOD}\n{more}"
    assert refused(start, text).key == key


@pytest.mark.parametrize(
    "url",
    [
        "ftp://vendor.example/",
        "//vendor.example/",
        "http:///",
        "http://vendor.example:0/",
        "http://vendor.example:65536/",
        "http://vendor.example:port/",
        "http://user@vendor.example/",
        "http://user:password@vendor.example/",
        "http://vendor.example/?key=1",
        "http://vendor.example/#x",
        "http://vendor.example\\@other.example/",
        "http://vendor.example/a b",
        "http://vendor.example/\r\nX: 1",
        "http://vendor\t.example/",
        "http://vendor..example/",
        "http://ş.example/",
        "http://[::1/",
    ],
)
def test_what_is_no_url_of_a_vendor(url):
    with pytest.raises(ValueError, match="must be an http:// or https:// URL without user, query and fragment"):
        http_url(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9587/", "https://[fd00::1]/api/v1/", "http://vendor/", "http://V.example/X"])
def test_a_vendor_may_be_anywhere(url):
    assert http_url(url) == http_url(url.removesuffix("/")) == f"{url.removesuffix('/')}/"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Hooks.Example.", "hooks.example"),
        ("127.1", "127.0.0.1"),
        ("::1", "::1"),
        ("[FD00::1]", "fd00::1"),
        ("ş.example", "xn--nga.example"),
    ],
)
def test_hosts_that_may_be_pushed_to(given, read):
    assert PushSettings(allow_hosts=(given,)).allow_hosts == (read,)


@pytest.mark.parametrize(
    "host", ["", "*.example", "http://hooks.example", "hooks.example:80", "10.0.0.0/8", "user@host", "a b", "[::1]:80"]
)
def test_what_is_no_host(host):
    with pytest.raises(ValidationError, match="must be a host name or an IP address, without scheme and port"):
        PushSettings(allow_hosts=(host,))


VENDOR = '[vendors.main]\nkind = "node"\nbase_url = "http://vendor.example/"\n'
ACCOUNT = '[[accounts]]\nusername = "admin"\npassword = "x"\ncredentials = { username = "user", password = "test" }\n'


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "vendors"),
        ('[vendors.main]\nkind = "none"', "vendors.main.kind"),
        ('[vendors.main]\nkind = "node"', "vendors.main.base_url"),
        ('[vendors.main]\nkind = "node"\nbase_url = "http://vendor.example/"\npreset = "nac"', "vendors.main.base_url"),
        ('[vendors.main]\nkind = "node"\nbase_url = "vendor.example"', "vendors.main.base_url"),
        ('[vendors.main]\nkind = "node"\npreset = "none"', "vendors.main.preset"),
        (VENDOR + 'otp_path = "x"', "vendors.main.otp_path"),
        (VENDOR + 'baseurl = "x"', "vendors.main.baseurl"),
        (VENDOR + 'proxy = "http://proxy.example:1"\nengine = "fast"', "vendors.main.proxy"),
        (VENDOR + 'proxy = "socks"', "vendors.main.proxy"),
        (VENDOR + f'ca_file = "{__file__}"', "vendors.main.ca_file"),
        (VENDOR + '[vendors.other]\nkind = "node"\npreset = "nac"', "accounts"),
        (VENDOR + '[vendors.other]\nkind = "node"\npreset = "nac"\n' + ACCOUNT, "accounts.0.vendor"),
        (VENDOR + ACCOUNT + ACCOUNT, "accounts"),
        (VENDOR + ACCOUNT + 'vendor = "none"', "accounts.0.vendor"),
        (VENDOR + ACCOUNT.replace('password = "x"', ""), "accounts.0"),
        (VENDOR + ACCOUNT + 'password_env = "X"', "accounts.0"),
        (VENDOR + ACCOUNT.replace('password = "x"', 'password_hash = "x"'), "accounts.0.password_hash"),
        (VENDOR + ACCOUNT.replace('password = "x"', 'password_env = "NOT_SET_ANYWHERE"'), "accounts.0.password_env"),
        (VENDOR + ACCOUNT.replace('password = "x"', 'password_file = "/no/such/file"'), "accounts.0.password_file"),
        (VENDOR + ACCOUNT.replace('"admin"', '""'), "accounts.0.username"),
        (VENDOR + ACCOUNT.replace('password = "x"', 'password = ""'), "accounts.0.password"),
        (VENDOR + ACCOUNT.replace('password = "x"', 'password_file = "/dev/null"'), "accounts.0.password_file"),
        (VENDOR + ACCOUNT.replace("username = \"user\", ", ""), "accounts.0.credentials.username"),
        (VENDOR + ACCOUNT.replace("username = \"user\"", "usrname = \"user\""), "accounts.0.credentials.username"),
        (VENDOR + ACCOUNT.replace('password = "test"', 'password = "test", token = "x"'), "accounts.0.credentials.token"),
        (VENDOR + ACCOUNT.replace('password = "test"', 'password_env = "NOT_SET_ANYWHERE"'), "accounts.0.credentials.password_env"),
        (VENDOR + ACCOUNT.replace('password = "test"', 'password_file = "/no/such/file"'), "accounts.0.credentials.password_file"),
        (VENDOR + ACCOUNT + "user = 1", "accounts.0.user"),
        (VENDOR + f'[soap]\nwsdl_file = "{__file__}"', "soap.wsdl_file"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_vendors_and_accounts_names_its_key(start, text, key):
    assert refused(start, text).key == key


@pytest.mark.parametrize("text", ["[server", "[server]\nport = \n", 'a = "\\q"', "[a]\n[a]"])
def test_what_is_not_toml_names_the_file(start, text):
    assert refused(start, text).key.endswith("bridge.toml")


def test_a_file_in_another_encoding_names_the_file(tmp_path):
    file = tmp_path / "bridge.toml"
    file.write_bytes("# Türkçe".encode("iso-8859-9"))
    with pytest.raises(SettingsError) as raised:
        load(file)
    assert raised.value.key == str(file)


@pytest.mark.parametrize("place", ["missing.toml", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, place):
    with pytest.raises(SettingsError) as raised:
        load(tmp_path / place)
    assert raised.value.key == str(tmp_path / place)


@pytest.mark.parametrize("key", ["_env_file", "_case_sensitive", "_secrets_dir"])
def test_arguments_of_the_library_are_no_settings(start, key):
    assert refused(start, f'{key} = "x"\n{GOOD}').key == key


# the TLS pair


def test_certificate_and_key_belong_together(start, tmp_path):
    trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "pair.pem"))
    pair = tmp_path / "pair.pem"
    for one in ("tls_certificate", "tls_key"):
        assert refused(start, f'{GOOD}\n[server]\n{one} = "{pair}"').key == "server"
    start(f'{GOOD}\n[server]\ntls_certificate = "{pair}"\ntls_key = "{pair}"')


# the environment


def test_the_environment_wins_over_the_file(start, monkeypatch):
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "9000")
    monkeypatch.setenv("BRIDGE_VENDORS__MAIN__READ_TIMEOUT_SECONDS", "3")
    settings = start(GOOD + '\n[server]\nport = 8000\nhost = "127.0.0.1"')
    assert (settings.server.port, settings.server.host) == (9000, "127.0.0.1")
    assert settings.vendors["main"].read_timeout_seconds == 3
    assert settings.vendors["main"].own == {"base_url": "http://vendor.example:9587/"}


def test_the_command_line_wins_over_the_environment(start, monkeypatch):
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "9000")
    assert start(GOOD, {"server": {"port": 7000}}).server.port == 7000


def test_the_environment_alone_suffices(monkeypatch):
    monkeypatch.setenv("BRIDGE_VENDORS__MAIN__KIND", "node")
    monkeypatch.setenv("BRIDGE_VENDORS__MAIN__PRESET", "nac")
    monkeypatch.setenv(
        "BRIDGE_ACCOUNTS", '[{"username": "admin", "password": "x", "credentials": {"username": "u", "password": "p"}}]'
    )
    settings = load(None)
    compose(settings)
    assert [account.username for account in settings.accounts] == ["admin"]


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("BRIDGE_SERVER__PORT", SECRET, "server.port"),
        ("BRIDGE_SERVER__PROT", "1", "server.prot"),
        ("BRIDGE_ACCOUNTS", f"not JSON {SECRET}", "accounts"),
        ("BRIDGE_SERVER", SECRET, "server"),
        ("BRIDGE_SERVER__TRUSTED_PROXIES", SECRET, "server"),
        ("BRIDGE_VENDORS__MAIN__MAX_CONNECTIONS", SECRET, "vendors.main.max_connections"),
    ],
)
def test_a_wrong_variable_names_its_key(start, monkeypatch, name, value, key):
    monkeypatch.setenv(name, value)
    assert refused(start, GOOD).key == key


# secrets

PLACES = f"""
[vendors.main]
kind = "node"
base_url = "http://vendor.example/"
proxy = "http://proxy:{SECRET}@proxy.example:3128"

[ledger]
url = "postgresql://bridge:{SECRET}@db.example/bridge"

[[accounts]]
username = "clear"
password = "{SECRET}"
credentials = {{ username = "user", password = "{SECRET}" }}
"""


def test_secrets_come_from_the_environment_and_from_files(start, monkeypatch, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("TEST_SECRET", SECRET)
    settings = start(f"""
        [vendors.main]
        kind = "node"
        preset = "nac"
        [[accounts]]
        username = "env"
        password_env = "TEST_SECRET"
        credentials = {{ username = "user", password_env = "TEST_SECRET" }}
        [[accounts]]
        username = "file"
        password_file = "{file}"
        credentials = {{ username_file = "{file}", password_file = "{file}" }}
    """)
    by_env, by_file = settings.accounts
    for account in (by_env, by_file):
        assert account.clear_password().get_secret_value() == SECRET
        assert account.clear_credentials()["password"] == SECRET
    assert by_file.clear_credentials()["username"] == SECRET
    assert SECRET not in repr(settings)


@pytest.mark.parametrize("show", [repr, str, lambda settings: repr(settings.vendors), lambda settings: repr(settings.accounts)])
def test_no_secret_is_shown(start, show):
    settings = start(PLACES)
    assert settings.ledger.url.get_secret_value().count(SECRET) == 1
    assert SECRET not in show(settings)


def test_a_vendors_own_keys_are_not_shown():
    """The bridge does not know which of them are secrets."""
    settings = Settings(vendors={"main": {"kind": "node", "base_url": "http://vendor.example/", "api_key": SECRET}})
    assert settings.vendors["main"].own["api_key"] == SECRET
    assert SECRET not in repr(settings) + str(settings) + repr(settings.vendors["main"])


@pytest.mark.parametrize(
    "text",
    [
        PLACES + f'token = "{SECRET}"',
        PLACES.replace('username = "clear"', f'username = "clear"\npassword_hash = "{SECRET}"'),
        PLACES.replace("[ledger]", f'api_key = "{SECRET}"\n[ledger]'),
        PLACES.replace("[ledger]", f'base_url = "http://user:{SECRET}@vendor.example/"\n[ledger]').replace(
            'base_url = "http://vendor.example/"\n', ""
        ),
        PLACES.replace("proxy.example:3128", "proxy.example:port"),
        PLACES.replace(f'password = "{SECRET}" }}', f'password = ["{SECRET}"] }}'),
        PLACES.replace("username = \"user\"", f'username = "user", secret = "{SECRET}"'),
        PLACES + f"\n[server]\nport = \"{SECRET}\"",
        PLACES + f"\nsecret = {SECRET}",
    ],
    ids=range(9),
)  # fmt: skip
def test_no_error_shows_a_secret(start, text):
    error = refused(start, text)
    while error is not None:
        assert SECRET not in f"{error!r} {error} {error.args}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_no_module_but_settings_reads_the_environment():
    root = Path(__file__).parent.parent / "bridge"
    readers = {path.name for path in root.rglob("*.py") if "os.environ" in path.read_text("utf-8")}
    assert readers == {"settings.py"}
