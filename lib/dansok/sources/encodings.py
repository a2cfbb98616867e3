"""Which encoding a text file is in, from its bytes; and its text, piece by piece."""

import codecs
import io

PIECE = 1 << 22
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_encoding(path):
    """One of utf-8-sig, utf-8, cp949, utf-16, utf-16-le, utf-16-be.

    A byte order mark decides. Without one, zero bytes at every other place tell UTF-16; else the first piece that is not plain ASCII is read as UTF-8 and as CP949,
    and the reading with less damage wins: one broken byte in a long file must not turn it all into rubbish.
    """
    with open(path, "rb") as file:
        piece = file.read(PIECE)
        for mark, name in BYTE_ORDER_MARKS:
            if piece.startswith(mark):
                return name
        even, odd = piece[::2].count(0), piece[1::2].count(0)
        if even + odd > len(piece) // 10 and max(even, odd) > 20 * min(even, odd):
            return "utf-16-le" if odd > even else "utf-16-be"
        while piece.isascii() and (further := file.read(PIECE)):
            piece = further
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(piece)
        return "utf-8"
    except UnicodeDecodeError:
        return min(("utf-8", "cp949"), key=lambda name: _decoder(name).decode(piece).count("\ufffd"))


def pieces(path, encoding):
    """The text of a file in pieces of whole lines, line ends as "\\n", damaged bytes as U+FFFD.

    Byte order marks at the start are dropped, also the second one that some exports write.
    """
    decoder = io.IncrementalNewlineDecoder(_decoder(encoding), translate=True)
    rest, first = [], True
    with open(path, "rb") as file:
        while True:
            data = file.read(PIECE)
            text = decoder.decode(data, final=not data)
            if first and text:
                text, first = text.lstrip("\ufeff"), False
            cut = text.rfind("\n") + 1 if data else len(text)
            if cut or not data:
                whole = "".join([*rest, text[:cut]])
                rest = [text[cut:]]
                if whole:
                    yield whole
            else:
                rest.append(text)
            if not data:
                return


def whole_text(path, encoding):
    return "".join(pieces(path, encoding))


def has_second_mark(path, encoding):
    """Whether a byte order mark stands in the text after the first one."""
    with open(path, "rb") as file:
        return _decoder(encoding).decode(file.read(16)).startswith("\ufeff")


def _decoder(encoding):
    return codecs.getincrementaldecoder(encoding)("replace")
