# SPDX-License-Identifier: Apache-2.0
"""A ringwalld in a temporary folder on a free port of loopback, and a client for it.

Whatever shall be in its state folder before it starts, as the master key of another controller, a 'prepare' function puts
there; then there is no admin key to be found.
"""
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import scratch  # noqa: E402


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.type = (response.headers.get("Content-Type") or "").split(";")[0]
        self.text = body.decode()
        self.json = json.loads(self.text) if self.type.endswith("json") and self.type != "application/x-ndjson" else None


NOBODY = 65534


def reachable_by_nobody(program):
    try:
        return subprocess.run([program, "--version"], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True,
                              check=False).returncode == 0
    except OSError:
        return False


class Daemon:
    def __init__(self, program, *options, address="127.0.0.1", port=0, prepare=None):
        self.program = program
        self.address = address
        self.folder = scratch.make()
        self.user = {}
        if os.geteuid() == 0 and reachable_by_nobody(program):
            # As it runs on real machines.  Folders that only root enters hold a root's build: then as root.
            self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            os.chown(self.folder, NOBODY, NOBODY)
        self.state = os.path.join(self.folder, "state")
        self.options = options
        self.port = port
        if prepare:
            prepare(self)
        self.start()
        self.key = None if prepare else self.read_admin_key()
        self.ca = os.path.join(self.state, "ca.pem")

    def take_master_key(self, other):
        """For 'prepare': what an operator copies to each of several controllers."""
        copy = os.path.join(self.state, "master-key")
        os.mkdir(self.state, 0o700)
        shutil.copy(os.path.join(other.state, "master-key"), copy)
        for made in (self.state, copy) if self.user else ():
            os.chown(made, NOBODY, NOBODY)

    def run(self, *words, **options):
        """One of its commands, as the user who runs it: backup, restore."""
        return subprocess.run([self.program, "--state", self.state, *self.options, *words], capture_output=True, text=True,
                              timeout=60, check=False, **self.user, **options)

    def read_admin_key(self):
        """Of several, the first has to become active before there is one."""
        path = os.path.join(self.state, "admin-key")
        deadline = time.monotonic() + 30
        while not os.path.exists(path) and time.monotonic() < deadline:
            time.sleep(0.02)
        with open(path, encoding="ascii") as file:
            return file.read().strip()

    @property
    def url(self):
        return f"https://{self.address}:{self.port}"

    def start(self):
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        words = scratch.dying(self.program, "--state", self.state, "--listen", f"{self.address}:{self.port}", *self.options)
        self.process = subprocess.Popen(words, stderr=self.log, stdin=subprocess.DEVNULL, **self.user)
        deadline = time.monotonic() + 10
        while True:
            with open(self.log.name, encoding="utf-8") as log:
                text = log.read()
            found = re.search(r"listening  .* port=(\d+)", text)
            if found:
                self.port = int(found[1])
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"ringwalld did not start:\n{text}")
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(10)
        self.log.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def close(self):
        if self.process.poll() is None:
            self.stop()
        shutil.rmtree(self.folder)

    def home(self):
        """A folder for the people who call it, gone with the daemon."""
        path = os.path.join(self.folder, "home")
        os.makedirs(path, mode=0o700, exist_ok=True)
        return path

    def context(self, certificate=None):
        context = ssl.create_default_context(cafile=self.ca)
        if certificate:
            context.load_cert_chain(*certificate)
        return context

    def connect(self, certificate=None, timeout=20):
        return http.client.HTTPSConnection(self.address, self.port, timeout=timeout, context=self.context(certificate))

    def ask(self, method, target, body=None, key="", certificate=None, headers=None, connection=None):
        """'body' as JSON unless it is text; 'key' None = none, "" = the admin's."""
        headers = dict(headers or {})
        if key is not None:
            headers["Authorization"] = "Bearer " + (key or self.key)
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        one = connection or self.connect(certificate)
        one.request(method, target, body=body, headers=headers)
        response = one.getresponse()
        answer = Answer(response, response.read())
        if not connection:
            one.close()
        return answer

    def make_agent(self, token, name, address):
        """Joins as the agent does; gives the node's id and the paths of its certificate and key."""
        path = os.path.join(self.folder, name)
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", path + ".key", "-out", path + ".csr", "-subj", "/CN=" + name],
                       check=True, capture_output=True)
        with open(path + ".csr", encoding="ascii") as file:
            csr = file.read()
        answer = self.ask("POST", "/v1/agent/join", key=None, body={
            "version": 1, "token": token, "machine_id": name * 2, "name": name, "csr": csr, "interfaces": [
                {"name": "eth0", "kind": "ethernet", "default_route": True, "enforced": True, "addresses": [address]}]})
        if answer.status != 201:
            raise RuntimeError(answer.text)
        with open(path + ".pem", "w", encoding="ascii") as file:
            file.write(answer.json["certificate"])
        return answer, (path + ".pem", path + ".key")
