# SPDX-License-Identifier: Apache-2.0
"""Real listeners and real probes, each inside a namespace of the playground."""
import errno
import json
import os
import select
import selectors
import signal
import socket
import struct
import sys
import time

import world as worlds

GREETING = b"ringwall playground: "
PROBE_SECONDS = 0.6  # under TCP's first retransmission, so that an answer belongs to the first packet


# -- listeners -------------------------------------------------------------------------------------------------

def listen(kind, port):
    server = socket.socket(socket.AF_INET6, kind)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    if kind == socket.SOCK_STREAM:
        server.listen(64)
    server.setblocking(False)
    return server


def serve(netns, tcp_ports, udp_ports):
    """Forks a child that greets every TCP connection, then echoes it, and echoes every datagram."""
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(ready_write)
        failure = os.read(ready_read, 500).decode()
        os.close(ready_read)
        if failure != "ok":
            raise RuntimeError(f"listeners in {netns}: {failure}")
        return pid
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        worlds.enter(netns)
        loop = selectors.DefaultSelector()
        for port in tcp_ports:
            loop.register(listen(socket.SOCK_STREAM, port), selectors.EVENT_READ, ("accept", port))
        for port in udp_ports:
            loop.register(listen(socket.SOCK_DGRAM, port), selectors.EVENT_READ, ("datagram", port))
        os.write(ready_write, b"ok")
        os.close(ready_write)
    except OSError as error:
        os.write(ready_write, str(error).encode())
        os._exit(1)
    while os.getppid() != 1:
        for key, _ in loop.select(1.0):
            serve_one(loop, key)
    os._exit(0)


def serve_one(loop, key):
    kind, port = key.data
    try:
        if kind == "accept":
            connection, _ = key.fileobj.accept()
            connection.setblocking(False)
            connection.send(GREETING + f"port {port}\n".encode())
            loop.register(connection, selectors.EVENT_READ, ("echo", port))
        elif kind == "datagram":
            data, sender = key.fileobj.recvfrom(2048)
            key.fileobj.sendto(data, sender)
        else:
            data = key.fileobj.recv(4096)
            if not data:
                raise ConnectionResetError
            key.fileobj.send(data)
    except OSError:
        if kind == "echo":
            loop.unregister(key.fileobj)
            key.fileobj.close()


# -- probes ----------------------------------------------------------------------------------------------------

def in_child(netns, work):
    """Runs work() in a forked child inside netns and returns its JSON-able result."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read_end)
            worlds.enter(netns)
            answer = json.dumps({"ok": work()})
        except Exception as error:  # the parent raises it again
            answer = json.dumps({"error": f"{type(error).__name__}: {error}"})
        with os.fdopen(write_end, "w") as pipe:
            pipe.write(answer)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        answer = json.loads(pipe.read() or '{"error": "the probe died"}')
    os.waitpid(pid, 0)
    if "error" in answer:
        raise RuntimeError(f"probe in {netns}: {answer['error']}")
    return answer["ok"]


def echo_request(family, identifier):
    kind = 8 if family == 4 else 128
    body = b"ringwall"
    header = struct.pack("!BBHHH", kind, 0, 0, identifier, 1)
    total = sum(struct.unpack("!8H", header + body))
    total = (total & 0xffff) + (total >> 16)
    return struct.pack("!BBHHH", kind, 0, ~total & 0xffff, identifier, 1) + body  # v6: the kernel fills it in


class Probe:
    """One probe in flight.  result: 'answered', 'refused' or 'silent'."""

    def __init__(self, protocol, address, port):
        self.protocol, self.address, self.port, self.result = protocol, address, port, None
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.version = 6 if ":" in address else 4
        if protocol == "tcp":
            self.socket = socket.socket(family, socket.SOCK_STREAM)
        elif protocol == "udp":
            self.socket = socket.socket(family, socket.SOCK_DGRAM)
        else:
            number = socket.IPPROTO_ICMPV6 if self.version == 6 else socket.IPPROTO_ICMP
            self.socket = socket.socket(family, socket.SOCK_RAW, number)
        self.socket.setblocking(False)
        self.identifier = self.socket.fileno() + (os.getpid() << 8) & 0xffff

    def start(self):
        try:
            if self.protocol == "icmp":
                self.socket.sendto(echo_request(self.version, self.identifier), (self.address, 0))
                return
            self.socket.connect((self.address, self.port))
            if self.protocol == "udp":
                self.socket.send(b"ping")
        except BlockingIOError:
            pass
        except OSError as error:
            self.result = "refused" if error.errno == errno.ECONNREFUSED else "silent"

    def read(self):
        try:
            if self.protocol == "icmp":
                data, sender = self.socket.recvfrom(2048)
                data = data if self.version == 6 else data[(data[0] & 15) * 4:]
                reply = 129 if self.version == 6 else 0
                if sender[0] == self.address and data[0] == reply and data[4:6] == self.identifier.to_bytes(2, "big"):
                    self.result = "answered"
                return
            self.result = "answered" if self.socket.recv(200) else "refused"
        except BlockingIOError:
            return
        except OSError as error:
            self.result = "silent" if error.errno in (errno.EHOSTUNREACH, errno.ETIMEDOUT) else "refused"


def probe_all(targets, seconds=PROBE_SECONDS):
    """targets: [(protocol, address, port)], all at once; returns the results in the same order."""
    probes = [Probe(*target) for target in targets]
    for probe in probes:
        probe.start()
    deadline = time.monotonic() + seconds
    while True:
        waiting = [probe for probe in probes if probe.result is None]
        left = deadline - time.monotonic()
        if not waiting or left <= 0:
            break
        readable, _, _ = select.select([probe.socket for probe in waiting], [], [], left)
        for probe in waiting:
            if probe.socket in readable:
                probe.read()
    for probe in probes:
        probe.socket.close()
    return [probe.result or "silent" for probe in probes]


def probe_from(netns, targets, seconds=PROBE_SECONDS):
    return in_child(netns, lambda: probe_all(targets, seconds))


class HeldConnection:
    """A TCP connection opened inside a namespace and used from here; alive() exchanges a few bytes on it."""

    def __init__(self, netns, address, port):
        self.parent, child = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        pid = os.fork()
        if pid == 0:
            self.parent.close()
            try:
                worlds.enter(netns)
                connection = socket.create_connection((address, port), timeout=2)
                connection.recv(200)
                socket.send_fds(child, [b"ok"], [connection.fileno()])
            except OSError as error:
                child.sendall(str(error).encode())
            os._exit(0)
        child.close()
        message, fds, _, _ = socket.recv_fds(self.parent, 200, 1)
        os.waitpid(pid, 0)
        if message != b"ok":
            raise RuntimeError(f"connection from {netns} to {address}:{port}: {message.decode()}")
        self.connection = socket.socket(fileno=fds[0])

    def alive(self, seconds=PROBE_SECONDS):
        self.connection.settimeout(seconds)
        try:
            self.connection.send(b"still there?")
            return bool(self.connection.recv(200))
        except OSError:
            return False

    def close(self):
        self.connection.close()


def hold(netns, address, port):
    """For people: keeps a connection alive and says when it dies.  Ends after two minutes at the latest."""
    try:
        held = HeldConnection(netns, address, port)
    except RuntimeError as error:
        print(error)
        return 1
    print(f"connected to {address}:{port}; a few bytes go back and forth twice a second")
    for turn in range(240):
        if not held.alive(1.0):
            print(f"\nthe connection died after {turn / 2:.0f} s of exchanging data")
            return 0
        print(".", end="", flush=True)
        time.sleep(0.5)
    print("\nstill alive after two minutes; letting it go")
    return 0


if __name__ == "__main__":
    sys.exit("this file is used by tools/demo/run")
