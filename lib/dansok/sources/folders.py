"""Which files a source has: the patterns of city.toml against 1_raw, and the members of archives."""

import fnmatch
import hashlib
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from dansok.korea.plates import find_plates
from dansok.sources.kinds import file_kind
from dansok.words import Refusal, Text

LISTED = 5


@dataclass(frozen=True)
class File:
    """A file below 1_raw, or a member of an archive that was unpacked to `path`."""

    name: str
    path: Path
    sha256: str
    notes: tuple[Text, ...] = ()


def source_files(source, raw, scratch):
    """Every file of a source in the order of its patterns, archives unpacked into `scratch`."""
    for name, path in matching_files(source, raw).items():
        file = File(name, path, sha256(path))
        if path.stat().st_size and file_kind(file.path, file.name) == "zip":
            yield from _members(file, scratch)
        else:
            yield file


def _members(archive, scratch):
    """Unpack an archive; its members that can hold no table are noted on the first that can."""
    files, notes = [], []
    try:
        with zipfile.ZipFile(archive.path) as opened:
            for info in opened.infolist():
                name = f"{archive.name}/{_member_name(info)}"
                if info.is_dir() or _is_litter(name):
                    continue
                refuse_plate(name)
                if info.flag_bits & 1:
                    raise Refusal(
                        f"{name}: 암호가 걸린 압축 파일입니다. 압축을 풀어 1_raw에 넣으세요.",
                        f"{name} is in an archive with a password. Unpack it into 1_raw.",
                    )
                file = _unpack(opened, info, name, scratch)
                kind = file_kind(file.path, name)
                if isinstance(kind, Text):
                    notes.append(
                        Text(f"{name}: {kind.ko}이라 읽지 않았습니다.", f"{name} is {kind.en} and was not read.")
                    )
                else:
                    files += _members(file, scratch) if kind == "zip" else [file]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise Refusal(
            f"{archive.name}: 압축 파일이 손상되었거나 지원하지 않는 방식입니다. 압축을 풀어 1_raw에 넣으세요.",
            f"{archive.name} is damaged or compressed in an unsupported way. Unpack it into 1_raw.",
        ) from error
    if not files:
        raise Refusal(
            f"{archive.name}: 압축 파일 안에 읽을 수 있는 표가 없습니다. 다시 내려받으세요.",
            f"{archive.name} holds no file with a table. Export it again.",
        )
    return [replace(files[0], notes=(*notes, *files[0].notes)), *files[1:]]


def _unpack(opened, info, name, scratch):
    with tempfile.NamedTemporaryFile(dir=scratch, delete=False) as unpacked, opened.open(info) as content:
        shutil.copyfileobj(content, unpacked, 1 << 20)
    path = Path(unpacked.name)
    return File(name, path, sha256(path))


def _member_name(info):
    """Names not marked as UTF-8 are in the code page of the PC that packed them, which zipfile takes for CP437."""
    name = info.filename
    if not info.flag_bits & 0x800:
        packed = name.encode("cp437", "replace")
        for encoding in ("utf-8", "cp949"):
            try:
                name = packed.decode(encoding)
                break
            except UnicodeDecodeError:
                continue
    return unicodedata.normalize("NFC", name)


def matching_files(source, raw):
    """Name below `raw` -> path of every file that a pattern of the source matches, in the order of the patterns.

    Patterns match without regard to case (.CSV) and to how Hangul is composed (files from a Mac); "**" stands for any
    folders.
    """
    there = {}
    for path in sorted(raw.rglob("*")):
        name = unicodedata.normalize("NFC", path.relative_to(raw).as_posix())
        if path.is_file() and not _is_litter(name):
            refuse_plate(name)
            there[name] = path
    matched = {}
    for pattern in source.files:
        wanted = folded(pattern)
        names = [n for n in there if folded(n) == wanted or _fits(folded(n).split("/"), wanted.split("/"))]
        if not names:
            _refuse_pattern(pattern, source, raw, there)
        matched.update({name: there[name] for name in names})
    return matched


def refuse_plate(name):
    """Refuse a name of a file or sheet that holds what looks like a plate: names of files stand in tables and briefings."""
    for start, end in find_plates(name):
        shown = unicodedata.normalize("NFC", name)
        shown = f"{shown[:start]}(…){shown[end:]}"
        raise Refusal(
            f"1_raw의 '{shown}': 파일이나 시트 이름에 차량번호로 보이는 글자가 있습니다. 이름을 바꾸세요.",
            f"'{shown}' in 1_raw: what looks like a plate stands in the name of a file or sheet. Rename it.",
        )


def _fits(parts, patterns):
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(_fits(parts[i:], patterns[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], patterns[0]) and _fits(parts[1:], patterns[1:])


def folded(name):
    return unicodedata.normalize("NFC", name).casefold()


def _is_litter(name):
    """Lock files of Excel and hidden files of macOS and Windows."""
    return any(part.startswith(("~$", ".", "__MACOSX")) or part == "Thumbs.db" for part in name.split("/"))


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_pattern(pattern, source, raw, there):
    place = f"{raw.parent.name}/{raw.name}"
    nearest = sorted(there, key=lambda name: -SequenceMatcher(None, pattern, name).ratio())[:LISTED]
    more = len(there) - len(nearest)
    listed = ", ".join(sorted(nearest))
    raise Refusal(
        f"{place}에 '{pattern}'에 맞는 파일이 없습니다"
        + (f"(있는 파일: {listed}{f' 외 {more}개' if more else ''}). " if there else "(폴더가 비어 있습니다). ")
        + f"파일을 넣거나 city.toml의 [[source]] '{source.name}' files를 고치세요.",
        f"No file in {place} matches '{pattern}'"
        + (f" (files there: {listed}{f' and {more} more' if more else ''}). " if there else " (the folder is empty). ")
        + f"Put the file there, or correct files of [[source]] '{source.name}' in city.toml.",
    )
