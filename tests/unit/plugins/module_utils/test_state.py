# Copyright (c) 2026 treasury.bybit contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import os
import re
import stat
import typing as t
from decimal import Decimal
from pathlib import Path

import pytest
from ansible_collections.treasury.bybit.plugins.module_utils._errors import BadInput
from ansible_collections.treasury.bybit.plugins.module_utils._intent import Baseline, Goal, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._record import SUCCESS, Record
from ansible_collections.treasury.bybit.plugins.module_utils._state import State, Target

TARGET = Target("api.bybit.com", "0123456789abcdef", "legacy", "17")
SEEN = Record("11", Decimal("0.1"), SUCCESS, True, 1793534395000)
BEFORE = Baseline(Decimal("1000.4"), Decimal("1000"), (SEEN,))
INTENT = Intent("8f2a", Goal(Decimal("100.5")), Decimal("40.5"), "USDT", BEFORE, 1793534400000, 5000)
OTHER = dataclasses.replace(INTENT, intent_id="9c1b", goal=Goal(Decimal(7), 0), repay_id="99", told=True)
HOW_TO_GO_ON = "name a directory on a disk that lasts, which the user who runs the module can write."


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


@pytest.fixture
def state(directory: Path, clock: t.Any) -> State:
    return State(str(directory), TARGET, clock)


@pytest.fixture
def open_umask() -> t.Iterator[None]:
    """Let the umask protect nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def written(state: State, text: str | bytes) -> Path:
    """Put a text in the place of what is remembered."""
    path = Path(state.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_looking_leaves_no_traces(state: State, tmp_path: Path) -> None:
    assert not state.exists()
    assert state.load() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("intents", [[], [INTENT], [INTENT, OTHER], [OTHER, INTENT]])
def test_what_is_saved_can_be_loaded(state: State, directory: Path, clock: t.Any, intents: list[Intent]) -> None:
    state.save([dataclasses.replace(INTENT, intent_id="gone")])
    state.save(intents)
    assert state.load() == State(str(directory), TARGET, clock).load() == intents


def test_the_file(state: State) -> None:
    state.save([INTENT])
    text = Path(state.path).read_text()
    assert text.endswith("}\n")
    assert json.loads(text) == {"version": 2, "target": TARGET._asdict(), "intents": [INTENT.as_document()]}


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_can_read(state: State, directory: Path) -> None:
    state.lock(0)
    state.save([INTENT])
    assert {file.name: mode(file) for file in directory.iterdir()} == {
        Path(state.path).name: 0o600,
        f"{TARGET.file_name()}.lock": 0o600,
    }
    assert (mode(directory), mode(directory.parent)) == (0o700, 0o700)


@pytest.mark.usefixtures("open_umask")
def test_a_directory_that_was_there_keeps_its_mode(state: State, directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o750)
    state.save([INTENT])
    assert (mode(directory), mode(state.path)) == (0o750, 0o600)


def test_a_left_over_draft_is_no_obstacle(state: State) -> None:
    draft = written(state, "x" * 100_000).with_name(f"{Path(state.path).name}.new")
    os.rename(state.path, draft)
    draft.chmod(0o666)
    state.save([INTENT])
    assert state.load() == [INTENT]
    assert mode(state.path) == 0o600
    assert not draft.exists()


def test_it_outlives_a_loss_of_power(state: State, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[tuple[str, str]] = []
    real_sync, real_replace = os.fsync, os.replace

    def sync(file: int) -> None:
        path = os.readlink(f"/proc/self/fd/{file}")
        steps.append(("sync", path))
        if path.endswith(".new"):
            assert json.loads(Path(path).read_text())["intents"] == [INTENT.as_document()]
            assert mode(path) == 0o600
        real_sync(file)

    def replace(source: str, target: str) -> None:
        steps.append(("replace", target))
        real_replace(source, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", replace)
    state.save([INTENT])
    parents = [("sync", str(directory.parent.parent)), ("sync", str(directory.parent))]
    save = [("sync", f"{state.path}.new"), ("replace", state.path), ("sync", str(directory))]
    assert steps == parents + save
    steps.clear()
    state.save([INTENT])
    assert steps == save


@pytest.mark.parametrize("step", ["fsync", "replace", "fchmod", "open"])
def test_a_failing_disk_leaves_what_was_there(state: State, directory: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state.save([INTENT])

    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, step, fail)
        with pytest.raises(BadInput) as caught:
            state.save([OTHER])
    assert str(caught.value) == f"state_dir '{directory}' cannot be used (No space left on device): {HOW_TO_GO_ON}"
    assert state.load() == [INTENT]


def test_a_reader_sees_the_old_or_the_new_whole(state: State) -> None:
    state.save([INTENT])
    with open(state.path, encoding="utf-8") as reader:
        state.save([])
        assert json.load(reader)["intents"] == [INTENT.as_document()]


@pytest.mark.parametrize("suffix", ["json.new", "lock"])
def test_a_link_is_not_followed(state: State, directory: Path, tmp_path: Path, suffix: str) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    directory.mkdir(parents=True)
    (directory / f"{TARGET.file_name()}.{suffix}").symlink_to(victim)
    with pytest.raises(BadInput, match="cannot be used .Too many levels of symbolic links"):
        if suffix == "lock":
            state.lock(0)
        state.save([INTENT])
    assert victim.read_text() == "precious"


def test_a_linked_file_is_replaced_not_followed(state: State, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    written(state, "").unlink()
    Path(state.path).symlink_to(victim)
    state.save([INTENT])
    assert not Path(state.path).is_symlink()
    assert victim.read_text() == "precious"


DOCUMENT = {"version": 2, "target": TARGET._asdict(), "intents": [INTENT.as_document()]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        (json.dumps(DOCUMENT)[:-20], "Expecting"),
        ("null", "not subscriptable"),
        ("[]", "list indices must be integers"),
        ("17", "not subscriptable"),
        ("{}", "'version'"),
        ('{"version": 2}', "'target'"),
        ('{"version": 2, "target": {}, "intents": []}', "it belongs to another host, key or loan"),
        (json.dumps({**DOCUMENT, "target": {**TARGET._asdict(), "host": "api.bybit.eu"}}), "it belongs to another host"),
        (json.dumps({"version": 2, "target": TARGET._asdict()}), "'intents'"),
        (json.dumps({**DOCUMENT, "intents": None}), "it has no list of intents"),
        (json.dumps({**DOCUMENT, "intents": {}}), "it has no list of intents"),
        (json.dumps({**DOCUMENT, "intents": ""}), "it has no list of intents"),
        (json.dumps({**DOCUMENT, "intents": [None]}), "not an intent"),
        (json.dumps({**DOCUMENT, "intents": [{}]}), "not an intent: '"),
        (json.dumps({**DOCUMENT, "version": 1}), "it has version 1, and this collection knows 2"),
        (json.dumps({**DOCUMENT, "version": 3}), "it has version 3, and this collection knows 2"),
        (json.dumps({**DOCUMENT, "version": "2"}), "it has version 2, and this collection knows 2"),
        (json.dumps({**DOCUMENT, "intents": [{**INTENT.as_document(), "sent_at_ms": None}]}), "None is no int"),
        (json.dumps({**DOCUMENT, "intents": [{**INTENT.as_document(), "sent_at_ms": float("inf")}]}), "inf is no int"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_damaged_file_stops_the_run_and_stays(state: State, text: str, reason: str) -> None:
    path = written(state, text)
    with pytest.raises(BadInput) as caught:
        state.load()
    message = str(caught.value)
    assert message.startswith(f"The file '{path}' cannot be read as the memory of repayments that were sent (")
    assert message.endswith(": look at the loan and its repayment history; when no repayment is in doubt, remove the file and run again.")
    assert reason in message
    assert path.read_text() == text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'{"version": 2, "intents": [], "x": "\x80"}'])
def test_a_file_of_other_bytes_stops_the_run(state: State, content: bytes) -> None:
    path = written(state, content)
    with pytest.raises(BadInput, match="cannot be read as the memory of repayments that were sent .'utf-"):
        state.load()
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_read_is_not_taken_for_none(state: State) -> None:
    Path(state.path).mkdir(parents=True)
    with pytest.raises(BadInput) as caught:
        state.load()
    assert str(caught.value) == (
        f"The file '{state.path}' remembers repayments that were sent and cannot be read (Is a directory): make it readable "
        f"for the user who runs the module, and run again."
    )
    with pytest.raises(BadInput, match="cannot be used .Is a directory"):
        state.save([])


@pytest.mark.parametrize(("way", "reason"), [("", "it is not a directory"), ("below", "File exists")])
def test_a_file_in_the_place_of_the_directory_stops_the_run(tmp_path: Path, clock: t.Any, way: str, reason: str) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / way) if way else str(tmp_path / "file")
    state = State(place, TARGET, clock)
    for action in (lambda: state.lock(0), lambda: state.save([])):
        with pytest.raises(BadInput) as caught:
            action()
        assert str(caught.value) == f"state_dir '{place}' cannot be used ({reason}): {HOW_TO_GO_ON}"


@pytest.mark.parametrize("path", ["state", "a/b/c", "a/b/", "./a"])
def test_a_relative_directory_works_too(tmp_path: Path, clock: t.Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    state = State(path, TARGET, clock)
    state.lock(0)
    state.save([INTENT])
    assert state.load() == [INTENT]
    assert (tmp_path / path).is_dir()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (TARGET, "api.bybit.com_legacy_17_"),
        (TARGET._replace(host="127.0.0.1:8765"), "127.0.0.1_8765_legacy_17_"),
        (TARGET._replace(host="proxy.example/../x"), "proxy.example_.._x_legacy_17_"),
        (TARGET._replace(host="x" * 500, name="9" * 64), f"{'x' * 80}_legacy_{'9' * 64}_"),
    ],
)
def test_file_names(target: Target, name: str) -> None:
    assert re.fullmatch(re.escape(name) + "[0-9a-f]{16}", target.file_name())
    assert target.key_fingerprint not in target.file_name()


@pytest.mark.parametrize(
    "change",
    [
        {"host": "api.bybit.eu"},
        {"host": "api.bybit.com:8443"},
        {"host": "api_bybit.com"},
        {"key_fingerprint": "0" * 16},
        {"product": "flexible"},
        {"name": "18"},
        {"product": "legacy_17", "name": ""},
    ],
    ids=str,
)
def test_each_target_has_a_memory_of_its_own(state: State, directory: Path, clock: t.Any, change: dict[str, str]) -> None:
    state.save([INTENT])
    state.lock(0)
    other = State(str(directory), TARGET._replace(**change), clock)
    other.lock(0)
    assert other.load() == []
