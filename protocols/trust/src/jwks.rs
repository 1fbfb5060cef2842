//! Public keys with their names and certificates: JWK and JWK Set (RFC 7517) as entity statements carry them.

use concerto_message::{Algorithm, Digest, PublicKey};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most keys in one set.
pub const KEYS_MAX: usize = 16;
/// Most certificates with one key.
pub const CERTIFICATES_MAX: usize = 4;
/// Longest name of a key, in characters.
const KID_CHARS_MAX: usize = 128;
/// Longest member of a key, in characters: an RSA modulus of 4096 bits.
const MEMBER_CHARS_MAX: usize = 683;
/// Members of private and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1), which nobody may publish.
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// A public key with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawJwk")]
pub struct Jwk {
    /// The name by which headers call it.
    pub kid: String,
    /// The key.
    #[serde(flatten)]
    pub public: PublicKey,
    /// What it is for: `sig`.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// The only algorithm it signs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<Algorithm>,
    /// Its certificate and those above it, DER in base64 (RFC 7517 section 4.7). They add no trust.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub x5c: Vec<String>,
}

impl Jwk {
    /// A signing key named by its thumbprint (RFC 7638), with its certificates as DER, leaf first.
    pub fn signing(public: PublicKey, algorithm: Algorithm, certificates: &[Vec<u8>]) -> Self {
        Self {
            kid: public.thumbprint(),
            public,
            usage: Some("sig".to_owned()),
            alg: Some(algorithm),
            x5c: certificates.iter().map(|der| BASE64.encode(der)).collect(),
        }
    }

    /// `x5t#S256` of its certificate (RFC 7515 section 4.1.8); nothing without a readable one.
    pub fn certificate_thumbprint(&self) -> Option<String> {
        let der = BASE64.decode(self.x5c.first()?.as_bytes()).ok().filter(|der| !der.is_empty())?;
        Some(BASE64URL_NOPAD.encode(&Digest::of(&der).0))
    }

    /// Whether it may have made a signature with this algorithm.
    pub fn signs_with(&self, algorithm: Algorithm) -> bool {
        self.public.fits(algorithm) && self.alg.is_none_or(|own| own == algorithm)
    }
}

/// A key as it arrives, its key material not yet told apart from other members.
#[derive(Deserialize)]
struct RawJwk {
    kid: String,
    #[serde(rename = "use", default)]
    usage: Option<String>,
    #[serde(default)]
    alg: Option<Algorithm>,
    #[serde(default)]
    x5c: Vec<String>,
    #[serde(flatten)]
    members: Map<String, Value>,
}

impl TryFrom<RawJwk> for Jwk {
    type Error = String;
    fn try_from(raw: RawJwk) -> Result<Self, String> {
        let RawJwk { kid, usage, alg, x5c, members } = raw;
        if kid.is_empty() || kid.len() > KID_CHARS_MAX || !kid.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(format!("a `kid` has 1 to {KID_CHARS_MAX} visible ASCII characters"));
        }
        if let Some(name) = PRIVATE_MEMBERS.iter().find(|name| members.contains_key(**name)) {
            return Err(format!("key `{kid}` holds `{name}`, a member of private keys"));
        }
        if x5c.len() > CERTIFICATES_MAX {
            return Err(format!("key `{kid}` has more than {CERTIFICATES_MAX} certificates"));
        }
        let public =
            PublicKey::deserialize(Value::Object(members)).map_err(|e| format!("key `{kid}`: {e}"))?;
        if !well_formed(&public) {
            return Err(format!("key `{kid}` has a member that is not base64url or too long"));
        }
        Ok(Self { kid, public, usage, alg, x5c })
    }
}

fn well_formed(key: &PublicKey) -> bool {
    let (one, two) = match key {
        PublicKey::EC { x, y, .. } => (x, y),
        PublicKey::RSA { n, e } => (n, e),
        PublicKey::OKP { x, .. } => (x, x),
    };
    [one, two].iter().all(|member| {
        (1..=MEMBER_CHARS_MAX).contains(&member.len()) && BASE64URL_NOPAD.decode(member.as_bytes()).is_ok()
    })
}

/// A set of keys, each with its own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawJwks")]
pub struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct RawJwks {
    keys: Vec<Jwk>,
}

impl TryFrom<RawJwks> for Jwks {
    type Error = String;
    fn try_from(raw: RawJwks) -> Result<Self, String> {
        Self::new(raw.keys)
            .ok_or_else(|| format!("a key set has 1 to {KEYS_MAX} keys, each with its own `kid`"))
    }
}

impl Jwks {
    /// A set of 1 to [`KEYS_MAX`] keys with different names; nothing otherwise.
    pub fn new(keys: Vec<Jwk>) -> Option<Self> {
        let distinct =
            keys.iter().enumerate().all(|(n, key)| keys.iter().skip(n + 1).all(|k| k.kid != key.kid));
        ((1..=KEYS_MAX).contains(&keys.len()) && distinct).then_some(Self { keys })
    }
    /// The keys.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }
    /// The key with this name.
    pub fn find(&self, kid: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.kid == kid)
    }
    /// Whether both sets hold the same keys under the same names, in whatever order.
    pub fn same_keys(&self, other: &Self) -> bool {
        let held = |key: &Jwk| other.find(&key.kid).is_some_and(|found| found.public == key.public);
        self.keys.len() == other.keys.len() && self.keys.iter().all(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Jwks, String> {
        serde_json::from_value(value).map_err(|e| e.to_string())
    }

    fn ec(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "BBBB", "kid": kid, "use": "sig", "alg": "ES256"})
    }

    #[test]
    fn keys_survive_their_json_form() {
        let set = read(
            json!({"keys": [ec("a"), {"kty": "RSA", "n": "AAAA", "e": "AQAB", "kid": "b", "other": 1}]}),
        )
        .unwrap();
        assert!(set.find("a").unwrap().signs_with(Algorithm::Es256));
        assert!(!set.find("a").unwrap().signs_with(Algorithm::Es384));
        assert!(set.find("b").unwrap().signs_with(Algorithm::Rs256));
        assert!(set.find("c").is_none());
        let again: Jwks = serde_json::from_slice(&serde_json::to_vec(&set).unwrap()).unwrap();
        assert_eq!(again, set);
        assert_eq!(serde_json::to_value(set.find("a")).unwrap(), ec("a"));
    }

    #[test]
    fn private_members_and_bad_names_are_refused() {
        for name in PRIVATE_MEMBERS {
            let mut key = ec("a");
            key[name] = json!("AAAA");
            assert!(read(json!({"keys": [key]})).unwrap_err().contains("private"), "{name}");
        }
        for kid in ["", "with space", "è", &"k".repeat(129)] {
            assert!(read(json!({"keys": [ec(kid)]})).unwrap_err().contains("kid"), "{kid}");
        }
        for x in ["", "AAA=", "A A", "\"", "AB", &"A".repeat(684)] {
            let mut key = ec("a");
            key["x"] = json!(x);
            assert!(read(json!({"keys": [key]})).unwrap_err().contains("base64url"), "{x}");
        }
        assert!(read(json!({"keys": [{"kty": "oct", "kid": "a"}]})).is_err());
        assert!(read(json!({"keys": []})).is_err());
        assert!(read(json!({"keys": [ec("a"), ec("a")]})).is_err());
        let many: Vec<_> = (0..=KEYS_MAX).map(|n| ec(&n.to_string())).collect();
        assert!(read(json!({"keys": many})).is_err());
        assert!(read(json!({"keys": many[1..]})).is_ok());
    }

    #[test]
    fn sets_are_equal_in_any_order_and_by_material() {
        let set = |keys: Vec<Value>| read(json!({ "keys": keys })).unwrap();
        let mut other = ec("a");
        other["x"] = json!("CCCC");
        assert!(set(vec![ec("a"), ec("b")]).same_keys(&set(vec![ec("b"), ec("a")])));
        assert!(!set(vec![ec("a")]).same_keys(&set(vec![ec("a"), ec("b")])));
        assert!(!set(vec![ec("a"), ec("b")]).same_keys(&set(vec![ec("a")])));
        assert!(!set(vec![ec("a")]).same_keys(&set(vec![other])));
    }

    #[test]
    fn the_certificate_thumbprint_is_that_of_the_first_der() {
        let public = PublicKey::OKP { crv: "Ed25519".into(), x: "AAAA".into() };
        let key = Jwk::signing(public, Algorithm::EdDsa, &[b"der".to_vec(), b"ca".to_vec()]);
        assert_eq!(key.x5c, ["ZGVy", "Y2E="]);
        assert_eq!(key.certificate_thumbprint().unwrap(), BASE64URL_NOPAD.encode(&Digest::of(b"der").0));
        assert_eq!(Jwk { x5c: vec!["?".into()], ..key.clone() }.certificate_thumbprint(), None);
        assert_eq!(Jwk { x5c: vec![], ..key }.certificate_thumbprint(), None);
    }
}
