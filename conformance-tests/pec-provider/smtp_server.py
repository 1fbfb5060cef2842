"""A small SMTP server (RFC 5321) on loopback: the hole into which Postfix puts mails. A mail is answered with 250 when it was handled."""

import logging
import socketserver
import threading

LINE_BYTES_MAX = 4096
MAIL_BYTES_MAX = 64 * 1024 * 1024


class Session(socketserver.StreamRequestHandler):
    """One connection of Postfix."""

    timeout = 300

    def say(self, text):
        """One line of answer, or several."""
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        self.say("220 pec-provider ESMTP")
        self.sender, self.recipients = None, []
        while True:
            line = self.rfile.readline(LINE_BYTES_MAX).decode("utf-8", "replace").strip()
            if not line:
                return
            verb = line.split(" ", 1)[0].upper()
            if verb in ("EHLO", "HELO"):
                self.say(f"250-pec-provider\r\n250-8BITMIME\r\n250 SIZE {MAIL_BYTES_MAX}")
            elif verb == "MAIL":
                self.sender, self.recipients = address_of(line), []
                self.say("250 ok")
            elif verb == "RCPT":
                self.recipients.append(address_of(line))
                self.say("250 ok")
            elif verb == "DATA":
                self.data()
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def data(self):
        """Reads a mail and has it handled."""
        self.say("354 go on")
        lines, size = [], 0
        while True:
            line = self.rfile.readline(MAIL_BYTES_MAX)
            if not line:
                return
            if line == b".\r\n":
                break
            size += len(line)
            if size > MAIL_BYTES_MAX:
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        try:
            self.server.handle_mail(self.sender, self.recipients, b"".join(lines))
        except Exception:  # whatever it is, Postfix tries again
            logging.exception("a mail could not be handled")
            self.say("451 not now")
            return
        self.say("250 handled")


def address_of(line):
    """The address in `MAIL FROM:<...>` or `RCPT TO:<...>`."""
    return line.partition("<")[2].partition(">")[0]


class SmtpServer(socketserver.ThreadingTCPServer):
    """Listens on loopback and hands each mail to a function (sender, recipients, bytes)."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, handle_mail):
        super().__init__(("127.0.0.1", 0), Session)
        self.handle_mail = handle_mail
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()
