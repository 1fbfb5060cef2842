"""Tests of verify_export.py: a small synthetic export is good; each alteration of it is found and named.

    python3 -m unittest test_verify_export        (in conformance-tests/interop, see README.md)

The export is made with the same public JOSE library: an anchor, two writers, four links (one takes a message in charge with an
embedded receipt), receipts, a body, a document that the exporter may not see, and no Concerto code. A verifier that skips
a check (header list, chain order, receipt digests, salted digests, audience, trust linking) fails one of these tests.
"""

import base64
import contextlib
import hashlib
import io
import json
import shutil
import tempfile
import unittest
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.jwk import ECKey

import verify_export

ANCHOR = "https://anchor.example/federation"
LEAD, BODY = "r_test/AAAAAA1", "c_test/BBBBBB1"
CONFERENCE = f"{LEAD}/{'0' * 31}1"
START = 1_796_000_000
REGISTRY = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Signer:
    """A P-256 key with a self-signed certificate."""

    def __init__(self, name):
        self.private = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
        self.der = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(self.private.public_key())
            .serial_number(1).not_valid_before(begin).not_valid_after(begin + timedelta(days=900))
            .sign(self.private, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        )
        pem = self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption())
        self.key = ECKey.import_key(pem)
        self.kid = self.key.thumbprint()
        self.jwk = {**self.key.as_dict(private=False), "kid": self.kid, "alg": "ES256"}
        self.x5t = base64.urlsafe_b64encode(hashlib.sha256(self.der).digest()).rstrip(b"=").decode()
        self.x5c = base64.b64encode(self.der).decode()

    def sign(self, header, payload):
        return jws.serialize_compact({"alg": "ES256", **header}, payload, self.key, registry=REGISTRY)


class Maker:
    """Writes a synthetic export into a folder."""

    def __init__(self, folder, vouched=None):
        self.folder, self.vouch = folder, vouched
        self.anchor = Signer("anchor")
        self.message = {LEAD: Signer("lead"), BODY: Signer("body")}
        self.federation = {LEAD: Signer("lead federation"), BODY: Signer("body federation")}
        for name in ("links", "receipts", "bundles", "documents", "forks"):
            (folder / name).mkdir()
        self.bundle = {writer: self.write_bundle(writer) for writer in self.message}
        self.heads, self.rows, self.absent = {}, [], []

    def entity(self, signer, claims):
        header = {"kid": signer.kid, "typ": "entity-statement+jwt"}
        return signer.sign(header, compact({"iat": START - 1000, "exp": START + 1_000_000, **claims}))

    def write_bundle(self, writer):
        ipa, aoo = writer.split("/")
        leaf, own, message = f"https://{ipa}.example/node", self.federation[writer], self.message[writer]
        node = {"ipa_code": ipa, "aoo_codes": [aoo], "message_keys": {"keys": [{**message.jwk, "x5c": [message.x5c]}]}}
        about = {"iss": ANCHOR, "sub": leaf, "jwks": {"keys": [own.jwk]},
                 "metadata": {"cds_node": {"ipa_code": ipa, "aoo_codes": [aoo, "OTHER"]}}}
        if self.vouch:
            self.vouch(about)
        chain = [
            self.entity(own, {"iss": leaf, "sub": leaf, "jwks": {"keys": [own.jwk]}, "authority_hints": [ANCHOR],
                              "metadata": {"cds_node": node}}),
            self.entity(self.anchor, about),
            self.entity(self.anchor, {"iss": ANCHOR, "sub": ANCHOR, "jwks": {"keys": [self.anchor.jwk]}}),
        ]
        data = compact(chain)
        (self.folder / "bundles" / f"{sha256(data)}.json").write_bytes(data)
        return sha256(data)

    def header(self, writer, kind, at):
        signer = self.message[writer]
        return {"cty": f"application/vnd.concerto.{kind}+json", "iat": at, "kid": signer.kid,
                "trust": self.bundle[writer], "typ": "jose", "x5t#S256": signer.x5t}

    def attachment(self, data, audience, media_type, link_later):
        salt = hashlib.sha256(data).digest()[:16]
        digest = sha256(salt + data)
        if audience == "participants":
            (self.folder / "documents" / digest).write_bytes(salt + data)
            link_later.append((digest, {"media_type": media_type, "size": len(data)}))
        else:
            self.absent.append(digest)
        listed = {"digest": digest, "size": len(data), "media_type": media_type, "audience": audience}
        if len(data) > 1048576:
            chunks = [hashlib.sha256(salt + data[i : i + 1048576]).digest() for i in range(0, len(data), 1048576)]
            listed["chunks"] = sha256(salt + b"".join(chunks))
        return listed

    def link(self, writer, kind, facts, extra=None, attached=(), header=None):
        sequence, previous = self.heads.get(writer, (0, None))
        at = START + 60 * len(self.rows)
        payload = {
            "link": 1, "schema": f"urn:concerto:schema:{kind.lower()}:1", "type": kind, "federation": ANCHOR,
            "conference": CONFERENCE, "writer": writer, "incarnation": {"counter": 1, "nonce": "0" * 32},
            "sequence": sequence + 1, "previous": previous,
            "issued_at": datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "legal_basis": ["L. 241/1990 art. 14-bis"], "regime": "R1b", "facts": facts, **(extra or {}),
        }
        text = self.message[writer].sign({**self.header(writer, "link", at), **(header or {})}, compact(payload))
        name = sha256(text.rpartition(".")[0].encode())
        self.heads[writer] = (sequence + 1, name)
        self.write_link(writer, name, text)
        for digest, meta in attached:
            (self.folder / "documents" / f"{digest}.meta.json").write_bytes(compact({**meta, "link": name}))
        return name, text

    def write_link(self, writer, name, text):
        stem = f"{len(self.rows) + 1:04}-{name}"
        protected, payload, signature = text.split(".")
        flat = {"payload": payload, "protected": protected, "header": {"x5c": [self.message[writer].x5c]}, "signature": signature}
        (self.folder / "links" / f"{stem}.jws").write_text(text)
        (self.folder / "links" / f"{stem}.json").write_bytes(compact(flat))
        self.rows.append({"id": name, "file": f"links/{stem}.jws", "row": len(self.rows) + 1})

    def receipt(self, issuer, author, name, text, write=True):
        payload = {"receipt": 1, "schema": "urn:concerto:schema:receipt:1", "federation": ANCHOR, "conference": CONFERENCE,
                   "issuer": issuer, "author": author, "kind": "accepted", "received_at": "2026-11-30T09:00:00Z",
                   "messages": [{"id": name, "bytes": sha256(text.encode())}], "head": None}
        made = self.message[issuer].sign(self.header(issuer, "receipt", START + 30), compact(payload))
        if write:
            (self.folder / "receipts" / f"{sha256(made.rpartition('.')[0].encode())}.jws").write_text(made)
        return made

    def finish(self):
        about = {"format": "concerto-export/1", "conference": CONFERENCE, "federation": ANCHOR, "exported_at": "2027-02-05T09:00:00Z",
                 "exported_by": LEAD, "links": self.rows, "documents_absent": self.absent}
        (self.folder / "export.json").write_bytes(compact(about))
        anchor = {"entity": ANCHOR, "keys": [self.anchor.jwk]}
        (self.folder / "anchor.json").write_bytes(compact(anchor))


def build(folder, header=None, vouched=None, listed=None):
    """A good export; `header` changes the protected header of the third link, `vouched` the anchor's statements, `listed` how
    the first link lists a document of more than one chunk."""
    maker, later = Maker(folder, vouched), []
    plan = {**maker.attachment(b"%PDF-1.4 " + bytes(1200000), "participants", "application/pdf", later), **(listed or {})}
    body = maker.attachment(b'{"subject":"Indizione di prova"}', "participants", "application/json", later)
    notice, text = maker.link(LEAD, "Notice", {}, {"body": body, "documents": [plan]}, later)
    maker.receipt(BODY, LEAD, notice, text)
    hidden = maker.attachment(b"%PDF-1.4 hidden", ["c_other/CCCCCC1"], "application/pdf", [])
    act, act_text = maker.link(BODY, "Determination", {}, {"documents": [hidden]})
    inside = maker.receipt(LEAD, BODY, act, act_text, write=False)
    taken = {"message": act, "author": BODY, "received_at": "2026-11-30T09:10:00Z", "receipts": [inside]}
    maker.link(LEAD, "TakenInCharge", {"messages": [taken]}, header=header)
    maker.link(LEAD, "Closure", {})
    maker.finish()
    return maker


class VerifyExport(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def verify(self, *options):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = verify_export.main([str(self.folder), *options])
        return code, said.getvalue()

    def refuses(self, words):
        code, said = self.verify()
        self.assertEqual(code, 1, said)
        self.assertIn(words, said)

    def path(self, pattern, index=0):
        return sorted(self.folder.glob(pattern))[index]

    def edit(self, name, change):
        value = json.loads((self.folder / name).read_bytes())
        change(value)
        (self.folder / name).write_bytes(compact(value))

    def test_another_list_of_chunks_is_refused(self):
        build(self.folder, listed={"chunks": "0" * 64})
        self.refuses("its chunks are not those")

    def test_a_good_export_passes(self):
        build(self.folder)
        code, said = self.verify()
        self.assertEqual(code, 0, said)
        self.assertIn("4 links of 2 writers, 2 receipts (1 inside links), 2 trust bundles, 2 documents, 1 declared absent", said)

    def test_one_flipped_byte_in_a_link(self):
        build(self.folder)
        path = self.path("links/*.jws")
        text = path.read_text()
        at = text.index(".") + 20
        path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
        self.refuses("the signature does not verify")

    def test_every_byte_of_a_link_counts(self):
        build(self.folder)
        path = self.path("links/*.jws")
        text = path.read_text()
        for at in range(0, len(text), 37):
            path.write_text(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:])
            self.assertEqual(self.verify()[0], 1, f"byte {at}")

    def test_a_removed_link(self):
        build(self.folder)
        for pattern in ("links/0001-*.jws", "links/0001-*.json"):
            self.path(pattern).unlink()
        self.refuses("its links are not the files of links/")

    def test_a_link_removed_with_its_row_and_number(self):
        build(self.folder)
        for number in ("0003", "0004"):
            for kind in ("jws", "json"):
                path = self.path(f"links/{number}-*.{kind}")
                if number == "0003":
                    path.unlink()
                else:
                    path.rename(path.with_name(path.name.replace("0004", "0003")))
        self.edit("export.json", lambda about: about["links"].pop(2))
        self.refuses(f"chain of {LEAD}, incarnation 1: link 2 is missing")

    def test_a_removed_last_link_that_was_taken_in_charge(self):
        build(self.folder)
        for path in self.folder.glob("links/0002-*"):
            path.unlink()
        for number in (3, 4):
            for path in list(self.folder.glob(f"links/000{number}-*")):
                path.rename(path.with_name(path.name.replace(f"000{number}", f"000{number - 1}")))
        self.edit("export.json", lambda about: (about["links"].pop(1), about["documents_absent"].clear()))
        self.refuses("taken in charge, is missing")

    def test_a_swapped_key(self):
        maker = build(self.folder)
        other = Signer("other")
        path = self.path("links/0004-*.jws")
        _, payload, _ = path.read_text().split(".")
        data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        path.write_text(other.sign(maker.header(LEAD, "link", START + 180), data))
        self.refuses("the signature does not verify")

    def test_a_link_signed_when_its_chain_was_not_valid(self):
        build(self.folder, header={"iat": START - 2000})
        self.refuses("signed outside the validity")

    def test_a_key_of_another_writer(self):
        maker = build(self.folder)
        maker.message[LEAD], maker.bundle[LEAD] = maker.message[BODY], maker.bundle[BODY]
        maker.link(LEAD, "Closure", {})
        maker.finish()
        self.refuses(f"its key does not sign for {LEAD}")

    def test_codes_that_the_anchor_does_not_vouch_for(self):
        cases = (
            (lambda about: about.pop("metadata"), "does not vouch for the leaf's codes"),
            (lambda about: about["metadata"].pop("cds_node"), "does not vouch for the leaf's codes"),
            (lambda about: about["metadata"]["cds_node"].pop("aoo_codes"), "does not vouch for the leaf's codes"),
            (lambda about: about["metadata"]["cds_node"].update(ipa_code="r_other"), "vouches for r_other, not"),
            (lambda about: about["metadata"]["cds_node"].update(aoo_codes=["OTHER"]), "does not vouch for these AOO codes"),
            (lambda about: about.update(metadata_policy={}), "carries metadata_policy"),
            (lambda about: about["jwks"]["keys"].append(Signer("further").jwk), "are not those that the anchor vouches for"),
        )
        for change, words in cases:
            with self.subTest(words):
                shutil.rmtree(self.folder)
                self.folder.mkdir()
                build(self.folder, vouched=change)
                self.refuses(words)

    def test_another_anchor(self):
        build(self.folder)
        other = self.folder / "other.json"
        other.write_bytes(compact({"entity": ANCHOR, "keys": [Signer("false anchor").jwk]}))
        code, said = self.verify("--anchor", str(other))
        self.assertEqual(code, 1)
        self.assertIn("among those of its superior", said)

    def test_an_altered_document(self):
        build(self.folder)
        path = next(p for p in self.folder.glob("documents/*") if not p.name.endswith(".meta.json"))
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        self.refuses("do not have the digest")

    def test_a_document_that_is_missing_and_not_declared(self):
        build(self.folder)
        self.edit("export.json", lambda about: about["documents_absent"].clear())
        self.refuses("neither here nor declared absent")

    def test_a_forged_header(self):
        for name, value in (("jku", "https://attacker.example/keys"), ("b64", True), ("colour", "red")):
            with self.subTest(name):
                shutil.rmtree(self.folder)
                self.folder.mkdir()
                build(self.folder, header={name: value})
                self.refuses("header names are not the closed list")

    def test_a_receipt_offered_as_a_link(self):
        build(self.folder, header={"cty": "application/vnd.concerto.receipt+json"})
        self.refuses("not announced as a link")

    def test_a_wrong_certificate_digest(self):
        build(self.folder, header={"x5t#S256": "A" * 43})
        self.refuses("x5t#S256 is not the digest")

    def test_a_receipt_over_other_bytes(self):
        maker = build(self.folder)
        first = self.path("links/*.jws")
        maker.receipt(BODY, LEAD, first.stem.partition("-")[2], first.read_text() + "x")
        self.refuses("covers other bytes")

    def test_a_flattened_form_that_differs(self):
        build(self.folder)
        path = self.path("links/0002-*.json")
        self.edit(path.relative_to(self.folder), lambda flat: flat.update(signature=flat["signature"][:-4] + "AAAA"))
        self.refuses("flattened form differs")

    def test_a_fork_needs_its_proof_and_the_proof_is_checked(self):
        maker = build(self.folder)
        sequence, name = maker.heads[BODY]
        maker.heads[BODY] = (sequence - 1, None)
        other, other_text = maker.link(BODY, "Determination", {"other": 1})
        maker.finish()
        self.refuses("fork at 1 without proof")
        texts = {name: self.path(f"links/*-{name}.jws").read_text(), other: other_text}
        first, second = sorted(texts)
        proof = self.folder / "forks" / f"{first}-{second}.json"
        proof.write_bytes(compact({"first": texts[first], "second": texts[second]}))
        self.assertEqual(self.verify()[0], 0)
        proof.write_bytes(compact({"first": texts[first], "second": texts[first]}))
        self.refuses("not two links of one place")


if __name__ == "__main__":
    unittest.main()
