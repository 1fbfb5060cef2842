#!/usr/bin/env python3
"""A PEC provider for tests and training: two providers by RFC 6109 between a real Postfix and a real Dovecot, on loopback.

    pec_provider.py serve FOLDER [--accounts FILE]    until it is told to end (SIGTERM, SIGINT); one line of JSON when it is ready
    pec_provider.py advance FOLDER HOURS              lets virtual time pass: notices after 12 and 24 hours, late deliveries
    pec_provider.py release FOLDER ADDRESS            delivers at last what a slow mailbox held back
    pec_provider.py status FOLDER

Exit codes: 0 good, 1 it failed, 2 wrong usage, 4 not root, which Postfix wants.
"""

import argparse
import json
import logging
import os
import secrets
import signal
import socket
import socketserver
import sys
import threading
from pathlib import Path

from mail_servers import MailServers
from network import Network
from smtp_server import SmtpServer

TICK_SECONDS = 0.3
COMMAND_BYTES_MAX = 1024


class Control(socketserver.ThreadingUnixStreamServer):
    """One command a connection, one line of JSON back."""

    daemon_threads = True

    def __init__(self, path, network):
        path.unlink(missing_ok=True)
        self.network = network
        super().__init__(str(path), Command)
        path.chmod(0o600)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Command(socketserver.StreamRequestHandler):
    """A command of whoever trains."""

    def handle(self):
        words = self.rfile.readline(COMMAND_BYTES_MAX).decode().split()
        try:
            answer = self.server.network.command(words)
        except Exception as error:  # told to whoever asked
            answer = {"error": repr(error)}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


def password_of(folder, address):
    """A mailbox's password: made once, in a file that nobody else reads."""
    path = folder / "passwords" / address
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18) + "\n")
    return path.read_text().strip()


def serve(folder, accounts):
    """Runs until told to end."""
    if os.geteuid() != 0:
        print("Postfix wants root: run this as root or with sudo.", file=sys.stderr)
        return 4
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    logging.basicConfig(filename=folder / "provider.log", level=logging.INFO, format="%(asctime)s %(message)s")
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    network = Network(folder, accounts)
    inner = {"access": SmtpServer(network.accessed).port, "reception": SmtpServer(network.received).port}
    passwords = {address: password_of(folder, address) for address in network.mailboxes}
    servers = MailServers(folder, network, passwords, inner)
    try:
        servers.start()
        network.ports = servers.ports
        Control(folder / "control", network)
        ready = servers.ports | {"host": "localhost", "folder": str(folder), "ca": str(folder / "ca.pem"),
                                 "directory": str(folder / "directory.ldif"), "pid": os.getpid()}
        (folder / "ready.json").write_text(json.dumps(ready) + "\n")
        print(json.dumps(ready), flush=True)
        while not ending.wait(TICK_SECONDS):
            try:
                network.tick()
            except Exception:  # the next tick tries again
                logging.exception("a tick failed")
    finally:
        (folder / "ready.json").unlink(missing_ok=True)
        servers.stop()
    return 0


def tell(folder, words):
    """Gives a command to the provider that runs in a folder."""
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(120)
        wire.connect(str(folder / "control"))
        wire.sendall(" ".join(words).encode() + b"\n")
        answer = wire.makefile().readline()
    print(answer, end="")
    return 1 if "error" in json.loads(answer) else 0


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["serve", "advance", "release", "status"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("argument", nargs="?")
    parser.add_argument("--accounts", type=Path, default=Path(__file__).parent / "accounts.toml")
    given = parser.parse_args()
    if (given.command in ("advance", "release")) != (given.argument is not None):
        parser.error(f"{given.command}: {'HOURS or ADDRESS is missing' if given.argument is None else 'no argument is known'}")
    if given.command == "serve":
        return serve(given.folder.resolve(), given.accounts)
    return tell(given.folder, [given.command] + ([given.argument] if given.argument else []))


if __name__ == "__main__":
    sys.exit(main())
