"""Trust chains and signatures for verify_export.py: OpenID Federation 1.0, RFC 7515, RFC 7517, RFC 7518, RFC 7493.

A trust bundle is a JSON array of three entity statements: the leaf's configuration, the anchor's statement about the leaf, the
anchor's configuration. A key is believed only because this chain, verified from the anchor's key, lists it under its `kid`.
"""

import base64
import binascii
import hashlib
import json
import re

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

ALGORITHMS = {"ES256": ("EC", "P-256"), "ES384": ("EC", "P-384"), "RS256": ("RSA", None)}


class Fault(Exception):
    """The first thing that is wrong: where, and what."""


def need(good, where, what):
    """Raises the fault unless `good`."""
    if not good:
        raise Fault(f"{where}: {what}")


def sha256(data):
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def decode(text, where):
    """Base64url without padding, in its one spelling."""
    need(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text), where, "not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise Fault(f"{where}: not base64url") from None
    need(base64.urlsafe_b64encode(data).rstrip(b"=") == text.encode(), where, "not the only base64url spelling")
    return data


def read_json(data, where):
    """JSON without duplicate names (RFC 7493)."""
    def once(pairs):
        need(len({name for name, _ in pairs}) == len(pairs), where, "a JSON name stands twice")
        return dict(pairs)
    try:
        return json.loads(data, object_pairs_hook=once)
    except (ValueError, UnicodeDecodeError, RecursionError) as error:
        raise Fault(f"{where}: not JSON: {error}") from None


def public_key(jwk, algorithm, where):
    """The key as the library wants it, if it fits the algorithm."""
    need(algorithm in ALGORITHMS, where, f"algorithm {algorithm} is not accepted")
    kind, curve = ALGORITHMS[algorithm]
    need(jwk.get("kty") == kind and jwk.get("crv") == curve, where, f"the key does not fit {algorithm}")
    names = ("kty", "crv", "x", "y") if kind == "EC" else ("kty", "n", "e")
    return (ECKey if kind == "EC" else RSAKey).import_key({name: jwk[name] for name in names})


def check_signature(text, jwk, where):
    """The signature of a compact JWS, by the public library; answers header and payload bytes."""
    header = read_json(decode(text.split(".")[0], where), where)
    registry = jws.JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    try:
        made = jws.deserialize_compact(text, public_key(jwk, header.get("alg"), where), registry=registry)
    except (JoseError, ValueError, KeyError) as error:
        raise Fault(f"{where}: the signature does not verify ({type(error).__name__})") from None
    return header, made.payload


def statement(text, keys, where):
    """One entity statement of OpenID Federation, verified with the keys of the superior (or its own)."""
    need(isinstance(text, str) and text.count(".") == 2, where, "not a JWT")
    header = read_json(decode(text.split(".")[0], where), where)
    need(header.get("typ") == "entity-statement+jwt", where, "typ is not entity-statement+jwt")
    need(set(header) <= {"alg", "kid", "typ"}, where, f"unexpected header names {sorted(header)}")
    key = next((k for k in keys if k.get("kid") == header.get("kid")), None)
    need(key is not None, where, f"no key {header.get('kid')} among those of its superior")
    _, payload = check_signature(text, key, where)
    return read_json(payload, where)


class Bundle:
    """A trust chain: leaf's configuration, anchor's statement about the leaf, anchor's configuration."""

    def __init__(self, path, anchor):
        where = f"bundles/{path.name}"
        data = path.read_bytes()
        need(sha256(data) == path.stem, where, "the file name is not the SHA-256 of its bytes")
        chain = read_json(data, where)
        need(isinstance(chain, list) and len(chain) == 3, where, "not an array of three statements")
        top = statement(chain[2], anchor["keys"], f"{where} anchor's configuration")
        need(top.get("iss") == top.get("sub") == anchor["entity"], where, "the anchor's iss and sub are not the anchor")
        about = statement(chain[1], top["jwks"]["keys"], f"{where} statement about the leaf")
        need(about.get("iss") == anchor["entity"], where, "the statement about the leaf is not the anchor's")
        leaf = statement(chain[0], about["jwks"]["keys"], f"{where} leaf's configuration")
        need(leaf.get("iss") == leaf.get("sub") == about.get("sub"), where, "iss and sub do not link leaf and statement")
        need(anchor["entity"] in leaf.get("authority_hints", []), where, "the leaf does not name the anchor")
        self.begins = max(part["iat"] for part in (leaf, about, top))
        self.ends = min(part["exp"] for part in (leaf, about, top))
        node = self.vouched(leaf, about, where)
        self.writers = {f"{node['ipa_code']}/{aoo}" for aoo in node["aoo_codes"]}
        self.keys = {key["kid"]: key for key in node["message_keys"]["keys"]}
        for key in self.keys.values():
            certificate = load_der_x509_certificate(base64.b64decode(key["x5c"][0], validate=True))
            form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            listed = public_key(key, key["alg"], where).public_key
            need(certificate.public_key().public_bytes(*form) == listed.public_bytes(*form), where,
                 f"the certificate of {key['kid']} names another key")

    @staticmethod
    def vouched(leaf, about, where):
        """The leaf's node, once the anchor confirms its keys and codes: else any member could write in another's name."""
        ours = {key["kid"]: {n: key[n] for n in key.keys() & {"kty", "crv", "x", "y", "n", "e"}} for key in leaf["jwks"]["keys"]}
        theirs = {key["kid"]: {n: key[n] for n in key.keys() & {"kty", "crv", "x", "y", "n", "e"}} for key in about["jwks"]["keys"]}
        need(ours == theirs, where, "the leaf's federation keys are not those that the anchor vouches for")
        for restriction in ("metadata_policy", "constraints", "crit", "metadata_policy_crit"):
            need(restriction not in about, where, f"the anchor's statement carries {restriction}, which is not applied here")
        node, codes = leaf["metadata"]["cds_node"], about.get("metadata", {}).get("cds_node")
        need(codes is not None and set(codes) == {"ipa_code", "aoo_codes"}, where,
             "the anchor's statement does not vouch for the leaf's codes (metadata.cds_node.ipa_code, aoo_codes)")
        need(codes["ipa_code"] == node["ipa_code"], where, f"the anchor vouches for {codes['ipa_code']}, not {node['ipa_code']}")
        extra = sorted(set(node["aoo_codes"]) - set(codes["aoo_codes"]))
        need(node["aoo_codes"] and not extra, where, f"the anchor does not vouch for these AOO codes: {extra}")
        return node

    def certificate(self, kid):
        """The leaf certificate of a key, DER."""
        return base64.b64decode(self.keys[kid]["x5c"][0], validate=True)
