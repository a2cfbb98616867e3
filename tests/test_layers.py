"""Imports in lib point one way, and each use case is named in all four places."""

import ast
from pathlib import Path

import dansok

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "lib" / "dansok"


def rooms_imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "dansok":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dansok."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("dansok."))


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_each_room_imports_only_rooms_below():
    upward = []
    for path in PACKAGE.rglob("*.py"):
        room = room_of(path)
        if room == "__init__":
            continue
        allowed = {*dansok.LAYERS[: dansok.LAYERS.index(room)], room}
        upward += [(str(path.relative_to(PACKAGE)), other) for other in rooms_imported(path) if other not in allowed]
    assert not upward


def test_every_room_is_listed_once():
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert sorted(rooms) == sorted(dansok.LAYERS)


def test_each_use_case_has_its_four_files():
    names = {path.stem for path in (PROJECT / "notebooks").glob("*.ipynb")}
    assert names
    assert names == {path.stem for path in (PACKAGE / "cases").glob("[!_]*")}
    assert names == {path.name for path in (PROJECT / "notebooks" / "runs").iterdir()}
    assert names <= {path.stem.removeprefix("test_") for path in (PROJECT / "tests").glob("*.py")}
    assert all(list((PROJECT / "notebooks" / "runs" / name).glob("*.yaml")) for name in names)
