//! PEC providers that exist only here: an authority, provider keys, and every message of RFC 6109 in the forms that real providers use.
//!
//! Nothing here was copied from real mail: names and addresses are invented and end in `.example`. [`message::Draft`] makes one message,
//! [`cms`] signs as a provider does, or wrongly where a test wants it; [`authority`] issues the certificates; [`directory`] writes the list of
//! providers.

pub mod authority;
pub mod cms;
pub mod message;

use authority::{Authority, Identity, Usage};
use jiff::Timestamp;
use std::sync::OnceLock;

/// The first instant at which the certificates of [`World`] are valid, and the first at which they are not.
pub const VALID: (&str, &str) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");

/// An authority, two providers of its directory, and those that nobody should believe.
pub struct World {
    /// The authority that every test trusts.
    pub authority: Authority,
    /// The provider of `pec.regione.example`.
    pub sender_provider: Identity,
    /// The provider of `pec.comune.example`.
    pub recipient_provider: Identity,
    /// Certified by the authority, but in no directory.
    pub stranger: Identity,
    /// Certified by the authority for servers, not for mail.
    pub not_for_mail: Identity,
    /// Another authority, and a provider of the same name certified by it.
    pub other_authority: Authority,
    /// See above.
    pub impostor: Identity,
}

impl World {
    /// The one of this process; its keys are made once.
    pub fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::make)
    }

    fn make() -> Self {
        let authority = Authority::new("Autorità di prova");
        let other_authority = Authority::new("Altra autorità");
        let provider = |authority: &Authority, name: &str, domain: &str, usage| {
            authority.issue(name, Some(&format!("posta-certificata@{domain}")), usage)
        };
        Self {
            sender_provider: provider(
                &authority,
                "Gestore Uno S.p.A.",
                "pec.gestore-uno.example",
                Usage::Mail,
            ),
            recipient_provider: provider(
                &authority,
                "Gestore Due S.r.l.",
                "pec.gestore-due.example",
                Usage::Mail,
            ),
            stranger: provider(&authority, "Non un gestore", "pec.estraneo.example", Usage::Mail),
            not_for_mail: provider(
                &authority,
                "Gestore Uno S.p.A.",
                "pec.gestore-uno.example",
                Usage::Server,
            ),
            impostor: provider(
                &other_authority,
                "Gestore Uno S.p.A.",
                "pec.gestore-uno.example",
                Usage::Mail,
            ),
            authority,
            other_authority,
        }
    }

    /// The directory as LDIF: both providers, their certificates and domains.
    pub fn ldif(&self) -> String {
        let mut ldif = String::from("dn: o=postacert\nobjectclass: top\no: postacert\n\n");
        let uno = ["pec.gestore-uno.example", "pec.regione.example"];
        let due = ["pec.gestore-due.example", "pec.comune.example", "pec.provincia.example"];
        for (name, identity, domains) in [
            ("Gestore Uno S.p.A.", &self.sender_provider, &uno[..]),
            ("Gestore Due S.r.l.", &self.recipient_provider, &due[..]),
        ] {
            ldif.push_str(&directory_record(name, identity, domains));
        }
        ldif
    }
}

/// One provider of a directory, with its certificate folded as LDIF writes it.
pub fn directory_record(name: &str, identity: &Identity, domains: &[&str]) -> String {
    let mut record =
        format!("dn: providerName={name},o=postacert\nobjectclass: provider\nproviderName: {name}\n");
    record.push_str(&format!("providerCertificateHash:\n {}\n", identity.sha1_hex()));
    record.push_str("providerCertificate;binary::\n");
    let encoded = openssl::base64::encode_block(&identity.certificate.to_der().unwrap());
    for line in encoded.as_bytes().chunks(60) {
        record.push_str(&format!(" {}\n", std::str::from_utf8(line).unwrap()));
    }
    record.push_str("mailReceipt: ricevute@pec.gestore.example\n");
    for domain in domains {
        record.push_str(&format!("managedDomains: {domain}\n"));
    }
    record + "\n"
}

/// An instant of a test.
pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}
