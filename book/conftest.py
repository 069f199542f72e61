"""pytest keeps the notebooks that it executes, for the build of the book."""

from collections.abc import Generator
from pathlib import Path

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from book._ext.executed import keep, place

PLACE, RAN = pytest.StashKey[Path](), pytest.StashKey[list[int]]()
OUTPUTS = ("stream", "display_data", "execute_result")


def leave_out_captured(kernel: RunningKernel) -> None:
    """What is put out inside an Output widget is shown by the widget and not under the cell, as in JupyterLab."""
    receive, capturing = kernel.get_message, dict[str, str]()

    def get_message(stream: str, timeout: float | None = None) -> dict:
        while True:
            message = receive(stream, timeout=timeout)
            kind, content, cell = message["msg_type"], message["content"], message["parent_header"].get("msg_id")
            if kind in ("comm_open", "comm_msg") and "msg_id" in content["data"].get("state", {}):
                capturing[content["comm_id"]] = content["data"]["state"]["msg_id"]
            if kind not in OUTPUTS or cell not in capturing.values():
                return message

    kernel.get_message = get_message


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Before the kernel starts, note which sources the outputs will belong to."""
    if first := isinstance(item, IPyNbCell) and PLACE not in item.parent.stash:
        item.parent.stash[PLACE], item.parent.stash[RAN] = place(item.parent.path), []
    yield
    if first:
        leave_out_captured(item.parent.kernel)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """When the last cell has run, and every cell has passed, keep the notebook with its new outputs."""
    report = yield
    if isinstance(item, IPyNbCell) and report.when == "call" and report.passed:
        ran, cells = item.parent.stash[RAN], [cell for cell in item.parent.nb.cells if cell.cell_type == "code"]
        ran.append(item.cell_num)
        item.cell.update(outputs=item.test_outputs, execution_count=len(ran))
        if ran == list(range(len(cells))):
            keep(item.parent.nb, item.parent.stash[PLACE])
    return report
