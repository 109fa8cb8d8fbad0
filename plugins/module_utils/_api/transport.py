# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP request, sent once: the only module that imports C(requests).

It knows nothing of the exchange. What it adds to the library is two certainties: whether the body of a request that got no
answer has left this machine, and that a request ends, however slowly or endlessly somebody answers. This module util is private
to the collection.
"""

from __future__ import annotations

import functools
import io
import os
import re
import socket
import traceback
import typing as t
import zlib
from urllib.request import getproxies_environment

from .._redaction import NoProxy, quotable, secrets_of_proxy
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
        """The library's way to the host or its proxy, over connections that keep to the deadline."""

        def init_poolmanager(self, *args: t.Any, **options: t.Any) -> None:
            super().init_poolmanager(*args, **options)
            _keep_to_deadline(self.poolmanager)

        def proxy_manager_for(self, proxy: str, **options: t.Any) -> t.Any:
            manager = super().proxy_manager_for(proxy, **options)
            _keep_to_deadline(manager)
            return manager


_HEADERS = {"User-Agent": "ansible treasury.bybit", "Accept": "application/json"}
_REASON_CHARACTERS = 200
# A few hundred times the longest page of a list.
_MAX_MIB = 32
_PART_BYTES = 65_536
_COMPRESSIONS = ("gzip", "x-gzip", "deflate")
# Of zlib: a header of gzip or of zlib, whichever is there.
_ANY_HEADER = 47
_NUMBERS = re.compile(r"^\[(?:Errno -?[0-9]+|SSL: [A-Z0-9_]+)\] | \(_ssl\.c:[0-9]+\)$")
_PROXY_REMEDY = "the proxy in HTTPS_PROXY, HTTP_PROXY, or ALL_PROXY, or exclude the host with NO_PROXY."


class Reply(t.NamedTuple):
    """An answer as it came: any status, the header names in lower case, the body undecoded.

    :ivar secrets: What was sent and must not be shown where the answer is quoted, because the answer may repeat it.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    secrets: tuple[str, ...] = ()


class NoReply(Exception):
    """No complete answer came; the text is the reason in the system's words.

    :ivar remedy: What the user should look at, as a sentence which names the option.
    :ivar sent: Whether any of the request's body may have left this machine. A request without body counts as sent.
    """

    def __init__(self, reason: str, remedy: str, sent: bool) -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.sent = sent


class _Unusable(Exception):
    """An answer came that cannot be used; the text says why."""


class _Body(io.BytesIO):
    """A request body that remembers whether sending it began.

    The library reads it only after name resolution, connection, proxy and TLS handshake have succeeded, so an unread
    body proves that nothing was sent, whatever kind of exception ended the request.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.was_read = False

    def read(self, size: int | None = -1) -> bytes:
        self.was_read = True
        return super().read(size)


class _DirectConnection(TimedConnection):
    """Opens its socket itself, because the library would give each address of a host the full timeout."""

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
    """Return a class of the library's pools whose connections keep to the deadline."""
    connection = pool.ConnectionCls
    if issubclass(connection, TimedConnection):
        return pool
    is_direct = connection._new_conn is urllib3.connection.HTTPConnection._new_conn
    bases = (_DirectConnection if is_direct else TimedConnection, connection)
    return type(pool.__name__, (pool,), {"ConnectionCls": type(connection.__name__, bases, {})})


class Transport:
    """A kept-alive connection to one host.

    :param base_url: For example C(https://api.bybit.com).
    :param timeout: Seconds that a request may take from the connection to the last byte of its answer.
    :param validate_certs: Whether the certificate of an C(https) host is checked.
    :param ca_path: A file of CA certificates to trust instead of the usual ones.
    :param secret_headers: The names of the headers whose values must not be seen.
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
        # Below a session, which would add cookies, redirects, and the credentials of a ~/.netrc.
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
        """Send one request exactly once, without following redirects, and return the answer, whatever it is.

        :param path: The path with its query string, sent exactly as given.
        :raises NoReply: If no complete answer came.
        """
        data = None if body is None else _Body(body)
        request = requests.PreparedRequest()
        # Not prepared by the library, which might not write the query as it was signed.
        request.method, request.url, request.body = method, self.base_url + path, data
        length = {} if body is None else {"Content-Length": str(len(body))}
        request.headers = requests.structures.CaseInsensitiveDict({**_HEADERS, **headers, **length})
        secrets = tuple(headers[name] for name in self._secret_headers if name in headers) + self._secrets_of_proxy()
        begin(self._timeout)
        try:
            response = self._adapter.send(request, timeout=self._timeout, verify=self._verify, proxies=self._proxies)
            content = _content(response)
        except BaseException as error:
            # Also when the task's timeout ends it: more may still arrive over this connection.
            self.hang_up()
            if not isinstance(error, Exception):
                raise
            # Every failure is one of two cases, which only the body distinguishes.
            reason, remedy = quotable(_reason(error, self._timeout), _REASON_CHARACTERS, secrets), _remedy(error)
            # Without its cause, whose text Ansible would show in a traceback.
            raise NoReply(reason, remedy, sent=data is None or data.was_read) from None
        return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content, secrets)

    def hang_up(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._adapter.close()

    def _secrets_of_proxy(self) -> tuple[str, ...]:
        """Return the parts of the proxy's URL that must not be shown.

        :raises NoReply: If the library could mistake a part of its password for a host, resolve it, and quote it.
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
    # Without any, the library would ask macOS, which kills a forked process that does so.
    return requests.utils.get_environ_proxies(base_url) if getproxies_environment() else {}


def _content(response: requests.Response) -> bytes:
    """Return the body of an answer, of limited length and decompressed."""
    parts, length = [], 0
    try:
        for part in response.raw.stream(_PART_BYTES, decode_content=False):
            parts.append(part)
            length += len(part)
            _check_length(length)
    except BaseException:
        # Its remainder must not be mistaken for the next answer.
        response.close()
        raise
    content = b"".join(parts)
    is_compressed = response.headers.get("Content-Encoding", "").strip().lower() in _COMPRESSIONS
    return _unpacked(content) if is_compressed and content else content


def _unpacked(content: bytes) -> bytes:
    unpacking = zlib.decompressobj(_ANY_HEADER)
    try:
        unpacked = unpacking.decompress(content, _MAX_MIB * 2**20 + 1)
    except zlib.error as error:
        raise _Unusable("the answer cannot be decompressed") from error
    _check_length(len(unpacked))
    if not unpacking.eof or unpacking.unused_data:
        raise _Unusable("the answer cannot be decompressed")
    return unpacked


def _check_length(length: int) -> None:
    if length > _MAX_MIB * 2**20:
        raise _Unusable(f"the answer is longer than {_MAX_MIB} MiB")


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {timeout:g} s"
    if _is_late(error):
        return f"no answer within {timeout:g} s"
    if _is_of_proxy_url(error):
        # Only that of a proxy is not checked before, and the library quotes it with its password.
        return "the proxy URL is invalid"
    innermost = error if isinstance(error, _Unusable) else _innermost(error)
    # Without the number of the error before it, and the place in Python's source behind it.
    return _NUMBERS.sub("", str(innermost)).rstrip(".") or type(innermost).__name__


def _remedy(error: Exception) -> str:
    if isinstance(error, requests.exceptions.InvalidSchema):
        # The library raises it for nothing else below a session.
        return f"Install the Python library PySocks, or check {_PROXY_REMEDY}"
    if isinstance(error, requests.exceptions.ProxyError) or _is_of_proxy_url(error):
        return f"Check {_PROXY_REMEDY}"
    if _is_late(error):
        return "Check the network, or raise api_timeout if the connection is slow."
    if isinstance(error, _Unusable):
        return "Check environment or api_url, and what is between this machine and the host."
    is_of_library = isinstance(error, (requests.exceptions.RequestException, urllib3.exceptions.HTTPError))
    if "WRONG_VERSION_NUMBER" in str(error):
        return "Check the scheme and the port of api_url: the host does not speak TLS there."
    if isinstance(error, requests.exceptions.SSLError) or not is_of_library:
        return "Check environment or api_url, and ca_path (or REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE)."
    return "Check environment or api_url, and the network."


def _is_of_proxy_url(error: Exception) -> bool:
    # The library has no specific exception for a URL with a user and without a host.
    return isinstance(error, (requests.exceptions.InvalidURL, TypeError))


def _is_late(error: Exception) -> bool:
    kinds = requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, socket.timeout
    return isinstance(error, kinds) or isinstance(_innermost(error), socket.timeout)


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause, which says plainly what the layers above it repeat with object addresses."""
    seen = {id(error)}
    while True:
        below = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        deeper = next((e for e in below if isinstance(e, BaseException) and id(e) not in seen), None)
        if deeper is None:
            return error
        seen.add(id(deeper))
        error = deeper
