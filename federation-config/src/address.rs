//! Multiaddresses and peer ids, checked without a network library.
//!
//! Accepted: `/ip4|ip6/ADDRESS/tcp/PORT` and `/ip4|ip6/ADDRESS/udp/PORT/quic-v1`, each with `/p2p/PEER-ID` at the end if one likes.
//! Names (`/dns...`) are refused: a node resolves none. A peer id is the identity multihash of an Ed25519 key in libp2p's protobuf
//! form, in base58 (alphabet of Bitcoin).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::problem::{Code, Text, text};

/// What carries a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TCP with TLS or Noise.
    Tcp,
    /// QUIC version 1 (RFC 9000).
    Quic,
}

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The IP address.
    pub ip: IpAddr,
    /// The port; 0 lets the system choose where a node listens.
    pub port: u16,
    /// The transport.
    pub transport: Transport,
    /// The peer id that the address names, if any.
    pub peer_id: Option<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            IpAddr::V4(ip) => write!(f, "/ip4/{ip}")?,
            IpAddr::V6(ip) => write!(f, "/ip6/{ip}")?,
        }
        match self.transport {
            Transport::Tcp => write!(f, "/tcp/{}", self.port)?,
            Transport::Quic => write!(f, "/udp/{}/quic-v1", self.port)?,
        }
        match &self.peer_id {
            Some(peer_id) => write!(f, "/p2p/{peer_id}"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a value, and what to do instead.
pub(crate) type Wrong = (Code, Text, Text);

fn wrong(it: &str, en: &str) -> Wrong {
    let instead = text(
        "Scrivere per esempio /ip4/192.0.2.10/tcp/4001 oppure /ip4/192.0.2.10/udp/4001/quic-v1",
        "Write for example /ip4/192.0.2.10/tcp/4001 or /ip4/192.0.2.10/udp/4001/quic-v1",
    );
    (Code::Address, text(it, en), instead)
}

impl std::str::FromStr for Address {
    /// What is wrong and what to do instead.
    type Err = Text;
    fn from_str(written: &str) -> Result<Self, Text> {
        let told = |(_, what, instead): Wrong| {
            text(format!("{}. {}", what.it, instead.it), format!("{}. {}", what.en, instead.en))
        };
        Self::read(written).map_err(told)
    }
}

impl Address {
    /// Reads an address; the error says what is wrong and what to do instead.
    pub(crate) fn read(written: &str) -> Result<Self, Wrong> {
        let Some(rest) = written.strip_prefix('/') else {
            return Err(wrong("l'indirizzo non comincia con /", "the address does not begin with /"));
        };
        let mut parts = rest.split('/');
        let ip = read_ip(parts.next().unwrap_or_default(), parts.next())?;
        let (transport_name, port) = (parts.next(), parts.next());
        let mut next = parts.next();
        let transport = match (transport_name, next) {
            (Some("tcp"), _) => Transport::Tcp,
            (Some("udp"), Some("quic-v1")) => {
                next = parts.next();
                Transport::Quic
            }
            (Some("udp"), _) => {
                return Err(wrong("dopo /udp/PORTA manca /quic-v1", "/quic-v1 is missing after /udp/PORT"));
            }
            _ => return Err(wrong("manca /tcp o /udp", "/tcp or /udp is missing")),
        };
        let port =
            port.filter(|p| p.bytes().all(|b| b.is_ascii_digit())).and_then(|p| p.parse().ok()).ok_or_else(
                || wrong("la porta non è un numero fino a 65535", "the port is no number up to 65535"),
            )?;
        let peer_id = match (next, parts.next(), parts.next()) {
            (None, None, None) => None,
            (Some("p2p"), Some(peer_id), None) => Some(read_peer_id(peer_id)?),
            _ => {
                let (it, en) = ("ci sono parti in più", "it has further parts");
                return Err(wrong(it, en));
            }
        };
        Ok(Self { ip, port, transport, peer_id })
    }
}

fn read_ip(kind: &str, value: Option<&str>) -> Result<IpAddr, Wrong> {
    let value = value.unwrap_or_default();
    match kind {
        "ip4" => value.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| {
            wrong(&format!("`{value}` non è un indirizzo IPv4"), &format!("`{value}` is no IPv4 address"))
        }),
        "ip6" => value.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| {
            wrong(&format!("`{value}` non è un indirizzo IPv6"), &format!("`{value}` is no IPv6 address"))
        }),
        "dns" | "dns4" | "dns6" | "dnsaddr" => Err(wrong(
            "i nomi non sono ammessi: il nodo non interroga alcun DNS",
            "names are not accepted: a node asks no DNS",
        )),
        _ => Err(wrong(
            "l'indirizzo non comincia con /ip4 o /ip6",
            "the address does not begin with /ip4 or /ip6",
        )),
    }
}

/// Reads a peer id.
pub(crate) fn read_peer_id(written: &str) -> Result<String, Wrong> {
    if public_key_of_peer_id(written).is_some() {
        return Ok(written.to_owned());
    }
    let shown: String = written.chars().take(64).collect();
    Err((
        Code::PeerId,
        text(format!("`{shown}` non è un peer id Ed25519"), format!("`{shown}` is no Ed25519 peer id")),
        text(
            "Copiare quello che il nodo di quell'ente mostra: 52 caratteri che cominciano con 12D3KooW",
            "Copy the one that the node of that body shows: 52 characters that begin with 12D3KooW",
        ),
    ))
}

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Identity multihash of 36 bytes; key type Ed25519; 32 bytes of key.
const PEER_ID_PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
const PEER_ID_BYTES: usize = 38;
const PEER_ID_CHARS: usize = 52;

/// The raw Ed25519 key inside a peer id; `None` if it is not one.
pub fn public_key_of_peer_id(peer_id: &str) -> Option<[u8; 32]> {
    if peer_id.len() != PEER_ID_CHARS {
        return None;
    }
    let mut bytes = [0_u8; PEER_ID_BYTES];
    for character in peer_id.bytes() {
        let mut carry = BASE58.iter().position(|&c| c == character)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    let key = bytes.strip_prefix(&PEER_ID_PREFIX)?.try_into().ok()?;
    // One spelling only: the leading zero byte is one leading `1`.
    (peer_id_of_public_key(&key) == peer_id).then_some(key)
}

/// The peer id of a raw Ed25519 public key.
pub fn peer_id_of_public_key(key: &[u8; 32]) -> String {
    let mut digits: Vec<usize> = Vec::with_capacity(PEER_ID_CHARS);
    for byte in PEER_ID_PREFIX.iter().chain(key) {
        let mut carry = usize::from(*byte);
        for digit in &mut digits {
            carry += *digit << 8;
            *digit = carry % 58;
            carry /= 58;
        }
        while carry > 0 {
            digits.push(carry % 58);
            carry /= 58;
        }
    }
    let character = |&digit: &usize| BASE58.get(digit).map(|&c| char::from(c));
    std::iter::once('1').chain(digits.iter().rev().filter_map(character)).collect()
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
