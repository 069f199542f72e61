"""pytest keeps the notebooks that it executes, for the build of the book."""

from collections.abc import Generator
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

from book._ext.executed import keep, place

PLACE, RAN = pytest.StashKey[Path](), pytest.StashKey[list[int]]()
Report = Generator[None, pytest.TestReport, pytest.TestReport]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the kernel starts, note which sources the outputs will belong to."""
    if isinstance(item, IPyNbCell) and PLACE not in item.parent.stash:
        item.parent.stash[PLACE], item.parent.stash[RAN] = place(item.parent.path), []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Report:
    """When the last cell has run, and every cell has passed, keep the notebook with its new outputs."""
    report = yield
    if isinstance(item, IPyNbCell) and report.when == "call" and report.passed:
        ran, cells = item.parent.stash[RAN], [cell for cell in item.parent.nb.cells if cell.cell_type == "code"]
        ran.append(item.cell_num)
        item.cell.update(outputs=item.test_outputs, execution_count=len(ran))
        if ran == list(range(len(cells))):
            keep(item.parent.nb, item.parent.stash[PLACE])
    return report
