#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_cli_crash.py RINGWALLD RINGWALL

Kills ringwalld with SIGKILL in the middle of many writes by the CLI, starts it again, and looks for what it had
acknowledged.
"""
import random
import sys
import threading
import time

from cli import Cli, check, finish
from daemon import Daemon

ringwalld, ringwall = sys.argv[1:3]
KILLS, WRITERS = 20, 2


class Writer(threading.Thread):
    """Counts up in a prefix list, and adds and revokes a rule of the same number, until it is told to stop."""

    def __init__(self, cli, number):
        super().__init__()
        self.cli, self.name, self.ending = cli, f"list-{number}", threading.Event()
        self.tried = self.done = 0  # what the list was to be; what was acknowledged last
        self.rules = {}             # port -> is it there? None = not known
        self.base, self.odd, self.acknowledged = 1000 + 20000 * number, [], 0

    def run(self):
        while not self.ending.is_set():
            self.tried += 1
            if self.call("prefix-list", "update", self.name, "--cidr", "10.0.0.0/8", "--cidr", network(self.tried)):
                self.done = self.tried
            self.rule("add", self.base + self.tried, True)
            if self.tried > 1:
                self.rule("revoke", self.base + self.tried - 1, False)

    def rule(self, verb, port, there):
        self.rules[port] = None
        if self.call("rule", verb, "web", f"allow tcp {port} from 192.0.2.0/24"):
            self.rules[port] = there

    def call(self, *words):
        if self.ending.is_set():
            return False
        result = self.cli.run(*words, code=None)
        self.acknowledged += result.code == 0
        if result.code not in (0, 4):
            self.odd.append(result)
        return result.code == 0

    def compare(self):
        """What is stored is what was acknowledged, or what was on its way when the daemon died."""
        cidrs = self.cli.run("prefix-list", "show", self.name, "-o", "json").json["cidrs"]
        allowed = [["10.0.0.0/8", network(number)] for number in range(self.done, self.tried + 1)]
        assert sorted(cidrs) in map(sorted, allowed), f"{cidrs}, acknowledged {self.done}, tried {self.tried}"
        self.done = self.tried = [sorted(one) for one in allowed].index(sorted(cidrs)) + self.done
        ports = {int(rule["ports"].split("/")[0]) for rule in self.cli.run("rule", "list", "web", "-o", "json").json["items"]}
        wrong = [port for port, there in self.rules.items() if there is not None and there != (port in ports)]
        assert not wrong, f"ports {wrong} of {self.rules}"


def network(number):
    return f"172.{16 + number // 256}.{number % 256}.0/24"


def check_log(cli, names):
    """The sequence has no gaps, and the newest record of each list has what is stored."""
    log, before = [], None
    while before != "":
        page = cli.run("log", "--limit", "1000", "-o", "json", *(("--before", before) if before else ())).json
        log += page["items"]
        before = page["next"] or ""
    numbers = [int(one["sequence"]) for one in log]
    assert numbers == list(range(numbers[0], 0, -1)), "the log has gaps"
    for name in names:
        newest = next(one for one in log for thing in one["objects"] if thing["name"] == name)
        stored = cli.run("prefix-list", "show", name, "-o", "json").json
        assert newest["changes"][0]["after"]["cidrs"] == stored["cidrs"], (newest, stored)


def nothing_acknowledged_is_lost_and_nothing_is_half_done():
    seed = random.randrange(1 << 32)
    random.seed(seed)
    daemon = Daemon(ringwalld)
    try:
        cli = Cli(ringwall, daemon, daemon.home())
        cli.run("network", "create", "prod", "--cidr", "10.0.0.0/8")
        cli.run("group", "create", "web", "--network", "prod")
        acknowledged = 0
        for number in range(WRITERS):
            cli.run("prefix-list", "create", f"list-{number}", "--cidr", "10.0.0.0/8", "--cidr", network(0))
        writers = [Writer(cli, number) for number in range(WRITERS)]
        for kill in range(KILLS):
            for writer in writers:
                writer.start()
            time.sleep(random.uniform(0.05, 0.35))
            daemon.process.kill()
            for writer in writers:
                writer.ending.set()
            for writer in writers:
                writer.join()
            daemon.process.wait()
            daemon.log.close()
            daemon.start()
            for writer in writers:
                assert not writer.odd, f"seed {seed}, kill {kill}: {writer.odd}"
                writer.compare()
            acknowledged += sum(writer.acknowledged for writer in writers)
            writers = [again(writer, number) for number, writer in enumerate(writers)]
        assert acknowledged >= KILLS, f"seed {seed}: only {acknowledged} changes were acknowledged"
        check_log(cli, [writer.name for writer in writers])
        print(f"{KILLS} kills, {acknowledged} changes acknowledged")
    finally:
        daemon.close()


def again(writer, number):
    """The same writer for the next run: it goes on counting."""
    new = Writer(writer.cli, number)
    new.tried, new.done, new.rules = writer.tried, writer.done, writer.rules
    return new


check(nothing_acknowledged_is_lost_and_nothing_is_half_done)
finish()
