# SPDX-License-Identifier: MIT
"""A fork-per-client server in CPython: one os.fork, one recv, one sendall, exit."""
import os
import signal
import socket
import sys

# The payload of csdesign's service "bytes".
PATTERN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+\n"


def reap(signum, frame):
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
    except ChildProcessError:
        pass


def main():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
    listener.listen(4096)
    signal.signal(signal.SIGCHLD, reap)
    port = listener.getsockname()[1]
    print("listening on 127.0.0.1:%d (fork.py, pid %d)" % (port, os.getpid()), flush=True)
    while True:
        client, _ = listener.accept()
        if os.fork() == 0:
            count = int(client.recv(64))
            client.sendall((PATTERN * (count // 64 + 1))[:count])
            os._exit(0)
        client.close()


main()
