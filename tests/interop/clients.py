"""The client programs of other toolchains: what each is called with, what it has to show, what it needs, what it cannot do.

A client is a program in a folder of its own. It is started as

    COMMAND.. URL USERNAME PASSWORD SENDER TAG

in another folder, empty at first and the same for all vendors, where it may make its stubs from `URL?wsdl`, once. It prints

    CHECK <operation> <name> ok
    CHECK <operation> <name> FAIL <reason>

for each check, and `DONE` at its end; a failed check does not end it. README.md says what each check has to find out.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from bridge.sandbox import VENDORS

__all__ = ["CHECKS", "CLIENTS", "Check", "Client", "arrivals", "named"]

HERE = Path(__file__).parent

Check = tuple[str, str]  # operation, name

CHECKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sendSms": ("one", "many", "each", "duplicate", "empty", "refused"),
        "sendOtp": ("sent", "refused"),
        "getSmsPackages": ("by-id", "none"),
        "getSmsPackageItems": ("both", "refused"),
        "getSmsSenders": ("list",),
        "cancelSmsPackage": ("scheduled", "refused"),
        "getUserCredit": ("credit", "wrong-password", "basic", "fault"),
    }
)

TURKISH = "Şişli'de ağaç gölgesi: ĞÜŞİÖÇ ığüşöç & <b> 5 > 3 €"
FIRST, SECOND = "905321234567", "905331234567"


def arrivals(tag: str) -> Mapping[Check, list[tuple[str, str]]]:
    """What a client's checks make the vendor receive, each once: numbers and texts."""
    return {
        ("sendSms", "one"): [(FIRST, f"{tag} one: {TURKISH}")],
        ("sendSms", "many"): [(FIRST, f"{tag} many: {TURKISH}"), (SECOND, f"{tag} many: {TURKISH}")],
        ("sendSms", "each"): [(FIRST, f"{tag} first: {TURKISH}"), (SECOND, f"{tag} second: {TURKISH}")],
        ("sendOtp", "sent"): [(FIRST, f"{tag} otp: {TURKISH}")],
    }


@dataclass(frozen=True, kw_only=True)
class Client:
    """A toolchain in the matrix.

    name: also of its folder, up to a space. title: in the matrix.
    command: `{here}` is that folder, `{python}` the interpreter of the tests.
    needs: a shell command that succeeds where the toolchain is installed. install: how it comes to be.
    cannot: checks that the toolchain itself rules out, with the reason; more: checks beyond those of all.
    """

    name: str
    title: str
    command: str
    needs: str
    install: str
    vendors: tuple[str, ...] = ("node", "innomobil")
    cannot: Mapping[Check, str] = field(default_factory=dict)
    more: tuple[Check, ...] = ()

    @property
    def tag(self) -> str:
        """A word that customIDs and texts begin with."""
        return self.name.replace(" ", "-")

    @property
    def folder(self) -> Path:
        return HERE / self.name.partition(" ")[0]

    def words(self, line: str) -> list[str]:
        """A command line with the places filled in."""
        return [word.format(here=self.folder, python=sys.executable) for word in shlex.split(line)]

    def checks(self) -> Iterator[Check]:
        """All checks that it has to print."""
        for operation, names in CHECKS.items():
            more = [name for at, name in self.more if at == operation]
            yield from ((operation, name) for name in (*names, *more) if (operation, name) not in self.cannot)


TYPED: tuple[Check, ...] = (("sendSms", "encodings"), ("getSmsPackages", "by-customID"))  # of Java and .NET: one source each

DEVELOPMENT = "make test does"
NPM = "npm install --no-package-lock, in its folder"
PYTHON: tuple[Check, ...] = (("sendSms", "encodings"), ("sendSms", "plain"), ("getSmsPackages", "by-customID"))
PHP: tuple[Check, ...] = (("sendSms", "blank"), ("getSmsPackages", "blank"), ("getUserCredit", "soap12"))
GSOAP = "sh -c 'command -v wsdl2h && command -v cc && test -f /usr/include/stdsoap2.h'"
SOAP4R = "ruby -rsoap/wsdlDriver -rlogger-application -rhttpclient -e 1"
SOAP4R_PACKAGES = "ruby-soap4r, ruby-logger-application, ruby-httpclient"

CLIENTS = (
    Client(
        name="zeep",
        title="Python, zeep",
        command="{python} {here}/client.py",
        needs="{python} -c 'import zeep'",
        install=DEVELOPMENT,
        vendors=VENDORS,
        more=PYTHON,
    ),
    Client(
        name="suds",
        title="Python, suds",
        command="{python} {here}/client.py",
        needs="{python} -c 'import suds'",
        install=DEVELOPMENT,
        more=PYTHON,
    ),
    Client(
        name="node-soap",
        title="Node.js, soap",
        command="node {here}/client.js",
        needs="test -d {here}/node_modules/soap",
        install=NPM,
        more=(("sendSms", "plain"),),
    ),
    Client(
        name="strong-soap",
        title="Node.js, strong-soap",
        command="node {here}/client.js",
        needs="test -d {here}/node_modules/strong-soap",
        install=NPM,
        more=(("sendSms", "plain"),),
    ),
    Client(
        name="php",
        title="PHP SoapClient with the WSDL",
        command="php {here}/client.php wsdl",
        needs="php -r 'exit(extension_loaded(\"soap\") ? 0 : 1);'",
        install="Debian php-cli, php-soap",
        more=PHP,
    ),
    Client(
        name="php nowsdl",
        title="PHP SoapClient without it",
        command="php {here}/client.php nowsdl",
        needs="php -r 'exit(extension_loaded(\"soap\") ? 0 : 1);'",
        install="Debian php-cli, php-soap",
        more=PHP,
    ),
    Client(
        name="gsoap 1.1",
        title="C, gSOAP, SOAP 1.1",
        command="{here}/run 1.1",
        needs=GSOAP,
        install="Debian gsoap, libgsoap-dev, gcc, libc6-dev",
    ),
    Client(
        name="gsoap 1.2",
        title="C, gSOAP, SOAP 1.2",
        command="{here}/run 1.2",
        needs=GSOAP,
        install="Debian gsoap, libgsoap-dev, gcc, libc6-dev",
    ),
    Client(
        name="soap-lite",
        title="Perl, SOAP::Lite",
        command="perl {here}/client.pl",
        needs="perl -MSOAP::Lite -e 1",
        install="Debian libsoap-lite-perl",
        more=(("sendSms", "typed"),),
    ),
    Client(
        name="soap4r stubs",
        title="Ruby, soap4r stubs",
        command="ruby {here}/client.rb stubs",
        needs=SOAP4R,
        install=f"Debian {SOAP4R_PACKAGES}",
    ),
    Client(
        name="soap4r dynamic",
        title="Ruby, soap4r without stubs",
        command="ruby {here}/client.rb dynamic",
        needs=SOAP4R,
        install=f"Debian {SOAP4R_PACKAGES}",
    ),
    Client(
        name="jaxws",
        title="Java, JAX-WS RI",
        command="{here}/client.sh",
        needs="sh -c 'command -v wsimport && command -v javac'",
        install="Debian jaxws, default-jdk-headless",
        more=TYPED,
    ),
    Client(
        name="axis1 stubs",
        title="Java, Axis 1.4 stubs",
        command="{here}/client.sh Client",
        needs="sh -c 'test -f /usr/share/java/axis.jar && command -v javac'",
        install="Debian libaxis-java, default-jdk-headless",
        more=TYPED,
    ),
    Client(
        name="axis1 calls",
        title="Java, Axis 1.4 calls without stubs",
        command="{here}/client.sh Calls",
        needs="sh -c 'test -f /usr/share/java/axis.jar && command -v javac'",
        install="Debian libaxis-java, default-jdk-headless",
        more=TYPED,
    ),
    Client(
        name="mono-wsdl",
        title=".NET web reference (Mono)",
        command="{here}/client.sh",
        needs="sh -c 'command -v wsdl && command -v mcs'",
        install="Debian mono-devel",
        more=TYPED,
    ),
    Client(
        name="wcf",
        title=".NET WCF (Mono)",
        command="{here}/client.sh",
        needs="sh -c 'command -v mcs'",
        install="Debian mono-devel",
        more=TYPED,
        cannot={
            ("getUserCredit", "fault"): "Mono takes any detail of a Fault for an ExceptionDetail; Microsoft's WCF throws the Fault"
        },
    ),
)


def named(name: str) -> Client:
    return next(client for client in CLIENTS if client.name == name)
