#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_cli_servers.py RINGWALLD RINGWALL

`ringwall` with several servers: a real ringwalld, beside it some that are dead, stand by, hang, or lose their answers.
"""
import contextlib
import http.server
import json
import signal
import socket
import subprocess
import sys
import threading

from cli import Cli, check, finish, the_daemon_ends_well
from daemon import Daemon

ringwalld, ringwall = sys.argv[1:3]

STANDBY = {"type": "urn:ringwall:problem:standby", "title": "Another controller serves", "status": 503,
           "detail": "this controller stands by", "hint": "The active one is https://10.0.0.5:8443."}


def real(cli):
    return f"https://127.0.0.1:{cli.daemon.port}"


@contextlib.contextmanager
def serving(answer):
    """A plain server on loopback whose every request 'answer' handles; gives its URL."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def handle_any(self):
            answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = handle_any

        def log_message(self, *_):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def standby(active="https://10.0.0.5:8443"):
    def answer(handler, _):
        body = json.dumps({**STANDBY, "active": active}).encode()
        handler.send_response(503)
        handler.send_header("Content-Type", "application/problem+json")
        handler.send_header("Retry-After", "1")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
    return serving(answer)


def losing(cli, seen, then=lambda: None):
    """Passes requests on to the real one, does 'then' and hangs up instead of answering: as a controller that dies there."""
    def answer(handler, body):
        seen.append(handler.headers.get("Idempotency-Key"))
        headers = {name: value for name, value in handler.headers.items() if name not in ("Host", "Content-Length", "Authorization")}
        assert cli.daemon.ask(handler.command, handler.path, body or None, headers=headers).status < 300
        then()
        handler.close_connection = True
    return serving(answer)


@contextlib.contextmanager
def bound(listens):
    """A port that refuses, or one where connections hang before TLS."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if listens:
            listener.listen(16)
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def commands_go_to_the_first_that_serves(cli):
    with bound(listens=False) as dead, standby() as idle:
        several = {"RINGWALL_SERVER": f"{dead},{idle}/, {real(cli)}"}
        made = cli.run("network", "create", "one", "--cidr", "10.1.0.0/16", **several)
        assert made.out.startswith("network created: one") and not made.err, made
        assert "one" in cli.run("network", "list", "--server", f"{idle},{real(cli)}").out
        cli.refuses("network", "create", "one", "--cidr", "10.2.0.0/16", says="is taken", **several)  # told by the real one
        cli.run("context", "add", "all", "--server", several["RINGWALL_SERVER"], "--key-file", cli.key_file, "--ca", cli.daemon.ca)
        assert "one" in cli.run("network", "list", "--context", "all", RINGWALL_SERVER=None).out


def one_that_hangs_is_passed_over(cli):
    with bound(listens=True) as frozen:
        assert "one" in cli.run("network", "list", "--server", f"{frozen},{real(cli)}").out
        made = cli.run("network", "create", "two", "--cidr", "10.2.0.0/16", "--server", f"{frozen},{real(cli)}")
        assert made.out.startswith("network created: two"), made


def a_stranger_is_passed_over_and_named_when_there_is_no_other(cli):
    with standby() as idle:
        stranger = {"RINGWALL_CA": "/etc/ssl/certs/ca-certificates.crt"}
        cli.refuses("status", "--server", f"{real(cli)},{idle}", code=4,
                    says=["no controller serves", "certificate", "stands by", "RINGWALL_CA"], **stranger)


def when_none_serves_each_ones_reason_is_told(cli):
    with bound(listens=False) as dead, standby() as idle:
        for words in (("status",), ("events",), ("rule", "add", "g", "allow icmp from any")):
            cli.refuses(*words, "--server", f"{dead},{idle}", code=4,
                        says=["no controller serves\n", f"  {dead}: cannot connect", f"  {idle}: this controller stands by\n",
                              "hint: The active one is https://10.0.0.5:8443."])
        cli.refuses("status", "--server", idle, code=4, says=[f"{idle}: this controller stands by", "https://10.0.0.5:8443"])


def a_change_whose_answer_was_lost_is_made_once(cli):
    seen = []
    with losing(cli, seen) as dying:
        made = cli.run("network", "create", "three", "--cidr", "10.3.0.0/16", "--server", f"{dying},{real(cli)}")
        assert made.out.startswith("network created: three"), made
        cli.run("network", "create", "four", "--cidr", "10.4.0.0/16", "--server", f"{dying},{real(cli)}")
    assert all(seen) and len(set(seen)) == 2 == len(seen), seen
    log = cli.run("log", "-o", "json").json["items"]
    assert [one["action"] for one in log].count("create network") == 4, log


def a_take_over_is_waited_for(cli):
    with standby(real(cli)) as idle:
        cli.daemon.stop()
        for words, says in ((("network", "create", "late", "--cidr", "10.8.0.0/16"), "network created: late"), (("network", "list"), "late")):
            with subprocess.Popen([ringwall, *words], env=cli.environment(RINGWALL_SERVER=f"{real(cli)},{idle}"), text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                assert process.stderr.readline() == "no controller serves; waiting for one to take over\n"
                cli.daemon.start()
                out, errors = process.communicate(timeout=60)
            assert process.returncode == 0 and says in out and not errors, (out, errors)
            cli.daemon.stop()
        cli.daemon.start()


def what_was_not_waited_for_is_not_said_to_be_enforced(cli):
    made, taken_over = threading.Event(), threading.Event()

    def die():
        made.set()
        taken_over.wait(60)
    with losing(cli, [], die) as dying:
        words = [ringwall, "rule", "add", "c", "allow tcp 8080 from any", "--wait", "--server", f"{dying},{real(cli)}"]
        with subprocess.Popen(words, env=cli.environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert made.wait(60)
            cli.daemon.stop()
            cli.daemon.start()
            taken_over.set()
            out, errors = process.communicate(timeout=60)
    assert process.returncode == 3 and "how far the nodes are is not known" in errors and "enforced" not in out, (out, errors)


def what_cannot_be_repeated_is_not_sent_twice(cli):
    seen = []
    cli.run("cluster", "create", "c", "--network", "one")
    with losing(cli, seen) as dying:
        cli.refuses("cluster", "join-token", "c", "--server", f"{dying},{real(cli)}", code=4, says=["may have been made: look"])
    assert len(seen) == 1


def events_come_from_the_one_that_serves(cli):
    with bound(listens=False) as dead, standby() as idle:
        words = [ringwall, "events", "-o", "json"]
        with subprocess.Popen(words, env=cli.environment(RINGWALL_SERVER=f"{dead},{idle},{real(cli)}"), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            timer = threading.Timer(20, process.kill)
            timer.start()
            done = threading.Event()

            def change():
                number = 0
                while not done.wait(0.05):  # the stream may begin after the first
                    number += 1
                    cli.run("network", "create", f"event-{number}", "--cidr", "10.9.0.0/16")
            changing = threading.Thread(target=change)
            changing.start()
            line = process.stdout.readline()
            done.set()
            changing.join()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
            timer.cancel()
    assert json.loads(line)["action"] == "create network" and process.returncode == 0, (line, errors)


def a_list_that_is_none_is_refused(cli):
    for text in ("https://a:8443,,https://b:8443", "https://a:8443,https://a:8443", "https://a:8443 https://b:8443",
                 ",".join(f"https://c{number}" for number in range(9))):
        cli.refuses("status", "--server", text, says="server: ", code=2)
        cli.refuses("status", RINGWALL_SERVER=text, says="server: ")
        cli.refuses("context", "add", "none", "--server", text, says="server: ", code=2)


def main():
    daemon = Daemon(ringwalld)
    cli = Cli(ringwall, daemon, daemon.home())
    try:
        for function in (commands_go_to_the_first_that_serves, one_that_hangs_is_passed_over,
                         a_stranger_is_passed_over_and_named_when_there_is_no_other, when_none_serves_each_ones_reason_is_told,
                         a_change_whose_answer_was_lost_is_made_once, what_cannot_be_repeated_is_not_sent_twice,
                         a_take_over_is_waited_for, what_was_not_waited_for_is_not_said_to_be_enforced, events_come_from_the_one_that_serves, a_list_that_is_none_is_refused):
            check(function, cli)
        check(the_daemon_ends_well, daemon)
    finally:
        daemon.close()
    finish()


main()
