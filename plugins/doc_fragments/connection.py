# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of all modules for connecting to the exchange."""

    DOCUMENTATION = r"""
options:
  api_key:
    description:
      - The API key. To list loans and repayments, it needs the permission C(Spot trade), read-only. To repay and to adjust collateral, it needs
        C(Spot trade), read-write. To transfer between wallets, it needs C(Account transfer), which is one of the permissions for the wallet.
      - If not set, the environment variable E(BYBIT_API_KEY) is used. One of them is required.
    type: str
  api_secret:
    description:
      - The secret of an API key that the exchange generated (HMAC).
      - If not set, the environment variable E(BYBIT_API_SECRET) is used.
      - Exactly one of O(api_secret) and O(rsa_private_key) is required.
    type: str
  rsa_private_key:
    description:
      - The private key of a self-generated API key (RSA), as PEM text or as the path of a PEM file on the machine that runs the module.
        It must not be protected by a passphrase.
      - The module warns about a file that other users can read or change, or that belongs to another user. It refuses a directory, a
        pipe, and a device.
      - Text around the key is ignored, such as names, certificates, or a byte-order mark. To convert a key in OpenSSH format, run
        C(ssh-keygen -p -m PEM -f COPY) on a copy of it.
      - If not set, the environment variable E(BYBIT_RSA_PRIVATE_KEY) is used.
      - Requires the Python library C(cryptography).
    type: str
  environment:
    description:
      - Which of the exchange's public hosts to use.
      - V(mainnet) is C(https://api.bybit.com), with real money. Some countries have hosts of their own. Use O(api_url) for them.
      - V(testnet) is C(https://api-testnet.bybit.com). It has its own keys. Each environment refuses the keys of the other.
      - If neither this option nor O(api_url) is set, V(testnet) is used, so that a forgotten option cannot move real money.
      - RV(ignore:api_host) in the result shows which host was used.
      - Mutually exclusive with O(api_url).
    type: str
    choices:
      - mainnet
      - testnet
  api_url:
    description:
      - The base URL of the API, for a regional host such as V(https://api.bybit.eu) or for a stand-in exchange.
      - The scheme must be C(https), except for C(localhost) and the loopback addresses of the machine that runs the module. Names under
        C(.localhost) do not count as loopback.
      - The URL must not contain a user, a password, a query, or a fragment.
      - All mainnet hosts count as the same exchange, and so do all testnet hosts. Runs for the same loan wait for each other, and find each other's
        intents, no matter which of these hosts they use and how the host is spelled.
      - If not set, the environment variable E(BYBIT_API_URL) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the host's certificate. Set this to V(false) for a stand-in exchange only.
    type: bool
    default: true
  ca_path:
    description:
      - The path of a PEM file with the CA certificates to trust instead of the usual ones, on the machine that runs the module.
      - If not set, the environment variable E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) is used, if one of them is set.
    type: path
  api_timeout:
    description:
      - For tuning. The timeout of a request in seconds, from V(1) to V(3600). It covers the time from connecting to the last byte of the
        answer, but not the resolution of the host name.
      - The module also gives up on answers larger than 32 MiB.
    type: int
    default: 10
  rate_limit_timeout:
    description:
      - For tuning. How many seconds in total a run may wait because the exchange's rate limit rejected a request, from V(0) to V(86400).
      - The exchange does not process a request that the rate limit rejects, so the module sends it again after the wait.
      - With V(0), the module does not wait and fails immediately.
    type: int
    default: 30
  recv_window:
    description:
      - For tuning. The exchange accepts a request for this many milliseconds after its timestamp, from V(1) to V(60000). All other times are in
        seconds.
      - A larger window does not help against a wrong clock. If the exchange refuses a timestamp, the module reads the exchange's clock
        and signs the request once more.
    type: int
    default: 5000
requirements:
  - requests >= 2.31
  - cryptography >= 41 (only with O(rsa_private_key))
notes:
  - Proxies are taken from the environment variables E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY), and E(NO_PROXY) only, not from the settings
    of macOS. C(localhost) and loopback addresses are always reached directly. Percent-encode special characters in the password of a proxy,
    such as C(%2F) for a slash. A SOCKS proxy requires the Python library C(PySocks). A C(.netrc) file is not used.
  - The module never shows an option that holds a secret. Ansible, however, shows the source of a failed task, so never write a secret into a task. With
    E(ANSIBLE_KEEP_REMOTE_FILES) or E(ANSIBLE_DEBUG), Ansible keeps or prints the options of any module.
  - The keyword C(environment) of a task, block, role, or play must not set E(BYBIT_API_KEY), E(BYBIT_API_SECRET), or E(BYBIT_RSA_PRIVATE_KEY)
    to the text of a key, because Ansible would write it into a command line that all users of the machine can read. Such a task fails.
  - Ansible writes the options to a temporary file with C(async), over a connection without C(pipelining), and with C(become), unless C(pipelining) is on and
    the method is not C(su). If Ansible is interrupted, the file stays behind. In all other cases, no file contains a secret.
  - The module paces its requests to stay below the exchange's rate limits. This time does not count toward O(rate_limit_timeout).
"""
