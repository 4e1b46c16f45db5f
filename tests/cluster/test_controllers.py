#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_controllers.py RINGWALLD RINGWALL [SEED]

Several ringwalld on a real etcd of three members: who serves when others die, hang, or are cut off from etcd, and what
becomes of changes.  Nodes and packets are in test_several.c, what a standby says in test_standby.py.
"""
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

from cli import Cli, check, finish
from daemon import NOBODY, Daemon
from etcd import Etcd, free_port, own_address, wait_for

ringwalld, ringwall = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
STANDBY = "urn:ringwall:problem:standby"


class Controllers:
    """Several ringwalld on one etcd; calls go to whichever is active."""

    def __init__(self, etcd, count=3, first=None):
        self.etcd = etcd
        etcd.let_read(NOBODY)
        self.daemons = [first or self.make()]
        self.key = self.daemons[0].key
        while len(self.daemons) < count:
            self.daemons.append(self.make(lambda daemon: daemon.take_master_key(self.daemons[0])))

    def make(self, prepare=None, options=None):
        address = own_address()
        return Daemon(ringwalld, *(options or self.etcd.options), "--name", address, "--limit", "prefix_lists=10000",
                      address=address, port=free_port(address), prepare=prepare)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        texts = []
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.process.send_signal(signal.SIGCONT)
                daemon.stop()
            texts.append(log_of(daemon))
            daemon.close()
        for text in texts:
            assert "Sanitizer" not in text and "runtime error" not in text, text

    @property
    def urls(self):
        return ",".join(daemon.url for daemon in self.daemons)

    def ask_one(self, daemon, method, target, body=None, timeout=20, key=None, headers=None):
        """The answer, or None when there is none."""
        if daemon.process.poll() is not None or not os.path.exists(daemon.ca):
            return None
        connection = daemon.connect(timeout=timeout)
        try:
            return daemon.ask(method, target, body, key=key or self.key, headers=headers, connection=connection)
        except OSError:
            return None
        finally:
            connection.close()

    def is_ready(self, daemon):
        answer = self.ask_one(daemon, "GET", "/readyz", timeout=2)
        return answer is not None and answer.status == 200

    def find_active(self):
        ready = [daemon for daemon in self.daemons if self.is_ready(daemon)]
        return ready[0] if ready else None

    def active(self, but=None):
        """The active one, once there is one; other than 'but'."""
        def look():
            found = self.find_active()
            return None if found is but else found
        try:
            return wait_for(look, "a controller is active")
        except RuntimeError as error:
            raise RuntimeError(f"{error}\n" + "\n".join(f"{daemon.url}:\n{log_of(daemon)}" for daemon in self.daemons)) from error

    def standbys(self):
        active = self.active()
        return [daemon for daemon in self.daemons if daemon is not active]

    def expect_standby(self, daemon):
        def look():
            answer = self.ask_one(daemon, "GET", "/v1/networks", timeout=2)
            return answer is not None and is_standby(answer) and answer
        return wait_for(look, f"{daemon.url} stands by")

    def make_list(self, number, daemon=None, timeout=20, name="list"):
        """A change of its own: a prefix list of that number."""
        return self.ask_one(daemon or self.active(), "POST", "/v1/prefix-lists", list_of(number, name), timeout,
                            headers={"Idempotency-Key": f"{name}-{number}"})

    def lists(self):
        names, after = [], ""
        while True:
            page = self.ask_one(self.active(), "GET", f"/v1/prefix-lists?limit=1000{after}").json
            names += [item["name"] for item in page["items"]]
            if not page.get("next"):
                return sorted(names)
            after = "&after=" + page["next"]

    def log(self):
        """All records, the newest first."""
        records, after = [], ""
        while True:
            page = self.ask_one(self.active(), "GET", f"/v1/log?limit=1000{after}").json
            records += page["items"]
            if not page.get("next"):
                return records
            after = "&after=" + page["next"]

    def check_log(self):
        """Numbered without gaps, and no list made twice; gives the lists that were made."""
        records = self.log()
        numbers = [int(record["sequence"]) for record in records]
        assert numbers == list(range(numbers[0], 0, -1)), numbers
        made = sorted(item["name"] for record in records if record["action"] == "create prefix list" for item in record["objects"])
        assert len(made) == len(set(made)), made
        return made


def list_of(number, name="list"):
    return {"name": f"{name}-{number}", "family": 4, "cidrs": [f"10.{number // 256}.{number % 256}.0/24"]}


def is_standby(answer):
    return answer.status == 503 and answer.type == "application/problem+json" and answer.json["type"] == STANDBY


def log_of(daemon):
    with open(os.path.join(daemon.folder, "log"), encoding="utf-8", errors="replace") as log:
        return log.read()[-3000:]


# ---- who serves ----

def one_is_active_and_the_others_name_it(all_of):
    active = all_of.active()
    for daemon in all_of.standbys():
        answer = all_of.expect_standby(daemon)
        assert active.url in answer.json["hint"], answer.text
    assert all_of.make_list(0).status == 201
    assert all_of.make_list(0).json["revision"] == all_of.make_list(0).json["revision"]


def a_killed_one_is_followed_by_another_with_all_that_was_answered(all_of):
    for number in range(1, 11):
        assert all_of.make_list(number).status == 201
    active = all_of.active()
    active.kill()
    began = time.monotonic()
    all_of.active(but=active)
    print(f"  after kill -9 another is active in {time.monotonic() - began:.1f} s", flush=True)
    cli = Cli(ringwall, all_of.daemons[0], all_of.daemons[0].home(), key=all_of.key)
    several = {"RINGWALL_SERVER": all_of.urls, "RINGWALL_CA": all_of.daemons[1].ca}
    assert "list-11" in cli.run("prefix-list", "create", "list-11", "--cidr", "10.0.11.0/24", **several).out
    active.start()
    all_of.expect_standby(active)
    assert all_of.lists() == sorted(f"list-{number}" for number in range(12))
    all_of.check_log()


def one_that_is_stopped_hands_over_at_once(all_of):
    active = all_of.active()
    began = time.monotonic()
    assert active.stop() == 0
    all_of.active(but=active)
    print(f"  after SIGTERM another is active in {time.monotonic() - began:.1f} s", flush=True)
    active.start()
    all_of.expect_standby(active)
    assert all_of.lists() == sorted(f"list-{number}" for number in range(12))


def one_that_was_frozen_writes_nothing_when_it_wakes(all_of):
    frozen, late = all_of.active(), []
    frozen.process.send_signal(signal.SIGSTOP)
    # It has this request before it knows that its time is over.
    waiting = threading.Thread(target=lambda: late.append(all_of.make_list(1000, frozen, timeout=60, name="late")))
    waiting.start()
    all_of.active(but=frozen)
    for number in range(12, 16):
        assert all_of.make_list(number).status == 201
    before = all_of.etcd.keys("data/")
    frozen.process.send_signal(signal.SIGCONT)
    all_of.expect_standby(frozen)
    waiting.join()
    assert late[0] is None or late[0].status >= 429, late[0].text
    assert all_of.etcd.keys("data/") == before
    assert all_of.lists() == sorted(f"list-{number}" for number in range(16))
    all_of.check_log()


# ---- etcd ----

def a_minority_of_etcd_may_be_gone(all_of):
    for number, member in enumerate(all_of.etcd.members):
        member.kill()
        answer = all_of.make_list(16 + number)
        assert answer.status == 201, answer.text
        member.start()
        all_of.etcd.wait_healthy()
    assert all_of.lists() == sorted(f"list-{number}" for number in range(19))


def without_a_majority_nothing_is_changed_and_then_one_serves_again(all_of):
    active, dead = all_of.active(), all_of.etcd.members[:2]
    for member in dead:
        member.kill()
    answer = all_of.make_list(19, active, timeout=60)
    assert answer.json["type"] in ("urn:ringwall:problem:store-unavailable", "urn:ringwall:problem:store-lost"), answer.text
    assert "nothing was changed" in answer.text or "may turn out to be durable" in answer.text, answer.text
    for daemon in all_of.daemons:
        answer = all_of.expect_standby(daemon)
        assert all_of.ask_one(daemon, "GET", "/readyz").status == 503
        assert all_of.make_list(20, daemon).status == 503
    assert "etcd" in answer.text, answer.text
    for member in dead:
        member.start()
    all_of.etcd.wait_healthy()
    all_of.active()
    assert "list-20" not in all_of.lists()
    assert all_of.make_list(19).status == 201  # whatever became of it before: it is there once
    assert all_of.lists() == sorted(f"list-{number}" for number in range(20))
    all_of.check_log()


# ---- all of it at random ----

CLIENTS = 3


class Client(threading.Thread):
    """Makes numbered changes, one after the other, each until it is answered; some that must be refused."""

    def __init__(self, all_of, number, chance):
        super().__init__()
        self.all_of, self.number, self.chance = all_of, number, chance
        self.acknowledged, self.stopping, self.errors = [], False, []

    def run(self):
        number = self.number
        try:
            while not self.stopping:
                number += CLIENTS
                status = self.make(number, list_of(number), "list")
                assert status == 201, status
                self.acknowledged.append(f"list-{number}")
                if number % 5 == 0:
                    wrong = {**list_of(number, "wrong"), "cidrs": ["10.0.0.0/33"]}
                    assert self.make(number, wrong, "wrong") == 400
                    taken = {**list_of(number), "cidrs": ["192.0.2.0/24"]}
                    assert self.make(number, taken, "taken") == 409
        except Exception as error:  # shown by who joins
            self.errors.append(error)

    def make(self, number, body, key):
        """Asks one after the other until one answers what is final."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            daemon = self.chance.choice(self.all_of.daemons)
            answer = self.all_of.ask_one(daemon, "POST", "/v1/prefix-lists", body, timeout=6,
                                         headers={"Idempotency-Key": f"{key}-{number}"})
            if answer is not None and answer.status < 500 and answer.status != 429:
                return answer.status
            time.sleep(0.05)
        raise RuntimeError(f"change {number}: nobody answered")


class Chaos:
    def __init__(self, all_of, clients, chance):
        self.all_of, self.clients, self.chance = all_of, clients, chance

    def acknowledged(self):
        return [name for client in self.clients for name in client.acknowledged]

    def errors(self):
        return [error for client in self.clients for error in client.errors]

    def progress(self):
        """Waits until changes that began after this have been acknowledged, and some more."""
        enough = len(self.acknowledged()) + CLIENTS + self.chance.randrange(10)
        wait_for(lambda: len(self.acknowledged()) > enough or self.errors(), "changes go on")

    def hand_over(self):
        active = self.all_of.active()
        active.stop()
        self.progress()
        active.start()

    def kill_active(self):
        active = self.all_of.active()
        active.kill()
        if self.chance.random() < 0.5:
            active.start()
        self.progress()
        if active.process.poll() is not None:
            active.start()

    def kill_standby(self):
        standby = self.chance.choice(self.all_of.standbys())
        standby.kill()
        self.progress()
        standby.start()

    def freeze_active(self):
        active = self.all_of.active()
        active.process.send_signal(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0, 12))
        active.process.send_signal(signal.SIGCONT)
        self.progress()

    def kill_member(self):
        member = self.chance.choice(self.all_of.etcd.members)
        member.kill()
        self.progress()
        member.start()
        self.all_of.etcd.wait_healthy()

    def freeze_member(self):
        member = self.chance.choice(self.all_of.etcd.members)
        member.pause()
        time.sleep(self.chance.uniform(0, 3))
        member.resume()
        self.progress()

    def kill_majority(self):
        members = self.chance.sample(self.all_of.etcd.members, 2)
        for member in members:
            member.kill()
        time.sleep(self.chance.uniform(0, 6))
        for member in members:
            member.start()
        self.progress()

    def run(self, count, seconds):
        kinds = {self.hand_over: 6, self.kill_active: 2, self.kill_standby: 2, self.freeze_active: 2, self.kill_member: 4,
                 self.freeze_member: 3, self.kill_majority: 2}
        done, deadline = [], time.monotonic() + seconds
        while len(done) < count and time.monotonic() < deadline and not self.errors():
            kind = self.chance.choices(list(kinds), kinds.values())[0]
            done.append(kind.__name__)
            kind()
        print(f"  {len(done)} blows, {len(self.acknowledged())} changes: {' '.join(done)}", flush=True)


def whatever_happens_each_acknowledged_change_is_there_once(all_of):
    print(f"  seed {seed}", flush=True)
    clients = [Client(all_of, number, random.Random(seed + 1 + number)) for number in range(CLIENTS)]
    chaos = Chaos(all_of, clients, random.Random(seed))
    for client in clients:
        client.start()
    try:
        chaos.run(20, 60)
    finally:
        for client in clients:
            client.stopping = True
        for client in clients:
            client.join()
    assert not chaos.errors(), chaos.errors()
    all_of.etcd.wait_healthy()
    acknowledged = sorted(chaos.acknowledged())
    assert all_of.lists() == acknowledged
    assert all_of.check_log() == acknowledged
    # As etcd has it: for one that reads it anew.
    for daemon in all_of.daemons:
        if daemon.process.poll() is None:
            daemon.stop()
    all_of.daemons[1].start()
    assert all_of.lists() == acknowledged


# ---- setting up ----

def a_backup_of_one_controller_moves_to_several():
    one = Daemon(ringwalld)
    try:
        for number in range(20):
            assert one.ask("POST", "/v1/prefix-lists", list_of(number)).status == 201
        key, path = one.key, os.path.join(one.folder, "backup")
        incarnation = one.ask("GET", "/v1/whoami").headers["Ringwall-Position"].split(".")[0]
        assert one.stop() == 0
        done = one.run("backup", path)
        assert done.returncode == 0, done.stderr
        with Etcd(1) as etcd:
            def restore(daemon):
                copy = shutil.copy(path, daemon.folder)
                if daemon.user:
                    os.chown(copy, NOBODY, NOBODY)
                again = daemon.run("restore", copy)
                assert again.returncode == 0, again.stderr
            address = own_address()
            etcd.let_read(NOBODY)
            first = Daemon(ringwalld, *etcd.options, "--name", address, address=address, port=free_port(address), prepare=restore)
            first.key = key
            with Controllers(etcd, 2, first) as all_of:
                assert all_of.lists() == sorted(f"list-{number}" for number in range(20))
                assert all_of.ask_one(first, "GET", "/v1/whoami").headers["Ringwall-Position"].split(".")[0] != incarnation
                all_of.check_log()
                first.stop()
                all_of.active(but=first)
                assert all_of.make_list(20).status == 201
                second = first.run("restore", os.path.join(first.folder, "backup"))
                assert second.returncode != 0 and "open by another controller" in second.stderr, second.stderr
                assert all_of.lists() == sorted(f"list-{number}" for number in range(21))
    finally:
        one.close()


def certificates_and_users_of_etcd_are_asked_for():
    with Etcd(3, tls=True, auth=True, prefix="/site-a") as etcd, Controllers(etcd, 2) as all_of:
        assert all_of.make_list(1).status == 201
        for member in etcd.members:  # its tokens are gone with it
            member.stop()
            member.start()
            etcd.wait_healthy()
            all_of.active()
        assert all_of.make_list(2).status == 201
        active = all_of.active()
        active.kill()
        all_of.active(but=active)
        assert all_of.lists() == ["list-1", "list-2"]
        assert all(key.startswith("/site-a/") for key in etcd.keys())
        words = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert "correct horse" not in words and "correct horse" not in "".join(log_of(daemon) for daemon in all_of.daemons)


def what_etcd_refuses_ends_the_start_and_names_the_option():
    with Etcd(1, tls=True, auth=True) as etcd, Controllers(etcd, 1) as all_of:
        certificates = "/etc/ssl/certs/ca-certificates.crt"
        for wrong, says in (({"--etcd-password-file": etcd.path("guess")}, "--etcd-password-file"),
                            ({"--etcd-ca": certificates}, "--etcd-ca"),
                            ({"--etcd-cert": etcd.path("named.pem"), "--etcd-key": etcd.path("named.key")}, "without a CN"),
                            ({"--etcd-user": None, "--etcd-password-file": None}, "has users: give --etcd-user"),
                            ({"--etcd-prefix": "/other"}, "write what begins with /other/")):
            words = dict(zip(etcd.options[::2], etcd.options[1::2])) | wrong
            options = [word for option, value in words.items() if value for word in (option, value)]
            try:
                daemon = all_of.make(lambda one: one.take_master_key(all_of.daemons[0]), options)
                wait_for(lambda: daemon.process.poll() is not None, f"it ends with {wrong}")
                text = log_of(daemon)
                daemon.close()
            except RuntimeError as error:
                text = str(error)
            assert says in text, text


def main():
    with Etcd(3) as etcd, Controllers(etcd) as all_of:
        for function in (one_is_active_and_the_others_name_it, a_killed_one_is_followed_by_another_with_all_that_was_answered,
                         one_that_is_stopped_hands_over_at_once, one_that_was_frozen_writes_nothing_when_it_wakes,
                         a_minority_of_etcd_may_be_gone, without_a_majority_nothing_is_changed_and_then_one_serves_again):
            check(function, all_of)
    with Etcd(3) as etcd, Controllers(etcd) as all_of:
        check(whatever_happens_each_acknowledged_change_is_there_once, all_of)
    check(a_backup_of_one_controller_moves_to_several)
    check(certificates_and_users_of_etcd_are_asked_for)
    check(what_etcd_refuses_ends_the_start_and_names_the_option)
    finish()


main()
