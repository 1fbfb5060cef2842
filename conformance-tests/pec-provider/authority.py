"""The authority of the training providers, their certificates and signatures, all made by the program `openssl` (RFC 6109 section 5.5,
RFC 8551). Keys live in the run's folder and mean nothing outside it."""

import hashlib
import subprocess
from base64 import b64encode
from pathlib import Path

DAYS = "3650"
# What the sender's provider finds, and what only the recipient's provider finds. Neither is a virus.
VIRUS_AT_ACCESS = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
VIRUS_AT_RECEPTION = b"CONCERTO-VIRUS-DI-PROVA"


def openssl(*arguments, stdin=None):
    """Runs openssl; its output, or an error with what it said."""
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


class Authority:
    """Certifies providers for the signing of mail, and the mail server for TLS."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self.key = folder / "ca.key"
        if not self.certificate.exists():
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate,
                    "-days", DAYS, "-subj", "/C=IT/O=Autorita di addestramento/CN=Autorita di addestramento PEC",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, subject, extensions):
        """A certificate and its key; the two files."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        if certificate.exists():
            return certificate, key
        request = openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", subject)
        settings = self.folder / f"{name}.ext"
        settings.write_text("\n".join(extensions + ["basicConstraints=critical,CA:FALSE", "authorityKeyIdentifier=keyid", ""]))
        openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", DAYS,
                "-extfile", settings, "-out", certificate, stdin=request)
        return certificate, key

    def verify(self, mail: bytes):
        """The signer's certificate of a signed mail, PEM, if its signature holds and leads here; else nothing."""
        signer = self.folder / "signer.pem"
        try:
            openssl("cms", "-verify", "-CAfile", self.certificate, "-purpose", "smimesign", "-signer", signer,
                    "-out", "/dev/null", stdin=mail)
        except RuntimeError:
            return None
        return signer.read_text()


class Signer:
    """A provider's certificate and key."""

    def __init__(self, authority: Authority, provider_name: str, domain: str):
        self.address = f"posta-certificata@{domain}"
        self.certificate, self.key = authority.issue(
            domain, f"/C=IT/O={provider_name}/CN=Posta Certificata",
            ["keyUsage=critical,digitalSignature", "extendedKeyUsage=emailProtection", f"subjectAltName=email:{self.address}"])

    def sign(self, content: bytes, digest="sha256") -> bytes:
        """A detached signature over exactly these bytes, DER."""
        return openssl("cms", "-sign", "-binary", "-signer", self.certificate, "-inkey", self.key, "-md", digest,
                       "-outform", "DER", stdin=content)

    def der(self) -> bytes:
        """The certificate, DER."""
        return openssl("x509", "-in", self.certificate, "-outform", "DER")


def directory(providers) -> str:
    """The list of providers as LDIF (RFC 6109 section 4.5)."""
    lines = ["dn: o=postacert", "objectclass: top", "o: postacert", ""]
    for provider in providers:
        der = provider.signer.der()
        lines += [f"dn: providerName={provider.name},o=postacert", "objectclass: provider", f"providerName: {provider.name}",
                  f"providerCertificateHash: {hashlib.sha1(der).hexdigest().upper()}", "providerCertificate;binary::"]
        encoded = b64encode(der).decode()
        lines += [f" {encoded[at:at + 60]}" for at in range(0, len(encoded), 60)]
        lines += [f"mailReceipt: {provider.receipts}"] + [f"managedDomains: {domain}" for domain in provider.domains] + [""]
    return "\n".join(lines) + "\n"
