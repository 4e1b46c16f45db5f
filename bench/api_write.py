# SPDX-License-Identifier: Apache-2.0
"""See api_write.sh."""
import json
import os
import socket
import sqlite3
import ssl
import statistics
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../tests/cluster"))
from daemon import Daemon  # noqa: E402

WARM_UP, ROUNDS = 50, 500


class RawClient:
    """HTTP over one TLS connection, without the cost of Python's own client."""

    def __init__(self, daemon):
        self.key = daemon.key
        plain = socket.create_connection(("127.0.0.1", daemon.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = daemon.context().wrap_socket(plain, server_hostname="127.0.0.1")

    def request(self, method, target, body):
        text = json.dumps(body)
        return (f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}").encode()

    def send(self, request):
        self.socket.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.socket.recv(65536)
        head, body = answer.split(b"\r\n\r\n", 1)
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < size:
            body += self.socket.recv(65536)
        if head[9:10] != b"2":
            raise RuntimeError(answer.decode())


def timed(times, work, *arguments):
    began = time.perf_counter_ns()
    work(*arguments)
    times.append((time.perf_counter_ns() - began) / 1000)


def main():
    build, out = sys.argv[1:]
    daemon = Daemon(os.path.join(build, "src/main/ringwalld"))
    try:
        for path, body in (("networks", {"name": "net", "cidrs": ["10.0.0.0/16"]}),
                           ("security-groups", {"name": "web", "network": "net"})):
            answer = daemon.ask("POST", "/v1/" + path, body)
            assert answer.status == 201, answer.text
        client = RawClient(daemon)
        rule = {"rules": ["allow tcp 443 from 192.0.2.0/24"]}
        add = client.request("POST", "/v1/security-groups/web/rules", rule)
        revoke = client.request("POST", "/v1/security-groups/web/rules/revoke", rule)
        bare = sqlite3.connect(os.path.join(daemon.folder, "bare.db"), isolation_level=None)
        bare.execute("PRAGMA journal_mode=WAL")
        bare.execute("PRAGMA synchronous=FULL")
        bare.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, value BLOB)")
        api_us, bare_us = [], []
        for i in range(WARM_UP + ROUNDS):
            timed(api_us, client.send, revoke if i % 2 else add)
            timed(bare_us, bare.execute, "INSERT INTO t(value) VALUES (?)", (b"x" * 200,))
        api_us, bare_us = sorted(api_us[WARM_UP:]), sorted(bare_us[WARM_UP:])
    finally:
        daemon.close()
    result = {"rounds": ROUNDS, "api_p50_us": statistics.median(api_us), "api_p99_us": api_us[ROUNDS * 99 // 100],
              "bare_p50_us": statistics.median(bare_us), "bare_p99_us": bare_us[ROUNDS * 99 // 100]}
    result["ratio"] = result["api_p50_us"] / result["bare_p50_us"]
    with open(out, "w", encoding="ascii") as file:
        json.dump(result, file, indent=1)
    print(f"api_write: change through the API p50 {result['api_p50_us']:.0f} us, bare SQLite WAL commit p50 "
          f"{result['bare_p50_us']:.0f} us, ratio {result['ratio']:.2f}")


main()
