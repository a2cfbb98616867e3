"""The access log: a line for every field list that was made, and for every one that was destroyed, each chained to the line before.

It lies beside the key (`privacy.key_ring`), outside every city folder: whoever copies or deletes a city folder takes no officer's name
along and leaves the log whole, and who may turn tokens back is who may write in it. A line holds no plate.

Each line carries the SHA-256 of itself and that of the line before, so that a line that was changed, left out, put in or moved shows.
Lines cut off at the end show by the lists: every file in a city's `field_lists` must stand in the log, and every list names the line
before its own.
"""

import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass

from dansok.privacy import key_ring
from dansok.sources.folders import sha256
from dansok.words import Refusal, Text

NAME = "field_lists.access.jsonl"
BEGIN = "0" * 64
FIELDS = (
    "number", "event", "at", "officer", "purpose", "city", "plan", "vehicles", "files", "destroy_on", "previous", "hash",
)  # fmt: skip
MADE, DESTROYED = "made", "destroyed"


@dataclass(frozen=True)
class Fault:
    """A line of the log that is not as it was written: its place in the file (from 1), and what is wrong."""

    line: int
    text: Text


class AccessLog:
    """The log, opened by one process at a time with `open_log`. `number` and `head` are those of its last line."""

    def __init__(self, path, lines):
        self._path = path
        self.lines = lines

    @property
    def number(self):
        return len(self.lines)

    @property
    def head(self):
        return self.lines[-1]["hash"] if self.lines else BEGIN

    def append(self, event, at, **what):
        """Add a line and force it to the disk.

        Parameters
        ----------
        event : str
            `MADE` or `DESTROYED`.
        at : datetime.datetime
            With its time zone.
        **what
            `officer`, `purpose`, `city`, `plan` (text), `vehicles` (int), `files` (file name -> SHA-256), `destroy_on` (ISO day).

        Returns
        -------
        dict
            The line as written.
        """
        line = {"number": self.number + 1, "event": event, "at": at.isoformat(timespec="seconds"), **what}
        line["previous"] = self.head
        line["hash"] = _hash(line)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.lines.append(line)
        return line


def log_path():
    """Where the log lies."""
    return key_ring().with_name(NAME)


@contextmanager
def open_log(city):
    """The log, for this process alone, if it and the city's lists agree.

    Parameters
    ----------
    city : dansok.city.City

    Raises
    ------
    Refusal
        If a line is not as it was written, or a list of the city stands in no line.
    """
    path = log_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600), "r+") as lock:
        _wait_for(lock)
        refuse_tampered(path, city)
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield AccessLog(path, read_lines(path))


def _wait_for(lock):
    """Hold an open file alone until it is closed: two lists made at once would both take the same number and the same line before."""
    if os.name == "nt":
        import msvcrt

        try:
            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        except OSError as error:  # after ten seconds
            raise Refusal(
                "다른 명단이나 파기 작업이 접속기록을 쓰고 있습니다. 끝난 뒤에 다시 하세요.",
                "Another run is making or removing field lists. Try again when it is done.",
            ) from error
    else:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX)


def refuse_tampered(path, city):
    """Refuse a log with a fault, and a list of the city that the log does not know as it is."""
    found = faults(path)
    if found:
        first = found[0]
        raise Refusal(
            f"접속기록 {path}의 {first.line}번째 줄: {first.text.ko} 아무것도 만들지도 지우지도 않았습니다. 개인정보 보호책임자에게 알리세요.",
            f"Line {first.line} of the access log {path}: {first.text.en} Nothing was made or deleted. Tell the privacy officer.",
        )
    lines = read_lines(path)
    strange = unlogged(city, lines)
    if strange and any(strange[0] in line["files"] for line in lines):
        raise Refusal(
            f"{city.field_lists}에 있는 {strange[0]}의 내용이 접속기록에 적힌 것과 다릅니다. 명단을 엑셀에서 열어 저장하면 이렇게 됩니다. 결과를 적어 저장했으면 "
            "'make log-sheet'로 먼저 돌려 넣은 뒤 이 파일을 지우고(명단이 더 필요하면 새로 만들 것) 다시 하세요. 아무도 저장하지 않았다면 개인정보 보호책임자에게 알리세요.",
            f"{strange[0]} in {city.field_lists} is not as the access log has it. That is what happens when a list is opened in Excel and saved. "
            "If results were filled in, take them back with 'make log-sheet' first; then delete the file (make a new list if it is still needed) "
            "and try again. If nobody saved it, tell the privacy officer.",
        )
    if strange:
        raise Refusal(
            f"{strange[0]}이(가) 접속기록 {path}에 없습니다. 기록의 끝이 잘렸거나 지워졌으니 개인정보 보호책임자에게 알리세요.",
            f"{strange[0]} stands nowhere in the access log {path}: its end was cut off, or it was removed. Tell the privacy officer.",
        )


def faults(path):
    """Every line of a log that is not as it was written.

    Parameters
    ----------
    path : Path
        A log that is not there has no fault.

    Returns
    -------
    list of Fault
    """
    if not path.exists():
        return []
    found, head = [], BEGIN
    for place, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        line = _parsed(text)
        if line is None:
            found.append(Fault(place, Text("기록의 형식이 아닙니다.", "it is no line of the log.")))
            head = None
            continue
        if line["hash"] != _hash(line):
            found.append(Fault(place, Text("쓴 뒤에 바뀌었습니다.", "it was changed after it was written.")))
        elif (head is not None and line["previous"] != head) or line["number"] != place:
            gap = Text("앞줄과 이어지지 않습니다(앞에서 줄이 빠지거나 끼었거나 바뀜).",
                       "it does not follow the line before (lines were left out, put in or rewritten before it).")  # fmt: skip
            found.append(Fault(place, gap))
        head = line["hash"]
    return found


def read_lines(path):
    """The lines of a log without faults, as dicts; none if it is not there."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def lists_of(city):
    """Lists that lie in a city's folder, in order; not the lock that Excel lays beside one that is open."""
    return [path for path in sorted(city.field_lists.glob("*/*.xlsx")) if not path.name.startswith("~$")]


def unlogged(city, lines):
    """Lists that lie in a city's folder and stand in no line: names, in order."""
    known = {(name, digest) for line in lines for name, digest in line["files"].items()}
    return [path.name for path in lists_of(city) if (path.name, sha256(path)) not in known]


def _parsed(text):
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and set(line) == set(FIELDS) and isinstance(line["files"], dict) else None


def _hash(line):
    said = {name: line[name] for name in FIELDS if name != "hash"}
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()
