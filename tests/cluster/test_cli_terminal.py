#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: test_cli_terminal.py RINGWALLD RINGWALL docs/cli.md

`ringwall` as people meet it: help, completion in a real bash, tables on a terminal, progress, Ctrl-C, closed pipes.
"""
import os
import re
import select
import signal
import subprocess
import sys
import time
import unicodedata

from cli import Cli, check, finish, the_daemon_ends_well
from daemon import Daemon

ringwalld, ringwall, page = sys.argv[1:4]
ESCAPE = re.compile(r"\033\[[0-9;]*[a-zA-Z]")


def commands(cli):
    """The words of every command, as the overview and the pages of nouns have them."""
    found = []
    for line in cli.run("--help").out.splitlines():
        word = re.match(r"  ([a-z-]+)  +\S", line)
        if not word:
            continue
        noun = cli.run(word[1], "--help").out
        if not noun.startswith(f"usage: ringwall {word[1]} COMMAND\n"):
            found.append([word[1]])
            continue
        found += [[word[1], match[1]] for match in re.finditer(r"^  ([a-z-]+)  +\S", noun, re.M)]
    return found


def options_of(cli, words):
    return re.findall(r"^  (?:-\w, )?(--[a-z0-9-]+)", cli.run(*words, "--help").out, re.M)


def width(text):
    """Columns that a text takes on a terminal."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 0 if unicodedata.combining(letter) else 1
               for letter in text)


def every_command_has_help_that_fits(cli):
    assert len(commands(cli)) >= 48
    for words in commands(cli):
        text = cli.run(*words, "--help").out
        assert text.startswith(f"usage: ringwall {' '.join(words)}") and "[OPTIONS]" in text, words
        assert max(map(len, text.splitlines())) <= 110, words
        assert cli.run("help", *words).out == text and cli.run(*words, "-h").out == text
        assert not cli.run(*words, "--help").err
    assert max(map(len, cli.run("--help").out.splitlines())) <= 80
    assert cli.run("help").out == cli.run("-h").out == cli.run("--help").out
    assert re.match(r"ringwall \d+\.\d+", cli.run("--version").out)


def the_page_of_the_documentation_has_every_command_and_option(cli):
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for words in commands(cli):
        usage, _, summary = cli.run(*words, "--help").out.splitlines()[:3]
        usage = usage.replace("usage: ringwall ", "").replace(" [OPTIONS]", "").replace("|", "\\|")
        row = f"| `{usage}` | {summary[0].lower()}{summary[1:-1]}"
        assert row in text, f"docs/cli.md lacks: {row}"
        for option in options_of(cli, words):
            assert f"`{option}" in text, f"docs/cli.md lacks {option} of {' '.join(words)}"
    assert text.count("\n| `") == len(commands(cli)) + text.count("\n| `-"), "docs/cli.md has a command too many"


def every_command_has_examples_whose_options_it_takes(cli):
    for words in commands(cli):
        text = cli.run(*words, "--help").out.replace("\\\n", " ")
        found = re.findall(r"^examples?:\n((?:  .*\n)+)", text, re.M)
        assert found, f"{' '.join(words)}: no example"
        lines = [line for line in "".join(found).splitlines() if line.startswith("  ringwall ") or "<(ringwall " in line]
        assert lines, f"{' '.join(words)}: an example is a line to type"
        for line in lines:
            if not line.startswith(f"  ringwall {' '.join(words)}"):
                continue  # of a command that goes together with this one
            unknown = set(re.findall(r" (--[a-z-]+)", line)) - set(options_of(cli, words))
            assert not unknown, f"{line.strip()}: {unknown}"
        assert any(f"ringwall {' '.join(words)}" in line for line in lines), f"{' '.join(words)}: {lines}"


def bash_completes_nouns_commands_and_options(cli):
    script = ("source <(\"$1\" completion bash); shift; COMP_WORDS=(ringwall \"$@\"); COMP_CWORD=$#; _ringwall; "
              "complete -p ringwall >/dev/null && printf '%s\\n' \"${COMPREPLY[@]}\"")

    def complete(*words):
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", ringwall, *words], capture_output=True, text=True,
                              check=True, env=cli.environment())
        assert not done.stderr, done.stderr
        return done.stdout.split()

    assert set(complete("")) == {words[0] for words in commands(cli)}
    assert complete("clu") == ["cluster"]
    for words in commands(cli):
        if len(words) == 2:
            assert words[1] in complete(words[0], "")
            assert words[1] in complete(words[0], words[1])
        assert set(complete(*words, "--")) == {"--help", *options_of(cli, words)}, words
        assert "--help" in complete(*words, "name", "--")
    assert complete("rule", "add", "demo", "--wait-") == ["--wait-all"]


def tables_fit_80_columns_and_names_align(cli):
    cli.run("network", "create", "生产网络", "--cidr", "10.1.0.0/16")
    cli.run("cluster", "create", "演示集群", "--network", "生产网络", "--container-cidr", "172.20.0.0/16")
    cli.run("cluster", "create", "plain", "--network", "生产网络")
    cli.run("group", "create", "前端", "--network", "生产网络", "--description", "面向用户的机器")
    cli.run("rule", "add", "演示集群", "allow tcp 5432 from group:前端 # 商店到数据库的连接，一段很长的说明文字，放不进八十列")
    cli.run("prefix-list", "create", "office", "--cidr", "198.51.100.0/24", "--cidr", "203.0.113.7/32", "--cidr", "192.0.2.0/24")
    for words in (("network", "list"), ("cluster", "list"), ("group", "list"), ("rule", "list", "演示集群"), ("node", "list"),
                  ("prefix-list", "list"), ("key", "list"), ("log",), ("status",)):
        shown = cli.on_terminal(*words)
        assert shown.code == 0, shown
        for line in ESCAPE.sub("", shown.out).splitlines():
            assert width(line) <= 80, f"{words}: {width(line)} columns: {line}"
    lines = [line for line in cli.run("cluster", "list").out.splitlines()]
    starts = {width(line[:line.index(word)]) for line, word in zip(lines, ("NETWORK", "生产网络", "生产网络"))}
    assert len(starts) == 1, lines
    assert "from group:前端" in cli.run("rule", "list", "演示集群").out
    assert "一段很长的说明文字，放不进八十列" in cli.run("rule", "list", "演示集群").out  # a pipe cuts nothing


def colours_are_for_terminals_that_want_them(cli):
    assert "\033[32maccept" in cli.on_terminal("rule", "list", "plain").out
    assert "\033[" not in cli.on_terminal("rule", "list", "plain", NO_COLOR="1").out
    assert "\033[" not in cli.run("rule", "list", "plain").out
    assert "\033[" not in cli.on_terminal("rule", "list", "plain", "-o", "json").out


def progress_is_shown_while_people_wait(cli):
    token = cli.run("cluster", "join-token", "plain", "-o", "json").json["token"]
    _, certificate = cli.daemon.make_agent(token, "slow-node", "10.1.0.5")
    stream = cli.daemon.connect(certificate)
    stream.request("GET", "/v1/agent/stream?incarnation=0000000000000000&revision=0&digest=" + "0" * 32)
    answer = stream.getresponse()
    assert answer.status == 200, (answer.status, answer.read())
    deadline = time.monotonic() + 5
    while cli.run("status", "-o", "json").json["items"][0]["state"] == "offline":
        assert time.monotonic() < deadline, "the stream does not make the node connected"
        time.sleep(0.05)
    # The node is connected and never says that it applied anything: pending, and the time passes.
    shown = cli.on_terminal("rule", "add", "plain", "allow tcp 8080 from any", "--wait=1200ms")
    assert shown.code == 3, shown
    assert re.search("\r\033\\[Krevision [0-9]+: enforced on 0 of 1 nodes", shown.out) and "slow-node: pending" in shown.out, shown
    assert cli.run("rule", "add", "plain", "allow tcp 8081 from any", "--wait=100ms", code=3).out.count("\r") == 0
    stream.close()


def enforcing_shows_what_it_would_do_and_asks(cli):
    token = cli.run("cluster", "join-token", "plain", "-o", "json").json["token"]
    _, certificate = cli.daemon.make_agent(token, "asked-node", "10.1.0.6")
    cli.run("node", "update", "asked-node", "--enforcement", "monitor")

    def report(local_port):
        answer = cli.daemon.ask("POST", "/v1/agent/report", key=None, certificate=certificate, body={
            "version": 1, "applied": {"incarnation": "", "revision": "0"}, "state": "monitored",
            "listeners": [{"protocol": "udp", "port": 51820, "process": "wg"}, {"protocol": "tcp", "port": 80}],
            "would_drops": {"default": "7"}, "connections_cut": "1", "connections": [
                {"interface": "eth0", "direction": "ingress", "local": "10.1.0.6", "local_port": local_port,
                 "remote": "203.0.113.9", "remote_port": 40000, "ssh": local_port == 2222}]})
        assert answer.status == 200, answer.text

    def enforcement():
        return cli.run("node", "show", "asked-node", "-o", "json").json.get("enforcement")

    report(7000)
    shown = cli.on_terminal("node", "enforce", "asked-node", types="no\n")
    assert shown.code == 1 and "Enforce now? [yes/no]" in shown.out and "nothing was changed" in shown.out, shown
    for text in ("monitored, drops nothing", "  udp/51820  wg", "  7 by default",
                 "  tcp  10.1.0.6 port 7000  from  203.0.113.9 port 40000  on eth0  by default"):
        assert text in shown.out, shown
    assert "tcp/80" not in shown.out and enforcement() == "monitor"
    report(2222)
    shown = cli.on_terminal("node", "enforce", "asked-node")
    assert shown.code == 1 and "guard ssh-session" in shown.out and "Enforce now" not in shown.out, shown
    shown = cli.run("node", "enforce", "asked-node", "--yes", "--force=management-ssh", code=1)
    assert "guard ssh-session" in shown.err, shown
    shown = cli.run("node", "enforce", "asked-node", code=1)
    assert "guard ssh-session" in shown.err, shown
    dry = cli.run("node", "enforce", "asked-node", "--force=ssh-session", "--dry-run", "-o", "json")
    assert dry.json["guards"][0]["id"] == "ssh-session" and enforcement() == "monitor", dry
    report(7000)
    shown = cli.on_terminal("node", "enforce", "asked-node", types="yes\n")
    # Its cluster enforces: it follows it from now on.
    assert shown.code == 0 and "node enforced" in shown.out and enforcement() is None, (shown, enforcement())
    cli.run("node", "delete", "asked-node", "--force", "offline-node")


def the_event_stream_is_followed_until_ctrl_c(cli):
    for words, expected in ((("events",), r"^\S+Z +change +create prefix list by admin at revision \d+$"),
                            (("events", "-o", "json"), r'^\{"event":"change",.*"action":"create prefix list","who":"admin"\}$')):
        process = subprocess.Popen([ringwall, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=cli.environment(), bufsize=1)
        os.set_blocking(process.stdout.fileno(), True)
        deadline, line, number = time.monotonic() + 5, "", 0
        while not line and time.monotonic() < deadline:
            number += 1
            cli.run("prefix-list", "create", f"e-{len(words)}-{number}", "--cidr", "10.0.0.0/8")
            if select.select([process.stdout], [], [], 0.1)[0]:
                line = process.stdout.readline()
        assert re.match(expected, line), (line, expected)
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=5)
        assert process.returncode == 0 and not rest[1], (process.returncode, rest)


def followers_of_an_unknown_position_are_told_so(cli):
    process = subprocess.Popen([ringwall, "events", "--since", "0000000000000000.1"], stdout=subprocess.PIPE, text=True,
                               env=cli.environment())
    assert "lost" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=5)
    assert process.returncode == 0


def the_end_of_the_server_ends_the_event_stream_with_4(cli):
    process = subprocess.Popen([ringwall, "events", "--since", "0000000000000000.1"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=cli.environment())
    assert "lost" in process.stdout.readline()
    cli.daemon.stop()
    _, error = process.communicate(timeout=10)
    cli.daemon.start()
    assert process.returncode == 4 and error.startswith("ringwall: https://127.0.0.1"), (process.returncode, error)
    cli.run("status")


def a_reader_that_leaves_is_no_crash(cli):
    for command in ("rule list plain", "export", "log -o json", "--help", "completion bash"):
        done = subprocess.run(["bash", "-c", f'"$0" {command} | head -n 1; exit "${{PIPESTATUS[0]}}"', ringwall],
                              capture_output=True, text=True, env=cli.environment(), check=False)
        assert done.stdout and done.returncode in (0, 1, 128 + signal.SIGPIPE), (command, done)
    with open("/dev/full", "w", encoding="ascii") as full:
        for words in (("network", "list"), ("network", "list", "-o", "json"), ("export",), ("network", "show", "生产网络")):
            done = subprocess.run([ringwall, *words], stdout=full, stderr=subprocess.PIPE, text=True, env=cli.environment(),
                                  check=False)
            assert done.returncode == 1 and "cannot be written" in done.stderr, (words, done)


def main():
    daemon = Daemon(ringwalld)
    try:
        cli = Cli(ringwall, daemon, daemon.home())
        for test in (every_command_has_help_that_fits, every_command_has_examples_whose_options_it_takes,
                     the_page_of_the_documentation_has_every_command_and_option,
                     bash_completes_nouns_commands_and_options, tables_fit_80_columns_and_names_align,
                     colours_are_for_terminals_that_want_them, progress_is_shown_while_people_wait,
                     enforcing_shows_what_it_would_do_and_asks, the_event_stream_is_followed_until_ctrl_c,
                     followers_of_an_unknown_position_are_told_so,
                     the_end_of_the_server_ends_the_event_stream_with_4, a_reader_that_leaves_is_no_crash):
            check(test, cli)
        check(the_daemon_ends_well, daemon)
    finally:
        daemon.close()
    finish()


main()
