# SPDX-License-Identifier: Apache-2.0
"""A fleet of thousands of agents at one controller, and at two on etcd of which one stands by.

The agents are one process (fleet_agents.c): each has the session, the certificate and the two connections of a real one,
and takes a policy in force as soon as it has come.  They are in two clusters, all but ten in one, so that a change of
the other shows what the many cost it.  What is measured, with the controller's processor time for each:

    join        one machine after the other, with its token
    begin       all agents call in one moment, and have nothing
    rest        nothing happens: heartbeats and reports
    rule        added and revoked: from the request until the last agent has it, and until all have said so
    member      the same for a node that comes and goes: every other node learns its address
    restart     the controller is killed and started again: until all agents have heard that nothing has changed
    take-over   of two on etcd, which hold the same from a backup, the active one is ended or killed: the same

The peer in the same run is fleet_push.c: what the kernel alone takes to tell as many connections something and to hear
their answers.

All is in a network namespace of its own (fleet.sh), where whole ranges of addresses are local and connections come from
8,192 addresses in turn: a controller tells those of few addresses apart from those of many.

usage: fleet.py BUILD OUT.json [AGENTS]
"""
import http.client
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

SMALL = 10  # agents of the second cluster
TOKENS = 100  # made at a time; the controller keeps 1,000 unused ones
ADDRESSES = 8  # of each controller
ROUNDS = 7
SPARE_FILES = 200  # of the controller, beside its connections
RULE = {"rules": ["allow udp 5353 from 203.0.113.0/24"]}
# Ends with this process, also when that is killed.
DYING = ["setpriv", "--pdeathsig", "KILL", "--"]


class Api:
    """One kept connection, so that a request is measured and no handshake."""

    def __init__(self, address, port, ca, key):
        self.address, self.port, self.ca, self.key = address, port, ca, key
        self.connect()

    def connect(self):
        context = ssl.create_default_context(cafile=self.ca)
        self.connection = http.client.HTTPSConnection(self.address, self.port, context=context, timeout=120)

    def warm(self):
        """A kept connection is closed when nothing was asked for half a minute."""
        try:
            self.call("GET", "networks")
        except OSError:
            self.connect()
            self.call("GET", "networks")

    def call(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.key}
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.connection.request(method, "/v1/" + path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)


class Controller:
    def __init__(self, build, folder, addresses, port):
        self.program = os.path.join(build, "src/main/ringwalld")
        self.folder, self.addresses, self.port = folder, addresses, port
        self.state = os.path.join(folder, "state")
        self.ca = os.path.join(self.state, "ca.pem")
        self.options = []
        os.makedirs(folder, mode=0o700)

    def log(self):
        return open(os.path.join(self.folder, "log"), "ab")

    def start(self):
        names = [word for address in self.addresses for word in ("--name", address)]
        with self.log() as log:
            self.process = subprocess.Popen([*DYING, self.program, "--state", self.state, "--listen", f"0.0.0.0:{self.port}", *names,
                                             *self.options], stdin=subprocess.DEVNULL, stderr=log)
        while True:
            if self.process.poll() is not None:
                with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
                    raise RuntimeError("ringwalld has ended:\n" + log.read()[-2000:])
            try:
                with socket.create_connection((self.addresses[0], self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.01)

    def run(self, *words):
        with self.log() as log:
            subprocess.run([self.program, "--state", self.state, *self.options, *words], check=True, stdout=log, stderr=log)

    def end(self, number):
        self.process.send_signal(number)
        self.process.wait()

    def cpu_ms(self):
        tasks = f"/proc/{self.process.pid}/task"
        return sum(int(read(f"{tasks}/{task}/schedstat").split()[0]) for task in os.listdir(tasks)) / 1e6

    def resident_mb(self):
        return next(int(line.split()[1]) for line in read(f"/proc/{self.process.pid}/status").splitlines()
                    if line.startswith("VmRSS")) / 1024

    def first_key(self):
        path = os.path.join(self.state, "admin-key")
        while not os.path.exists(path):
            time.sleep(0.01)
        return read(path).strip()


class Agents:
    def __init__(self, build, folder, ca, urls):
        self.log = open(os.path.join(folder, "agents.log"), "ab")
        self.process = subprocess.Popen([*DYING, os.path.join(build, "bench/bench-fleet-agents"), os.path.join(folder, "agents"), ca,
                                         *urls], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)

    def send(self, *lines):
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the agents have ended: {read(self.log.name)[-2000:]}")
        return json.loads(line)

    def ask(self, line):
        self.send(line)
        return self.answer()

    def settled(self, lost=0):
        """Waits until all are connected and were told what is, 'lost' streams after the start."""
        while True:
            now = self.ask("settled")
            if now["lost"] >= lost:
                return now
            time.sleep(0.02)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def tell(what, figures):
    print(f"{what}: " + ", ".join(f"{name} {value}" for name, value in figures.items()), flush=True)
    return figures


class Bench:
    def __init__(self, build, folder, count):
        self.build, self.folder, self.count = build, folder, count
        self.one, self.two = (Controller(build, os.path.join(folder, name), [f"10.88.{number}.{n + 1}" for n in range(ADDRESSES)], port)
                              for number, (name, port) in enumerate((("one", 8443), ("two", 9443))))
        self.active = self.one

    def prepare(self):
        self.one.start()
        self.api = Api(self.one.addresses[0], self.one.port, self.one.ca, self.one.first_key())
        self.api.call("POST", "networks", {"name": "net", "kind": "vpc", "cidrs": ["10.0.0.0/8"]})
        for name in ("fleet", "small"):
            self.api.call("POST", "clusters", {"name": name, "network": "net"})
        urls = [",".join(f"https://{one.addresses[n]}:{one.port}" for one in (self.one, self.two)) for n in range(ADDRESSES)]
        self.agents = Agents(self.build, self.folder, self.one.ca, urls)

    def join(self):
        began, last, done = time.monotonic(), 0, 0
        while done < self.count:
            batch = min(TOKENS, self.count - done, SMALL - done if done < SMALL else self.count)
            cluster = "small" if done < SMALL else "fleet"
            self.api.warm()
            cpu = self.active.cpu_ms()
            tokens = [self.api.call("POST", "join-tokens", {"cluster": cluster})["token"] for _ in range(batch)]
            self.agents.send(*("join " + token for token in tokens))
            for _ in range(batch):
                self.agents.answer()
            last = (self.active.cpu_ms() - cpu) / batch
            done += batch
        return tell("join", {"seconds": round(time.monotonic() - began, 1), "last_cpu_ms": round(last, 2),
                             "controller_mb": round(self.active.resident_mb(), 1)})

    def begin(self):
        cpu = self.active.cpu_ms()
        self.agents.ask("start")
        began = time.monotonic_ns()
        last = self.agents.settled()["last_ns"]
        return tell("begin", {"seconds": round((last - began) / 1e9, 2), "cpu_s": round((self.active.cpu_ms() - cpu) / 1000, 2)})

    def rest(self):
        time.sleep(7)  # the first reports
        cpu = self.active.cpu_ms()
        time.sleep(10)
        return tell("rest", {"cpu_ms_per_s": round((self.active.cpu_ms() - cpu) / 10, 1),
                             "controller_mb": round(self.active.resident_mb(), 1)})

    def change(self, method, path, body, expected):
        """From the request until the last of 'expected' agents has it, and until the answer: all have said so."""
        self.api.warm()
        cpu = self.active.cpu_ms()
        began = time.monotonic_ns()
        answer = self.api.call(method, path + "?wait=60s", body)
        ended = time.monotonic_ns()
        cpu = self.active.cpu_ms() - cpu
        seen = self.agents.ask("revision " + answer["revision"])
        applied = sum(node["state"] == "applied" for node in answer["nodes"])
        if seen["agents"] != expected or applied != expected:
            raise RuntimeError(f"{seen['agents']} of {expected} agents have the change, {applied} have said so")
        time.sleep(0.3)  # the rest of what it caused
        return {"told_ms": (seen["last_ns"] - began) / 1e6, "confirmed_ms": (ended - began) / 1e6, "cpu_ms": cpu}

    def rules(self, cluster, expected):
        path = f"security-groups/{cluster}/rules"
        figures = [self.change("POST", path + what, RULE, expected) for _ in range(ROUNDS) for what in ("", "/revoke")]
        return tell(f"rule, {expected} agents", medians(figures))

    def members(self):
        node = {"name": "guest", "cluster": "fleet", "interfaces": [{"name": "eth0", "addresses": ["10.1.2.3"]}]}
        figures = []
        for _ in range(ROUNDS):
            figures.append(self.change("POST", "nodes", node, self.count - SMALL))
            figures.append(self.change("DELETE", "nodes/guest", None, self.count - SMALL))
        return tell("member", medians(figures))

    def again(self, what, change):
        """'change' makes another controller process the active one."""
        lost = self.agents.settled()["lost"] + self.count
        began = time.monotonic_ns()
        change()
        last = self.agents.settled(lost)["last_ns"]
        return tell(what, {"seconds": round((last - began) / 1e9, 2), "cpu_s": round(self.active.cpu_ms() / 1000, 2)})

    def restart(self):
        self.one.end(signal.SIGKILL)
        self.one.start()

    def move_to_etcd(self):
        """The store as it is, and a second controller that stands by."""
        backup = os.path.join(self.folder, "backup")
        self.one.end(signal.SIGTERM)
        self.one.run("backup", backup)
        shutil.rmtree(self.one.state)
        ports = [free_port(), free_port()]
        url, peer = (f"http://127.0.0.1:{port}" for port in ports)
        with open(os.path.join(self.folder, "etcd.log"), "ab") as log:
            subprocess.Popen([*DYING, "etcd", "--data-dir", os.path.join(self.folder, "etcd"), "--listen-client-urls", url,
                              "--advertise-client-urls", url, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                              "--initial-cluster", "default=" + peer, "--logger", "zap", "--log-level", "error"],
                             stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(lambda: socket.create_connection(("127.0.0.1", ports[0]), timeout=1).close() is None)
        self.one.options = self.two.options = ["--etcd", url]
        self.one.run("restore", backup)
        os.mkdir(self.two.state, 0o700)
        shutil.copy(os.path.join(self.one.state, "master-key"), self.two.state)
        self.one.start()
        self.two.start()

    def take_over(self, number):
        self.active.end(number)
        self.active = self.two if self.active is self.one else self.one

    def replace(self):
        """The one that has ended stands by from now on."""
        (self.one if self.active is self.two else self.two).start()
        time.sleep(3)

    def run(self):
        self.prepare()
        result = {"agents": self.count, "join": self.join(), "begin": self.begin(), "rest": self.rest()}
        result["rule"] = self.rules("fleet", self.count - SMALL)
        result["rule_small"] = self.rules("small", SMALL)
        result["member"] = self.members()
        result["peer"] = tell("peer", json.loads(subprocess.run(
            [os.path.join(self.build, "bench/bench-fleet-push"), "10.88.2.1", str(self.count), str(ROUNDS)], check=True,
            stdout=subprocess.PIPE).stdout))
        for figure in ("told", "confirmed"):
            peer = result["peer"]["told_ms" if figure == "told" else "answered_ms"]
            result[f"{figure}_over_peer"] = round(result["rule"][figure + "_ms"] / peer, 2)
        result["restart"] = self.again("restart", self.restart)
        result["anew"] = self.again("all anew, to etcd", self.move_to_etcd)
        result["take_over"] = self.again("take-over, SIGTERM", lambda: self.take_over(signal.SIGTERM))
        self.replace()
        result["take_over_killed"] = self.again("take-over, SIGKILL", lambda: self.take_over(signal.SIGKILL))
        return result


def medians(figures):
    return {name: round(statistics.median(one[name] for one in figures), 1) for name in figures[0]}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def wait_for(condition):
    while True:
        try:
            return condition()
        except OSError:
            time.sleep(0.05)


def make_network():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for local in ("10.88.0.0/16", "10.90.0.0/16"):
        subprocess.run(["ip", "route", "add", "local", local, "dev", "lo"], check=True)
    sources = ", ".join(f"{n} : 10.90.{n >> 8}.{n & 255}" for n in range(1 << 13))
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input=(
        "table ip bench { chain out { type nat hook postrouting priority 100;\n"
        f"tcp dport {{ 8443, 9443 }} snat to numgen inc mod {1 << 13} map {{ {sources} }}\n}}\n}}\n"))


def main():
    build, out = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    # Two connections an agent: so many as this machine has descriptors for, where they are no ten thousand.
    most = (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES) // 2
    count = min(int(sys.argv[3]) if len(sys.argv) > 3 else 10000, most)
    make_network()
    with tempfile.TemporaryDirectory(prefix="rw-bench-fleet-") as folder:
        result = Bench(build, folder, count).run()
    with open(out, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    print(f"{count} agents: a rule is with the last after {result['rule']['told_ms']} ms ({result['told_over_peer']} × the bare push), "
          f"confirmed by all after {result['rule']['confirmed_ms']} ms ({result['confirmed_over_peer']} ×)")


if __name__ == "__main__":
    main()
