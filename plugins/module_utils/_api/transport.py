# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends one HTTP request once: the only module that imports C(requests).

It knows nothing of the exchange. It adds two guarantees to the library: it tells whether the body of a request without an answer
may have left this machine, and it ends each request in time, however slowly the peer answers. This module util is private to the
collection.
"""

from __future__ import annotations

import functools
import io
import os
import re
import socket
import traceback
import typing as t
from urllib.request import getproxies_environment

from .._redaction import NoProxy, quotable, secrets_of_proxy
from .body import UnusableBody, read_body
from .deadline import TimedConnection, begin, seconds_left
from .hosts import is_loopback

try:
    import requests
    import requests.adapters
    import requests.structures
    import requests.utils
    import urllib3
    import urllib3.connection
    import urllib3.exceptions
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

    class _Adapter(requests.adapters.HTTPAdapter):
        """The library's adapter, with connections that keep to the deadline."""

        def init_poolmanager(self, *args: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(*args, **options)
            _keep_to_deadline(self.poolmanager)

        def proxy_manager_for(self, proxy: str, **options: t.Any) -> t.Any:
            manager = super().proxy_manager_for(proxy, **options)
            _keep_to_deadline(manager)
            return manager


_HEADERS = {"User-Agent": "ansible treasury.bybit", "Accept": "application/json"}
_REASON_CHARACTERS = 200
_NUMBERS = re.compile(r"^\[(?:Errno -?[0-9]+|SSL: [A-Z0-9_]+)\] | \(_ssl\.c:[0-9]+\)$")
_PROXY_REMEDY = "the proxy in HTTPS_PROXY, HTTP_PROXY, or ALL_PROXY, or exclude the host with NO_PROXY."


class Reply(t.NamedTuple):
    """An answer with any status: the header names in lowercase, the body not decoded.

    :ivar secrets: The values in the request that must be hidden when the answer is quoted, because the answer may repeat them.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    secrets: tuple[str, ...] = ()


class NoReply(Exception):
    """No complete answer came; the text is the reason, mostly in the system's words.

    :ivar remedy: What the user should check, as a sentence that names the option.
    :ivar sent: Whether any part of the request's body may have left this machine. A request without a body counts as sent.
    """

    def __init__(self, reason: str, remedy: str, sent: bool) -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.sent = sent


class _Body(io.BytesIO):
    """A request body that records whether the library began to send it.

    The library reads it only after name resolution, connection, proxy, and TLS handshake have succeeded. So an unread
    body proves that nothing was sent, whatever exception ended the request.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.was_read = False

    def read(self, size: int | None = -1) -> bytes:
        self.was_read = True
        return super().read(size)


class _DirectConnection(TimedConnection):
    """Opens its socket itself, because the library would allow each address of a host the full timeout."""

    def _new_conn(self) -> socket.socket:
        name, last = self.host.strip("[]"), OSError("the host has no address")
        try:
            found = socket.getaddrinfo(getattr(self, "_dns_host", name).strip("[]"), self.port, type=socket.SOCK_STREAM)
            for tried, (family, kind, protocol, dummy, address) in enumerate(found):
                opened = socket.socket(family, kind, protocol)
                try:
                    for option in getattr(self, "socket_options", None) or ():
                        opened.setsockopt(*option)
                    opened.settimeout(seconds_left() / (len(found) - tried))
                    opened.connect(address)
                    opened.settimeout(seconds_left())
                    return opened
                except OSError as error:
                    opened.close()
                    last = error
            raise last
        except socket.timeout as error:
            raise urllib3.exceptions.ConnectTimeoutError(self, f"no connection to {name}") from error
        except (OSError, UnicodeError) as error:
            raise urllib3.exceptions.NewConnectionError(self, str(error)) from error  # type: ignore[arg-type]


def _keep_to_deadline(manager: t.Any) -> None:
    manager.pool_classes_by_scheme = {scheme: _timed(pool) for scheme, pool in manager.pool_classes_by_scheme.items()}


@functools.lru_cache(maxsize=None)
def _timed(pool: t.Any) -> t.Any:
    """Return a subclass of a connection pool of the library, whose connections keep to the deadline."""
    connection = pool.ConnectionCls
    if issubclass(connection, TimedConnection):
        return pool
    is_direct = connection._new_conn is urllib3.connection.HTTPConnection._new_conn
    bases = (_DirectConnection if is_direct else TimedConnection, connection)
    return type(pool.__name__, (pool,), {"ConnectionCls": type(connection.__name__, bases, {})})


class Transport:
    """A kept-alive connection to one host.

    :param base_url: For example C(https://api.bybit.com).
    :param timeout: Seconds that a request may take, from connecting to the last byte of its answer.
    :param validate_certs: Whether the certificate of an C(https) host is verified.
    :param ca_path: A file of CA certificates to trust instead of the default ones.
    :param secret_headers: The names of the headers whose values must not be shown.
    """

    def __init__(
        self,
        base_url: str,
        timeout: float,
        validate_certs: bool = True,
        ca_path: str | None = None,
        secret_headers: tuple[str, ...] = (),
    ) -> None:
        self.base_url = base_url
        self._timeout = timeout
        # Not a session, which would add cookies, redirects, and the credentials in ~/.netrc.
        self._adapter = _Adapter()
        self._secret_headers = secret_headers
        self._proxies = _proxies(base_url)
        self._verify: bool | str = False
        if validate_certs:
            environment = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
            self._verify = ca_path or environment or True
        else:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        """Send one request exactly once, without following redirects, and return the answer, whatever its status.

        :param path: The path with its query string, sent exactly as given.
        :raises NoReply: If no complete answer came.
        """
        data = None if body is None else _Body(body)
        request = requests.PreparedRequest()
        # Set here, because the library's preparation may change the query that was signed.
        request.method, request.url, request.body = method, self.base_url + path, data
        length = {} if body is None else {"Content-Length": str(len(body))}
        request.headers = requests.structures.CaseInsensitiveDict({**_HEADERS, **headers, **length})
        secrets = tuple(headers[name] for name in self._secret_headers if name in headers) + self._secrets_of_proxy()
        begin(self._timeout)
        try:
            response = self._adapter.send(request, timeout=self._timeout, verify=self._verify, proxies=self._proxies)
            content = read_body(response)
        except BaseException as error:
            # Even when the task's timeout ends the request, because more may still arrive over this connection.
            self.hang_up()
            if not isinstance(error, Exception):
                raise
            reason, remedy = quotable(_reason(error, self._timeout), _REASON_CHARACTERS, secrets), _remedy(error)
            # Without the cause, whose text Ansible would show in a traceback.
            raise NoReply(reason, remedy, sent=data is None or data.was_read) from None
        return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content, secrets)

    def hang_up(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._adapter.close()

    def _secrets_of_proxy(self) -> tuple[str, ...]:
        """Return the parts of the proxy's URL that must not be shown.

        :raises NoReply: If the library may take a part of the password for a host name, look it up, and quote it.
        """
        proxy = requests.utils.select_proxy(self.base_url, self._proxies)
        try:
            return secrets_of_proxy(proxy) if proxy else ()
        except NoProxy as error:
            escape = "Percent-encode special characters in its user name and password, such as %2F for a slash, and check "
            raise NoReply(str(error), f"{escape if error.has_user else 'Check '}{_PROXY_REMEDY}", sent=False) from None


def _proxies(base_url: str) -> dict[str, str]:
    if is_loopback(base_url):
        return {}
    # Without proxy variables, the library would ask macOS, which kills a forked process that does so.
    return requests.utils.get_environ_proxies(base_url) if getproxies_environment() else {}


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {timeout:g} s"
    if _is_late(error):
        return f"no answer within {timeout:g} s"
    if _is_of_proxy_url(error):
        # No other URL gets here unchecked, and the library's message quotes the password of the proxy.
        return "the proxy URL is invalid"
    innermost = error if isinstance(error, UnusableBody) else _innermost(error)
    # Remove the error number before the text, and the position in Python's source after it.
    return _NUMBERS.sub("", str(innermost)).rstrip(".") or type(innermost).__name__


def _remedy(error: Exception) -> str:
    if isinstance(error, requests.exceptions.InvalidSchema):
        # The adapter raises it for a SOCKS proxy without PySocks only.
        return f"Install the Python library PySocks, or check {_PROXY_REMEDY}"
    if isinstance(error, requests.exceptions.ProxyError) or _is_of_proxy_url(error):
        return f"Check {_PROXY_REMEDY}"
    if _is_late(error):
        return "Check the network, or raise api_timeout if the connection is slow."
    if isinstance(error, UnusableBody):
        return "Check environment or api_url, and what is between this machine and the host."
    is_of_library = isinstance(error, (requests.exceptions.RequestException, urllib3.exceptions.HTTPError))
    if "WRONG_VERSION_NUMBER" in str(error):
        return "Check the scheme and the port of api_url: the host does not speak TLS there."
    if isinstance(error, requests.exceptions.SSLError) or not is_of_library:
        return "Check environment or api_url, and ca_path (or REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE)."
    return "Check environment or api_url, and the network."


def _is_of_proxy_url(error: Exception) -> bool:
    # For a URL with a user but no host, the library raises TypeError.
    return isinstance(error, (requests.exceptions.InvalidURL, TypeError))


def _is_late(error: Exception) -> bool:
    kinds = requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, socket.timeout
    return isinstance(error, kinds) or isinstance(_innermost(error), socket.timeout)


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause in a chain of exceptions; the texts of the others are cluttered with object addresses."""
    seen = {id(error)}
    while True:
        below = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        deeper = next((e for e in below if isinstance(e, BaseException) and id(e) not in seen), None)
        if deeper is None:
            return error
        seen.add(id(deeper))
        error = deeper
