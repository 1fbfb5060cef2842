"""The world of the training providers: mailboxes, virtual time, and the ways between providers, all through Postfix."""

import email.policy
import logging
import re
import threading
import tomllib
from collections import OrderedDict
from datetime import datetime, timedelta, timezone
from email.parser import BytesParser

from authority import Authority, directory
from provider import Provider, send

# How many originals are remembered, for the receipts about them.
ORIGINALS_MAX = 20_000
# Most things that wait for something else.
LATER_MAX = 1_000
# Rome's winter time, in which this program writes its dates.
ROME = timezone(timedelta(hours=1))


class Clock:
    """The machine's clock, and what was added to it."""

    def __init__(self):
        self.ahead = timedelta(0)

    def now(self):
        """Virtual time, in whole seconds."""
        return (datetime.now(ROME) + self.ahead).replace(microsecond=0)

    def advance(self, hours):
        """Lets time pass."""
        self.ahead += timedelta(hours=hours)


class Network:
    """Providers, mailboxes and what travels. One lock: whatever happens, happens one after the other."""

    def __init__(self, folder, accounts):
        settings = tomllib.loads(accounts.read_text())
        self.folder = folder
        self.clock = Clock()
        self.lock = threading.RLock()
        self.authority = Authority(folder)
        self.providers = [Provider(one, self.authority, self) for one in settings["provider"]]
        self.mailboxes = {one["address"]: one for one in settings["mailbox"]}
        for provider in self.providers:
            self.mailboxes[provider.receipts] = {"address": provider.receipts}
        self.originals = OrderedDict()
        self.waiting_for = []
        self.ports = {}
        self.sent = 0
        (folder / "directory.ldif").write_text(directory(self.providers))

    # --- who is who

    def provider_of(self, address):
        """The provider that manages an address, if any does."""
        domain = address.rpartition("@")[2].lower()
        return next((provider for provider in self.providers if domain in provider.domains), None)

    def exists(self, address):
        """Whether a mailbox exists."""
        return address.lower() in self.mailboxes

    def behaviour(self, address):
        """How a mailbox behaves; see accounts.toml."""
        return self.mailboxes.get(address.lower(), {}).get("behaviour", "ordinary")

    def hours(self, address):
        """Hours after which a mailbox takes a mail."""
        return self.mailboxes.get(address.lower(), {}).get("hours", 0)

    def signer_of(self, mail):
        """The provider that signed a mail, if one did."""
        found = self.authority.verify(mail)
        signers = {provider.signer.certificate.read_text().strip(): provider for provider in self.providers}
        return signers.get(found.strip()) if found else None

    # --- originals

    def remember(self, original):
        """Keeps an original under its provider's identifier."""
        self.originals[original.identifier] = original
        while len(self.originals) > ORIGINALS_MAX:
            self.originals.popitem(last=False)

    def original_in(self, mail):
        """The original that the certification data of a signed mail is about."""
        for part in BytesParser(policy=email.policy.SMTP).parsebytes(mail).walk():
            if part.get_filename() == "daticert.xml":
                found = re.search(r"<identificativo>([^<]+)</identificativo>", part.get_payload(decode=True).decode())
                return self.originals.get(found[1]) if found else None
        return None

    # --- ways

    def to_mailbox(self, sender, address, mail):
        """Into a mailbox: Postfix delivers, Dovecot shows it."""
        self.sent += 1
        send(self.ports["inject"], sender, address, mail)

    def to_provider(self, sender, address, mail):
        """To the provider of an address, through its MX."""
        self.sent += 1
        send(self.ports["mx"], sender, address, mail)

    def accessed(self, sender, recipients, mail):
        """A mail that a user submitted."""
        with self.lock:
            provider = self.provider_of(sender)
            if provider is None:
                raise ValueError(f"no provider for {sender}")
            provider.access(sender, recipients, mail)

    def received(self, sender, recipients, mail):
        """A mail that came from outside."""
        with self.lock:
            for provider in self.providers:
                mine = [to for to in recipients if self.provider_of(to) is provider]
                if mine:
                    provider.reception(sender, mine, mail)

    # --- time

    def later(self, unready, action):
        """Does something once it is ready."""
        if len(self.waiting_for) >= LATER_MAX:
            raise RuntimeError("too much waits")
        self.waiting_for.append((unready, action))

    def tick(self):
        """Does what is due."""
        with self.lock:
            ready = [entry for entry in self.waiting_for if not entry[0]()]
            for entry in ready:
                self.waiting_for.remove(entry)
                entry[1]()
            for provider in self.providers:
                provider.tick()

    def command(self, words):
        """A command of whoever trains: `advance HOURS`, `release ADDRESS`, `status`."""
        with self.lock:
            if words[0] == "advance":
                self.clock.advance(float(words[1]))
                self.tick()
            elif words[0] == "release":
                for provider in self.providers:
                    provider.release(words[1])
            elif words[0] != "status":
                return {"error": f"unknown command {words[0]}"}
            logging.info("command: %s", words[0])
            return {"now": self.clock.now().isoformat(), "messages": self.sent, "waiting": sum(len(p.waiting) for p in self.providers),
                    "held": sum(len(p.held) for p in self.providers)}
