# SPDX-License-Identifier: Apache-2.0
"""Ringwall itself inside the playground: the controller, an agent in each node, the operator's CLI."""
import glob
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import urllib.request

import probe
import relay
from world import NETNS_FOLDER, run

PORT = 8443
TCP_SERVICES, UDP_SERVICES = [22, 80, 443, 6379], [53]


class System:
    def __init__(self, world, build, scratch, nodes_scratch=None):
        """Agents keep their state in 'nodes_scratch', where it is another disk than the controller's."""
        self.world, self.build, self.scratch = world, build, scratch
        self.nodes_scratch = nodes_scratch or scratch
        self.processes = []
        self.listeners = []
        self.control = world.hosts["control"]
        self.server = f"https://{self.control.address(4)}:{PORT}"
        self.pins = f"/sys/fs/bpf/ringwall/{world.prefix.rstrip('-')}"
        os.makedirs(scratch, mode=0o700, exist_ok=True)

    # -- processes ---------------------------------------------------------------------------------------------

    def program(self, name):
        return os.path.join(self.build, "src/main", name)

    def spawn(self, host, name, *arguments):
        """Starts a program inside a host's network; its output goes to a log file in the scratch folder."""
        log = open(os.path.join(self.scratch, f"{host.name}-{name}.log"), "ab")
        process = subprocess.Popen(["nsenter", f"--net={NETNS_FOLDER}/{host.netns}", self.program(name), *arguments],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()
        self.processes.append(process)
        return process

    def log_tail(self, host, name):
        with open(os.path.join(self.scratch, f"{host.name}-{name}.log"), errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def start_listeners(self):
        for name, host in self.world.hosts.items():
            if name.startswith(("node-", "tools-")):
                self.listeners.append(probe.serve(host.netns, TCP_SERVICES, UDP_SERVICES))
            elif name.startswith("container-"):
                self.listeners.append(probe.serve(host.netns, [80], []))

    def start_controller(self, *options):
        state = os.path.join(self.scratch, "controller")
        daemon = self.spawn(self.control, "ringwalld", "--state", state, "--listen",
                            f"{self.control.address(4)}:{PORT}", "--name", self.control.address(4), "--name", "127.0.0.1",
                            *options)
        key_file = os.path.join(state, "admin-key")
        self.wait_for(lambda: os.path.exists(key_file) and self.healthy(), daemon,
                      "the controller", lambda: self.log_tail(self.control, "ringwalld"))
        with open(key_file, encoding="utf-8") as file:
            key = file.read()  # the daemon deletes its copy after the first use
        self.key_file = os.path.join(self.scratch, "key")
        with open(os.open(self.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key)
        self.ca = os.path.join(state, "ca.pem")

    def healthy(self):
        def look():
            import socket
            with socket.create_connection((self.control.address(4), PORT), timeout=0.2):
                return True
        try:
            return probe.in_child(self.control.netns, look)
        except RuntimeError:
            return False

    @staticmethod
    def wait_for(condition, process, what, explain, seconds=15):
        deadline = time.monotonic() + seconds
        while not condition():
            if process.poll() is not None:
                raise RuntimeError(f"{what} ended with status {process.returncode}:\n{explain()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} is not ready after {seconds} s:\n{explain()}")
            time.sleep(0.05)

    def environment(self):
        return {**os.environ, "RINGWALL_SERVER": self.server, "RINGWALL_KEY_FILE": self.key_file,
                "RINGWALL_CA": self.ca, "PATH": f"{os.path.join(self.build, 'src/main')}:{os.environ['PATH']}"}

    def ringwall(self, *arguments, accept=(0,)):
        """Runs the CLI on the controller's host; returns its standard output."""
        result = run(["nsenter", f"--net={NETNS_FOLDER}/{self.control.netns}", self.program("ringwall"), *arguments],
                     check=False, env=self.environment())
        if result.returncode not in accept:
            raise RuntimeError(f"ringwall {' '.join(arguments)}: exit {result.returncode}: "
                               f"{result.stderr.strip()} {result.stdout.strip()}")
        return result.stdout

    def open_console(self):
        """Makes the console reachable from this machine's browsers: its port of 127.0.0.1, or None when it is not built in."""
        pid, port = relay.start(self.control.netns, self.control.address(4), PORT)
        self.listeners.append(pid)
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/", context=context, timeout=10) as page:
            return port if page.headers["Content-Type"].startswith("text/html") else None

    def export(self):
        """The model as the controller has it, and the file it was written to."""
        path = os.path.join(self.scratch, "model.json")
        text = self.ringwall("export")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return json.loads(text), path

    def join(self, name, interfaces, *token_arguments):
        """Joins one node: a one-time token from the controller, then the agent."""
        host = self.world.hosts[name]
        answer = json.loads(self.ringwall(*token_arguments, "-o", "json"))
        state = os.path.join(self.nodes_scratch, host.netns)  # its name begins that of the agent's run folder
        named = [word for interface in interfaces for word in ("--interface", interface)]
        token_file = os.path.join(self.scratch, f"{name}.token")
        with open(os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(answer["token"])
        run(["nsenter", f"--net={NETNS_FOLDER}/{host.netns}", self.program("ringwall-agent"), "join",
             "--server", self.server, "--token-file", token_file, "--ca-fingerprint", answer["ca_fingerprint"],
             "--name", name, "--state", state, "--yes", *named])
        self.spawn(host, "ringwall-agent", "run", "--state", state, "--pin-dir", f"{self.pins}-{name}",
                   "--flow-entries", "65536", *named)

    def wait_connected(self, names, seconds=15):
        """Until each has its policy in force: a node that just joined is connected before that."""
        deadline = time.monotonic() + seconds
        while True:
            status = json.loads(self.ringwall("status", "-o", "json"))
            ready = {item["name"] for item in status["items"] if item["state"] == "connected"
                     and item["applied"] == item["wanted"] != "0"}
            late = [name for name in names if name not in ready]
            if not late:
                return
            if time.monotonic() > deadline:
                logs = "".join(f"{name}:\n{self.log_tail(self.world.hosts[name], 'ringwall-agent')}" for name in late)
                raise RuntimeError(f"not connected after {seconds} s: {', '.join(late)}\n{logs}")
            time.sleep(0.05)

    def stop(self):
        """Ends all processes, takes the pinned programs down and removes the world."""
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()
        for pid in self.listeners:
            try:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
        remove_traces(self.world.prefix)
        self.world.remove()


def console_link(text, port):
    """What `ringwall console -o json` printed, as a link for a browser on this machine."""
    token = json.loads(text)["url"].partition("#")[2]
    return f"https://127.0.0.1:{port}/sign-in#{token}"


def mount_bpf():
    """Where agents pin their programs."""
    run(["mkdir", "-p", "/sys/fs/bpf"])
    if not os.path.ismount("/sys/fs/bpf"):
        run(["mount", "-t", "bpf", "bpf", "/sys/fs/bpf"])


def remove_traces(world_prefix):
    """What agents leave on purpose when they end: pinned programs and their run folders."""
    remove_pins(f"/sys/fs/bpf/ringwall/{world_prefix.rstrip('-')}")
    for folder in glob.glob(f"/run/ringwall-agent/{world_prefix}*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_scratch(world_prefix):
    """Folders of runs that were killed."""
    for folder in glob.glob(f"{tempfile.gettempdir()}/{world_prefix}*"):
        shutil.rmtree(folder, ignore_errors=True)


def remove_pins(prefix):
    """Pinned links hold their programs; deleting the namespaces and the pins lets go of everything."""
    parent, stem = os.path.split(prefix)
    if not os.path.isdir(parent):
        return
    for folder, folders, files in os.walk(parent, topdown=False):
        if not os.path.relpath(folder, parent).startswith(stem):
            continue
        for name in files:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            os.rmdir(os.path.join(folder, name))
    for name in os.listdir(parent):
        if name.startswith(stem):
            os.rmdir(os.path.join(parent, name))
