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
from ansible_collections.treasury.bybit.plugins.module_utils._api.errors import BadInput, JournalLost
from ansible_collections.treasury.bybit.plugins.module_utils._goal import Goal
from ansible_collections.treasury.bybit.plugins.module_utils._journal.intent import Baseline, Intent
from ansible_collections.treasury.bybit.plugins.module_utils._loans.history import SUCCESS, HistoryEntry
from ansible_collections.treasury.bybit.plugins.module_utils._journal.store import Store, Target, check_directory, is_in_doubt

TARGET = Target("mainnet", "104", "legacy", "17")
SEEN = HistoryEntry("11", Decimal("0.1"), SUCCESS, True, 1793534395000)
BEFORE = Baseline(Decimal("1000.4"), Decimal("1000"), (SEEN,))
INTENT = Intent("8f2a", Goal(Decimal("100.5")), Decimal("40.5"), "USDT", BEFORE, 1793534400000, 5000)
OTHER = dataclasses.replace(INTENT, intent_id="9c1b", goal=Goal(Decimal(7), 0), repay_id="99", reported=True)
HOW_TO_GO_ON = "name a directory on a persistent local disk that only the user who runs the module can write."


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "state"


@pytest.fixture
def fresh(directory: Path, clock: t.Any) -> Store:
    return Store(str(directory), TARGET, clock)


@pytest.fixture
def store(fresh: Store) -> Store:
    """One that holds the lock, as whoever reads and writes does."""
    fresh.lock(0)
    return fresh


@pytest.fixture
def open_umask() -> t.Iterator[None]:
    """Let the umask protect nothing."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def written(store: Store, text: str | bytes) -> Path:
    """Put a text in the place of what is remembered."""
    path = Path(store.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_looking_leaves_no_traces(fresh: Store, tmp_path: Path) -> None:
    assert not fresh.exists()
    assert fresh.load() == []
    fresh.lock(0, writes=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("intents", [[], [INTENT], [INTENT, OTHER], [OTHER, INTENT]])
def test_what_is_saved_can_be_loaded(store: Store, directory: Path, clock: t.Any, intents: list[Intent]) -> None:
    store.save([dataclasses.replace(INTENT, intent_id="gone")])
    store.save(intents)
    assert store.load() == Store(str(directory), TARGET, clock).load() == intents


def test_the_file(store: Store) -> None:
    store.save([INTENT])
    text = Path(store.path).read_text()
    assert text.endswith("}\n")
    assert json.loads(text) == {"version": 4, "target": TARGET._asdict(), "intents": [INTENT.as_document()]}


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_can_read(fresh: Store, directory: Path) -> None:
    fresh.lock(0)
    fresh.save([INTENT])
    assert {file.name: mode(file) for file in directory.iterdir()} == {
        Path(fresh.path).name: 0o600,
        f"{TARGET.file_name()}.lock": 0o600,
    }
    assert (mode(directory), mode(directory.parent)) == (0o700, 0o700)


@pytest.mark.usefixtures("open_umask")
def test_a_directory_that_was_there_keeps_its_mode(fresh: Store, directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o750)
    fresh.lock(0)
    fresh.save([INTENT])
    assert (mode(directory), mode(fresh.path)) == (0o750, 0o600)


def test_a_left_over_draft_is_no_obstacle(store: Store) -> None:
    draft = written(store, "x" * 100_000).with_name(f"{Path(store.path).name}.new")
    os.rename(store.path, draft)
    draft.chmod(0o666)
    store.save([INTENT])
    assert store.load() == [INTENT]
    assert mode(store.path) == 0o600
    assert not draft.exists()


def test_it_outlives_a_loss_of_power(fresh: Store, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    fresh.lock(0)
    assert steps == [("sync", str(directory.parent.parent)), ("sync", str(directory.parent))]
    steps.clear()
    fresh.save([INTENT])
    save = [("sync", f"{fresh.path}.new"), ("replace", fresh.path), ("sync", str(directory))]
    assert steps == save
    steps.clear()
    fresh.save([INTENT])
    assert steps == save


@pytest.mark.parametrize("step", ["fsync", "replace", "open"])
def test_a_failing_disk_leaves_what_was_there(store: Store, directory: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save([INTENT])

    def fail(*dummy: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, step, fail)
        with pytest.raises(BadInput) as caught:
            store.save([OTHER])
    assert str(caught.value) == f"state_dir '{directory}' cannot be used (No space left on device): {HOW_TO_GO_ON}"
    assert store.load() == [INTENT]
    assert [file.name for file in directory.glob("*.new")] == []


@pytest.mark.parametrize("before", [[], [INTENT]])
def test_what_could_not_be_flushed_is_not_there(
    store: Store, directory: Path, before: list[Intent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems cannot flush a directory, and say so only after the file is in its place."""
    store.save(before) if before else None
    real = os.fsync

    def fsync(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(22, "Invalid argument")
        real(file)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fsync)
        with pytest.raises(BadInput, match="the directory cannot be flushed to the disk: Invalid argument"):
            store.save([OTHER])
    assert store.load() == before
    assert Path(store.path).exists() == bool(before)


def test_what_can_neither_be_flushed_nor_taken_back_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*dummy: object) -> None:
        raise OSError(5, "Input/output error")

    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: fail() if stat.S_ISDIR(os.fstat(file).st_mode) else real(file))
    monkeypatch.setattr(os, "unlink", lambda path: fail() if path == store.path else os.remove(path))
    with pytest.raises(BadInput, match=f"what was written to '{store.path}' could not be taken back: Input/output error"):
        store.save([INTENT])


def test_a_reader_sees_the_old_or_the_new_whole(store: Store) -> None:
    store.save([INTENT])
    with open(store.path, encoding="utf-8") as reader:
        store.save([])
        assert json.load(reader)["intents"] == [INTENT.as_document()]


def test_a_linked_lock_is_refused(fresh: Store, directory: Path, tmp_path: Path) -> None:
    directory.mkdir(parents=True)
    (directory / f"{TARGET.file_name()}.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(BadInput, match="cannot be used .Too many levels of symbolic links"):
        fresh.lock(0)
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_linked_draft_is_replaced_not_followed(store: Store, tmp_path: Path, is_there: bool) -> None:
    victim = tmp_path / "victim"
    if is_there:
        victim.write_text("precious")
    Path(f"{store.path}.new").symlink_to(victim)
    store.save([INTENT])
    assert (store.load(), victim.exists()) == ([INTENT], is_there)


def as_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def as_pipe(path: Path) -> None:
    os.mkfifo(path)


def open_to_others(path: Path) -> None:
    path.write_text("")
    path.chmod(0o620)


def of_somebody_else(path: Path) -> None:
    path.write_text("")
    os.chown(path, 65534, -1)


_STRANGE = [(as_link, "Too many levels"), (as_pipe, "is not a regular file"), (open_to_others, "can be written by others: run 'chmod go-w' on it")]
if not os.geteuid():
    _STRANGE.append((of_somebody_else, "belongs to another user"))


@pytest.mark.parametrize(("make", "reason"), _STRANGE)
def test_a_memory_that_is_not_the_users_own_file_is_refused(
    store: Store, make: t.Callable[[Path], None], reason: str
) -> None:
    make(Path(store.path))
    with pytest.raises(JournalLost, match=reason) as caught:
        store.load()
    assert caught.value.outcome == "unknown"


@pytest.mark.parametrize(("make", "reason"), _STRANGE)
@pytest.mark.parametrize("writes", [True, False])
def test_a_lock_that_is_not_the_users_own_file_is_refused(
    fresh: Store, directory: Path, writes: bool, make: t.Callable[[Path], None], reason: str
) -> None:
    directory.mkdir(parents=True)
    make(directory / f"{TARGET.file_name()}.lock")
    with pytest.raises(BadInput, match=reason) as caught:
        fresh.lock(0, writes)
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize("bits", [0o720, 0o702, 0o1777])
def test_a_directory_that_others_may_write_is_refused(fresh: Store, directory: Path, bits: int) -> None:
    directory.mkdir(parents=True)
    directory.chmod(bits)
    for action in (lambda: fresh.lock(0), lambda: fresh.lock(0, writes=False), lambda: check_directory(str(directory))):
        with pytest.raises(BadInput, match="can be written by others: run 'chmod go-w' on it"):
            action()


def test_a_refusal_that_hides_what_is_noted_makes_it_unknown(store: Store, directory: Path) -> None:
    store.save([INTENT])
    store.unlock()
    directory.chmod(0o777)
    with pytest.raises(JournalLost, match="Earlier runs may have recorded repayments there, so their outcome is unknown"):
        store.lock(0)


DOCUMENT = {"version": 4, "target": TARGET._asdict(), "intents": [INTENT.as_document()]}


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
        ('{"version": 4}', "'target'"),
        ('{"version": 4, "target": {}, "intents": []}', "it belongs to another account or loan"),
        (json.dumps({**DOCUMENT, "target": {**TARGET._asdict(), "account": "105"}}), "it belongs to another account"),
        (json.dumps({"version": 4, "target": TARGET._asdict()}), "'intents'"),
        (json.dumps({**DOCUMENT, "intents": None}), "it has no list of intents"),
        (json.dumps({**DOCUMENT, "intents": {}}), "it has no list of intents"),
        (json.dumps({**DOCUMENT, "intents": ""}), "it has no list of intents"),
        (json.dumps({**DOCUMENT, "intents": [None]}), "not an intent"),
        (json.dumps({**DOCUMENT, "intents": [{}]}), "not an intent: '"),
        (json.dumps({**DOCUMENT, "version": 3}), "it has version 3, and this collection knows 4"),
        (json.dumps({**DOCUMENT, "version": 5}), "it has version 5, and this collection knows 4"),
        (json.dumps({**DOCUMENT, "version": "4"}), "it has version 4, and this collection knows 4"),
        (json.dumps({**DOCUMENT, "intents": [{**INTENT.as_document(), "sent_at_ms": None}]}), "None is no int"),
        (json.dumps({**DOCUMENT, "intents": [{**INTENT.as_document(), "sent_at_ms": float("inf")}]}), "inf is no int"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_damaged_file_stops_the_run_and_stays(store: Store, text: str, reason: str) -> None:
    path = written(store, text)
    with pytest.raises(JournalLost) as caught:
        store.load()
    message = str(caught.value)
    assert caught.value.outcome == "unknown"
    assert message.startswith(f"The file '{path}' is not a readable journal of sent repayments (")
    assert message.endswith(": look at the loan and its repayment history; when no repayment is in doubt, remove the file and run again.")
    assert reason in message
    assert path.read_text() == text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'{"version": 4, "intents": [], "x": "\x80"}'])
def test_a_file_of_other_bytes_stops_the_run(store: Store, content: bytes) -> None:
    path = written(store, content)
    with pytest.raises(BadInput, match="is not a readable journal of sent repayments .'utf-"):
        store.load()
    assert path.read_bytes() == content


def test_a_file_that_cannot_be_read_is_not_taken_for_none(store: Store) -> None:
    Path(store.path).mkdir(parents=True)
    with pytest.raises(JournalLost) as caught:
        store.load()
    assert str(caught.value) == (
        f"The file '{store.path}' records repayments that were sent, and cannot be read ('{store.path}' is not a regular file), so what "
        f"became of them is unknown. Nothing was sent now: make it a file that only the user who runs the module can write, and run again."
    )
    with pytest.raises(BadInput, match="cannot be used .Is a directory"):
        store.save([])


@pytest.mark.parametrize(("way", "reason"), [("", "it is not a directory"), ("below", "File exists")])
def test_a_file_in_the_place_of_the_directory_stops_the_run(tmp_path: Path, clock: t.Any, way: str, reason: str) -> None:
    (tmp_path / "file").touch()
    place = str(tmp_path / "file" / way) if way else str(tmp_path / "file")
    store = Store(place, TARGET, clock)
    with pytest.raises(BadInput) as caught:
        store.lock(0)
    assert str(caught.value) == f"state_dir '{place}' cannot be used ({reason}): {HOW_TO_GO_ON}"
    assert caught.value.outcome == "not_executed"


@pytest.mark.parametrize("path", ["state", "a/b/c", "a/b/", "./a"])
def test_a_relative_directory_works_too(tmp_path: Path, clock: t.Any, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store(path, TARGET, clock)
    store.lock(0)
    store.save([INTENT])
    assert store.load() == [INTENT]
    assert (tmp_path / path).is_dir()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (TARGET, "mainnet_104_legacy_17_"),
        (TARGET._replace(realm="localhost:8765"), "localhost_8765_104_legacy_17_"),
        (TARGET._replace(realm="proxy.example/../x"), "proxy.example_.._x_104_legacy_17_"),
        (TARGET._replace(realm="x" * 500, name="9" * 64), f"{'x' * 80}_104_legacy_{'9' * 64}_"),
    ],
)
def test_file_names(target: Target, name: str) -> None:
    assert re.fullmatch(re.escape(name) + "[0-9a-f]{16}", target.file_name())


@pytest.mark.parametrize(
    "change",
    [
        {"realm": "testnet"},
        {"realm": "main_net"},
        {"account": "105"},
        {"product": "flexible"},
        {"name": "18"},
        {"product": "legacy_17", "name": ""},
        {"realm": "mainnet_104", "account": "legacy"},
    ],
    ids=str,
)
def test_each_target_has_a_memory_of_its_own(store: Store, directory: Path, clock: t.Any, change: dict[str, str]) -> None:
    store.save([INTENT])
    other = Store(str(directory), TARGET._replace(**change), clock)
    other.lock(0)
    assert other.load() == []


def replaced(path: Path) -> None:
    path.unlink()
    path.touch(0o600)


def restored(path: Path) -> None:
    """Put a copy in its place, as who restores a backup does."""
    copy = path.with_name("backup")
    copy.write_bytes(path.read_bytes())
    copy.chmod(0o600)
    copy.rename(path)


@pytest.mark.parametrize("harm", [Path.unlink, replaced, restored])
def test_who_has_lost_the_lock_writes_nothing(store: Store, directory: Path, harm: t.Callable[[Path], None]) -> None:
    store.save([INTENT])
    lock = directory / f"{TARGET.file_name()}.lock"
    harm(lock)
    for action in (lambda: store.save([OTHER]), store.clear):
        with pytest.raises(BadInput, match=f"The lock file '{lock}' was removed or replaced while this run held it"):
            action()
    assert store.load() == [INTENT]


@pytest.mark.parametrize(("way", "reason"), [(".", "it is not a directory"), ("below/that", "Not a directory")])
def test_a_directory_that_could_not_be_made_is_refused(directory: Path, way: str, reason: str) -> None:
    directory.parent.mkdir()
    directory.touch()
    with pytest.raises(BadInput) as caught:
        check_directory(str(directory / way))
    assert str(caught.value).startswith(f"state_dir '{directory / way}' cannot be used ({reason}): name a directory")
    assert caught.value.outcome == "not_executed"
    assert list(directory.parent.iterdir()) == [directory]


@pytest.mark.parametrize(("way", "asked"), [(".", "state"), ("below/that", "state"), ("../other/below", ".")])
@pytest.mark.parametrize("may", [True, False])
def test_the_nearest_directory_is_asked_whether_it_can_be_written(
    directory: Path, monkeypatch: pytest.MonkeyPatch, way: str, asked: str, may: bool
) -> None:
    directory.mkdir(parents=True)
    place = os.path.normpath(directory / way)
    questions: list[tuple[str, int]] = []
    # Who runs the tests may be root, who can write everywhere.
    monkeypatch.setattr(os, "access", lambda path, way: questions.append((path, way)) or may)
    if may:
        check_directory(place)
    else:
        with pytest.raises(BadInput) as caught:
            check_directory(place)
        assert str(caught.value).startswith(f"state_dir '{place}' cannot be used (Permission denied): name a directory")
    assert questions == [(str(directory.parent / asked), os.W_OK | os.X_OK)]
    assert list(directory.parent.rglob("*")) == [directory]


def test_a_directory_of_notes_that_cannot_be_used_hides_them(store: Store, directory: Path) -> None:
    store.save([INTENT])
    directory.chmod(0o770)
    with pytest.raises(JournalLost, match="can be written by others"):
        check_directory(str(directory))


@pytest.mark.parametrize(
    ("intents", "is_open"), [([], False), ([OTHER], False), ([OTHER, INTENT], True)], ids=["nothing", "told", "open"]
)
def test_whoever_has_the_key_what_is_open_of_the_loan_is_known(
    store: Store, directory: Path, intents: list[Intent], is_open: bool
) -> None:
    store.save(intents)
    assert is_in_doubt(str(directory), "mainnet", "legacy", "17") == is_open
    for other in (("testnet", "legacy", "17"), ("mainnet", "fixed", "17"), ("mainnet", "legacy", "7")):
        assert not is_in_doubt(str(directory), *other)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"intents": [{}]}', b"\xff"])
def test_what_cannot_be_read_may_be_open(store: Store, directory: Path, content: bytes) -> None:
    written(store, content)
    assert is_in_doubt(str(directory), "mainnet", "legacy", "17")


def test_where_nothing_is_nothing_is_open(fresh: Store, directory: Path) -> None:
    assert not is_in_doubt(str(directory), "mainnet", "legacy", "17")


def test_the_lock_is_looked_at_also_after_writing(store: Store, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise another run could get in between, and read what is not written yet."""
    lock, real = directory / f"{TARGET.file_name()}.lock", os.replace

    def replace(source: str, target: str) -> None:
        lock.unlink()
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(BadInput, match="was removed or replaced while this run held it"):
        store.save([INTENT])
    # An intent too many never leads to a payment too many.
    assert store.load() == [INTENT]


def test_the_lock_is_looked_at_right_before_the_file_is_replaced(store: Store, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save([OTHER])
    real = os.fsync

    def fsync(file: int) -> None:
        (directory / f"{TARGET.file_name()}.lock").unlink(missing_ok=True)
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(BadInput, match="was removed or replaced while this run held it"):
        store.save([INTENT])
    assert store.load() == [OTHER]
    assert list(directory.glob("*.new")) == []
