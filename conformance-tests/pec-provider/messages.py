"""The messages of RFC 6109 sections 3 and 4, written from its text: certification data, receipts, notices and envelopes, signed by a
provider. Two styles, because real providers differ in the order of parts, in HTML beside text and in the name of the protocol."""

import hashlib
import secrets
from base64 import encodebytes
from email.header import Header
from xml.sax.saxutils import escape

SUBJECTS = {
    "accettazione": "ACCETTAZIONE", "non-accettazione": "AVVISO DI NON ACCETTAZIONE", "presa-in-carico": "PRESA IN CARICO",
    "avvenuta-consegna": "CONSEGNA", "errore-consegna": "AVVISO DI MANCATA CONSEGNA",
    "preavviso-errore-consegna": "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO", "rilevazione-virus": "PROBLEMA DI SICUREZZA",
    "posta-certificata": "POSTA CERTIFICATA", "anomalia": "ANOMALIA MESSAGGIO",
}
FOR_ONE = ("avvenuta-consegna", "errore-consegna", "preavviso-errore-consegna", "rilevazione-virus")


class Original:
    """A mail that a sender's provider took, and what certification data says about it."""

    def __init__(self, mail: bytes, header, sender, recipients, identifier):
        self.mail = mail
        self.sender = sender
        self.recipients = recipients  # (address, certified)
        self.identifier = identifier
        self.message_id = header.get("Message-ID", "").strip().strip("<>")
        self.subject = str(header.get("Subject", ""))
        self.form = str(header.get("X-TipoRicevuta", "completa")).strip().lower()
        self.in_cc = str(header.get("Cc", "")).lower()

    def form_for(self, recipient):
        """Who is only in Cc gets the short one (RFC 6109 section 3.3.2.3)."""
        if recipient.lower() in self.in_cc:
            return "sintetica"
        return self.form if self.form in ("completa", "breve", "sintetica") else "completa"


def daticert(kind, original, provider, at, error="nessuno", detail=None, about=None):
    """The certification data (RFC 6109 section 4.4); `about` is the recipient, or the list of them for a taking in charge."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<postacert tipo="{kind}" errore="{error}">', "<intestazione>",
             f"<mittente>{escape(original.sender)}</mittente>"]
    for address, certified in original.recipients:
        lines.append(f'<destinatari tipo="{"certificato" if certified else "esterno"}">{escape(address)}</destinatari>')
    lines += [f"<risposte>{escape(original.sender)}</risposte>", f"<oggetto>{escape(original.subject)}</oggetto>", "</intestazione>",
              "<dati>", f"<gestore-emittente>{escape(provider.name)}</gestore-emittente>",
              f'<data zona="{at.strftime("%z")}"><giorno>{at.strftime("%d/%m/%Y")}</giorno><ora>{at.strftime("%H:%M:%S")}</ora></data>',
              f"<identificativo>{escape(original.identifier)}</identificativo>"]
    if original.message_id:
        lines.append(f"<msgid>&lt;{escape(original.message_id)}&gt;</msgid>")
    if kind == "posta-certificata":
        lines.append(f'<ricevuta tipo="{original.form}"/>')
    if kind == "avvenuta-consegna":
        lines.append(f'<ricevuta tipo="{original.form_for(about)}"/>')
    if kind in FOR_ONE:
        lines.append(f"<consegna>{escape(about)}</consegna>")
    if kind == "presa-in-carico":
        lines += [f"<ricezione>{escape(address)}</ricezione>" for address in about]
    if detail:
        lines.append(f"<errore-esteso>{escape(detail)}</errore-esteso>")
    return "\n".join(lines + ["</dati>", "</postacert>", ""])


def receipt(kind, original, provider, at, to, error="nessuno", detail=None, about=None):
    """A receipt or notice, signed."""
    virus = error == "virus"
    subject = SUBJECTS[kind] + (" PER VIRUS" if virus and kind in ("non-accettazione", "errore-consegna") else "")
    fields = [f"X-Ricevuta: {kind}"]
    if virus and kind in ("non-accettazione", "errore-consegna"):
        fields.append("X-VerificaSicurezza: errore")
    if kind == "rilevazione-virus":
        fields.append(f"X-Mittente: {original.sender}")
    fields += [f"From: {provider.signer.address}", f"To: {to}"]
    inside = original.mail if kind == "avvenuta-consegna" and original.form_for(about) != "sintetica" else None
    if kind == "avvenuta-consegna" and original.form_for(about) == "breve":
        inside = brief(original.mail)
    data = daticert(kind, original, provider, at, error, detail, about)
    return signed(fields, f"{subject}: {original.subject}", original, provider, at, data, inside)


def envelope(original, provider, at):
    """The envelope that carries a certified mail (RFC 6109 section 3.1.5)."""
    fields = ["X-Trasporto: posta-certificata", f"X-TipoRicevuta: {original.form}", f"Reply-To: {original.sender}",
              f'From: "Per conto di: {original.sender}" <{provider.signer.address}>',
              "To: " + ", ".join(address for address, _ in original.recipients)]
    data = daticert("posta-certificata", original, provider, at)
    return signed(fields, f"{SUBJECTS['posta-certificata']}: {original.subject}", original, provider, at, data, original.mail)


def anomaly(original, provider, at, to):
    """The envelope around a mail that is not certified (RFC 6109 section 3.2.2): no certification data."""
    fields = ["X-Trasporto: errore", f'From: "Per conto di: {original.sender}" <{provider.signer.address}>', f"To: {to}"]
    return signed(fields, f"{SUBJECTS['anomalia']}: {original.subject}", None, provider, at, None, original.mail)


def signed(fields, subject, original, provider, at, data, inside):
    """Puts the parts together, signs them, and writes the header around."""
    outer, inner = secrets.token_hex(12), secrets.token_hex(12)
    parts = [text_part(subject, provider)]
    more = [daticert_part(data)] if data else []
    if inside is not None:
        mail = b'Content-Type: message/rfc822; name="postacert.eml"\r\nContent-Disposition: attachment; filename="postacert.eml"\r\n\r\n'
        more.append(mail + inside)
    parts += more[::-1] if provider.style == "other" else more
    content = f'Content-Type: multipart/mixed; boundary="{inner}"\r\n\r\n'.encode() + joined(inner, parts)
    x = "x-" if provider.style == "other" else ""
    signature = (f'Content-Type: application/{x}pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
                 ).encode() + wrapped(provider.signer.sign(content, provider.digest))
    fields = list(fields)
    if original is not None and original.message_id:
        fields.append(f"X-Riferimento-Message-ID: <{original.message_id}>")
    fields += [f"Date: {at.strftime('%a, %d %b %Y %H:%M:%S %z')}", "Subject: " + Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n"),
               f"Message-ID: <{provider.new_identifier()}>", "MIME-Version: 1.0",
               f'Content-Type: multipart/signed; protocol="application/{x}pkcs7-signature"; micalg={micalg(provider.digest)}; boundary="{outer}"']
    return "\r\n".join(fields).encode() + b"\r\n\r\n" + joined(outer, [content, signature])


def micalg(digest):
    """The digest's name in S/MIME."""
    return {"sha256": "sha-256", "sha1": "sha1"}[digest]


def text_part(subject, provider):
    """The text for people; nobody may read it by program."""
    text = b'Content-Type: text/plain; charset="iso-8859-1"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' \
        b"Ambiente di addestramento: questo messaggio non ha valore legale.=E8 un avviso.\r\n"
    if provider.style != "other":
        return text
    html = b'Content-Type: text/html; charset="iso-8859-1"\r\n\r\n<html><body><p>Ambiente di addestramento.</p></body></html>\r\n'
    boundary = secrets.token_hex(12)
    return f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode() + joined(boundary, [text, html])


def daticert_part(data):
    """`daticert.xml`, as all real traffic names it."""
    return (b'Content-Type: application/xml; name="daticert.xml"\r\nContent-Disposition: attachment; filename="daticert.xml"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n") + wrapped(data.encode())


def brief(mail):
    """The original with each attachment replaced by its digest (RFC 6109 section 3.3.2.2), as far as this program needs it."""
    head, _, body = mail.partition(b"\r\n\r\n")
    kept = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-", b" ", b"\t")))
    return kept + b"\r\nContent-Type: text/plain\r\n\r\n" + hashlib.sha1(body).hexdigest().encode() + b"\r\n"


def wrapped(data):
    """Base64 in lines, with CRLF."""
    return encodebytes(data).replace(b"\n", b"\r\n")


def joined(boundary, parts):
    """A multipart body."""
    delimiter = f"--{boundary}\r\n".encode()
    return b"".join(delimiter + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
