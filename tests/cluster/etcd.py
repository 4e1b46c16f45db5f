# SPDX-License-Identifier: Apache-2.0
"""One or three real etcd members in a temporary folder, for those who store in them.

    with Etcd(3) as etcd:
        daemon = Daemon(program, *etcd.options)
        etcd.members[0].kill()

Members listen on an address of loopback that is this process's alone (or on 'addresses', one a member, in the network
namespace 'netns').  They end with the thread that starts them, also when it is killed, and their folder as scratch.py says.
"""
import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import scratch  # noqa: E402

PATIENCE_S = 60
PASSWORD = "correct horse"
ROOT_PASSWORD = "battery staple"


def own_address():
    """An address of 127.0.0.0/8 that no other process's members have: they may keep their ports while they are down."""
    pid = os.getpid()
    return f"127.{64 + (pid >> 16) % 64}.{pid >> 8 & 255}.{pid & 255}"


def free_port(address):
    with socket.socket() as one:
        one.bind((address, 0))
        return one.getsockname()[1]


def wait_for(condition, what, seconds=PATIENCE_S):
    """Polls; gives what the condition gave when it was true at last."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


class Member:
    def __init__(self, cluster, name, address, ports):
        self.cluster, self.name = cluster, name
        self.folder = os.path.join(cluster.folder, name)
        self.log = os.path.join(cluster.folder, name + ".log")
        self.client_url = f"{'https' if cluster.tls else 'http'}://{address}:{ports[0]}"
        self.peer_url = f"http://{address}:{ports[1]}"
        self.process = None

    def start(self):
        cluster = self.cluster
        words = scratch.dying("etcd", "--name", self.name, "--data-dir", self.folder, "--logger", "zap", "--log-level", "error",
                              "--unsafe-no-fsync", "--listen-client-urls", self.client_url, "--advertise-client-urls", self.client_url,
                              "--listen-peer-urls", self.peer_url, "--initial-advertise-peer-urls", self.peer_url,
                              "--initial-cluster", ",".join(f"{one.name}={one.peer_url}" for one in cluster.members),
                              "--initial-cluster-token", cluster.folder)
        if cluster.tls:
            words += ["--cert-file", cluster.path("server.pem"), "--key-file", cluster.path("server.key"),
                      "--trusted-ca-file", cluster.path("ca.pem"), "--client-cert-auth"]
        if cluster.netns:
            words = ["nsenter", f"--net={cluster.netns}", "--", *words]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def is_healthy(self):
        """Whether it takes part in a majority."""
        if not self.is_running():
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise RuntimeError(f"etcd {self.name} has ended:\n{log.read()[-2000:]}")
        try:
            return self.cluster.get(self.client_url + "/health") == {"health": "true"}
        except OSError:
            return False


class Etcd:
    """With 'tls', clients need a certificate; with 'auth', a user, who may read and write below 'prefix' alone."""

    def __init__(self, count=1, *, addresses=None, netns=None, tls=False, auth=False, prefix="/ringwall"):
        self.folder = scratch.make()
        self.tls, self.auth, self.netns, self.prefix = tls, auth, netns, prefix
        self.members = []
        addresses = addresses or [own_address()] * count
        if tls:
            self.make_certificates(sorted(set(addresses)))
        for number, address in enumerate(addresses):
            ports = (2379, 2380) if netns else (free_port(address), free_port(address))
            self.members.append(Member(self, f"etcd-{number}", address, ports))
        for member in self.members:
            member.start()
        self.wait_healthy()
        if auth:
            self.make_users()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for member in self.members:
            if member.is_running():
                member.kill()
        shutil.rmtree(self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def urls(self):
        return [member.client_url for member in self.members]

    @property
    def options(self):
        """What a ringwalld must be told."""
        words = [word for url in self.urls for word in ("--etcd", url)]
        if self.prefix != "/ringwall":
            words += ["--etcd-prefix", self.prefix]
        if self.tls:
            words += ["--etcd-ca", self.path("ca.pem"), "--etcd-cert", self.path("client.pem"), "--etcd-key", self.path("client.key")]
        if self.auth:
            words += ["--etcd-user", "ringwall", "--etcd-password-file", self.path("password")]
        return words

    def wait_healthy(self, members=None):
        for member in members or self.members:
            wait_for(member.is_healthy, f"{member.name} healthy")

    # -- its own client ----------------------------------------------------------------------------------------

    def get(self, url, body=None, token=None):
        context = None
        if self.tls:
            context = ssl.create_default_context(cafile=self.path("ca.pem"))
            context.load_cert_chain(self.path("client.pem"), self.path("client.key"))
        headers = {"Authorization": token} if token else {}
        request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return json.load(answer)

    def etcdctl(self, *words, user=None):
        """Runs it as root (with 'auth'), or as 'user' ("name:password"); gives what it printed."""
        environment = {**os.environ, "ETCDCTL_API": "3", "ETCDCTL_COMMAND_TIMEOUT": "30s", "ETCDCTL_ENDPOINTS": ",".join(self.urls)}
        if self.tls:
            environment.update(ETCDCTL_CACERT=self.path("ca.pem"), ETCDCTL_CERT=self.path("client.pem"), ETCDCTL_KEY=self.path("client.key"))
        if user or self.auth:
            environment["ETCDCTL_USER"] = user or "root:" + ROOT_PASSWORD
        done = subprocess.run(["etcdctl", *words], capture_output=True, text=True, env=environment, timeout=PATIENCE_S, check=False)
        if done.returncode:
            raise RuntimeError(f"etcdctl {' '.join(words)}: {done.stderr}{done.stdout}")
        return done.stdout

    def keys(self, below=""):
        """All keys below the prefix, with their values."""
        answer = json.loads(self.etcdctl("get", "--prefix", f"{self.prefix}/{below}", "-w", "json"))
        return {base64.b64decode(one["key"]).decode(): base64.b64decode(one.get("value", "")) for one in answer.get("kvs", [])}

    # -- certificates and users --------------------------------------------------------------------------------

    def make_certificates(self, addresses):
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, capture_output=True)

        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-days", "2", "-keyout", self.path("ca.key"), "-out", self.path("ca.pem"), "-subj", "/CN=etcd test authority")
        # A member's gateway calls its own server with the server's certificate, which so must do as a client's, too.
        # It refuses clients whose certificate has a CommonName ("named") where there are users.
        uses = {"server": "serverAuth,clientAuth", "client": "clientAuth", "named": "clientAuth"}
        for name, use in uses.items():
            openssl("req", *key, "-keyout", self.path(name + ".key"), "-out", self.path(name + ".csr"), "-subj",
                    "/CN=ringwall" if name == "named" else "/O=ringwall test " + name)
            with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
                file.write(f"extendedKeyUsage={use}\nsubjectAltName={','.join('IP:' + one for one in addresses)}\n")
            openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                    "-CAcreateserial", "-days", "2", "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".pem"))

    def make_users(self):
        self.auth = False  # until it is on
        with open(self.path("password"), "w", encoding="ascii") as file:
            file.write(PASSWORD + "\n")
        with open(self.path("guess"), "w", encoding="ascii") as file:
            file.write("a wrong one\n")
        self.etcdctl("user", "add", "root:" + ROOT_PASSWORD)
        self.etcdctl("user", "grant-role", "root", "root")
        self.etcdctl("user", "add", "ringwall:" + PASSWORD)
        self.etcdctl("role", "add", "ringwall")
        self.etcdctl("role", "grant-permission", "ringwall", "--prefix=true", "readwrite", self.prefix + "/")
        self.etcdctl("user", "grant-role", "ringwall", "ringwall")
        self.etcdctl("auth", "enable")
        self.auth = True

    def let_read(self, user):
        """Lets others than root, as whom a daemon runs, read what 'options' names."""
        for name in ("", "ca.pem", "client.pem", "client.key", "named.pem", "named.key", "password", "guess"):
            path = self.path(name)
            if os.path.exists(path):
                os.chmod(path, 0o711 if os.path.isdir(path) else 0o400)
                if os.geteuid() == 0 and not os.path.isdir(path):
                    os.chown(path, user, user)
