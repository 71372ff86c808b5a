import subprocess
import sys

import pytest
from threadpoolctl import threadpool_info

from crm_research.stats.threads import one_thread


def _threads():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}


def test_every_library_has_one_thread_within_and_as_many_as_before_after():
    with one_thread():
        pass
    before = _threads()
    with one_thread():
        assert set(_threads().values()) == {1}
    assert _threads() == before


def test_an_error_within_is_not_held_back_and_the_threads_return():
    before = _threads()
    with pytest.raises(ValueError, match="within"), one_thread():
        raise ValueError("within")
    assert {path: n for path, n in _threads().items() if path in before} == before


@pytest.mark.slow
def test_libraries_that_were_not_yet_loaded_are_held_too():
    # In a fresh process: the fit within must not load a library that computes on many threads.
    code = (
        "from crm_research.stats.threads import one_thread\n"
        "with one_thread():\n"
        "    import sklearn.cluster, sklearn.ensemble\n"
        "    from threadpoolctl import threadpool_info\n"
        "    found = threadpool_info()\n"
        "assert found and all(library['num_threads'] == 1 for library in found), found\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
