"""Files as city offices send them: each must come out as the same text, with its row numbers and notes, or be refused."""

import base64
import csv
import datetime
import hashlib
import io
import json
import random
import subprocess
import sys
import unicodedata
import zipfile
import zlib
from types import SimpleNamespace

import duckdb
import pytest
import xlsxwriter
from dansok.sources import ROW_NOTES, file_hashes, read_source
from dansok.words import Refusal

HEADERS = ["단속일시", "차량번호", "단속장소", "단속건수"]
ROWS = [["2024-03-02 14:03", "12가3456", "다산동 6242", "1"], ["2024-03-02 14:05", "34나5678", "똠양꿍 앞 (샾)", "2"]]
XLS = (  # 자료: a title, 단속일시 단속장소 건수, one row; written by xlwt
    "c-rk)T}V_x6#nM!U0r2eS6fSsmPN?Q6v`rE!LEg+FKe0){ScJqK8T^Q_)<h!=39c$Q_+jCJ_KQEP)0qtzHEVD6c|N;Rz%QKP|$;VJ9GBl+T9"
    "3TC_$O;GH1@5IcMg~ocX!;KA$O=8yYK}M;i9Qfh98sSxGWMDaS5&LG`97Svz-8G8I-8a$FS1EGHi4O=rs(%6QL1!>Ar33cROu66es^-4zb3A"
    "P%q(twQ=xLsZ~4NjxZFuL_x-VY-g#J=T1}w3a0UOlwGYPMpAu(O9w9TE)k-GOqJLw)>E6-mqjRittpf;>&{~q3gu{NJs10RaW8G-H3t$S|9E"
    "TM`XDe!!%PkPN)ins_N<j4GqCiDA>|62OmW}itlCs_-1eK$$*lttXzQPKT_q{f04T=n(6Wznhx~BJk7hMA8r`BtkJ|^e0pL5hiP$uQ!Yd`cA"
    "y%&Q8yOA=kbA<KHD*?LrC^w{Oy#*4#%&@sIi{A#ZxYbkK?10ukQ!2hb^nA8M+Sm`0%D2A9=j3+(g@v&wK%IE-$&gaOdlbP+OC6iY2{#Wh5?^"
    "&C-3CxFRjc*uyoBU$lZPwllrTt!`w#l&OyfMtONtk;NS9W1VYUTTcD#V!SlAB=K8`@Bh*~;qU)oY$JZ8e*S`Q<drdmGP>y6$zDEvs1%jr)=h"
    "~=hMf!R5PHY7<c|Z%rFpHfnbz%@k42s{(0sts5Ink64Z#|cCQA1FB}y8V9G10~X6?{C_VM^ExFNdfQ?0Z~L_p5&B~6xO3x0XUYlV0q)#<?ej"
    "a(=wC@3f>C@3hbVaV4^&3eVwt?vW*5}$4T*IA^rq<)jESsXz(Jw5a-c@SNcM{qu)^|KyMVYelgX=DE{lsHPgN6?8j_M<c7^-G^RB6&Q^HuV0"
    "xEtF~hOPTojpZos_NucXq"
)


def a_source(*files, columns=("단속일시", "단속장소"), **settings):
    """`columns`: raw headers, "|" between spellings."""
    given = {f"column_{i}": (tuple(header.split("|")),) for i, header in enumerate(columns)}
    defaults = dict(name="exports", table="tickets", sheet=None, records=None, encoding=None)
    return SimpleNamespace(files=files or ("*",), columns=given, **(defaults | settings))


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "testcity" / "1_raw"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def read(raw, tmp_path):
    """Read a source; returns (rows as tuples in order, arrivals)."""

    def reading(source):
        staged = read_source(source, raw, tmp_path / "staging")
        rows = duckdb.sql(f"SELECT * FROM read_parquet({[str(path) for path in staged.parquet]})").fetchall()
        return rows, staged.arrivals

    return reading


@pytest.fixture
def refused(read):
    def reading(source):
        with pytest.raises(Refusal) as caught:
            read(source)
        assert caught.value.text.ko != caught.value.text.en
        return caught.value.text

    return reading


def csv_text(rows, delimiter=",", end="\r\n"):
    return "".join(delimiter.join(row) + end for row in rows)


def workbook(path, **sheets):
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for r, row in enumerate(rows):
                sheet.write_row(r, 0, row)


def notes(arrival):
    return [note.en for note in arrival.notes]


# Which files


def test_patterns_match_any_case_and_any_composition_and_each_file_is_read_once(raw, read):
    (raw / "2024").mkdir()
    (raw / unicodedata.normalize("NFD", "단속현황_1월.CSV")).write_text(csv_text([HEADERS, ROWS[0]]), "cp949")
    (raw / "2024" / "단속현황_2월.csv").write_text(csv_text([HEADERS, ROWS[1]]), "cp949")
    (raw / "~$단속현황.csv").write_bytes(b"lock")
    (raw / "2024" / ".DS_Store").write_bytes(b"\0\0")
    rows, arrivals = read(a_source("단속*.csv", "**/단속현황*.csv"))
    assert [arrival.file for arrival in arrivals] == ["단속현황_1월.CSV", "2024/단속현황_2월.csv"]
    assert [(row[2], row[3]) for row in rows] == [("단속현황_1월.CSV", 2), ("2024/단속현황_2월.csv", 2)]
    rows, arrivals = read(a_source("단속*.csv"))
    assert len(arrivals) == 1, "a pattern without a folder must not reach into folders"


def test_a_copy_under_another_name_is_not_counted_twice(raw, read):
    for name in ("단속.csv", "단속 - 복사본.csv"):
        (raw / name).write_text(csv_text([HEADERS, *ROWS]), "cp949")
    rows, arrivals = read(a_source("*.csv"))
    assert len(rows) == 2 and len(arrivals) == 1
    assert notes(arrivals[0]) == ["단속.csv has the same content and was not read again."]


def test_a_pattern_without_a_file_says_what_is_there(raw, refused):
    for i in range(7):
        (raw / f"시민신고 {i}.xlsx").write_bytes(b"x")
    text = refused(a_source("고정형*.xlsx"))
    assert text.en == (
        "No file in testcity/1_raw matches '고정형*.xlsx' (files there: 시민신고 0.xlsx, 시민신고 1.xlsx, 시민신고 2.xlsx, "
        "시민신고 3.xlsx, 시민신고 4.xlsx and 2 more). Put the file there, or correct files of [[source]] 'exports' in city.toml."
    )
    assert "testcity/1_raw에 '고정형*.xlsx'에 맞는 파일이 없습니다" in text.ko and "외 2개" in text.ko


def test_a_pattern_in_an_empty_folder(refused):
    assert "(the folder is empty)" in refused(a_source("*.csv")).en


def test_hashes_follow_the_content_and_need_no_reading(raw):
    (raw / "a.csv").write_bytes(b"not even a table")
    before = file_hashes(a_source("*.csv"), raw)
    assert before == {"a.csv": hashlib.sha256(b"not even a table").hexdigest()}
    (raw / "a.csv").write_bytes(b"not even a table.")
    assert file_hashes(a_source("*.csv"), raw) != before
    with pytest.raises(Refusal):
        file_hashes(a_source("b.csv"), raw)


# Delimited text


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize(
    ("encoding", "mark", "reported"),
    [
        ("cp949", b"", "cp949"),
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-8", b"\xef\xbb\xbf\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
    ],
)
def test_encodings_and_delimiters(raw, read, encoding, mark, reported, delimiter):
    (raw / "단속.txt").write_bytes(mark + csv_text([HEADERS, *ROWS], delimiter).encode(encoding))
    rows, (arrival,) = read(a_source())
    assert rows == [(row[0], row[2], "단속.txt", 2 + i, None) for i, row in enumerate(ROWS)]
    assert (arrival.format, arrival.encoding, arrival.header_row, arrival.rows) == ("csv", reported, 1, 2)
    assert arrival.columns == ("단속일시", "단속장소") and arrival.unused_columns == ("차량번호", "단속건수")
    assert notes(arrival) == (["The file starts with two byte order marks."] if len(mark) == 6 else [])


def test_a_long_ascii_start_does_not_decide_the_encoding(raw, read):
    start = csv_text([["at", "place"], *[["2024-03-02", "x" * 90]] * 60_000])
    (raw / "a.csv").write_bytes(start.encode() + "2024-03-03,다산동\r\n".encode("cp949"))
    rows, (arrival,) = read(a_source(columns=("at", "place")))
    assert arrival.encoding == "cp949" and rows[-1] == ("2024-03-03", "다산동", "a.csv", 60_002, None)


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_broken_byte_marks_its_row_only_and_only_if_we_read_it(raw, read, encoding):
    lines = csv_text([HEADERS, *ROWS * 3]).encode(encoding).split(b"\r\n")
    lines[2] = lines[2].replace(b"2024-03-02 14:05", b"2024-03-\xff2 14:05")
    lines[3] = lines[3].replace(b"12", b"1\xff", 1)  # in the plate, which is not mapped
    (raw / "a.csv").write_bytes(b"\r\n".join(lines))
    rows, (arrival,) = read(a_source())
    assert arrival.encoding == encoding
    assert [row[-1] for row in rows] == [None, "undecodable text", None, None, None, None]
    assert rows[1][0] == "2024-03-\ufffd2 14:05" and arrival.rows == 5
    assert notes(arrival) == ["undecodable text: 1"]


def test_the_encoding_of_city_toml_wins_and_must_be_known(raw, read, refused):
    (raw / "a.csv").write_text("at,memo\nx,\xc7\xd1\n", "latin-1")
    rows, (arrival,) = read(a_source(columns=("memo",), encoding="latin-1"))
    assert rows[0][0] == "\xc7\xd1" and arrival.encoding == "iso8859-1"
    text = refused(a_source(columns=("memo",), encoding="ansi"))
    assert text.en.startswith("a.csv: encoding 'ansi' is unknown.") and text.ko.startswith("a.csv: 인코딩 'ansi'")


def test_titles_repeated_headers_totals_blanks_short_and_long_rows_are_noted_not_dropped(raw, read):
    lines = [
        "2024년 주정차 단속현황",  # 1
        ",,(단위: 건),",  # 2
        "연번,단속 일시,' 단속건수 ',비고".replace("'", ""),  # 3
        "1,2024-03-02 14:03,1,",  # 4
        "합  계,,1,",  # 5
        "",  # 6
        " ,\u3000,,",  # 7
        "연번,단속 일시, 단속건수 ,비고",  # 8
        "2,2024-03-02 14:05",  # 9
        "3,2024-03-02 14:06,1",  # 10: only an unmapped cell is missing
        "4,2024-03-02 14:07,1,,,,",  # 11: nothing in the extra cells
        "5,2024-03-02 14:08,1,다산동 1, 2",  # 12
        "(소계),,9,",  # 13
        "계양동,2024-03-02 14:09,3,",  # 14: a place, no total
    ]
    (raw / "a.CSV").write_text("\r\n".join(lines), "cp949", newline="")
    rows, (arrival,) = read(a_source(columns=("단속일시", "단속건수|건수")))
    assert [(row[3], row[4]) for row in rows] == [
        (4, None),
        (5, "total row"),
        (6, "blank row"),
        (7, "blank row"),
        (8, "repeated header"),
        (9, "short row"),
        (10, None),
        (11, None),
        (12, "long row"),
        (13, "total row"),
        (14, None),
    ]
    assert rows[0][:2] == ("2024-03-02 14:03", "1") and rows[3][:2] == (None, None)
    assert arrival.header_row == 3 and arrival.rows == 4 and arrival.unused_columns == ("연번", "비고")
    assert notes(arrival) == ["blank row: 2", "repeated header: 1", "total row: 2", "short row: 1", "long row: 1"]
    assert set(ROW_NOTES) >= {row[4] for row in rows} - {None}


def test_quotes_hold_delimiters_line_breaks_and_quotes(raw, read):
    body = '"at","place","memo"\r\n"1","a, b","x\r\n\r\ny ""z"""\r\n2,"c",\r\n3,d 3" pipe,"e"\r\n'
    (raw / "a.csv").write_text(body, newline="")
    rows, _ = read(a_source(columns=("at", "place", "memo")))
    assert [row[:3] for row in rows] == [
        ("1", "a, b", 'x\n\ny "z"'),
        ("2", "c", None),
        ("3", "d 3\ufffd pipe", "\ufffde\ufffd"),
    ]
    assert [(row[4], row[5]) for row in rows] == [(2, None), (3, None), (4, "undecodable text")]


@pytest.mark.parametrize("bad", ['3,"c 3 pipe,x', '3,"c" 3 pipe,x', '3,"c 3" pipe,x'])
@pytest.mark.parametrize("last", [False, True])
def test_a_stray_quote_costs_its_own_row_only(raw, read, bad, last):
    lines = ["at,place,memo", "1,a,x", bad, *([] if last else ["4,d,x", '5,"e, f",x'])]
    (raw / "a.csv").write_text("\n".join(lines))
    rows, _ = read(a_source(columns=("at", "place", "memo")))
    assert [(row[0], row[5]) for row in rows] == [("1", None), ("3", "undecodable text")] + (
        [] if last else [("4", None), ("5", None)]
    )


def test_a_quote_open_to_the_end_is_refused_with_its_line(raw, refused):
    (raw / "a.csv").write_text('제목\nat,place,memo\n1,a,x\n2,"b 12가3456\nmore\nand more\n')
    text = refused(a_source(columns=("at", "place")))
    assert text.en == 'a.csv line 4: a quotation mark (") is opened and never closed. Correct that line.'
    assert text.ko.startswith("a.csv 4번째 줄: 열린 따옴표")


def test_a_record_of_many_megabytes_is_refused_without_its_content(raw, refused):
    (raw / "a.csv").write_text('at,place\n1,"' + "비밀\n" * 1_500_000 + '"\n')
    text = refused(a_source(columns=("at", "place")))
    assert text.en.startswith("a.csv") and "longer than 2 MB" in text.en
    assert "비밀" not in text.ko + text.en and "2 MB보다 깁니다" in text.ko


@pytest.mark.parametrize("seed", range(40))
def test_any_well_formed_csv_comes_out_as_python_reads_it(raw, read, monkeypatch, seed):
    rng = random.Random(seed)
    monkeypatch.setattr("dansok.sources.encodings.PIECE", rng.choice([17, 64, 200, 1 << 22]))
    cells = [
        "",
        "a",
        "다산동",
        "a,b",
        "c\nd",
        'q"q',
        "\n\n",
        '"',
        " lead",
        '3" pipe',
        ' "x"',
        "줄\n\n\n끝",
        ",",
        ";",
        '""',
    ]
    headers = ["열가", "열나", "열다", "열라"][: rng.randint(2, 4)]
    rows = [[rng.choice(cells) for _ in headers] for _ in range(rng.randint(0, 40))]
    text = io.StringIO()
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(text, delimiter=rng.choice(",\t;"), quoting=quoting, lineterminator=rng.choice(["\n", "\r\n"]))
    writer.writerows([headers, *rows])
    (raw / "a.csv").write_bytes(text.getvalue().encode(rng.choice(["cp949", "utf-8-sig", "utf-16"])))
    got, _ = read(a_source(columns=headers))
    assert [row[: len(headers)] for row in got] == [
        tuple(cell if cell.strip() else None for cell in row) for row in rows
    ]
    assert [row[-2] for row in got] == list(range(2, 2 + len(rows)))
    assert {row[-1] for row in got} <= {None, "blank row"}


def test_line_ends_of_an_old_mac_and_a_last_line_without_one(raw, read):
    (raw / "a.csv").write_bytes(b"at,place\r1,a\r2,b")
    rows, _ = read(a_source(columns=("at", "place")))
    assert [row[0] for row in rows] == ["1", "2"]


def test_a_table_of_headers_only_has_no_rows(raw, read):
    (raw / "a.csv").write_text("at,place\n")
    rows, (arrival,) = read(a_source(columns=("at", "place")))
    assert rows == [] and arrival.rows == 0


def test_alternatives_take_the_first_spelling_as_name_and_two_like_headers_are_noted(raw, read, tmp_path):
    (raw / "a.csv").write_text("위반일시,장소,장소\n1,a,b\n", "utf-8")
    source = a_source(columns=("단속일시|위반일시", "장소"))
    rows, (arrival,) = read(source)
    assert rows == [("1", "a", "a.csv", 2, None)]
    staged = read_source(source, raw, tmp_path / "again")
    columns = duckdb.sql(f"DESCRIBE SELECT * FROM '{staged.parquet[0]}'").fetchall()
    assert [column[:2] for column in columns] == [
        ("단속일시", "VARCHAR"),
        ("장소", "VARCHAR"),
        ("source_file", "VARCHAR"),
        ("source_row", "BIGINT"),
        ("row_note", "VARCHAR"),
    ]
    assert arrival.columns == ("위반일시", "장소") and notes(arrival) == [
        "'장소' heads several columns: only the first was read."
    ]


def test_missing_headers_are_named_with_those_found(raw, refused):
    headers = ["단속일시", "차량 번호", *[f"열{i}" for i in "가나다라마바사아자차카타"]]
    (raw / "3월.csv").write_text(csv_text([["2024년 현황"], headers, ["1"] * 14]), "cp949")
    text = refused(a_source(columns=("단속일시", "단속장소|위반장소", "동")))
    assert text.ko == (
        "3월.csv: 처음 30행에서 열 '단속장소|위반장소, 동'을(를) 찾지 못했습니다. 찾은 열: 단속일시, 차량 번호, 열가, 열나, 열다, 열라, "
        "열마, 열바, 열사, 열아, 열자, 열차 외 2개. city.toml의 [[source]] 'exports' columns에 이 파일의 열 이름을 적거나, "
        "파일을 다시 내려받으세요."
    )
    assert text.en == (
        "3월.csv: no column '단속장소|위반장소, 동' in the first 30 rows. Columns found: 단속일시, 차량 번호, 열가, 열나, 열다, 열라, "
        "열마, 열바, 열사, 열아, 열자, 열차 and 2 more. Write this file's headers under columns of [[source]] 'exports' in "
        "city.toml, or export it again."
    )


@pytest.mark.parametrize(
    "rows",
    [
        [["2024-03-02", "12가3456", "홍길동"], ["2024-03-03", "34나5678", "임꺽정"]],
        [["홍길동", "다산동"], ["임꺽정", "별내동"]],
    ],
)
def test_a_file_without_headers_does_not_leak_its_first_row(raw, refused, rows):
    (raw / "a.csv").write_text(csv_text(rows), "cp949")
    text = refused(a_source())
    for cell in rows[0] + rows[1]:
        assert cell not in text.ko + text.en
    assert "No header row is seen." in text.en and "열 이름 행이 보이지 않습니다." in text.ko


def test_a_plate_among_the_headers_is_masked(raw, refused, read):
    (raw / "a.csv").write_text("단속일시,12가3456,031-123-4567\n1,2,3\n", "utf-8")
    assert "Columns found: 단속일시, (…), (…)." in refused(a_source()).en
    assert read(a_source(columns=("단속일시",)))[1][0].unused_columns == ("(…)", "(…)")


def test_other_headers_are_listed_when_they_are_surely_no_data(raw, refused):
    (raw / "a.csv").write_text("장소명,일시\n다산동,2024-03-02\n", "utf-8")
    assert "Columns found: 장소명, 일시." in refused(a_source()).en


def test_memory_does_not_grow_with_the_file(raw, tmp_path):
    line = "2024-03-02 14:03,12가3456,다산동 6242 부근,1\r\n".encode("cp949")
    with open(raw / "a.csv", "wb") as file:
        file.write(csv_text([HEADERS]).encode("cp949"))
        for _ in range(650):
            file.write(line * 1000)
    program = (
        "import sys, resource, types; from dansok.sources import read_source\n"
        "columns = {'at': (('단속일시',),), 'place': (('단속장소',),)}\n"
        "source = types.SimpleNamespace(name='s', files=('a.csv',), columns=columns, sheet=None, records=None, encoding=None)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "arrival = read_source(source, __import__('pathlib').Path(sys.argv[1]), sys.argv[2]).arrivals[0]\n"
        "print(arrival.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(raw), str(tmp_path / "staging")], capture_output=True, text=True, check=True
    )
    rows, grown = map(int, ran.stdout.split())
    grown /= 1024 if sys.platform != "darwin" else 1 << 20
    assert rows == 650_000 and (raw / "a.csv").stat().st_size > 28e6
    assert grown < 450, "megabytes; the same bound holds for 300 MB"


# Workbooks


def test_cells_come_out_as_text_as_excel_shows_them(raw, read):
    with xlsxwriter.Workbook(raw / "a.xlsx") as book:
        sheet = book.add_worksheet()
        form = {
            name: book.add_format({"num_format": name})
            for name in ("yyyy-mm-dd hh:mm", "yyyy-mm-dd", "hh:mm", "[h]:mm")
        }
        sheet.merge_range(1, 0, 1, 3, "2024년 주정차 단속현황")
        sheet.write_row(3, 0, ["단속\n일시", "일자", "시각", "경과", "단속건수", "위도", "확인", "오류", "번호"])
        sheet.write_datetime(4, 0, datetime.datetime(2024, 1, 2, 14, 2, 59, 999_700), form["yyyy-mm-dd hh:mm"])
        sheet.write_datetime(4, 1, datetime.datetime(2024, 1, 2), form["yyyy-mm-dd"])
        sheet.write_datetime(4, 2, datetime.time(14, 3), form["hh:mm"])
        sheet.write_number(4, 3, 1.5, form["[h]:mm"])
        sheet.write_number(4, 4, 12.0)
        sheet.write_number(4, 5, 37.7212623)
        sheet.write_boolean(4, 6, True)
        sheet.write_formula(4, 7, "=1/0", None, "#DIV/0!")
        sheet.write_string(4, 8, "00123")
    headers = ("단속일시", "일자", "시각", "경과", "단속건수", "위도", "확인", "오류", "번호")
    rows, (arrival,) = read(a_source(columns=headers))
    assert rows == [
        ("2024-01-02 14:03:00", "2024-01-02", "14:03:00", "36:00:00", "12", "37.7212623", "TRUE", None, "00123")
        + ("a.xlsx", 5, None)
    ]
    assert (arrival.format, arrival.header_row, arrival.columns[0]) == ("xlsx", 4, "단속 일시")


def test_row_numbers_are_excels_when_the_table_starts_far_from_a1(raw, read):
    with xlsxwriter.Workbook(raw / "a.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(9, 3, ["단속일시", "단속장소"])
        sheet.write_row(11, 3, ["1", "다산동"])
        sheet.write_row(12, 3, ["소 계", ""])
    rows, (arrival,) = read(a_source())
    assert [row[3:] for row in rows] == [(11, "blank row"), (12, None), (13, "total row")]
    assert arrival.header_row == 10 and rows[1][:2] == ("1", "다산동")


def test_sheets_with_the_header_continuations_covers_and_empty_ones(raw, read):
    workbook(
        raw / "a.xlsx",
        표지=[["2024년 보고", "담당: 주차관리과"]],
        자료1=[["연번", *HEADERS], ["1", *ROWS[0]]],
        자료2=[["2", *ROWS[1]], ["3", *ROWS[0]]],
        Sheet4=[],
        자료3=[["제목"], ["비고", *HEADERS[::-1]], ["", *ROWS[0][::-1]]],
        코드=[["코드", "이름"], ["1", "보도"]],
        부서=[["부서", "담당", "전화", "층", "비고"], ["1", "2", "3", "4", "5"]],
    )
    rows, (arrival,) = read(a_source())
    assert [(row[2], row[3], row[0]) for row in rows] == [
        ("a.xlsx#자료1", 2, ROWS[0][0]),
        ("a.xlsx#자료2", 1, ROWS[1][0]),
        ("a.xlsx#자료2", 2, ROWS[0][0]),
        ("a.xlsx#자료3", 3, ROWS[0][0]),
    ]
    assert arrival.rows == 4 and arrival.header_row == 1
    assert notes(arrival) == [
        "The sheet '표지' lacks the columns and was not read.",
        "The sheet '자료2' has no header and was read as a continuation of the sheet before.",
        "The sheet 'Sheet4' is empty.",
        "The sheet '코드' lacks the columns and was not read.",
        "The sheet '부서' lacks the columns and was not read.",
    ]
    rows, _ = read(a_source(sheet="자료[13]"))
    assert [row[2] for row in rows] == ["a.xlsx#자료1", "a.xlsx#자료3"]


def test_a_sheet_that_is_not_there(raw, refused):
    workbook(raw / "a.xlsx", 자료=[HEADERS], 코드=[["1"]])
    text = refused(a_source(sheet="단속*"))
    assert text.en.startswith("a.xlsx: no sheet matches '단속*' (sheets there: 자료, 코드).")
    assert text.ko.startswith("a.xlsx: '단속*'에 맞는 시트가 없습니다(있는 시트: 자료, 코드).")


def test_missing_headers_in_a_workbook_name_the_sheet(raw, refused):
    workbook(raw / "a.xlsx", 표지=[["보고"]], 자료=[["2024년"], ["단속일시", "장소"], ["2024-03-02", "다산동"]])
    text = refused(a_source())
    assert text.en.startswith("a.xlsx#자료: no column '단속장소' in the first 30 rows. Columns found: 단속일시, 장소.")
    assert text.ko.startswith("a.xlsx#자료: 처음 30행에서 열 '단속장소'을(를) 찾지 못했습니다.")


def test_a_header_below_the_thirtieth_row_is_not_looked_for(raw, read, refused):
    workbook(raw / "a.xlsx", 자료=[["제목"]] * 29 + [HEADERS, ROWS[0]])
    assert read(a_source())[1][0].header_row == 30
    workbook(raw / "a.xlsx", 자료=[["제목"]] * 30 + [HEADERS, ROWS[0]])
    refused(a_source())


def test_a_hidden_sheet_is_read_and_said(raw, read):
    with xlsxwriter.Workbook(raw / "a.xlsx") as book:
        book.add_worksheet("자료").write_row(0, 0, HEADERS)
        hidden = book.add_worksheet("지난달")
        hidden.write_row(0, 0, HEADERS)
        hidden.write_row(1, 0, ROWS[0])
        hidden.hide()
        book.add_chartsheet("그림")
    rows, (arrival,) = read(a_source())
    assert len(rows) == 1 and notes(arrival) == ["The sheet '지난달' is hidden."]


def test_more_rows_than_one_batch_keep_their_order(raw, read):
    workbook(raw / "a.xlsx", 자료=[HEADERS, *[[i, "", f"다산동 {i}", 1] for i in range(2, 25_002)]])
    rows, _ = read(a_source())
    assert [(int(row[0]), row[3]) for row in rows] == [(i, i) for i in range(2, 25_002)]


def test_a_binary_xls_whatever_it_is_called(raw, read):
    (raw / "단속.csv").write_bytes(zlib.decompress(base64.b85decode(XLS)))
    rows, (arrival,) = read(a_source(columns=("단속일시", "단속장소", "건수")))
    assert rows == [("2024-01-02 03:04:05", "다산동 6242", "7", "단속.csv", 3, None)]
    assert (arrival.format, arrival.encoding, arrival.header_row) == ("xls", None, 2)


@pytest.mark.parametrize(("encoding", "reported"), [("utf-8", "utf-8"), ("cp949", "cp949"), ("utf-8-sig", "utf-8-sig")])
@pytest.mark.parametrize("meta", ["utf-8", "euc-kr", None])
def test_html_saved_as_xls(raw, read, encoding, reported, meta):
    page = f"""<html><head>{f'<meta charset="{meta}">' if meta else ""}</head><body>
        <table><tr><td>메뉴</td></tr></table>
        <table border=1><thead>
        <tr><th colspan="4">2024년 주정차 단속현황</th></tr>
        <tr><th>연번</th><th>단속<br>일시</th><th>&nbsp;단속장소&nbsp;</th><th>비고</th></tr></thead>
        <tbody>
        <tr><td rowspan=2>1</td><td>2024-03-02&nbsp;14:03</td><td>다산동 &lt;6242&gt;</td><td>
        <tr><td>2024-03-02 14:05</td><td>샾 앞</td><td></td></tr>
        <tr><td colspan=2>합 계</td><td></td><td>2</td></tr></tbody></table></body></html>"""
    (raw / "단속.xls").write_bytes(page.encode(encoding))
    rows, (arrival,) = read(a_source())
    assert [row[:2] + row[3:] for row in rows] == [
        ("2024-03-02\xa014:03", "다산동 <6242>", 3, None),
        ("2024-03-02 14:05", "샾 앞", 4, None),
        (None, None, 5, "total row"),
    ]
    assert (arrival.format, arrival.encoding, arrival.header_row) == ("html", reported, 2)
    assert arrival.unused_columns == ("연번", "비고")


# JSON


def test_json_values_keep_their_digits_and_what_is_nested_is_json(raw, read):
    (raw / "cctv.json").write_text(
        '[{"위도": 37.7365520, "번호": 413601001482, "열": "합격", "망": {"가": [1, 2.5]}, "사용": true, "메모": null},'
        ' {"위도": "37.1", "번호": 2, "열": "", "망": [], "사용": false, "추가": 1}]',
        "utf-8",
    )
    rows, (arrival,) = read(a_source(columns=("위도", "번호", "열", "망", "사용", "메모")))
    assert rows == [
        ("37.7365520", "413601001482", "합격", '{"가": [1, 2.5]}', "TRUE", None, "cctv.json", 1, None),
        ("37.1", "2", None, "[]", "FALSE", None, "cctv.json", 2, None),
    ]
    assert (arrival.format, arrival.header_row, arrival.unused_columns) == ("json", None, ("추가",))


def test_records_by_path_one_record_alone_and_none(raw, read):
    source = a_source("a.txt", columns=("이름",), records="response.body.items.item")

    def answer(item):
        body = {"response": {"header": {"resultCode": "00"}, "body": {"items": {"item": item}}}}
        (raw / "a.txt").write_text(json.dumps(body, ensure_ascii=False), "cp949")

    answer([{"이름": "가"}, {"이름": "나"}])
    rows, (arrival,) = read(source)
    assert [row[0] for row in rows] == ["가", "나"] and arrival.encoding == "cp949"
    answer({"이름": "가"})
    assert [row[0] for row in read(source)[0]] == ["가"]
    for nothing in ([], "", None):
        answer(nothing)
        rows, (arrival,) = read(source)
        assert rows == [] and arrival.rows == 0 and notes(arrival) == ["It holds no records."]


def test_an_object_of_objects_gives_its_names_as_key(raw, read):
    (raw / "a.json").write_text('{"금곡리 1-1": {"lat": 37.1}, "금곡리 1-2": {"lat": 37.2}}', "utf-8")
    assert [row[:2] for row in read(a_source(columns=("key", "lat")))[0]] == [
        ("금곡리 1-1", "37.1"),
        ("금곡리 1-2", "37.2"),
    ]


POLYGON = {
    "type": "Polygon",
    "coordinates": [[[127.20216102582376, 37.5], [127.3, 37.5], [127.3, 37.6], [127.20216102582376, 37.5]]],
}
WKT = "POLYGON ((127.20216102582376 37.5, 127.3 37.5, 127.3 37.6, 127.20216102582376 37.5))"


@pytest.mark.parametrize(
    "content",
    [
        POLYGON,
        {"type": "Feature", "properties": None, "geometry": POLYGON},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": POLYGON}]},
    ],
)
def test_geojson_of_every_shape_gives_wkt_with_all_digits(raw, read, content):
    (raw / "시경계.geojson").write_text(json.dumps(content))
    rows, (arrival,) = read(a_source(columns=("geometry",)))
    assert rows == [(WKT, "시경계.geojson", 1, None)] and arrival.format == "geojson"


def test_geojson_properties_and_a_missing_geometry(raw, read):
    features = [
        {"type": "Feature", "properties": {"이름": "와부읍"}, "geometry": POLYGON},
        {"type": "Feature", "properties": {"이름": "진접읍"}, "geometry": None},
    ]
    (raw / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert [row[:2] for row in read(a_source(columns=("이름", "geometry")))[0]] == [("와부읍", WKT), ("진접읍", None)]


@pytest.mark.parametrize(
    ("content", "records", "en", "ko"),
    [
        ('{"이름": "가", }', None, "a.json line 1 is not valid JSON.", "a.json 1행: JSON 형식이 잘못"),
        ('{"response": {"items": [{"이름": 1}]}}', None, "a.json (response): no list of records", "a.json (response): 레코드의"),
        ('{"body": {"total": 3}}', "body.items", "there is no 'items' of records = \"body.items\" (names there: total)", "'items'이(가) 없습니다"),
        ("[[1, 2], [3, 4]]", None, "a.json: no list of records is found.", "a.json: 레코드의 목록을"),
        ('[{"성명": "가"}]', None, "a.json: no column '이름'", "열 '이름'을(를) 찾지"),
        ('{"12가3456": {"a": 1}}', "x", "(names there: …)", "있는 이름: …"),
        ('{"type": "FeatureCollection", "features": [null]}', None, "a.json: the geometry of feature 1", "a.json 1번째 도형"),
        ('{"type": "Polygon", "coordinates": [[[1, 2], [3]]]}', None, "a.json: the geometry of feature 1", "a.json 1번째 도형"),
    ],
)  # fmt: skip
def test_json_that_cannot_be_read_is_refused(raw, refused, content, records, en, ko):
    (raw / "a.json").write_text(content, "utf-8")
    text = refused(a_source(columns=("이름",), records=records))
    assert en in text.en and ko in text.ko and "12가3456" not in text.ko + text.en


# Archives


def zipped(path, members):
    """A zip as Windows Explorer writes it: Korean names in CP949, not marked as UTF-8."""
    stand_ins = {name.encode("cp949"): letter for name, letter in zip(members, "ABCDEFGH", strict=False)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for (name, letter), content in zip(stand_ins.items(), members.values(), strict=True):
            archive.writestr(zipfile.ZipInfo(letter * len(name)), content)
    packed = path.read_bytes()
    for name, letter in stand_ins.items():
        packed = packed.replace(letter.encode() * len(name), name)
    path.write_bytes(packed)


def test_members_of_an_archive_are_read_as_files_with_their_korean_names(raw, read):
    inner = io.BytesIO()
    with xlsxwriter.Workbook(inner) as book:
        book.add_worksheet().write_row(0, 0, HEADERS)
        book.worksheets()[0].write_row(1, 0, ROWS[1])
    zipped(
        raw / "3월.zip",
        {
            "자료/단속.csv": csv_text([HEADERS, ROWS[0]]).encode("cp949"),
            "설명서입니다.pdf": b"%PDF-1.7 ...",
            "__MACOSX/x": b"\0\0",
            "단속 현황 파일.xlsx": inner.getvalue(),
            "담당자 사진.jpg": b"\xff\xd8\xff\xe0",
        },
    )
    rows, arrivals = read(a_source("*.zip"))
    assert [(row[0], row[2], row[3]) for row in rows] == [
        (ROWS[0][0], "3월.zip/자료/단속.csv", 2),
        (ROWS[1][0], "3월.zip/단속 현황 파일.xlsx", 2),
    ]
    assert notes(arrivals[0]) == [
        "3월.zip/설명서입니다.pdf is a PDF and was not read.",
        "3월.zip/담당자 사진.jpg is an image and was not read.",
    ]
    assert list(file_hashes(a_source("*.zip"), raw)) == ["3월.zip"]


def test_a_file_that_also_lies_in_an_archive_counts_once(raw, read):
    content = csv_text([HEADERS, ROWS[0]]).encode("cp949")
    (raw / "a.csv").write_bytes(content)
    zipped(raw / "b.zip", {"단속.csv": content})
    assert len(read(a_source("*.csv", "*.zip"))[0]) == 1


def test_archives_that_cannot_be_read_are_refused(raw, refused):
    zipped(raw / "a.zip", {"단속현황.csv": csv_text([HEADERS] + ROWS * 500).encode("cp949")})
    good = (raw / "a.zip").read_bytes()
    local, central = good.index(b"PK\3\4"), good.index(b"PK\1\2")
    locked = bytearray(good)
    locked[local + 6] |= 1
    locked[central + 8] |= 1
    damaged = bytearray(good)
    damaged[central - 20] ^= 0xFF
    for content, en, ko in (
        (bytes(locked), "a.zip/단속현황.csv is in an archive with a password.", "암호가 걸린 압축 파일"),
        (bytes(damaged), "a.zip is damaged or compressed in an unsupported way.", "압축 파일이 손상"),
        (good[:-30], "a.zip is damaged or cut short.", "a.zip: 파일이 손상되었거나 끝이 잘렸습니다."),
    ):
        (raw / "a.zip").write_bytes(content)
        text = refused(a_source("a.zip"))
        assert text.en.startswith(en) and ko in text.ko
    zipped(raw / "a.zip", {"안내.pdf": b"%PDF-1.7"})
    assert refused(a_source("a.zip")).en == "a.zip holds no file with a table. Export it again."


# Files that hold no table


@pytest.mark.parametrize(
    ("content", "en", "ko"),
    [
        (b"", "a.xlsx is empty. Export it again.", "a.xlsx: 빈 파일입니다. 다시 내려받으세요."),
        (b"\xef\xbb\xbf \r\n", "a.xlsx is empty.", "빈 파일입니다."),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "a.xlsx is an image, not a table. Export it as Excel or CSV.", "표가 아니라 그림 파일입니다."),
        (b"%PDF-1.7\n", "a.xlsx is a PDF, not a table.", "표가 아니라 PDF 파일입니다."),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "HwpSummaryInformation".encode("utf-16-le"), "a.xlsx is a Hangul (HWP) document", "한글(HWP) 문서"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "a.xlsx is protected by a password.", "암호가 걸린 파일입니다."),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600) + "Workbook".encode("utf-16-le"), "a.xlsx is a damaged workbook", "엑셀 파일이 손상되어"),
        (b"\x9b DRMONE  This Document is encrypted and protected by Fasoo DRM" + bytes(99), "a.xlsx is locked by document security (DRM).", "문서보안(DRM)이 걸린 파일"),
        (b"PK\x03\x04" + bytes(200), "a.xlsx is damaged or cut short.", "손상되었거나 끝이 잘렸습니다."),
        (bytes(i * 7919 % 251 for i in range(3000)), "a.xlsx is a binary file of an unknown kind", "알 수 없는 이진 파일"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "a.xlsx is an Excel 2003 XML file", "엑셀 2003 XML"),
        (b"<!-- nothing -->", "a.xlsx holds no rows.", "내용이 비어 있습니다."),
        (b"<html><body>no session</body></html>", "a.xlsx holds no rows.", "내용이 비어 있습니다."),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(raw, refused, content, en, ko):
    (raw / "a.xlsx").write_bytes(content)
    text = refused(a_source())
    assert text.en.startswith(en) and ko in text.ko and "a.xlsx" in text.ko


def test_a_workbook_cut_short_at_any_byte_is_refused_never_read_in_part(raw, refused):
    workbook(raw / "whole.xlsx", 자료=[HEADERS, *ROWS * 300])
    whole = (raw / "whole.xlsx").read_bytes()
    for share in (0.01, 0.2, 0.5, 0.9, 0.999):
        (raw / "a.xlsx").write_bytes(whole[: int(len(whole) * share)])
        assert refused(a_source("a.xlsx")).en == "a.xlsx is damaged or cut short. Export or copy it again."


def test_a_binary_xls_cut_short_at_any_byte_is_refused(raw, read):
    whole = zlib.decompress(base64.b85decode(XLS))
    for size in range(600, len(whole) - 600, 97):
        (raw / "a.xls").write_bytes(whole[:size])
        with pytest.raises(Refusal, match="a.xls"):
            read(a_source(columns=("단속일시", "건수")))


def test_an_empty_workbook_is_refused(raw, refused):
    workbook(raw / "a.xlsx", Sheet1=[])
    text = refused(a_source())
    assert text.en == "a.xlsx holds no rows. Export it again." and text.ko.startswith("a.xlsx: 내용이 비어")


def test_nothing_but_mapped_columns_is_left_in_the_staging_folder(raw, tmp_path):
    (raw / "a.csv").write_text(csv_text([HEADERS, *ROWS]), "utf-8")
    staged = read_source(a_source(), raw, tmp_path / "staging")
    assert list((tmp_path / "staging").iterdir()) == list(staged.parquet)
    assert (
        duckdb.sql(f"SELECT * FROM '{staged.parquet[0]}' WHERE COLUMNS(*)::VARCHAR LIKE '%12가3456%'").fetchall() == []
    )


# Real exports


TICKETS = ("단속일시", "단속동", "단속장소", "단속구분", "위반법규", "단속특별지역")


@pytest.mark.real
@pytest.mark.parametrize(
    ("files", "columns", "settings", "rows", "format", "encoding"),
    [
        ("namyangju/고정형*24.01.01*.xlsx", TICKETS, {}, 86_730, "xlsx", None),
        ("namyangju/고정형*25.01.01*.xlsx", TICKETS, {}, 51_168, "xlsx", None),
        ("namyangju/시민신고*24.01.01*.xlsx", TICKETS, {}, 22_056, "xlsx", None),
        ("namyangju/시민신고*25.01.01*.xlsx", TICKETS, {}, 15_470, "xlsx", None),
        ("namyangju/주행형*.xlsx", (*TICKETS, "GPS_X", "_GPS_Y"), {}, 5_359, "xlsx", None),
        ("namyangju/cctv.json", ("CCTV명", "설치일자", "위도"), {}, 266, "json", "utf-8"),
        ("namyangju/지번주소_좌표.json", ("key", "lat", "lon"), {}, 1_429, "json", "utf-8"),
        ("namyangju/남양주시 어린이*.txt", ("trgtFcltNm", "fturGeomVl"), {"records": "response.body.items.item"}, 201, "json", "utf-8"),
        ("namyangju/*주차장정보*.csv", ("주차장명", "위도"), {}, 84, "csv", "utf-8-sig"),
        ("namyangju/읍면동.geojson", ("ADM_NM", "geometry"), {}, 16, "geojson", "utf-8"),
        ("namyangju/시경계.geojson", ("geometry",), {}, 1, "geojson", "utf-8"),
        ("cheonan/moct_link.csv", ("link_id", "road_name", "geom"), {}, 9_230, "csv", "cp949"),
        ("cheonan/moct_node.csv", ("node_id", "geom"), {}, 3_324, "csv", "cp949"),
        ("cheonan/동일좌표별*.csv", ("단속건수", "위도", "대표_장소"), {}, 3_375, "csv", "utf-8-sig"),
        ("cheonan/천안시_단속장소*.csv", ("단속건수", "위도"), {}, 6_884, "csv", "utf-8-sig"),
        ("cheonan/*주차장정보*.csv", ("주차장명", "위도"), {}, 106, "csv", "cp949"),
    ],
)  # fmt: skip
def test_real_files(shared_data, tmp_path, files, columns, settings, rows, format, encoding):
    staged = read_source(a_source(files, columns=columns, **settings), shared_data, tmp_path)
    (arrival,) = staged.arrivals
    assert (arrival.rows, arrival.format, arrival.encoding) == (rows, format, encoding)
    assert arrival.notes == ()
    table = f"read_parquet('{staged.parquet[0]}')"
    first, last = duckdb.sql(f"SELECT min(source_row), max(source_row) FROM {table}").fetchone()
    assert (first, last) == ((2, rows + 1) if arrival.header_row else (1, rows))


@pytest.mark.real
def test_real_cells_are_those_of_the_file(shared_data, tmp_path):
    staged = read_source(a_source("namyangju/주행형*.xlsx", columns=("단속일시", "GPS_X")), shared_data, tmp_path)
    assert duckdb.sql(f"SELECT * FROM '{staged.parquet[0]}' WHERE source_row = 2").fetchone() == (
        "2026-01-23 14:40:45",
        "37.7212623",
        "namyangju/주행형 단속자료 26.01.01~01.31.xlsx",
        2,
        None,
    )
