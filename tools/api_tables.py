"""Write the tables of parameters into api/README.md, from the table that the tests go by: `make tables`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rig.parameters import DOCUMENTS, Document, Parameter

PAGE = Path(__file__).resolve().parents[1] / "api" / "README.md"
HEAD = "| parameter | type | default | range | |\n| --- | --- | --- | --- | --- |\n"
START, END = "<!-- parameters: written by `make tables` -->\n", "<!-- end of parameters -->"


def tables() -> str:
    return "\n".join(_table(document) for document in DOCUMENTS)


def _table(document: Document) -> str:
    title = f"### {document.name}\n\n`POST {document.path}`\n\n"
    return title + HEAD + "".join(_row(row) for row in document.rows)


def _row(row: Parameter) -> str:
    name = f"`{row.name}`" + (" *" if row.own else "")
    cells = (name, row.type, "required" if row.required else _default(row.default), _range(row), row.note)
    return f"| {' | '.join(cells)} |\n"


def _default(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case "" | {} | []:
            return "empty"
    return str(value)


def _range(row: Parameter) -> str:
    if row.choices:
        return ", ".join(row.choices)
    if row.above is not None:
        return f"above {row.above}, to {row.high}"
    if row.high is None:
        return "" if row.low is None else f"{row.low} or more"
    return f"{row.low} to {row.high}"


def main() -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{START}\n{tables()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
