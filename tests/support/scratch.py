# SPDX-License-Identifier: Apache-2.0
"""Folders of tests that are named after their process, /tmp/rwt-<pid>-…, and go with it.

A test that was killed leaves them; the first one that another test makes removes those of processes that are gone.
scratch.h does the same for tests in C.
"""
import atexit
import contextlib
import glob
import os
import re
import shutil
import tempfile

PREFIX = "rwt-"
made = []


def sweep():
    for path in glob.glob(f"{tempfile.gettempdir()}/{PREFIX}*") + glob.glob(f"/run/ringwall-agent/{PREFIX}*"):
        found = re.match(rf"{PREFIX}([1-9]\d*)-", os.path.basename(path))
        if found and (int(found[1]) == os.getpid() or not os.path.isdir(f"/proc/{found[1]}")):
            shutil.rmtree(path, ignore_errors=True)


def remove_all(pid):
    if pid == os.getpid():  # and no child's of fork
        for path in made:
            shutil.rmtree(path, ignore_errors=True)


def make():
    """An empty folder, there at the latest until this process ends."""
    if not made:
        sweep()
        atexit.register(remove_all, os.getpid())
    made.append(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    return made[-1]


@contextlib.contextmanager
def folder():
    path = make()
    try:
        yield path
    finally:
        shutil.rmtree(path)


def dying(*words):
    """The words of a command that ends with the thread that starts it, also when that is killed."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *words]
