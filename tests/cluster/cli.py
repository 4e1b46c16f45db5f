# SPDX-License-Identifier: Apache-2.0
"""The real `ringwall` against a daemon: runs it, also on a terminal of a given width, and tells what it did."""
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
import traceback


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out[:1500]}\nstderr: {self.err[:1500]}"


class Cli:
    """One operator: a server, a key file, a home."""

    def __init__(self, program, daemon, home, key=None, name="admin"):
        self.program, self.daemon, self.home = program, daemon, home
        self.key_file = os.path.join(home, name + ".key")
        with open(os.open(self.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write((key or daemon.key) + "\n")

    def environment(self, **more):
        base = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": self.home, "LC_ALL": "C.UTF-8", "TERM": "xterm",
                "RINGWALL_SERVER": f"https://127.0.0.1:{self.daemon.port}", "RINGWALL_KEY_FILE": self.key_file,
                "RINGWALL_CA": self.daemon.ca}
        # Programs built with sanitizers are told how to behave, here as everywhere.
        base.update({name: os.environ[name] for name in os.environ if name.endswith("SAN_OPTIONS")})
        base.update(more)
        return {name: value for name, value in base.items() if value is not None}

    def run(self, *words, code=0, stdin="", timeout=20, **environment):
        """Runs it; 'code' None takes any exit code."""
        done = subprocess.run([self.program, *words], input=stdin, capture_output=True, text=True, encoding="utf-8",
                              timeout=timeout, env=self.environment(**environment), check=False)
        result = Result(done.returncode, done.stdout, done.stderr)
        assert code is None or result.code == code, f"ringwall {' '.join(words)}: exit {code} expected, {result!r}"
        assert "AddressSanitizer" not in result.err and "runtime error" not in result.err, result.err
        return result

    def refuses(self, *words, says=(), code=1, **options):
        """A failure whose text has all of 'says', and which prints nothing as a result."""
        result = self.run(*words, code=code, **options)
        assert not result.out, f"ringwall {' '.join(words)}: printed a result, {result!r}"
        assert result.err.startswith("ringwall: "), result
        for text in [says] if isinstance(says, str) else says:
            assert text in result.err, f"ringwall {' '.join(words)}: {text!r} expected, {result!r}"
        return result

    def on_terminal(self, *words, columns=80, timeout=20, types="", **environment):
        """Runs it with a terminal of that width as its input, output and error, on which somebody types."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(self.program, [self.program, *words], self.environment(**environment))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.write(terminal, types.encode())
        deadline, text = time.monotonic() + timeout, b""
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.05)[0]:
                continue
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        os.close(terminal)
        _, status = os.waitpid(pid, 0)
        return Result(os.waitstatus_to_exitcode(status), text.decode().replace("\r\n", "\n"), "")


failures = 0


def check(function, *arguments):
    """Runs one test; its name is what it states."""
    global failures
    began = time.monotonic()
    try:
        function(*arguments)
        print(f"[       OK ] {function.__name__} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
    except Exception:  # whatever goes wrong fails this test, not those after it
        failures += 1
        print(f"[  FAILED  ] {function.__name__}", flush=True)
        traceback.print_exc(file=sys.stdout)


def the_daemon_ends_well(daemon):
    status = daemon.stop()
    with open(os.path.join(daemon.folder, "log"), encoding="utf-8", errors="replace") as log:
        text = log.read()
    assert status == 0 and "Sanitizer" not in text and "runtime error" not in text, f"exit {status}\n{text[-3000:]}"


def finish():
    sys.exit(1 if failures else 0)
