//! Webhooks: the signature against a vector computed by another implementation (Python's hmac module).

use super::*;

#[test]
fn the_signature_is_the_one_that_other_programs_compute() {
    // python3 -c "import hmac;print(hmac.new(b'segreto',b'1700000000.{\"id\":\"1.2.3\"}','sha256').hexdigest())"
    let expected = "v1=9c63a85236a8f4e5ea0bdd924c601c707b7b0eda80b24e0db2698341be586c1b";
    assert_eq!(signature(b"segreto", 1_700_000_000, br#"{"id":"1.2.3"}"#), expected);
    assert_ne!(signature(b"segreto", 1_700_000_001, br#"{"id":"1.2.3"}"#), expected, "the time is signed");
}
