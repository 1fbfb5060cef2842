//! `federation.toml`: the anchor, whose keys vouch for every member, and the members with their transport addresses.

use std::collections::HashMap;
use std::hash::Hash;

use concerto_message::{FederationId, PublicKey, Writer};
use data_encoding::BASE64URL_NOPAD;

use crate::address::{Address, Wrong, read_peer_id};
use crate::field::{Found, Reading, Section, value_error};
use crate::mail_file::{optional, read_address};
use crate::node_file::{read_name, read_url, read_writer};
use crate::problem::{Code, Problem, text};
use crate::render::{self, Rendered, line};

/// Shortest RSA modulus of an anchor, in bytes (2048 bits).
const RSA_BYTES_MIN: usize = 256;

/// `federation.toml` as values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationFile {
    /// The anchor's entity identifier, which names the federation.
    pub id: FederationId,
    /// The name as shown to people.
    pub name: String,
    /// A training federation: no act has legal effect, and nodes may use a virtual clock.
    pub training: bool,
    /// The keys whose statements are believed; at least one.
    pub anchor_keys: Vec<AnchorKey>,
    /// The members.
    pub members: Vec<Member>,
}

/// A public key of the anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorKey {
    /// Its name in the headers of statements.
    pub kid: String,
    /// The key.
    pub key: PublicKey,
}

/// A member of the federation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The chain that it writes.
    pub writer: Writer,
    /// The body's name.
    pub name: String,
    /// The body's entity identifier.
    pub entity: FederationId,
    /// The transport identity of its node.
    pub peer_id: String,
    /// Where its node may be dialled; empty if it only dials.
    pub addresses: Vec<Address>,
    /// Whether it is spoken with.
    pub enabled: bool,
    /// Its certified mailbox (PEC), for when its node does not answer; none if it is not known.
    pub pec: Option<String>,
}

impl FederationFile {
    /// Reads the text of the file called `file`.
    ///
    /// # Errors
    /// Every problem of it.
    pub fn parse(file: &str, toml: &str) -> Result<Self, Vec<Problem>> {
        let mut reading = Reading::new(file, toml);
        let federation = reading.parse().and_then(|table| read(&mut reading, &table));
        match federation {
            Some(federation) if reading.problems.is_empty() => Ok(federation),
            _ => Err(reading.problems),
        }
    }

    /// The member that writes a chain.
    pub fn member(&self, writer: &Writer) -> Option<&Member> {
        self.members.iter().find(|m| m.writer == *writer)
    }

    /// The commented file with these values.
    pub fn to_toml(&self) -> String {
        let (head, keys, members) = template();
        let mut toml = render::fill(head, |_, key| {
            Some(match key {
                "id" => Rendered::text(self.id.as_str()),
                "name" => Rendered::text(&self.name),
                "training" => Rendered::flag(self.training),
                _ => return None,
            })
        });
        toml.push_str(keys);
        let rendered: Vec<String> = self.anchor_keys.iter().map(AnchorKey::to_toml).collect();
        toml.push_str(&rendered.join("\n"));
        toml.push_str(members);
        let rendered: Vec<String> = self.members.iter().map(Member::to_toml).collect();
        toml.push_str(&rendered.join("\n"));
        toml
    }
}

impl AnchorKey {
    fn to_toml(&self) -> String {
        let members: Vec<(&str, &str)> = match &self.key {
            PublicKey::EC { crv, x, y } => vec![("kty", "EC"), ("crv", crv), ("x", x), ("y", y)],
            PublicKey::RSA { n, e } => vec![("kty", "RSA"), ("n", n), ("e", e)],
            PublicKey::OKP { crv, x } => vec![("kty", "OKP"), ("crv", crv), ("x", x)],
        };
        let mut toml = String::from("[[anchor.keys]]\n");
        for (key, value) in std::iter::once(("kid", self.kid.as_str())).chain(members) {
            toml.push_str(&line(key, &Rendered::text(value)));
        }
        toml
    }
}

impl Member {
    fn to_toml(&self) -> String {
        let mut toml = String::from("[[member]]\n");
        for (key, value) in [
            ("writer", Rendered::text(&self.writer.to_string())),
            ("name", Rendered::text(&self.name)),
            ("entity", Rendered::text(self.entity.as_str())),
            ("peer_id", Rendered::text(&self.peer_id)),
            ("addresses", Rendered::list(self.addresses.iter().map(Address::to_string))),
            ("enabled", Rendered::flag(self.enabled)),
        ] {
            toml.push_str(&line(key, &value));
        }
        if let Some(pec) = &self.pec {
            toml.push_str(&line("pec", &Rendered::text(pec)));
        }
        toml
    }
}

/// The commented default in three parts: up to the comments of the keys, those comments, the comments of the members.
fn template() -> (&'static str, &'static str, &'static str) {
    let all = crate::default_federation_toml();
    let line_at = |line: &str| all.find(line).map_or(all.len(), |at| at + 1);
    let (keys_end, members_end) = (line_at("\n[[anchor.keys]]\n"), line_at("\n[[member]]\n"));
    let part = |from: usize, to: usize| all.get(from..to).unwrap_or_default();
    let keys_begin = part(0, keys_end).rfind("\n\n").map_or(keys_end, |at| at + 1);
    let members_begin = part(keys_end, members_end).find("\n\n").map_or(members_end, |at| keys_end + at + 1);
    (part(0, keys_begin), part(keys_begin, keys_end), part(members_begin, members_end))
}

fn read(reading: &mut Reading<'_>, table: &toml::de::DeTable<'_>) -> Option<FederationFile> {
    let mut root = Section::root(table);
    let id = root.read(reading, "id", None, read_url);
    let name = root.read(reading, "name", None, read_name);
    let training = root.flag(reading, "training", false);
    let anchor_keys = read_anchor(reading, &mut root);
    let members: Vec<Option<ReadMember>> =
        root.sections(reading, "member").into_iter().map(|s| read_member(reading, s)).collect();
    root.finish(reading);
    report_duplicates(reading, &members);
    let members: Option<Vec<Member>> = members.into_iter().map(|m| m?.complete()).collect();
    Some(FederationFile {
        id: id?.value,
        name: name?.value,
        training: training?,
        anchor_keys: anchor_keys?,
        members: members?,
    })
}

/// A member as far as it could be read.
struct ReadMember {
    writer: Option<Found<Writer>>,
    name: Option<Found<String>>,
    entity: Option<Found<FederationId>>,
    peer_id: Option<Found<String>>,
    addresses: Option<Vec<Found<Address>>>,
    enabled: Option<bool>,
    pec: Option<Found<Option<String>>>,
}

impl ReadMember {
    fn complete(self) -> Option<Member> {
        Some(Member {
            writer: self.writer?.value,
            name: self.name?.value,
            entity: self.entity?.value,
            peer_id: self.peer_id?.value,
            addresses: self.addresses?.into_iter().map(|a| a.value).collect(),
            enabled: self.enabled?,
            pec: self.pec?.value,
        })
    }
}

fn read_member(reading: &mut Reading<'_>, mut section: Section<'_, '_>) -> Option<ReadMember> {
    let member = ReadMember {
        writer: section.read(reading, "writer", None, read_writer),
        name: section.read(reading, "name", None, read_name),
        entity: section.read(reading, "entity", None, read_url),
        peer_id: section.read(reading, "peer_id", None, read_peer_id),
        addresses: section.read_list(reading, "addresses", read_dialled),
        enabled: section.flag(reading, "enabled", true),
        pec: section.read(reading, "pec", Some(None), optional(read_address)),
    };
    section.finish(reading);
    if let (Some(peer_id), Some(addresses)) = (&member.peer_id, &member.addresses) {
        for address in addresses {
            let named = address.value.peer_id.as_ref();
            if named.is_some_and(|named| *named != peer_id.value) {
                let wrong = (
                    Code::AddressPeer,
                    text(
                        "la parte /p2p non è il peer_id di questo ente",
                        "the /p2p part is not the peer_id of this body",
                    ),
                    text("Correggere uno dei due, o togliere /p2p", "Correct one of the two, or remove /p2p"),
                );
                reading.push(&address.at, address.span.clone(), wrong);
            }
        }
    }
    Some(member)
}

/// An address that others dial.
fn read_dialled(written: &str) -> Result<Address, Wrong> {
    let address = Address::read(written)?;
    if !address.ip.is_unspecified() && address.port != 0 {
        return Ok(address);
    }
    Err((
        Code::Address,
        text(
            "nessuno può chiamare questo indirizzo o questa porta",
            "nobody can dial this address or this port",
        ),
        text(
            "Scrivere l'indirizzo e la porta ai quali gli altri enti raggiungono il nodo",
            "Write the address and port where other bodies reach the node",
        ),
    ))
}

fn report_duplicates(reading: &mut Reading<'_>, members: &[Option<ReadMember>]) {
    let all = || members.iter().flatten();
    duplicates(reading, Code::DuplicateMember, all().filter_map(|m| m.writer.as_ref()));
    duplicates(reading, Code::DuplicatePeerId, all().filter_map(|m| m.peer_id.as_ref()));
    duplicates(reading, Code::DuplicateEntity, all().filter_map(|m| m.entity.as_ref()));
}

fn duplicates<'f, T>(reading: &mut Reading<'_>, code: Code, found: impl Iterator<Item = &'f Found<T>>)
where
    T: Eq + Hash + std::fmt::Display + 'f,
{
    let mut first: HashMap<&T, &str> = HashMap::new();
    for item in found {
        let Some(before) = first.get(&item.value) else {
            first.insert(&item.value, &item.at);
            continue;
        };
        let what = text(
            format!("`{}` è già in {before}", item.value),
            format!("`{}` is already in {before}", item.value),
        );
        let instead =
            text("Ogni ente ha il suo: correggere o togliere", "Each body has its own: correct or remove it");
        reading.push(&item.at, item.span.clone(), (code, what, instead));
    }
}

fn read_anchor(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<Vec<AnchorKey>> {
    let mut anchor = root.section(reading, "anchor");
    let sections = anchor.sections(reading, "keys");
    if sections.is_empty() {
        let wrong = (
            Code::Missing,
            text("manca la chiave dell'ancora di fiducia", "the trust anchor's key is missing"),
            text(
                "Aggiungere [[anchor.keys]] con la chiave pubblica che l'ancora ha comunicato",
                "Add [[anchor.keys]] with the public key that the anchor made known",
            ),
        );
        reading.push("[[anchor.keys]]", anchor.span(), wrong);
    }
    anchor.finish(reading);
    let keys: Vec<Option<(Found<String>, PublicKey)>> =
        sections.into_iter().map(|section| read_key(reading, section)).collect();
    duplicates(reading, Code::DuplicateKey, keys.iter().flatten().map(|(kid, _)| kid));
    keys.into_iter().map(|k| k.map(|(kid, key)| AnchorKey { kid: kid.value, key })).collect()
}

fn read_key(reading: &mut Reading<'_>, mut section: Section<'_, '_>) -> Option<(Found<String>, PublicKey)> {
    let kid = section.read(reading, "kid", None, read_kid);
    let kind = section.read(reading, "kty", None, read_kind);
    let key = match kind?.value {
        Kind::Ec => {
            let crv = section.read(reading, "crv", None, read_curve);
            let coordinate = |written: &str| read_base64url(written, None);
            let x = section.read(reading, "x", None, coordinate);
            let y = section.read(reading, "y", None, coordinate);
            section_lengths(reading, crv, x, y)
        }
        Kind::Rsa => {
            let n = section.read(reading, "n", None, |w| read_base64url(w, Some(RSA_BYTES_MIN)));
            let e = section.read(reading, "e", None, |w| read_base64url(w, None));
            n.zip(e).map(|(n, e)| PublicKey::RSA { n: n.value, e: e.value })
        }
    };
    section.finish(reading);
    kid.zip(key)
}

fn section_lengths(
    reading: &mut Reading<'_>,
    crv: Option<Found<(String, usize)>>,
    x: Option<Found<String>>,
    y: Option<Found<String>>,
) -> Option<PublicKey> {
    let (crv, x, y) = (crv?, x?, y?);
    let (name, bytes) = crv.value;
    let mut good = true;
    for coordinate in [&x, &y] {
        let len = BASE64URL_NOPAD.decode(coordinate.value.as_bytes()).map_or(0, |b| b.len());
        if len != bytes {
            let what = text(
                format!("è lungo {len} byte, ma una coordinata di {name} ne ha {bytes}"),
                format!("it has {len} bytes, but a coordinate of {name} has {bytes}"),
            );
            reading.push(&coordinate.at, coordinate.span.clone(), key_wrong(what));
            good = false;
        }
    }
    good.then_some(PublicKey::EC { crv: name, x: x.value, y: y.value })
}

/// The kinds of keys that sign statements.
enum Kind {
    Ec,
    Rsa,
}

fn key_wrong(what: crate::Text) -> Wrong {
    let instead = text(
        "Copiare la chiave pubblica (JWK) che l'ancora ha comunicato",
        "Copy the public key (JWK) that the anchor made known",
    );
    (Code::Key, what, instead)
}

fn read_kind(written: &str) -> Result<Kind, Wrong> {
    match written {
        "EC" => Ok(Kind::Ec),
        "RSA" => Ok(Kind::Rsa),
        _ => Err(key_wrong(text(
            format!(
                "il tipo di chiave `{}` non firma dichiarazioni: solo EC e RSA",
                written.escape_default()
            ),
            format!("the key type `{}` signs no statements: EC and RSA only", written.escape_default()),
        ))),
    }
}

fn read_curve(written: &str) -> Result<(String, usize), Wrong> {
    match written {
        "P-256" => Ok((written.to_owned(), 32)),
        "P-384" => Ok((written.to_owned(), 48)),
        _ => Err(key_wrong(text(
            format!("la curva `{}` non è P-256 né P-384", written.escape_default()),
            format!("the curve `{}` is neither P-256 nor P-384", written.escape_default()),
        ))),
    }
}

fn read_kid(written: &str) -> Result<String, Wrong> {
    if (1..=128).contains(&written.len()) && written.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(written.to_owned());
    }
    Err(value_error(
        text("il nome della chiave è vuoto o ha spazi", "the key's name is empty or has spaces"),
        text("Scrivere il kid che l'ancora usa", "Write the kid that the anchor uses"),
    ))
}

fn read_base64url(written: &str, bytes_min: Option<usize>) -> Result<String, Wrong> {
    match BASE64URL_NOPAD.decode(written.as_bytes()) {
        Ok(bytes) if !bytes.is_empty() && bytes.len() >= bytes_min.unwrap_or(1) => Ok(written.to_owned()),
        Ok(bytes) => Err(key_wrong(text(
            format!("la chiave è troppo corta ({} byte)", bytes.len()),
            format!("the key is too short ({} bytes)", bytes.len()),
        ))),
        Err(_) => {
            Err(key_wrong(text("non è base64url senza riempimento", "it is not base64url without padding")))
        }
    }
}
