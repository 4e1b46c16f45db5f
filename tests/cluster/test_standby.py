#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_standby.py RINGWALLD RINGWALL      two ringwalld on one etcd: what a standby answers, hand-over, offline commands"""
import os
import re
import shutil
import subprocess
import sys

from cli import Cli
from daemon import NOBODY, Daemon, scratch as scratches
from etcd import Etcd, free_port, own_address, wait_for

program, ringwall = sys.argv[1:3]
failures = 0
STANDBY = "urn:ringwall:problem:standby"


def record(text, good, detail=""):
    global failures
    failures += not good
    print(f"{'[       OK ]' if good else '[  FAILED  ]'} {text}{'' if good else f': {detail}'}", flush=True)


def run(*arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)


def make(etcd, *options, prepare=None):
    address = own_address()
    return Daemon(program, *etcd.options, "--name", address, *options, address=address, port=free_port(address), prepare=prepare)


def make_second(etcd, first, *options):
    return make(etcd, *options, prepare=lambda daemon: daemon.take_master_key(first))


def ask(daemon, method, target, key=None, **options):
    """As a client that is ready for a controller that is not there."""
    try:
        return daemon.ask(method, target, key=key, **options)
    except OSError:
        return None


def is_active(daemon):
    answer = ask(daemon, "GET", "/readyz")
    return answer is not None and answer.status == 200


def wait_active(daemon):
    wait_for(lambda: is_active(daemon), f"{daemon.url} is active")


def log_of(daemon):
    with open(daemon.log.name, encoding="utf-8") as log:
        return log.read()


def read(daemon, name):
    with open(os.path.join(daemon.state, name), encoding="ascii") as file:
        return file.read()


# ---- without etcd ----


def check_usage(folder):
    etcd = ("--etcd", "http://127.0.0.1:1")
    for arguments, word in ((["--etcd-prefix", "/x"], "--etcd-prefix needs --etcd"), (["--etcd-ca", "x"], "--etcd-ca needs --etcd"),
                            ([*etcd, "--etcd-cert", "x"], "--etcd-cert needs --etcd-key"),
                            ([*etcd, "--etcd-key", "x"], "--etcd-key needs --etcd-cert"),
                            ([*etcd, "--etcd-user", "x"], "--etcd-user needs --etcd-password-file"),
                            ([*etcd, "--etcd-password-file", "x"], "--etcd-password-file needs --etcd-user"),
                            (list(etcd) * 17, "more than 16")):
        result = run(*arguments)
        record(f"{' '.join(arguments)[:60]} is a usage error", result.returncode == 2 and word in result.stderr, result)
    state = os.path.join(folder, "refused")
    password = os.path.join(folder, "password")
    with open(password, "w", encoding="ascii") as file:
        file.write("secret\n")
    os.chmod(password, 0o640)
    for arguments, word in (([*etcd, "--etcd-user", "x", "--etcd-password-file", password], "touched by others"),
                            (["--etcd", "https://127.0.0.1:1", "--etcd-ca", "/nowhere"], "/nowhere")):
        result = run("--state", state, "--listen", "127.0.0.1:0", *arguments)
        record(f"{' '.join(arguments)[:60]} is refused with a reason", result.returncode == 1 and word in result.stderr, result)
    record("what is refused makes nothing", not os.path.exists(state))


# ---- two of them ----


def check_answers(first, second):
    answer = ask(second, "GET", "/v1/networks", key=first.key)
    record("a standby answers 503", answer.status == 503 and answer.type == "application/problem+json", answer.text)
    record("... with a problem of its own, and the active one's URL", answer.json["type"] == STANDBY and first.url in answer.json["hint"],
           answer.text)
    record("... in a member of its own, too", answer.json["active"] == first.url, answer.text)
    record("... and says how soon to come again", answer.headers["Retry-After"] == "1")
    answer = ask(second, "POST", "/v1/networks", body={"name": "n"}, headers={"Accept": "text/html"})
    record("changes are never sent elsewhere", answer.status == 503 and answer.json["type"] == STANDBY, answer.text)
    answer = ask(second, "GET", "/networks/a%20b?c=d", headers={"Accept": "text/html,*/*"})
    record("a browser is sent to the active one", answer.status == 307 and answer.headers["Location"] == first.url + "/networks/a%20b?c=d",
           answer.headers)
    built_in = ask(first, "GET", "/ringwall.svg").status == 200
    answer = ask(second, "GET", "/ringwall.svg")
    record("a console that is open gets its files", answer.status == (200 if built_in else 503), answer.status)
    answer = ask(second, "GET", "/")
    record("who is no browser gets no page", answer.status == 503 and answer.json["type"] == STANDBY, answer.text)
    for path in ("/readyz", "/metrics"):
        answer = ask(second, "GET", path, headers={"Accept": "text/html"})
        record(f"{path} tells of itself", answer.status == 503 and answer.json["type"] == STANDBY, answer.text)
    answer = ask(second, "GET", "/healthz")
    record("it runs", answer.status == 200 and answer.text == "ok\n", answer.text)
    answer = ask(first, "GET", "/metrics", key=first.key)
    record("the active one counts itself as active", "\nringwall_controller_active 1\n" in answer.text)


def check_open_metrics(etcd, first):
    third = make_second(etcd, first, "--metrics-open")
    try:
        answer = ask(third, "GET", "/metrics")
        record("with --metrics-open a standby counts, too", answer.status == 200 and "\nringwall_controller_active 0\n" in answer.text,
               answer.text)
        answer = ask(third, "GET", "/metrics", key=first.key)
        record("... but tells nobody whom it cannot know", answer.status == 503, answer.text)
    finally:
        third.close()


def controllers_of(daemon, key):
    answer = ask(daemon, "GET", "/v1/status", key=key)
    return answer.json.get("controllers", []) if answer is not None and answer.status == 200 else []


def check_status(first, second):
    wait_for(lambda: len(controllers_of(first, first.key)) >= 2, "the active one knows the other")
    listed = {one["url"]: one["active"] for one in controllers_of(first, first.key)}
    record("the status tells of both", listed.get(first.url) is True and listed.get(second.url) is False, listed)
    made = ask(first, "POST", "/v1/networks", key=first.key, body={"name": "joined", "kind": "vpc", "cidrs": ["10.9.0.0/16"]}).json["items"][0]
    made = ask(first, "POST", "/v1/clusters", key=first.key, body={"name": "joined", "network": made["id"], "container_cidrs": []})
    token = ask(first, "POST", "/v1/join-tokens", key=first.key, body={"cluster": "joined"})
    record("a join command names both, the active one first", token.status == 201 and f"join --server {first.url} " in token.json["command"]
           and f" --server {second.url} " in token.json["command"], f"{made.text} {token.text}")
    shown = Cli(ringwall, first, first.home()).run("status", RINGWALL_SERVER=f"{second.url},{first.url}").out
    record("so does the command line", re.search(rf"^controllers: .*{first.url} \(active\)", shown, re.M) and second.url in shown, shown)


def check_hand_over(first, second, key):
    made = ask(first, "POST", "/v1/networks", key=key, body={"name": "kept", "kind": "vpc", "cidrs": ["10.0.0.0/8"]})
    record("the active one changes", made.status == 201, made.text)
    answer = ask(first, "POST", "/v1/authority/introduce", key=key)
    record("... and introduces another authority", answer.status == 200, answer.text)
    record("SIGTERM ends it in order", first.stop() == 0)
    wait_active(second)
    record("the claim was given up at once", "taking over" in log_of(second))
    answer = ask(second, "GET", "/v1/networks?name=kept", key=key)
    record("the other has the same state, keys and authority", answer.status == 200 and answer.json["items"][0]["id"] == made.json["items"][0]["id"],
           answer.text)
    record("... all of it", read(first, "ca.pem") == read(second, "ca.pem") and read(first, "ca-next-key.pem") == read(second, "ca-next-key.pem")
           and read(first, "ca.pem").count("BEGIN CERTIFICATE") == 2)


def check_crash(first, second, key):
    first.start()
    wait_for(lambda: "standing by" in log_of(first), "it stands by")
    record("who was active stands by when it comes back", not is_active(first))
    second.kill()
    wait_active(first)
    answer = ask(first, "GET", "/v1/networks?name=kept", key=key)
    record("after kill -9 the other one serves", answer.status == 200 and len(answer.json["items"]) == 1, answer.text)
    second.start()


def check_etcd_away(etcd, daemon, key):
    pid = daemon.process.pid
    etcd.members[0].kill()
    wait_for(lambda: not is_active(daemon), "it steps back")
    answer = ask(daemon, "GET", "/v1/networks", key=key)
    record("without etcd it steps back and says why", answer.status == 503 and "etcd" in answer.json["detail"], answer.text)
    etcd.members[0].start()
    etcd.wait_healthy()


def check_keys(etcd, daemon, key):
    """'daemon' is active, and alone with one that has another key."""
    other = make(etcd, prepare=lambda one: one.take_master_key(daemon) or spoil(one))
    try:
        wait_for(lambda: "cannot take over" in log_of(other), "it finds out")
        answer = ask(other, "GET", "/readyz")
        record("another master key stands by and says what is wrong", answer.status == 503 and "master-key" in answer.json["detail"], answer.text)
        daemon.stop()
        wait_for(lambda: (answer := ask(other, "GET", "/readyz")) and daemon.url not in answer.text, "it notices that nobody is active")
        record("it does not take over", "claim" not in etcd.keys() and not is_active(other))
        with open(os.path.join(daemon.state, "master-key"), encoding="ascii") as source, \
                open(os.path.join(other.state, "master-key"), "w", encoding="ascii") as target:
            target.write(source.read())
        wait_active(other)
        answer = ask(other, "GET", "/v1/networks", key=key)
        record("with the right one it does, without a restart", answer.status == 200, answer.text)
        other.stop()
    finally:
        other.close()


def spoil(daemon):
    with open(os.path.join(daemon.state, "master-key"), "r+", encoding="ascii") as file:
        text = file.read()
        file.seek(0)
        file.write(text[::-1].strip() + "\n")


def check_commands(etcd, daemon, folder):
    """Nobody is active at the beginning and at the end."""
    nothing = os.path.join(folder, "nothing")
    result = run("--state", nothing, *etcd.options, "--listen", "127.0.0.1:0")
    record("without the master key it does not start", result.returncode == 1 and "master-key" in result.stderr, result)
    record("... and makes none", not os.path.exists(os.path.join(nothing, "master-key")))
    daemon.start()
    wait_active(daemon)
    holder = daemon.url.split("//")[1]
    for words in (["key", "reset-admin"], ["init"], ["master-key", "rotate"], ["backup", os.path.join(daemon.folder, "busy")]):
        result = daemon.run(*words)
        record(f"{words[0]} names who has the store open", result.returncode == 1 and holder in result.stderr and "Stop all" in result.stderr, result)
    daemon.stop()
    result = daemon.run("init")
    record("init is done once", result.returncode == 1 and "reset-admin" in result.stderr, result)
    result = daemon.run("key", "reset-admin")
    record("reset-admin makes a key when none runs", result.returncode == 0 and re.match(r"^k-", result.stdout), result)
    key = result.stdout.strip()
    before = read(daemon, "master-key")
    result = daemon.run("master-key", "rotate")
    record("rotate makes another master key", result.returncode == 0 and before != read(daemon, "master-key"), result)
    result = run("--state", daemon.state, "key", "reset-admin")
    record("without the options of etcd it makes no empty store", result.returncode == 1 and "--etcd" in result.stderr
           and not os.path.exists(os.path.join(daemon.state, "store.db")), result)
    file = os.path.join(daemon.folder, "backup")
    result = daemon.run("backup", file)
    record("backup writes a file", result.returncode == 0 and os.stat(file).st_mode & 0o777 == 0o600, result)
    daemon.start()
    wait_active(daemon)
    answer = ask(daemon, "GET", "/v1/networks?name=kept", key=key)
    record("it goes on with both", answer.status == 200 and len(answer.json["items"]) == 1, answer.text)
    daemon.stop()
    return file, key


def check_moves(etcd, file, key, folder):
    """From etcd to a folder, and to another etcd."""
    alone = os.path.join(folder, "alone")
    shutil.copy(file, os.path.join(folder, "backup"))
    file = os.path.join(folder, "backup")
    result = run("--state", alone, "restore", file)
    record("a backup of etcd comes back into a folder", result.returncode == 0 and os.path.exists(os.path.join(alone, "store.db")), result)
    result = run("--state", os.path.join(folder, "second"), *etcd.options, "restore", file)
    record("restore refuses an etcd in use", result.returncode == 1 and "not empty" in result.stderr, result)
    elsewhere = [*etcd.options, "--etcd-prefix", "/elsewhere"]
    result = run("--state", alone, *elsewhere, "--listen", "127.0.0.1:0")
    record("a folder with a store is not taken for an empty one", result.returncode == 1 and "restore FILE" in result.stderr, result)
    again = os.path.join(folder, "again")
    run("--state", alone, "backup", os.path.join(folder, "moved"))
    result = run("--state", again, *elsewhere, "restore", os.path.join(folder, "moved"))
    record("a backup of a folder goes into etcd", result.returncode == 0 and not os.path.exists(os.path.join(again, "store.db")), result)

    def put(daemon):
        shutil.copytree(again, daemon.state)
        for path in [daemon.state] + [os.path.join(daemon.state, name) for name in os.listdir(daemon.state)]:
            if daemon.user:
                os.chown(path, NOBODY, NOBODY)

    daemon = make(etcd, "--etcd-prefix", "/elsewhere", prepare=put)
    try:
        wait_active(daemon)
        answer = ask(daemon, "GET", "/v1/networks?name=kept", key=key)
        record("a controller serves on from there", answer.status == 200 and len(answer.json["items"]) == 1, answer.text)
    finally:
        daemon.close()


def check_all(folder):
    with Etcd(1) as etcd:
        first = make(etcd)
        second = make_second(etcd, first)
        try:
            wait_active(first)
            wait_for(lambda: "standing by" in log_of(second), "the second one stands by")
            check_answers(first, second)
            check_open_metrics(etcd, first)
            check_status(first, second)
            check_hand_over(first, second, first.key)
            check_crash(first, second, first.key)
            second.stop()
            check_etcd_away(etcd, first, first.key)
            wait_active(first)
            record("with etcd again it serves again, in the same process", first.process.poll() is None)
            check_keys(etcd, first, first.key)
            file, key = check_commands(etcd, first, folder)
            check_moves(etcd, file, key, folder)
        finally:
            first.close()
            second.close()


with scratches.folder() as scratch:
    check_usage(scratch)
    check_all(scratch)
sys.exit(1 if failures else 0)
