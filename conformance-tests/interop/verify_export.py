"""Verifies an exported conference folder without any Concerto code, from the documentation and a public JOSE library.

    python3 verify_export.py EXPORT [--anchor FILE]

Exit 0: everything agrees (counts are printed). Exit 1: the first thing that is wrong is printed. Exit 2: bad arguments.
Texts implemented: RFC 7515 (JWS), RFC 7638, ETSI TS 119 182-1 (JAdES, flattened form), OpenID Federation 1.0 (trust chains).
README.md describes the folder. Give the anchor's keys out of band with --anchor: `anchor.json` in the export is a convenience.
"""

import argparse
import base64
import hashlib
import sys
from datetime import datetime
from pathlib import Path

from trust_chain import Bundle, Fault, check_signature, decode, need, read_json, sha256

HEADER_NAMES = {"alg", "cty", "iat", "kid", "trust", "typ", "x5t#S256"}
CONTENT = {"link": "application/vnd.concerto.link+json", "receipt": "application/vnd.concerto.receipt+json"}


CHUNK = 1024 * 1024


def chunks_digest(data):
    """What a link names as `chunks` of a document given as salt and bytes; none for one of a single chunk."""
    salt, size = data[:16], len(data) - 16
    if size <= CHUNK:
        return None
    return sha256(salt + b"".join(hashlib.sha256(salt + data[i : i + CHUNK]).digest() for i in range(16, len(data), CHUNK)))


class Export:
    """An exported folder and what was verified in it."""

    def __init__(self, folder, anchor_file):
        self.folder = folder
        self.about = read_json((folder / "export.json").read_bytes(), "export.json")
        need(self.about.get("format") == "concerto-export/1", "export.json", "unknown format")
        self.anchor = read_json((anchor_file or folder / "anchor.json").read_bytes(), "anchor")
        need(self.anchor.get("entity") == self.about.get("federation"), "anchor", "not the anchor of this federation")
        paths = sorted((folder / "bundles").glob("*.json"))
        self.bundles = {path.stem: Bundle(path, self.anchor) for path in paths}
        self.links, self.texts, self.receipts, self.inner = {}, {}, 0, []
        self.documents, self.absent, self.forks = 0, 0, 0

    def message(self, text, kind, where):
        """Header, key and signature of a link or receipt; answers id, header and payload."""
        need(text.count(".") == 2 and len(text) <= 256 * 1024, where, "not a compact JWS of allowed size")
        header = read_json(decode(text.split(".")[0], where), where)
        need(set(header) == HEADER_NAMES, where, f"header names are not the closed list: {sorted(set(header) ^ HEADER_NAMES)}")
        need(header["typ"] == "jose" and header["cty"] == CONTENT[kind], where, f"not announced as a {kind}")
        bundle = self.bundles.get(header["trust"])
        need(bundle is not None, where, f"its trust bundle {header['trust']} is not in the export")
        need(header["kid"] in bundle.keys, where, "its kid is not in the trust chain")
        key = bundle.keys[header["kid"]]
        need(key["alg"] == header["alg"], where, "its algorithm is not that of its key")
        thumb = base64.urlsafe_b64encode(hashlib.sha256(bundle.certificate(header["kid"])).digest()).rstrip(b"=").decode()
        need(header["x5t#S256"] == thumb, where, "x5t#S256 is not the digest of the key's certificate")
        need(bundle.begins <= header["iat"] < bundle.ends, where, "signed outside the validity of its trust chain")
        for part in text.split("."):
            decode(part, where)
        _, data = check_signature(text, key, where)
        payload = read_json(data, where)
        writer = payload.get("writer" if kind == "link" else "issuer")
        need(writer in bundle.writers, where, f"its key does not sign for {writer}")
        need(payload.get("federation") == self.about["federation"], where, "of another federation")
        need(payload.get("conference") == self.about["conference"], where, "of another conference")
        need(payload.get(kind) == 1, where, f"unknown version of the {kind} envelope")
        return sha256(text.rpartition(".")[0].encode()), header, payload

    def check_links(self):
        """Every link, its flattened form, and the list in export.json."""
        paths = sorted((self.folder / "links").glob("*.jws"), key=lambda path: (int(path.stem.partition("-")[0]), path.name))
        listed = [row["id"] for row in self.about["links"]]
        need([p.stem.partition("-")[2] for p in paths] == listed, "export.json", "its links are not the files of links/")
        for number, path in enumerate(paths, 1):
            where, text = f"links/{path.name}", path.read_bytes().decode("ascii", "replace")
            name, header, payload = self.message(text, "link", where)
            need(path.stem == f"{number:04}-{name}", where, f"the file name is not number {number} and the id {name}")
            issued = datetime.fromisoformat(payload["issued_at"].replace("Z", "+00:00"))
            need(int(issued.timestamp() // 1) == header["iat"], where, "iat and issued_at disagree")
            flat = read_json(path.with_suffix(".json").read_bytes(), f"{where} flattened")
            need(".".join(flat[p] for p in ("protected", "payload", "signature")) == text, where, "flattened form differs")
            chain = [base64.b64decode(c, validate=True) for c in flat["header"]["x5c"]]
            need(chain[0] == self.bundles[header["trust"]].certificate(header["kid"]), where, "x5c is not the key's certificate")
            self.links[name], self.texts[name] = payload, text
            if payload["type"] == "TakenInCharge":
                facts = payload["facts"]
                self.inner += [(r, f"{where} delivery") for r in facts.get("deliveries", [])]
                self.inner += [(r, f"{where} receipt") for t in facts.get("messages", []) for r in t.get("receipts", [])]

    def check_chains(self):
        """Sequences without gap, previous links, forks proved, and that what was taken in charge is there."""
        places = {}
        for name, payload in self.links.items():
            life = payload["incarnation"]
            places.setdefault((payload["writer"], life["counter"], life["nonce"]), {}).setdefault(
                payload["sequence"], []).append(name)
        for (writer, life, _nonce), chain in sorted(places.items()):
            where = f"chain of {writer}, incarnation {life}"
            for expected, sequence in enumerate(sorted(chain), 1):
                need(sequence == expected, where, f"link {expected} is missing")
                if len(chain[sequence]) > 1:
                    pair = "-".join(sorted(chain[sequence])[:2])
                    need((self.folder / "forks" / f"{pair}.json").exists(), where, f"fork at {sequence} without proof")
                for name in chain[sequence]:
                    before = self.links[name].get("previous")
                    if sequence > 1:
                        good = before in chain[sequence - 1]
                    else:
                        own = before in self.links and self.links[before]["writer"] == writer
                        good = before is None if life == 1 else (before is None or own)
                    need(good, where, f"link {sequence} ({name[:8]}) does not name the link before it")
        for payload in self.links.values():
            taken = payload["facts"].get("messages", []) if payload["type"] == "TakenInCharge" else []
            for entry in taken:
                need(entry["message"] in self.links, "links", f"{entry['message']}, taken in charge, is missing")

    def check_receipts(self):
        """Receipts of the folder and those inside links: signature, name, and the digests they cover."""
        found = [(p.read_bytes().decode("ascii", "replace"), f"receipts/{p.name}", p.stem)
                 for p in sorted((self.folder / "receipts").glob("*.jws"))]
        for text, where, name in found + [(text, where, None) for text, where in self.inner]:
            digest, _, payload = self.message(text, "receipt", where)
            need(name in (None, digest), where, "the file name is not the digest of its signing input")
            for covered in payload["messages"]:
                link = self.links.get(covered["id"])
                need(link is not None, where, f"covers {covered['id']}, which is not in the export")
                need(link["writer"] == payload["author"], where, "covers a link of another author")
                need(covered["bytes"] == sha256(self.texts[covered["id"]].encode()), where, "covers other bytes")
            self.receipts += 1

    def check_documents(self):
        """Bodies and documents: salted digests, sizes, and that each listed one is here or declared absent."""
        folder, reader = self.folder / "documents", self.about["exported_by"]
        absent, listed = set(self.about["documents_absent"]), {}
        for name, payload in self.links.items():
            for item in [payload.get("body"), *payload.get("documents", [])]:
                if item is not None:
                    listed.setdefault(item["digest"], {})[name] = (payload["writer"], item)
        for digest, places in listed.items():
            where, path = f"documents/{digest}", folder / digest
            need(path.exists() != (digest in absent), where, "neither here nor declared absent, or both")
            if digest in absent:
                self.absent += 1
                continue
            data, meta = path.read_bytes(), read_json((folder / f"{digest}.meta.json").read_bytes(), f"{where}.meta.json")
            need(meta["link"] in places, where, "its meta data name a link that does not list it")
            item = places[meta["link"]][1]
            need(sha256(data) == digest, where, "salt and bytes do not have the digest that the link lists")
            need(len(data) - 16 == item["size"] == meta["size"], where, "size differs")
            need(item.get("chunks") == chunks_digest(data), where, "its chunks are not those that the link names")
            need(meta["media_type"] == item["media_type"], where, "its meta data differ from the link")
            seen = [a["audience"] == "participants" or reader in (author, *a["audience"]) for author, a in places.values()]
            need(any(seen), where, f"{reader}, which exported, is not of its audience")
            self.documents += 1
        for path in folder.glob("*") if folder.exists() else ():
            need(path.name.removesuffix(".meta.json") in listed, f"documents/{path.name}", "no link lists it")

    def check_forks(self):
        """Equivocation proofs: two verified links of one place."""
        for path in sorted((self.folder / "forks").glob("*.json")):
            where = f"forks/{path.name}"
            proof = read_json(path.read_bytes(), where)
            pair = [self.message(proof[side], "link", f"{where} {side}") for side in ("first", "second")]
            place = [[p["writer"], p["incarnation"], p["sequence"]] for _, _, p in pair]
            need(place[0] == place[1] and pair[0][0] < pair[1][0], where, "not two links of one place in order of id")
            need(path.stem == f"{pair[0][0]}-{pair[1][0]}", where, "the file name is not the two ids")
            self.forks += 1

    def check(self):
        """Everything, in the order in which later checks rest on earlier ones."""
        for step in (self.check_links, self.check_chains, self.check_receipts, self.check_documents, self.check_forks):
            step()
        return (f"{len(self.links)} links of {len({p['writer'] for p in self.links.values()})} writers, {self.receipts} receipts "
                f"({len(self.inner)} inside links), {len(self.bundles)} trust bundles, {self.documents} documents, "
                f"{self.absent} declared absent, {self.forks} proofs of equivocation")


def main(arguments=None):
    """Runs the verification; answers the exit code."""
    parser = argparse.ArgumentParser(description="Verify an exported conference folder with a public JOSE library.")
    parser.add_argument("export", type=Path)
    parser.add_argument("--anchor", type=Path, help="the anchor's keys, obtained out of band")
    options = parser.parse_args(arguments)
    try:
        print("OK:", Export(options.export, options.anchor).check())
    except (Fault, OSError) as error:
        print("FAULT:", error)
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        print(f"FAULT: a member is missing or of another type: {error!r}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
