"""One thread for many small fits: threads would wait for each other longer than they compute."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Within it the numerical libraries (BLAS, OpenMP) compute on one thread; afterwards on as many as before.

    Notes
    -----
    For hundreds of small fits one after the other, and where several reports run at a time. Results do not change,
    but for the last digits of sums.
    """
    # Only libraries that are loaded by now are held to one thread, so they are loaded first.
    import scipy.linalg  # noqa: F401
    import sklearn.utils  # noqa: F401
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1):
        yield
