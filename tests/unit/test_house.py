"""The rooms of the house as CONTRIBUTING.md describes them: who may import whom, and that every named file exists."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from rig.comfyui import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _rooms() -> dict[str, set[str]]:
    """Every room of the pack and the rooms it may import, from the table in CONTRIBUTING.md."""
    rows = re.findall(r"^\| `(\w+)/` \|[^|]*\| ([^|]*) \|$", CONTRIBUTING, re.MULTILINE)
    return {room: set(re.findall(r"`(\w+)/`", allowed)) for room, allowed in rows}


ROOMS = _rooms()


def _imports() -> dict[str, set[str]]:
    """Each module of the pack and those of the pack that it imports, inside functions too."""
    files = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
    }
    return {module: set(_imported(module, path, files)) for module, path in files.items()}


def _imported(module: str, path: Path, files: dict[str, Path]) -> list[str]:
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            stem = ".".join(part for part in base if part)
            for alias in node.names:
                found += [name for name in (f"{stem}.{alias.name}", stem) if name in files][:1]
    return found


def test_the_table_names_every_room():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_its_row_allows(room):
    reached = {
        (module, other)
        for module, others in _imports().items()
        for other in others
        if module.split(".")[0] == room and other.split(".")[0] not in ROOMS[room] | {room}
    }
    assert not reached


def test_no_module_imports_itself_through_others():
    try:
        TopologicalSorter(_imports()).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


OF_EACH_DIALECT = {"messages", "routes", "samplers"}
"""Every folder of `api/dialects/` has these, as its recipe says: they hold the same for one service each."""
OF_PYTHON = {"__init__", "__main__"}


def test_a_name_stands_for_one_module():
    """Whoever opens `convert.py` knows which: modules of the pack, of its page and of the tools, and their folders."""
    folders = [ROOT / folder for folder in (*ROOMS, "web/js", "tools")]
    files = [path for folder in folders for kind in ("*.py", "*js") for path in folder.rglob(kind)]
    places: dict[str, set[Path]] = {}
    for path in (path.relative_to(ROOT) for path in files):
        of_dialect = path.stem in OF_EACH_DIALECT and path.parts[:2] == ("api", "dialects")
        for place in (path, *path.parents) if path.stem not in OF_PYTHON and not of_dialect else path.parents:
            places.setdefault(place.stem, set()).add(place)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_a_class_stands_for_one_idea():
    """No two public classes of the pack share a name, but for the services' own messages."""
    places: dict[str, set[str]] = {}
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        if not {"dialects", "conversion"} & {*path.parts}:
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    places.setdefault(node.name, set()).add(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_core_knows_comfyui_only_where_it_samples():
    for path in (ROOT / "detailer").rglob("*.py"):
        if path.parent.name != "sampling":
            assert not re.search(
                r"^\s*(import|from) (comfy|nodes|folder_paths)\b", path.read_text(encoding="utf-8"), re.M
            )


def _named_paths() -> list[str]:
    """What stands in backticks and looks like a path of this repository."""
    return sorted({name for name in re.findall(r"`([\w./{}*<>-]+)`", CONTRIBUTING) if "/" in name and "<" not in name})


@pytest.mark.parametrize("name", _named_paths())
def test_a_file_that_a_recipe_names_exists(name):
    assert list(ROOT.glob(name)), f"CONTRIBUTING.md names {name}"


TABLES = re.findall(r"`([^`]+\.(?:py|json))`[^`]*`([^`]+)`\s+stands in no other\s+file of the pack", CONTRIBUTING)


def test_the_recipes_name_their_tables():
    assert len(TABLES) == CONTRIBUTING.count("stands in no other") == 3


@pytest.mark.parametrize(("table", "entry"), TABLES)
def test_a_recipes_table_is_the_only_one(table, entry):
    files = [path for room in ROOMS for kind in ("*.py", "*.json") for path in (ROOT / room).rglob(kind)]
    holding = {str(path.relative_to(ROOT)) for path in files if f'"{entry}"' in path.read_text(encoding="utf-8")}
    assert holding == {table}


OF_LIBRARIES = {"define_schema", "execute", "validate_inputs", "fingerprint_inputs", "get_node_list", "forward"}
"""What every node has, and ComfyUI describes; and what every torch module has."""


def _public_functions() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Those of the pack's modules, and the methods of its classes, each with where it stands."""
    found = []
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        if {"conversion", "inputs"} & {*path.parts}:  # an input's tooltip says it
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        for node in [*tree.body, *(node for each in classes for node in each.body)]:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in OF_LIBRARIES:
                found += [] if node.name.startswith("_") else [(f"{path.relative_to(ROOT)}: {node.name}", node)]
    return found


def _used(path: Path) -> set[tuple[str, str]]:
    """The module and the name of everything that a file imports from a module, or takes as an attribute of one."""
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {alias.asname or alias.name: alias.name.split(".")[-1] for node in imports for alias in node.names}
    names = {
        ((node.module or "").split(".")[-1], alias.name)
        for node in imports
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    attributes = {
        (modules[node.value.id], node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules
    }
    return names | attributes


def test_a_function_that_only_its_own_module_calls_is_private():
    folders = (*ROOMS, "tests", "tools", "benchmarks", "demo")
    paths = [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    used = set().union(*map(_used, paths))
    public = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
        if (path.parent.name if path.stem == "__init__" else path.stem, node.name) not in used
        if not {"conversion", "__main__"} & {*path.parts, path.stem}
    }
    assert public == set()


def test_public_functions_say_what_they_take_and_give():
    assert [name for name, function in _public_functions() if ast.get_docstring(function) is None] == []
