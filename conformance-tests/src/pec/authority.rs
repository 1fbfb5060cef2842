//! A certification authority for tests, and the certificates of providers (RFC 6109 section 5.5): `rfc822Name`, digitalSignature.

use openssl::asn1::Asn1Time;
use openssl::bn::{BigNum, MsbOption};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAlternativeName,
    SubjectKeyIdentifier,
};
use openssl::x509::{X509, X509Builder, X509Name, X509NameBuilder};

use super::{VALID, instant};

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Signing mail.
    Mail,
    /// Servers: it may not sign mail.
    Server,
}

/// A key and its certificate.
pub struct Identity {
    /// The certificate.
    pub certificate: X509,
    /// The key.
    pub key: PKey<Private>,
}

impl Identity {
    /// SHA-1 of the certificate as the directory writes it.
    pub fn sha1_hex(&self) -> String {
        let digest = self.certificate.digest(MessageDigest::sha1()).unwrap();
        digest.iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

/// An authority.
pub struct Authority {
    identity: Identity,
}

impl Authority {
    /// A new authority with its own key.
    pub fn new(name: &str) -> Self {
        let key = rsa();
        let subject = named(name);
        let mut builder = start(&subject, &subject, &key);
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder
            .append_extension(KeyUsage::new().critical().key_cert_sign().crl_sign().build().unwrap())
            .unwrap();
        let id = SubjectKeyIdentifier::new().build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(id).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self { identity: Identity { certificate: builder.build(), key } }
    }

    /// Its certificate as a file.
    pub fn pem(&self) -> Vec<u8> {
        self.identity.certificate.to_pem().unwrap()
    }

    /// A certificate for a provider, valid for [`VALID`].
    pub fn issue(&self, name: &str, address: Option<&str>, usage: Usage) -> Identity {
        let key = rsa();
        let authority = &self.identity.certificate;
        let mut builder = start(&named(name), authority.subject_name(), &key);
        builder.append_extension(KeyUsage::new().critical().digital_signature().build().unwrap()).unwrap();
        let mut purpose = ExtendedKeyUsage::new();
        match usage {
            Usage::Mail => purpose.email_protection(),
            Usage::Server => purpose.server_auth(),
        };
        builder.append_extension(purpose.build().unwrap()).unwrap();
        let context = builder.x509v3_context(Some(authority), None);
        let mut extensions = vec![AuthorityKeyIdentifier::new().keyid(true).build(&context).unwrap()];
        if let Some(address) = address {
            extensions.push(SubjectAlternativeName::new().email(address).build(&context).unwrap());
        }
        for extension in extensions {
            builder.append_extension(extension).unwrap();
        }
        builder.sign(&self.identity.key, MessageDigest::sha256()).unwrap();
        Identity { certificate: builder.build(), key }
    }
}

fn rsa() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

fn named(name: &str) -> X509Name {
    let mut builder = X509NameBuilder::new().unwrap();
    builder.append_entry_by_text("C", "IT").unwrap();
    builder.append_entry_by_text("O", name).unwrap();
    builder.append_entry_by_text("CN", "Posta Certificata").unwrap();
    builder.build()
}

fn start(subject: &X509Name, issuer: &openssl::x509::X509NameRef, key: &PKey<Private>) -> X509Builder {
    let mut serial = BigNum::new().unwrap();
    serial.rand(64, MsbOption::ONE, false).unwrap();
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    let time = |text: &str| Asn1Time::from_unix(instant(text).as_second()).unwrap();
    builder.set_not_before(&time(VALID.0)).unwrap();
    builder.set_not_after(&time(VALID.1)).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}
