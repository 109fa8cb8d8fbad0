# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module takes, and what it needs of Ansible: the interface that the frames talk to, and how C(AnsibleModule) serves it.

This module util is private to the collection.
"""

from __future__ import annotations

import sys
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values


class Spec(t.NamedTuple):
    """What a module takes; the one value that every way to run it validates by.

    :ivar options: The argument specification.
    :ivar rules: What holds between options, by the names that C(AnsibleModule) and C(ArgumentSpecValidator) share.
    """

    options: dict[str, dict[str, t.Any]]
    rules: dict[str, t.Any]


class Module(t.Protocol):
    """A module at work, whoever runs it.

    :ivar params: The validated options.
    """

    params: dict[str, t.Any]
    check_mode: bool
    diff: bool

    def hide(self, secrets: t.Iterable[str]) -> None:
        """Keep these out of whatever is emitted, logged or warned of from here on."""

    def warn(self, text: str) -> None:
        """Add a warning to the result."""

    def log(self, text: str) -> None:
        """Write a sentence to the system's log at once."""

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        """Tell whoever watches the run what it waits for, and when that is over, as a C(Listener) gets it."""

    def emit(self, result: dict[str, t.Any], failed: bool) -> None:
        """Hand over the result; it is out when this returns, whatever happens afterwards."""

    def log_late(self, text: str) -> None:
        """Write a sentence that comes too late for the result."""


class ProcessModule:
    """A module in a process of its own, which ends after it has emitted its result.

    :ivar exit_code: Of that process.
    """

    def __init__(self, spec: Spec) -> None:
        self._module = AnsibleModule(argument_spec=spec.options, supports_check_mode=True, **spec.rules)
        self.params: dict[str, t.Any] = self._module.params
        self.check_mode: bool = self._module.check_mode
        self.diff: bool = self._module._diff
        self.exit_code: t.Any = 1

    def hide(self, secrets: t.Iterable[str]) -> None:
        self._module.no_log_values.update(secrets)

    def warn(self, text: str) -> None:
        # Ansible looks for secrets in results only.
        self._module.warn(remove_values(text, self._module.no_log_values))

    def log(self, text: str) -> None:
        self._module.log(text)

    def tell(self, number: int, reason: str, at_most_ms: int) -> None:
        """Do nothing: Ansible shows nothing of a module's process before that has ended."""

    def emit(self, result: dict[str, t.Any], failed: bool) -> None:
        end = self._module.fail_json if failed else self._module.exit_json
        try:
            end(**result)
        except SystemExit as ended:
            # What is left to do after the result comes before the end of the process.
            self.exit_code = ended.code
        # Ansible only fills a buffer.
        sys.stdout.flush()

    def log_late(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")


def run_as_process(spec: Spec, run: t.Callable[[Module], None]) -> t.NoReturn:
    """Run a module in this process, which Ansible has started for it, and end the process."""
    module = ProcessModule(spec)
    run(module)
    raise SystemExit(module.exit_code)
