# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options by which every module reaches the exchange."""

    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The API key, with the permission C(Spot trade), read and write; to read is enough for modules that only read.
      - If not set, the environment variable E(BYBIT_API_KEY) is used. One of them is required.
    type: str
  api_secret:
    description:
      - The secret of a key that the exchange generated (HMAC).
      - If not set, the environment variable E(BYBIT_API_SECRET) is used.
      - Exactly one of O(api_secret) and O(rsa_private_key) is required.
    type: str
  rsa_private_key:
    description:
      - The private key of an API key that you generated yourself (RSA), as PEM text or as the path of a PEM file
        on the machine that runs the module. It must not be protected by a passphrase.
      - A file that others than its user can read or change, or that belongs to another user, is a warning. A folder, a pipe or a
        device is refused.
      - Text around the key does not matter, such as names, certificates or a byte-order mark. A key in the form of OpenSSH must
        be converted first, by C(ssh-keygen -p -m PEM -f COPY).
      - If not set, the environment variable E(BYBIT_RSA_PRIVATE_KEY) is used.
      - Requires the Python library C(cryptography).
    type: str
  environment:
    description:
      - Which of the exchange's public hosts to use.
      - V(mainnet) is C(https://api.bybit.com), where the money is real. Some countries have hosts of their own, which O(api_url) names.
      - V(testnet) is C(https://api-testnet.bybit.com). It has its own keys; a key of one is refused by the other.
      - If neither this nor O(api_url) is given, V(testnet) is used, so that a forgotten option cannot move real money.
      - RV(ignore:api_host) of the result tells which host was used.
      - Must not be given together with O(api_url).
    type: str
    choices:
      - mainnet
      - testnet
  api_url:
    description:
      - The base URL of the API, for a regional host such as V(https://api.bybit.eu) or for a stand-in exchange.
      - Must be C(https), except for C(localhost) and the loopback addresses of the machine that runs the module. Names under
        C(.localhost) are none of them.
      - Must not hold a user, a password, a query or a fragment.
      - It does not matter how the host is spelled. All hosts of the exchange's mainnet count as one, and so do those of its testnet, where
        runs for the same loan wait for each other and find what earlier ones have noted.
      - If not set, the environment variable E(BYBIT_API_URL) is used.
    type: str
  recv_window:
    description:
      - For how many milliseconds after its timestamp the exchange accepts a request, from V(1) to V(60000).
      - A clock that runs wrong is not cured by a larger window. When the exchange refuses a timestamp, the module reads
        the exchange's clock and signs once more by it.
    type: int
    default: 5000
  api_timeout:
    description:
      - Seconds that a request may take, from the connection to the last byte of the answer, from V(1) to V(3600). The lookup of
        the host's address may take longer.
      - An answer of more than 32 MiB is given up, too.
    type: int
    default: 10
  rate_limit_timeout:
    description:
      - Seconds that all pauses together may take which the exchange's rate limit demands, from V(0) to V(86400).
      - A request that the rate limit turned away did nothing, so it is sent again after the pause.
      - V(0) fails at once instead of waiting.
    type: int
    default: 30
  validate_certs:
    description:
      - Whether to check the certificate of the host. Turn it off only against a stand-in exchange.
    type: bool
    default: true
  ca_path:
    description:
      - The path of a file of CA certificates in PEM form that are trusted instead of the usual ones, on the machine that
        runs the module.
      - If not set, the environment variables E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE) are used where they are set.
    type: path
requirements:
  - requests >= 2.31
  - cryptography >= 41 (only with O(rsa_private_key))
notes:
  - Proxies are taken from the usual environment variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and E(NO_PROXY), and from nothing
    else, such as the settings of macOS. C(localhost) and loopback addresses are always reached directly. Special characters of a
    proxy's password must be percent-encoded, such as C(%2F) for a slash. A proxy with SOCKS needs the Python library C(PySocks). A
    C(.netrc) file is not used.
  - No option that holds a secret is ever shown by the module. Ansible shows the lines of a task that failed, so never write a secret
    into a task; and it keeps or prints the options of every module if it is told to, by E(ANSIBLE_KEEP_REMOTE_FILES) or
    E(ANSIBLE_DEBUG).
  - The keyword C(environment) of a task, block, role or play must not hold E(BYBIT_API_KEY), E(BYBIT_API_SECRET) or the text of a key in
    E(BYBIT_RSA_PRIVATE_KEY), because Ansible would write it into a command line that all users of the machine can read. Such a task is refused.
  - With C(become) (unless C(pipelining) is set, and always with C(su)), with C(async), or over a connection that cannot pipe, Ansible
    writes the options into a file of its temporary folder, and leaves it there when it is interrupted. Otherwise no file holds a secret.
  - A request waits for its turn, so that the exchange's limits for requests in a second are not tripped. These waits do not count for
    O(rate_limit_timeout).
"""
