"""What kind of file it is, from its first bytes and from what lies in it, never from its name."""

import re
import zipfile

from dansok.words import Refusal, Text

OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
IMAGE, PDF = Text("그림 파일", "an image"), Text("PDF 파일", "a PDF")
HWP = Text("한글(HWP) 문서", "a Hangul (HWP) document")
NO_WORKBOOK = Text(
    "통합 문서가 들어 있지 않거나 잘린 오피스 문서", "an Office document without a workbook in it, or cut short"
)
DATABASE = Text("데이터베이스 파일", "a database file")
NO_TABLE = (
    (b"\x89PNG", IMAGE), (b"\xff\xd8\xff", IMAGE), (b"GIF8", IMAGE), (b"II*\0", IMAGE), (b"MM\0*", IMAGE),
    (b"%PDF", PDF), (b"HWP Document File", HWP),
    (b"\x1f\x8b", Text("gzip 압축 파일", "a gzip archive")), (b"7z\xbc\xaf", Text("7z 압축 파일", "a 7z archive")),
    (b"Rar!", Text("RAR 압축 파일", "a RAR archive")), (b"ALZ\1", Text("ALZ 압축 파일", "an ALZ archive")),
    (b"EGGA", Text("EGG 압축 파일", "an EGG archive")), (b"SQLite format 3", DATABASE), (b"\0\1\0\0Standard", DATABASE),
)  # fmt: skip
LOCKED = re.compile(rb".{0,2}DRMONE|SCDSA00|<DOCUMENT SAFER", re.IGNORECASE)


def file_kind(path, name):
    """A workbook's format, "zip" or "text"; a Text says what it is if it can hold no table."""
    with open(path, "rb") as opened:
        start = opened.read(512)
    if not start:
        refuse_empty(name)
    if LOCKED.match(start):
        raise Refusal(
            f"{name}: 문서보안(DRM)이 걸린 파일입니다. 보안을 해제하여 다시 저장하세요.",
            f"{name} is locked by document security (DRM). Save it again with the lock taken off.",
        )
    for magic, what in NO_TABLE:
        if start.startswith(magic):
            return what
    if start.startswith(OLE2):
        content = path.read_bytes()
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Refusal(
                f"{name}: 암호가 걸린 파일입니다. 암호를 풀어 다시 저장하세요.",
                f"{name} is protected by a password. Save it again without one.",
            )
        if any(stream.encode("utf-16-le") in content for stream in ("Workbook", "Book")):
            return "xls"
        return HWP if "HwpSummary".encode("utf-16-le") in content else NO_WORKBOOK
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        return _zip_kind(path, name)
    return "text"


def _zip_kind(path, name):
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile as error:
        raise Refusal(
            f"{name}: 파일이 손상되었거나 끝이 잘렸습니다. 다시 내려받거나 복사하세요.",
            f"{name} is damaged or cut short. Export or copy it again.",
        ) from error
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if {"mimetype", "content.xml"} <= names:
        return "ods"
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        return Text("워드나 파워포인트 문서", "a Word or PowerPoint document")
    if "Contents/content.hpf" in names:
        return HWP
    return "zip"


def refuse_empty(name):
    raise Refusal(f"{name}: 빈 파일입니다. 다시 내려받으세요.", f"{name} is empty. Export it again.")
