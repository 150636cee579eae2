"""The certificate for HTTPS."""

from __future__ import annotations

import ssl

from bridge.errors import SettingsError
from bridge.log import get_logger
from bridge.settings import ServerSettings

__all__ = ["Certificate"]

log = get_logger("bridge")


class Certificate:
    """The files of the settings, and the context in which a server shows what is in them."""

    def __init__(self, server: ServerSettings) -> None:
        """server: with a certificate."""
        self.file, self.key = str(server.tls_certificate), str(server.tls_key)
        # of the server that listens, once it does
        self.context: ssl.SSLContext | None = None

    def check(self) -> None:
        """Raises SettingsError when the files cannot be used."""
        try:
            self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        except (OSError, ValueError):  # ssl.SSLError is an OSError
            raise SettingsError("server.tls_certificate", "not a PEM certificate that fits an unencrypted tls_key") from None

    def reload(self) -> None:
        """Shows new connections what the files hold now. What cannot be used is logged, and the old one stays."""
        if self.context is None:
            return
        try:
            self.check()  # a context that takes a certificate but not its key has lost the old one
            self._load(self.context)
        except (SettingsError, OSError) as error:
            why = error.why if isinstance(error, SettingsError) else type(error).__name__
            log.error("certificate not reloaded", setting="server.tls_certificate", why=why)  # noqa: TRY400  # frames say nothing
        else:
            log.info("certificate reloaded")

    def _load(self, context: ssl.SSLContext) -> None:
        # an encrypted key would ask the terminal for its password
        context.load_cert_chain(self.file, self.key, password=lambda: "")
