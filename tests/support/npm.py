# SPDX-License-Identifier: Apache-2.0
"""Packages from npm for tests, in the build folder."""
import fcntl
import filecmp
import os
import shutil
import subprocess
import sys

SKIPPED = 77


def install(source, folder):
    """
    What the package-lock.json of 'source' says, into 'folder', once for each such file; without npm the test is skipped.
    Of tests that run at once and share 'folder', one installs and the others wait for it.
    """
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "install.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return install_alone(source, folder)


def install_alone(source, folder):
    done = os.path.join(folder, "installed.json")
    lock = os.path.join(source, "package-lock.json")
    if os.path.exists(done) and filecmp.cmp(done, lock, shallow=False):
        return os.path.join(folder, "node_modules")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(source, name), folder)
    if not shutil.which("npm"):
        print("there is no npm: tools/install-deps test")
        sys.exit(SKIPPED)
    result = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                            capture_output=True, check=False)
    if result.returncode != 0:
        print(result.stderr)
        print("npm ci failed: no registry in reach?")
        sys.exit(SKIPPED)
    shutil.copy(lock, done)
    return os.path.join(folder, "node_modules")
