#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_ringwalld.py RINGWALLD      the daemon's command line, first keys, and what it refuses"""
import os
import re
import subprocess
import sys

from daemon import Daemon, scratch as scratches

program = sys.argv[1]
failures = 0
TOKEN = re.compile(r"^k-[0-9a-f]{16}\.[A-Za-z0-9_-]{43}\n$")


def record(text, good, detail=""):
    global failures
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {text}{'' if good else f': {detail}'}", flush=True)


def run(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20)


def check_usage():
    result = run("--help")
    record("--help explains itself with examples", result.returncode == 0 and "examples:" in result.stdout, result)
    record("--version tells the version", run("--version").stdout.startswith("ringwalld "))
    for arguments in (["--colour"], ["dance"], ["--log-level", "loud"], ["key"], ["init", "twice"]):
        result = run(*arguments)
        record(f"{arguments} is a usage error", result.returncode == 2 and "--help" in result.stderr, result)
    result = run("backup")
    record("a command that lacks a word says how it reads", result.returncode == 2 and "ringwalld backup FILE" in result.stderr, result)


def check_init(folder):
    state = os.path.join(folder, "made")
    result = run("--state", state, "init")
    record("init shows the first admin key", result.returncode == 0 and TOKEN.match(result.stdout), result)
    record("init leaves no copy of the key", not os.path.exists(os.path.join(state, "admin-key")))
    again = run("--state", state, "init")
    record("init is done once", again.returncode == 1 and "reset-admin" in again.stderr, again)
    another = run("--state", state, "key", "reset-admin")
    record("reset-admin makes another key", another.returncode == 0 and TOKEN.match(another.stdout)
           and another.stdout != result.stdout, another)
    modes = {name: os.stat(os.path.join(state, name)).st_mode & 0o777 for name in os.listdir(state)}
    secret = [name for name in modes if name.endswith("key") or name.endswith("key.pem") or name.startswith("store.db")]
    record("secrets are for their owner alone", len(secret) >= 4 and all(modes[name] == 0o600 for name in secret), modes)


def check_names(folder):
    state = os.path.join(folder, "named")
    result = run("--state", state, "--name", "192.0.2.1", "--name", "ringwall.example", "init")
    record("init takes names", result.returncode == 0, result)
    served = open(os.path.join(state, "server.pem"), encoding="ascii").read()
    result = run("--state", state, "key", "reset-admin")
    record("a start without names goes on with those given last", result.returncode == 0
           and served == open(os.path.join(state, "server.pem"), encoding="ascii").read(), result)
    run("--state", state, "--name", "192.0.2.2", "key", "reset-admin")
    record("other names give another certificate", served != open(os.path.join(state, "server.pem"), encoding="ascii").read())
    with open(os.path.join(state, "names"), "w", encoding="ascii") as file:
        file.write("two words\n")
    result = run("--state", state, "key", "reset-admin")
    record("a broken list of names is refused with the file and the fix", result.returncode == 1
           and "named/names" in result.stderr and "--name" in result.stderr, result)


def check_master_key(folder):
    state = os.path.join(folder, "rotated")
    key = run("--state", state, "init").stdout.strip()
    old = os.path.join(folder, "old-backup")
    run("--state", state, "backup", old)
    with open(os.path.join(state, "master-key"), encoding="ascii") as file:
        before = file.read()
    result = run("--state", state, "master-key", "rotate")
    with open(os.path.join(state, "master-key"), encoding="ascii") as file:
        after = file.read()
    record("master-key rotate makes another key and shows none", result.returncode == 0 and before != after
           and before.strip() not in result.stdout and after.strip() not in result.stdout, result)
    record("it leaves one key", not os.path.exists(os.path.join(state, "master-key-next")))
    log = run("--state", os.path.join(folder, "missing"), "master-key", "rotate")
    record("master-key rotate of nothing makes nothing", log.returncode == 1
           and not os.path.exists(os.path.join(folder, "missing")), log)
    back = os.path.join(folder, "back")
    result = run("--state", back, "restore", old)
    record("a backup of before comes back with the key of its time", result.returncode == 0, result)
    with open(os.path.join(back, "master-key"), encoding="ascii") as file:
        record("... which it holds", file.read() == before)
    for place in (state, back):
        again = run("--state", place, "key", "reset-admin")
        record("secrets open after a rotation and after a restore", again.returncode == 0, again)
    return key


def check_running():
    daemon = Daemon(program)
    try:
        key_file = os.path.join(daemon.state, "admin-key")
        record("the first key's file is for its owner alone", os.stat(key_file).st_mode & 0o777 == 0o600)
        with open(daemon.log.name, encoding="utf-8") as log:
            text = log.read()
        record("the log names the file and not the key", key_file in text and daemon.key.split(".")[1] not in text, text)
        result = run("--state", daemon.state, "key", "reset-admin")
        record("reset-admin is refused while the daemon runs", result.returncode == 1 and "Stop it first" in result.stderr,
               result)
        result = run("--state", daemon.state, "--listen", "127.0.0.1:0")
        record("a second daemon on the same folder is refused", result.returncode == 1, result)
        record("the key works", daemon.ask("GET", "/v1/whoami").status == 200)
        record("its file is gone after the first use", not os.path.exists(key_file))
        record("SIGTERM ends it in order", daemon.stop() == 0)
        result = run("--state", daemon.state, "key", "reset-admin")
        record("reset-admin works when it is stopped", result.returncode == 0, result)
        daemon.start()
        record("the new key works", daemon.ask("GET", "/v1/whoami", key=result.stdout.strip()).status == 200)
        record("so does the old one", daemon.ask("GET", "/v1/whoami").status == 200)
    finally:
        daemon.close()


def check_backup(folder):
    daemon = Daemon(program)
    try:
        file = os.path.join(daemon.folder, "backup")
        running = run("--state", daemon.state, "backup", file)
        record("backup is refused while the daemon runs", running.returncode == 1 and "Stop it first" in running.stderr
               and not os.path.exists(file), running)
        before = daemon.ask("GET", "/v1/whoami")
        daemon.stop()
        result = run("--state", daemon.state, "backup", file)
        record("backup writes a file for its owner alone", result.returncode == 0
               and os.stat(file).st_mode & 0o777 == 0o600, result)
        result = run("--state", daemon.state, "restore", file)
        record("restore refuses a folder in use", result.returncode == 1 and "not empty" in result.stderr, result)
        os.rename(daemon.state, daemon.state + "-lost")
        os.mkdir(daemon.state, 0o700)
        owner = os.stat(daemon.state + "-lost")
        os.chown(daemon.state, owner.st_uid, owner.st_gid)
        result = run("--state", daemon.state, "restore", file)
        record("restore fills an empty one", result.returncode == 0, result)
        daemon.start()
        after = daemon.ask("GET", "/v1/whoami")
        record("the old key works after a restore, under the old authority", before.status == after.status == 200, after.text)
    finally:
        daemon.close()
    nothing = os.path.join(folder, "nothing")
    result = run("--state", nothing, "backup", os.path.join(folder, "b"))
    record("backup of nothing is refused and makes nothing", result.returncode == 1 and "store.db" in result.stderr
           and not os.path.exists(nothing), result)
    state = os.path.join(folder, "bare")
    run("--state", state, "init")
    run("--state", state, "--without-keys", "backup", os.path.join(folder, "bare-backup"))
    other = os.path.join(folder, "other")
    result = run("--state", other, "restore", os.path.join(folder, "bare-backup"))
    record("restore tells which keys must be provided", result.returncode == 0 and "master-key" in result.stdout
           and "ca-key.pem" in result.stdout, result)
    result = run("--state", other, "--listen", "127.0.0.1:0")
    record("a daemon refuses to start without them", result.returncode == 1 and "master key" in result.stderr, result)


def check_flow_history():
    daemon = Daemon(program)
    try:
        file = os.path.join(daemon.state, "flows.db")
        record("the history of flows is for its owner alone", os.stat(file).st_mode & 0o777 == 0o600)
        record("it answers", daemon.ask("GET", "/v1/flows").json == {"items": [], "next": None})
        daemon.stop()
        with open(file, "r+b") as damaged:
            damaged.write(b"this is no history")
        daemon.start()
        record("a damaged history is put aside and begins anew", os.path.exists(file + "-unfit")
               and daemon.ask("GET", "/v1/flows").status == 200)
        daemon.stop()
        daemon.options = ("--flow-days", "0")
        daemon.start()
        record("no days: what was kept is removed, and nothing is asked", daemon.ask("GET", "/v1/flows").status == 404
               and not [name for name in os.listdir(daemon.state) if name.startswith("flows.db")], os.listdir(daemon.state))
    finally:
        daemon.close()
    result = run("--flow-days", "367")
    record("--flow-days has bounds", result.returncode == 2 and "366" in result.stderr, result)


with scratches.folder() as scratch:
    check_usage()
    check_init(scratch)
    check_names(scratch)
    check_master_key(scratch)
    check_running()
    check_flow_history()
    check_backup(scratch)
sys.exit(1 if failures else 0)
