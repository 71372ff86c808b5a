"""The command line under attack, whole: `make attack` with its hundreds of malformed inputs, as a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("CRM_SWEEP"), reason="a sweep of many minutes: set CRM_SWEEP=1")
def test_every_malformed_input_gets_its_own_message_in_time():
    done = subprocess.run(
        [sys.executable, "scripts/attack.py"], cwd=ROOT, capture_output=True, text=True, timeout=2400, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
