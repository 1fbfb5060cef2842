"""The roles of a PEC provider (RFC 6109 section 3): access (the sender's side), reception and delivery (the recipient's side).

    sender -> Postfix -> access -> acceptance to the sender, envelope to the recipients' provider
                                                          v
    mailbox <- Postfix <- delivery <- reception <- Postfix (MX)      taking in charge, delivery receipts: back the same way
"""

import email.policy
import logging
import secrets
import smtplib
from datetime import timedelta
from email.parser import BytesHeaderParser
from email.utils import getaddresses, parseaddr

import messages
from authority import VIRUS_AT_ACCESS, VIRUS_AT_RECEPTION, Signer

# What the law allows for a message, times its recipients.
MESSAGE_BYTES_MAX = 30_000_000
# A domain that no name server knows.
UNKNOWN_DOMAIN = "inesistente.example"
FIRST_NOTICE, SECOND_NOTICE = timedelta(hours=12), timedelta(hours=24)


def header_of(mail: bytes):
    """The header of a mail; encoded words decoded."""
    return BytesHeaderParser(policy=email.policy.SMTP).parsebytes(mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")


def addresses(header, name):
    """The addresses of all fields of a name, in lower case."""
    return [address.lower() for _, address in getaddresses([str(value) for value in header.get_all(name, [])]) if address]


class Provider:
    """One provider: its name, its domains, its certificate, and the mails whose delivery it waits for."""

    def __init__(self, settings, authority, network):
        self.name, self.domain = settings["name"], settings["domain"]
        self.domains = [self.domain] + settings["domains"]
        self.style, self.digest = settings.get("style", "plain"), settings.get("digest", "sha256")
        self.signer = Signer(authority, self.name, self.domain)
        self.receipts = f"ricevute@{self.domain}"
        self.network = network
        self.waiting = {}  # (identifier, recipient) -> Waiting
        self.held = []  # (due, recipient, original): not delivered yet
        self.count = 0

    def new_identifier(self):
        """A name for a message of this provider."""
        self.count += 1
        return f"opec{self.count:05}.{secrets.token_hex(8)}@{self.domain}"

    def now(self):
        """Virtual time."""
        return self.network.clock.now()

    # --- access

    def access(self, sender, recipients, mail):
        """A mail of one of its users."""
        header = header_of(mail)
        identifier = self.new_identifier()
        listed = [(to, self.network.provider_of(to) is not None) for to in recipients]
        original = messages.Original(replaced_id(mail, identifier), header, sender, listed, identifier)
        self.network.remember(original)
        logging.info("%s: %s enters", self.name, identifier)
        reason = self.formal_fault(header, sender, recipients, mail)
        if reason or VIRUS_AT_ACCESS in mail:
            error, detail = ("altro", reason) if reason else ("virus", "virus trovato dal gestore del mittente")
            self.to_user(sender, messages.receipt("non-accettazione", original, self, self.now(), sender, error, detail))
            return
        behaviours = {self.network.behaviour(to) for to in recipients}
        acceptance = messages.receipt("accettazione", original, self, self.now(), sender)
        if "disorder" not in behaviours:
            self.to_user(sender, acceptance, "twice" in behaviours)
        self.send_out(original)
        if "disorder" in behaviours:
            # after the delivery receipt, which comes through the network
            open_ones = lambda: any(key[0] == identifier for key in self.waiting)
            self.network.later(open_ones, lambda: self.to_user(sender, acceptance))

    def send_out(self, original):
        """The envelope to each certified recipient's provider; nothing for the others, who are outside of this world."""
        wrapped = messages.envelope(original, self, self.now())
        for recipient, certified in original.recipients:
            if recipient.endswith(UNKNOWN_DOMAIN):
                self.to_user(original.sender, messages.receipt("errore-consegna", original, self, self.now(), original.sender, "no-dominio",
                                                               "5.1.2 - dominio inesistente", recipient))
            elif certified:
                self.waiting[original.identifier, recipient] = Waiting(original, self.now())
                self.network.to_provider(self.signer.address, recipient, wrapped)

    @staticmethod
    def formal_fault(header, sender, recipients, mail):
        """Why a mail is not accepted (RFC 6109 section 3.1.1); nothing where it is."""
        visible = addresses(header, "To") + addresses(header, "Cc")
        if addresses(header, "From") != [sender.lower()]:
            return "il mittente non corrisponde al campo From"
        if header.get("Bcc") is not None:
            return "il campo Bcc non e' ammesso"
        if not set(recipient.lower() for recipient in recipients) <= set(visible):
            return "un destinatario non e' tra To e Cc"
        if len(mail) * len(recipients) > MESSAGE_BYTES_MAX:
            return "dimensione per destinatari superiore a 30 MB"
        return None

    def to_user(self, address, mail, twice=False):
        """Puts a mail into a mailbox."""
        for _ in range(2 if twice else 1):
            self.network.to_mailbox(self.signer.address, address, mail)

    # --- reception

    def reception(self, sender, recipients, mail):
        """A mail from outside for its users, or for itself."""
        header = header_of(mail)
        signer = self.network.signer_of(mail)
        kind = str(header.get("X-Ricevuta", "")).strip()
        if signer and str(header.get("X-Trasporto", "")).strip() == "posta-certificata":
            self.take_in(signer, recipients, mail)
        elif signer and kind:
            self.receipt_in(kind, signer, recipients, mail)
        else:
            for recipient in recipients:
                original = messages.Original(mail, header, parseaddr(str(header.get("From", sender)))[1] or sender, [], "")
                self.to_user(recipient, messages.anomaly(original, self, self.now(), recipient))

    def take_in(self, signer, recipients, mail):
        """An envelope: taken in charge for its provider, then delivered."""
        original = self.network.original_in(mail)
        mine = [to for to in recipients if self.behaves(to) != "slow"]
        if VIRUS_AT_RECEPTION in mail:
            for to in mine:
                notice = messages.receipt("rilevazione-virus", original, self, self.now(), signer.receipts, "virus", "virus trovato", to)
                self.network.to_provider(self.signer.address, signer.receipts, notice)
            return
        if mine:
            taken = messages.receipt("presa-in-carico", original, self, self.now(), signer.receipts, about=mine)
            self.network.to_provider(self.signer.address, signer.receipts, taken)
        for to in recipients:
            hours = self.network.hours(to)
            if self.behaves(to) in ("slow", "lost"):
                self.held.append((None, to, original, mail))
            elif hours:
                self.held.append((self.now() + timedelta(hours=hours), to, original, mail))
            else:
                self.deliver(to, original, mail)

    def behaves(self, address):
        """How a mailbox behaves."""
        return self.network.behaviour(address)

    def deliver(self, to, original, mail):
        """Delivery to a mailbox, and the receipt about it (RFC 6109 sections 3.3.2, 3.3.3)."""
        error = None
        if not self.network.exists(to):
            error = ("no-dest", "5.1.1 - indirizzo non valido")
        elif self.behaves(to) == "full":
            error = ("altro", "5.2.2 - casella piena")
        if error:
            answer = messages.receipt("errore-consegna", original, self, self.now(), original.sender, *error, to)
        else:
            self.to_user(to, mail)
            answer = messages.receipt("avvenuta-consegna", original, self, self.now(), original.sender, about=to)
        for _ in range(2 if self.behaves(to) == "twice" else 1):
            self.network.to_provider(self.signer.address, original.sender, answer)

    def receipt_in(self, kind, signer, recipients, mail):
        """A receipt of another provider: into the mailbox of the user or of the provider; some end a waiting, one becomes a notice."""
        reference = self.network.original_in(mail)
        for recipient in recipients:
            self.to_user(recipient, mail)
        keys = [key for key in self.waiting if reference and key[0] == reference.identifier and self.network.provider_of(key[1]) is signer]
        for key in keys:
            self.waiting[key].taken |= kind == "presa-in-carico"
            if kind in ("avvenuta-consegna", "errore-consegna"):
                del self.waiting[key]
        if kind == "rilevazione-virus" and reference:
            for recipient, _ in reference.recipients:
                self.waiting.pop((reference.identifier, recipient), None)
                self.to_user(reference.sender, messages.receipt("errore-consegna", reference, self, self.now(), reference.sender, "virus",
                                                                "virus trovato dal gestore del destinatario", recipient))

    # --- time

    def tick(self):
        """What time brings: late deliveries, and notices about those from whom nothing was heard (RFC 6109 section 3.1.6)."""
        due = [entry for entry in self.held if entry[0] is not None and entry[0] <= self.now()]
        for key, waiting in list(self.waiting.items()):
            for after, number in ((FIRST_NOTICE, 1), (SECOND_NOTICE, 2)):
                at = waiting.since + after
                if waiting.notices >= number or at > self.now():
                    continue
                waiting.notices = number
                # who took it in charge was heard: only the end is told (the scenarios at the end of section 3.1.6)
                if number == 2 or not waiting.taken:
                    notice = messages.receipt("preavviso-errore-consegna", waiting.original, self, at, waiting.original.sender, "altro",
                                              f"nessuna risposta dopo {after.seconds // 3600 + after.days * 24} ore", key[1])
                    self.to_user(waiting.original.sender, notice)
        for entry in due:
            self.held.remove(entry)
            self.deliver(*entry[1:])

    def release(self, address):
        """Delivers at last what a slow mailbox held back."""
        for entry in [entry for entry in self.held if entry[1] == address]:
            self.held.remove(entry)
            self.deliver(*entry[1:])


class Waiting:
    """A recipient from whose provider nothing was heard yet."""

    def __init__(self, original, since):
        self.original, self.since, self.notices, self.taken = original, since, 0, False


def replaced_id(mail, identifier):
    """The mail as it travels: the provider's identifier in place of the user's Message-ID (RFC 6109 section 3.1.5)."""
    head, separator, body = mail.partition(b"\r\n\r\n")
    lines, old = [], None
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            old = line.split(b":", 1)[1].strip()
            line = f"Message-ID: <{identifier}>".encode()
        lines.append(line)
    if old:
        lines.append(b"X-Riferimento-Message-ID: " + old)
    return b"\r\n".join(lines) + separator + body


def send(port, sender, recipient, mail):
    """One mail to Postfix on loopback."""
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as smtp:
        smtp.ehlo("pec-provider")
        smtp.sendmail(sender, [recipient], mail, mail_options=["BODY=8BITMIME"])
