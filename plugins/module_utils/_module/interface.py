# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interface between the code of this collection and Ansible, and its implementation with C(AnsibleModule).

This module util is private to the collection.
"""

from __future__ import annotations

import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule

from .redaction import redact, register


class Spec(t.NamedTuple):
    """The options of a module, validated in the same way however the module runs.

    :ivar options: The argument specification.
    :ivar rules: The rules between options, by the names that C(AnsibleModule) and C(ArgumentSpecValidator) share.
    """

    options: dict[str, dict[str, t.Any]]
    rules: dict[str, t.Any]


class Module(t.Protocol):
    """A running module, in its own process or in Ansible's.

    :ivar params: The validated options.
    """

    params: dict[str, t.Any]
    check_mode: bool
    diff: bool

    def hide(self, secrets: t.Iterable[str]) -> None:
        """Hide these in everything that is emitted, logged, or warned about from now on."""

    def warn(self, text: str) -> None:
        """Add a warning to the result."""

    def log(self, text: str) -> None:
        """Write a sentence to the system log at once."""

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        """Show a wait while it lasts. The parameters are those of C(Listener)."""

    def emit(self, result: dict[str, t.Any], failed: bool) -> None:
        """Deliver the result. When this returns, nothing that happens later can lose it."""

    def log_late(self, text: str) -> None:
        """Log a sentence that is too late for the result."""


class ProcessModule:
    """A module in its own process, which ends after it has emitted its result.

    :ivar exit_code: The exit code of the process.
    """

    def __init__(self, spec: Spec) -> None:
        self._module = AnsibleModule(argument_spec=spec.options, supports_check_mode=True, **spec.rules)
        self.params: dict[str, t.Any] = self._module.params
        self.check_mode: bool = self._module.check_mode
        self.diff: bool = self._module._diff
        self.exit_code: t.Any = 1

    def hide(self, secrets: t.Iterable[str]) -> None:
        listed = list(secrets)
        self._module.no_log_values.update(listed)
        register(listed)

    def warn(self, text: str) -> None:
        self._module.warn(redact(text, self._module.no_log_values))

    def log(self, text: str) -> None:
        self._module.log(text)

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        """Do nothing: Ansible shows no output of a module's process before it ends."""

    def emit(self, result: dict[str, t.Any], failed: bool) -> None:
        end = self._module.fail_json if failed else self._module.exit_json
        try:
            end(**redact(result, self._module.no_log_values))
        except SystemExit as ended:
            # The journal must still be closed before the process ends.
            self.exit_code = ended.code
        # Ansible only writes to a buffer.
        sys.stdout.flush()

    def log_late(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")


def run_as_process(spec: Spec, run: t.Callable[[Module], None]) -> t.NoReturn:
    """Run a module in this process, which Ansible started for it, and end the process."""
    module = ProcessModule(spec)
    run(module)
    raise SystemExit(module.exit_code)
