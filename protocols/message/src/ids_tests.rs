//! Identifiers refuse every form but their own, and print what they read.
use super::*;

#[test]
fn identifiers_print_what_they_read() {
    let id = "r_marche/AOO0001/00112233445566778899aabbccddeeff";
    let conference: ConferenceId = id.parse().unwrap();
    assert_eq!(conference.to_string(), id);
    assert_eq!(conference.lead().to_string(), "r_marche/AOO0001");
    assert_eq!(serde_json::to_string(&conference).unwrap(), format!("\"{id}\""));
}

#[test]
fn wrong_forms_are_refused() {
    for bad in ["", "/", "a/", "/b", "a b/c", "../x/y", "a/b/c", "a/..", "à/b"] {
        assert!(bad.parse::<Writer>().is_err(), "{bad}");
    }
    for bad in
        ["r/a", "r/a/0011", "r/a/00112233445566778899AABBCCDDEEFF", "r/a/00112233445566778899aabbccddeef"]
    {
        assert!(bad.parse::<ConferenceId>().is_err(), "{bad}");
    }
    for bad in ["http://a.example", "https://", "https:///x", "https://a.example/?q", "https://a b"] {
        assert!(bad.parse::<FederationId>().is_err(), "{bad}");
    }
    assert!(Digest::of(b"x").to_string().to_uppercase().parse::<Digest>().is_err());
}

#[test]
fn a_digest_of_parts_is_the_digest_of_their_concatenation() {
    assert_eq!(Digest::of_parts(&[b"ab", b"", b"c"]), Digest::of(b"abc"));
}
