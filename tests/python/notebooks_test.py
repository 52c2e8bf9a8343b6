"""The notebooks of examples/, executed. Where nbclient is not installed their cells run here, one after the other."""

import json
import os
import sys

import pytest

from conftest import ROOT

NOTEBOOKS = sorted(ROOT.glob("examples/*/*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_cell_runs(path, monkeypatch, capsys):
    book = json.loads(path.read_text())
    assert all(not cell.get("outputs") for cell in book["cells"])  # nothing of somebody's machine is kept
    monkeypatch.chdir(path.parent)
    try:
        import nbclient
        import nbformat
    except ImportError:
        names = {}
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                exec(compile("".join(cell["source"]), str(path), "exec"), names)
        names["model"].close()
        assert len(capsys.readouterr().out) > 500
        return
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("<iframe srcdoc" in output.get("data", {}).get("text/html", "") for output in shown)
