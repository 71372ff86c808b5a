"""Kernels forked from the preloaded parent."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from crm_research.reporting.kernels import ReportKernelManager, can_fork, start_fork_server

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not can_fork(), reason="no fork server on this system")]


async def run_code(client, code: str) -> str:
    said = []
    client.execute(code)
    while True:
        message = await client.get_iopub_msg(timeout=60)
        if message["msg_type"] in ("stream", "error"):
            said.append(message["content"].get("text") or message["content"]["ename"])
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle" and said:
            return "".join(said)


async def started() -> tuple[ReportKernelManager, object]:
    manager = ReportKernelManager()
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=120)
    return manager, client


@pytest.fixture(autouse=True)
def _server():
    start_fork_server(threads_per_kernel=1)


def test_a_kernel_has_its_own_process_and_finds_the_heavy_imports_done():
    async def scenario():
        manager, client = await started()
        said = await run_code(client, "import os, sys; print(os.getpid(), os.getpgid(0), 'lifelines' in sys.modules)")
        await manager.shutdown_kernel()
        return manager, said.split()

    _, (pid, group, is_loaded) = asyncio.run(scenario())
    assert pid == group
    assert int(pid) != os.getpid()
    assert is_loaded == "True"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_an_interrupt_reaches_the_running_cell_and_the_kernel_lives_on():
    async def scenario():
        manager, client = await started()
        # Short sleeps: a signal that falls between Python's last look and one long sleep is seen only after it.
        code = "import time; print('on', flush=True)\nfor _ in range(600): time.sleep(0.1)"
        client.execute(code, stop_on_error=False)
        while (await client.get_iopub_msg(timeout=60))["msg_type"] != "stream":
            pass
        await manager.interrupt_kernel()
        first = None
        while first != "KeyboardInterrupt":
            message = await client.get_iopub_msg(timeout=20)
            first = message["content"].get("ename")
        again = await run_code(client, "print(6 * 7)")
        await manager.shutdown_kernel()
        return again

    assert asyncio.run(scenario()) == "42\n"


def test_a_killed_kernel_is_seen_to_be_dead():
    async def scenario():
        manager, client = await started()
        client.execute("import os; os.kill(os.getpid(), 9)")
        deadline = time.monotonic() + 20
        while await manager.is_alive() and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        return await manager.is_alive()

    assert asyncio.run(scenario()) is False
