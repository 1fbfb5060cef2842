//! Addresses and peer ids: what is accepted, and the reason of each refusal.

use super::*;

const PEER: &str = "12D3KooWBfE8EXnt98vtYgZw7nEZptHxa2kHofjMhJ6EKb5NbZa5";

#[test]
fn accepted_addresses_are_written_as_they_were_read() {
    for written in [
        "/ip4/192.0.2.10/tcp/4001",
        "/ip4/0.0.0.0/tcp/0",
        "/ip6/2001:db8::1/udp/65535/quic-v1",
        "/ip6/::/udp/4001/quic-v1",
        &format!("/ip4/192.0.2.10/udp/4001/quic-v1/p2p/{PEER}"),
        &format!("/ip4/192.0.2.10/tcp/4001/p2p/{PEER}"),
    ] {
        assert_eq!(Address::read(written).unwrap().to_string(), *written);
    }
}

#[test]
fn every_other_address_is_refused_with_its_reason() {
    for (written, code, reason) in [
        ("", Code::Address, "does not begin with /"),
        ("192.0.2.10:4001", Code::Address, "does not begin with /"),
        ("/", Code::Address, "does not begin with /ip4"),
        ("/ip4", Code::Address, "no IPv4"),
        ("/ip4/192.0.2.300/tcp/1", Code::Address, "no IPv4"),
        ("/ip6/192.0.2.1/tcp/1", Code::Address, "no IPv6"),
        ("/dns4/nodo.comune.example/tcp/4001", Code::Address, "names are not accepted"),
        ("/unix/run", Code::Address, "does not begin with /ip4"),
        ("/ip4/192.0.2.1", Code::Address, "/tcp or /udp is missing"),
        ("/ip4/192.0.2.1/sctp/1", Code::Address, "/tcp or /udp is missing"),
        ("/ip4/192.0.2.1/tcp", Code::Address, "port"),
        ("/ip4/192.0.2.1/tcp/65536", Code::Address, "port"),
        ("/ip4/192.0.2.1/tcp/+1", Code::Address, "port"),
        ("/ip4/192.0.2.1/udp/4001", Code::Address, "/quic-v1 is missing"),
        ("/ip4/192.0.2.1/udp/4001/quic", Code::Address, "/quic-v1 is missing"),
        ("/ip4/192.0.2.1/tcp/4001/ws", Code::Address, "further parts"),
        ("/ip4/192.0.2.1/tcp/4001/", Code::Address, "further parts"),
        (&format!("/ip4/192.0.2.1/tcp/4001/p2p/{PEER}/p2p-circuit"), Code::Address, "further parts"),
        ("/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW", Code::PeerId, "no Ed25519 peer id"),
    ] {
        let (found, what, _) = Address::read(written).unwrap_err();
        assert_eq!(found, code, "{written}");
        assert!(what.en.contains(reason), "{written}: {}", what.en);
    }
}

#[test]
fn a_peer_id_is_its_key_and_nothing_else() {
    let key = public_key_of_peer_id(PEER).unwrap();
    assert_eq!(peer_id_of_public_key(&key), PEER);
    for key in [[0; 32], [255; 32]] {
        assert_eq!(public_key_of_peer_id(&peer_id_of_public_key(&key)), Some(key));
    }
    // Too short, too long, a character outside the alphabet, an RSA peer id, another multihash, overflow.
    for wrong in [
        "",
        &PEER[..51],
        &format!("{PEER}1"),
        &PEER.replace('W', "0"),
        "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N",
        &PEER.replacen("12D3", "12D4", 1),
        &"z".repeat(52),
        &"1".repeat(52),
    ] {
        assert_eq!(public_key_of_peer_id(wrong), None, "{wrong}");
    }
}
