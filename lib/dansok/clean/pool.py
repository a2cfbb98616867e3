"""Two processes beside this one, which end with it."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def two_processes():
    """A pool of two fresh processes; if its block is left by an error or an interrupt, they end at once with what they do."""
    others = set(multiprocessing.active_children())
    # Spawned, as on Windows and macOS: a fork would inherit what threads of DuckDB hold.
    pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        yield pool
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the first process too, which ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """Also when it is killed: then nobody else would end this process."""
    multiprocessing.parent_process().join()
    os._exit(1)
