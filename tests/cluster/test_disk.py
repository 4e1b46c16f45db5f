#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_disk.py RINGWALLD      a controller on a disk that is full, or cannot be written

Runs as root in a mount namespace of its own, on a small tmpfs.
"""
import os
import signal
import subprocess
import sys
import tempfile

from daemon import Daemon, scratch

program = sys.argv[1]
failures = 0


def record(text, good, detail=""):
    global failures
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {text}{'' if good else f': {detail}'}", flush=True)


def fill(path):
    """Takes every byte that is left."""
    with open(path, "ab", buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                pass


def make_list(daemon, number):
    """A change of some kilobytes."""
    cidrs = [f"10.{number}.{i}.0/24" for i in range(100)]
    return daemon.ask("POST", "/v1/prefix-lists", {"name": f"list-{number}", "family": 4, "cidrs": cidrs})


def names(daemon):
    answer = daemon.ask("GET", "/v1/prefix-lists?limit=1000")
    return {item["name"] for item in answer.json["items"]} if answer.status == 200 else None


def check_full(folder):
    ballast = os.path.join(folder, "ballast")
    daemon = Daemon(program)
    try:
        acknowledged, refused = set(), None
        daemon.ask("GET", "/v1/whoami")
        acknowledged.add("list-0")
        record("a change is made while there is room", make_list(daemon, 0).status == 201)
        fill(ballast)
        for number in range(1, 200):
            answer = make_list(daemon, number)
            if answer.status != 201:
                refused = answer
                break
            acknowledged.add(f"list-{number}")
        record("a full disk refuses the change and says so", refused is not None and refused.status == 503
               and refused.json["type"] == "urn:ringwall:problem:no-space" and "Free space" in refused.text,
               refused and refused.text)
        record("reads go on, without the refused change", names(daemon) == acknowledged, names(daemon))
        record("it is not ready, and alive", daemon.ask("GET", "/readyz", key=None).status == 503
               and daemon.ask("GET", "/healthz", key=None).status == 200)
        record("so is the next one", make_list(daemon, 250).status == 503)
        os.unlink(ballast)
        made = make_list(daemon, 200)
        acknowledged.add("list-200")
        record("with room again, changes are made without a restart", made.status == 201, made.text)
        record("... and it is ready", daemon.ask("GET", "/readyz", key=None).status == 200)

        fill(ballast)
        for number in range(201, 400):
            if make_list(daemon, number).status != 201:
                break
            acknowledged.add(f"list-{number}")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        daemon.log.close()
        os.unlink(ballast)
        daemon.start()
        record("after a crash on a full disk all that was acknowledged is there, and nothing else",
               names(daemon) == acknowledged, names(daemon) and names(daemon) ^ acknowledged)

        daemon.stop()
        backup = os.path.join(daemon.folder, "backup")
        subprocess.run([program, "--state", daemon.state, "backup", backup], check=True, capture_output=True)
        before = os.stat(backup).st_size
        fill(ballast)
        result = subprocess.run([program, "--state", daemon.state, "backup", backup], capture_output=True, text=True,
                                check=False)
        record("a backup that does not fit is refused and leaves the one before", result.returncode == 1
               and "No space" in result.stderr and os.stat(backup).st_size == before, result)
        os.unlink(ballast)
        daemon.start()
        record("... and the store as it was", names(daemon) == acknowledged)
    finally:
        daemon.close()


def check_first_start(folder):
    ballast = os.path.join(folder, "ballast")
    state = os.path.join(folder, "fresh")
    fill(ballast)
    result = subprocess.run([program, "--state", state, "init"], capture_output=True, text=True, timeout=20, check=False)
    record("init on a full disk is refused and shows no key", result.returncode == 1 and not result.stdout
           and "No space left" in result.stderr, result)
    os.unlink(ballast)
    result = subprocess.run([program, "--state", state, "init"], capture_output=True, text=True, timeout=20, check=False)
    record("... and works when there is room", result.returncode == 0 and result.stdout.startswith("k-"), result)


def check_read_only(folder):
    state = os.path.join(folder, "fresh")
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    result = subprocess.run([program, "--state", state, "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=20,
                            check=False)
    record("a read-only disk is told at the start", result.returncode == 1 and "ead-only" in result.stderr, result)
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)


def main():
    if os.geteuid() != 0:
        sys.exit(77)
    if len(sys.argv) == 2:
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv, "inside"])
    folder = scratch.make()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "none", folder], check=True)
    try:
        tempfile.tempdir = folder
        check_full(folder)
        check_first_start(folder)
        check_read_only(folder)
    finally:
        subprocess.run(["umount", folder], check=False)
        os.rmdir(folder)
    sys.exit(1 if failures else 0)


main()
