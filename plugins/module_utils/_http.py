# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One HTTP request, sent once: the only room that imports C(requests).

It knows nothing of the exchange. What it adds to the library is one certainty: whether the body of a request that got no
answer has left this machine. This module util is private to the collection.
"""

from __future__ import annotations

import io
import ipaddress
import os
import traceback
import typing as t
from urllib.parse import urlsplit

try:
    import requests
    import requests.adapters
    import requests.structures
    import requests.utils
    import urllib3
except ImportError:
    IMPORT_ERROR: str | None = traceback.format_exc()
else:
    IMPORT_ERROR = None

_HEADERS = {"User-Agent": "ansible treasury.bybit", "Accept": "application/json"}
_REASON_CHARACTERS = 200


class Reply(t.NamedTuple):
    """An answer as it came: any status, the header names in lower case, the body undecoded."""

    status: int
    headers: dict[str, str]
    body: bytes


class NoReply(Exception):
    """No whole answer came; the text is the reason in the system's words.

    :ivar remedy: What the user should look at, as a sentence which names the option.
    :ivar sent: Whether any of the request's body may have left this machine. A request without body counts as sent.
    """

    def __init__(self, reason: str, remedy: str, sent: bool) -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.sent = sent


class _Body(io.BytesIO):
    """A request body that remembers whether somebody began to send it.

    The library reads it only after name resolution, connection, proxy and TLS handshake have succeeded, so an unread
    body proves that nothing was sent, whatever kind of exception ended the request.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.was_read = False

    def read(self, size: int | None = -1) -> bytes:
        self.was_read = True
        return super().read(size)


class Transport:
    """A kept-alive connection to one host.

    :param base_url: For example C(https://api.bybit.com).
    :param timeout: Seconds to wait for a connection, and for each part of the answer.
    :param validate_certs: Whether the certificate of an C(https) host is checked.
    :param ca_path: A file of CA certificates to trust instead of the usual ones.
    """

    def __init__(self, base_url: str, timeout: float, validate_certs: bool = True, ca_path: str | None = None) -> None:
        self.base_url = base_url
        self._timeout = timeout
        # Below a session, which would add cookies, redirects, and the credentials of a ~/.netrc.
        self._adapter = requests.adapters.HTTPAdapter()
        self._proxies = _proxies(base_url)
        self._verify: bool | str = False
        if validate_certs:
            environment = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
            self._verify = ca_path or environment or True
        else:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        """Send one request exactly once, without following redirects, and return whatever answer comes.

        :param path: The path with its query string, sent exactly as given.
        :raises NoReply: When no whole answer came.
        """
        data = None if body is None else _Body(body)
        request = requests.PreparedRequest()
        # Not prepared by the library, which may write the query otherwise than it was signed.
        request.method, request.url, request.body = method, self.base_url + path, data
        length = {} if body is None else {"Content-Length": str(len(body))}
        request.headers = requests.structures.CaseInsensitiveDict({**_HEADERS, **headers, **length})
        try:
            response = self._adapter.send(request, timeout=self._timeout, verify=self._verify, proxies=self._proxies)
            content = response.content
        except BaseException as error:
            # Also when the task's time is over: nobody knows what would still come over this connection.
            self.hang_up()
            if not isinstance(error, Exception):
                raise
            # Every kind of failure has the same two consequences, told apart by the body alone.
            reason, remedy = _reason(error, self._timeout), _remedy(error)
            raise NoReply(reason, remedy, sent=data is None or data.was_read) from error
        return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content)

    def hang_up(self) -> None:
        """Close the connection; the next request opens a new one."""
        self._adapter.close()


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address of a URL can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _proxies(base_url: str) -> dict[str, str]:
    if is_loopback(urlsplit(base_url).hostname or ""):
        return {}
    return requests.utils.get_environ_proxies(base_url)


def _reason(error: Exception, timeout: float) -> str:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return f"no connection within {timeout:g} s"
    if isinstance(error, requests.exceptions.Timeout):
        return f"no answer within {timeout:g} s"
    text = str(_innermost(error)) or type(error).__name__
    return text if len(text) <= _REASON_CHARACTERS else text[:_REASON_CHARACTERS] + "…"


def _remedy(error: Exception) -> str:
    if isinstance(error, requests.exceptions.Timeout):
        return "Check the network, or raise api_timeout if the connection is slow."
    if isinstance(error, requests.exceptions.ProxyError):
        return "Check the proxy that HTTPS_PROXY or HTTP_PROXY names, or except the host by NO_PROXY."
    if isinstance(error, requests.exceptions.SSLError) or not isinstance(error, requests.exceptions.RequestException):
        return "Check environment or api_url, and ca_path (or REQUESTS_CA_BUNDLE, or CURL_CA_BUNDLE)."
    return "Check environment or api_url, and the network."


def _innermost(error: BaseException) -> BaseException:
    """Return the first cause, which says in plain words what the layers above it repeat with object addresses."""
    seen = {id(error)}
    while True:
        below = [getattr(error, "reason", None), *error.args, error.__cause__, error.__context__]
        deeper = next((e for e in below if isinstance(e, BaseException) and id(e) not in seen), None)
        if deeper is None:
            return error
        seen.add(id(deeper))
        error = deeper
