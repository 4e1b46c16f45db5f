# SPDX-License-Identifier: Apache-2.0
"""A way from the machine's own loopback into the playground, for a browser: 127.0.0.1 alone is listened on."""
import os
import signal
import socket
import threading

import world as worlds

CONNECTIONS_MAX = 100


def listen(wanted):
    """On the wanted port, or where that is taken on any."""
    for port in (wanted, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(64)
            return listener
        except OSError:
            listener.close()
    raise RuntimeError("no port of 127.0.0.1 can be listened on")


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def carry(connection, place, room):
    with connection, room:
        try:
            with socket.create_connection(place, timeout=5) as inside:
                inside.settimeout(None)
                back = threading.Thread(target=pump, args=(inside, connection), daemon=True)
                back.start()
                pump(connection, inside)
                back.join()
        except OSError:
            pass


def start(netns, address, port):
    """Forks a child that carries connections to address:port inside netns; gives its pid and the port of 127.0.0.1."""
    listener = listen(port)
    own_port = listener.getsockname()[1]
    parent = os.getpid()
    pid = os.fork()
    if pid:
        listener.close()
        return pid, own_port
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        worlds.enter(netns)  # what listens stays where it was made
        room = threading.Semaphore(CONNECTIONS_MAX)
        listener.settimeout(1.0)
        while os.getppid() == parent:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            connection.settimeout(None)
            threading.Thread(target=carry, args=(connection, (address, port), room), daemon=True).start()
    finally:
        os._exit(0)
