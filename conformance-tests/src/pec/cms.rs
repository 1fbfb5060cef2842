//! CMS SignedData written by hand (RFC 5652), so that a test decides on everything: digest, time, who signs, what comes along, DER or BER.
//!
//! OpenSSL's own writer takes the clock of the machine and one digest; a provider in virtual time needs neither.

use jiff::Timestamp;
use jiff::tz::Offset;
use openssl::hash::{MessageDigest, hash};
use openssl::sign::Signer;
use openssl::x509::X509Ref;

use super::authority::Identity;

const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x04];
const SIGNING_TIME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x05];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The digest of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Md {
    /// MD5, which nobody should accept.
    Md5,
    /// SHA-1, as some providers still do.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Md {
    fn oid(self) -> &'static [u8] {
        match self {
            Self::Md5 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x05],
            Self::Sha1 => &[0x2b, 0x0e, 0x03, 0x02, 0x1a],
            Self::Sha256 => &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01],
        }
    }

    fn digest(self) -> MessageDigest {
        match self {
            Self::Md5 => MessageDigest::md5(),
            Self::Sha1 => MessageDigest::sha1(),
            Self::Sha256 => MessageDigest::sha256(),
        }
    }
}

/// How to sign.
#[derive(Clone)]
pub struct Signing<'a> {
    /// Who signs; PEC wants one.
    pub signers: Vec<&'a Identity>,
    /// The digest.
    pub digest: Md,
    /// `signingTime`.
    pub at: Option<Timestamp>,
    /// Whether the content stands inside (`application/pkcs7-mime`).
    pub inside: bool,
    /// Whether the outer lengths are indefinite, as some providers write them.
    pub indefinite: bool,
    /// Whether the certificates come along.
    pub certificates: bool,
}

impl<'a> Signing<'a> {
    /// As RFC 6109 has it: one signer, SHA-256, detached, DER.
    pub fn by(signer: &'a Identity) -> Self {
        Self {
            signers: vec![signer],
            digest: Md::Sha256,
            at: None,
            inside: false,
            indefinite: false,
            certificates: true,
        }
    }

    /// The signature over some bytes.
    pub fn sign(&self, content: &[u8]) -> Vec<u8> {
        let mut encapsulated = oid(DATA);
        if self.inside {
            encapsulated.extend(tlv(0xa0, &tlv(0x04, content)));
        }
        let mut data = tlv(0x02, &[1]);
        data.extend(tlv(0x31, &algorithm(self.digest.oid())));
        data.extend(tlv(0x30, &encapsulated));
        if self.certificates {
            let certificates = self.signers.iter().flat_map(|signer| signer.certificate.to_der().unwrap());
            data.extend(tlv(0xa0, &certificates.collect::<Vec<u8>>()));
        }
        let signers: Vec<u8> =
            self.signers.iter().flat_map(|signer| self.signer_info(signer, content)).collect();
        data.extend(tlv(0x31, &signers));
        let wrap = |tag: u8, inside: &[u8]| {
            if self.indefinite { [&[tag, 0x80][..], inside, &[0, 0]].concat() } else { tlv(tag, inside) }
        };
        wrap(0x30, &[oid(SIGNED_DATA), wrap(0xa0, &wrap(0x30, &data))].concat())
    }

    fn signer_info(&self, signer: &Identity, content: &[u8]) -> Vec<u8> {
        let digest = hash(self.digest.digest(), content).unwrap();
        let mut attributes =
            vec![attribute(CONTENT_TYPE, &oid(DATA)), attribute(MESSAGE_DIGEST, &tlv(0x04, &digest))];
        if let Some(at) = self.at {
            let text = Offset::UTC.to_datetime(at).strftime("%y%m%d%H%M%SZ").to_string();
            attributes.push(attribute(SIGNING_TIME, &tlv(0x17, text.as_bytes())));
        }
        attributes.sort();
        let attributes = attributes.concat();
        let mut writer = Signer::new(self.digest.digest(), &signer.key).unwrap();
        let signature = writer.sign_oneshot_to_vec(&tlv(0x31, &attributes)).unwrap();
        let parts = [
            tlv(0x02, &[1]),
            issuer_and_serial(&signer.certificate),
            algorithm(self.digest.oid()),
            tlv(0xa0, &attributes),
            algorithm(RSA),
            tlv(0x04, &signature),
        ];
        tlv(0x30, &parts.concat())
    }
}

fn issuer_and_serial(certificate: &X509Ref) -> Vec<u8> {
    let mut serial = certificate.serial_number().to_bn().unwrap().to_vec();
    if serial.first().is_some_and(|byte| byte & 0x80 != 0) {
        serial.insert(0, 0);
    }
    tlv(0x30, &[certificate.issuer_name().to_der().unwrap(), tlv(0x02, &serial)].concat())
}

fn attribute(name: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[oid(name), tlv(0x31, value)].concat())
}

fn algorithm(name: &[u8]) -> Vec<u8> {
    tlv(0x30, &[oid(name), vec![0x05, 0x00]].concat())
}

fn oid(name: &[u8]) -> Vec<u8> {
    tlv(0x06, name)
}

fn tlv(tag: u8, inside: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    if inside.len() < 0x80 {
        out.push(inside.len() as u8);
    } else {
        let length = inside.len().to_be_bytes();
        let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | length.len() as u8);
        out.extend(length);
    }
    out.extend_from_slice(inside);
    out
}
