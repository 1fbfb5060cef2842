//! Public keys between JWK (RFC 7518 section 6, RFC 8037 section 2) and OpenSSL, with the checks that hostile keys need.

use concerto_message::PublicKey;
use data_encoding::BASE64URL_NOPAD;
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, EcKeyRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::pkey::{HasParams, HasPublic, Id, PKey, PKeyRef, Public};
use openssl::rsa::{Rsa, RsaRef};

/// Smallest RSA modulus accepted, in bits.
pub(crate) const RSA_BITS_MIN: u32 = 2048;
/// Largest RSA modulus accepted, in bits: it bounds the work of one verification.
pub(crate) const RSA_BITS_MAX: u32 = 4096;
/// Longest RSA exponent accepted, in bytes. The usual one, 65537, takes three.
const RSA_EXPONENT_BYTES_MAX: usize = 4;
/// Smallest RSA exponent accepted (FIPS 186-5 section 5.1).
const RSA_EXPONENT_MIN: u32 = 65_537;

/// The two curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
}

impl Curve {
    fn from_jwk(name: &str) -> Option<Self> {
        match name {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            _ => None,
        }
    }
    fn from_nid(nid: Nid) -> Option<Self> {
        match nid {
            Nid::X9_62_PRIME256V1 => Some(Self::P256),
            Nid::SECP384R1 => Some(Self::P384),
            _ => None,
        }
    }
    pub(crate) fn nid(self) -> Nid {
        match self {
            Self::P256 => Nid::X9_62_PRIME256V1,
            Self::P384 => Nid::SECP384R1,
        }
    }
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
        }
    }
    /// Length of a coordinate, and of `r` and of `s`, in bytes.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
        }
    }
    /// The curve of a key, when it is one of the two.
    pub(crate) fn of<T: HasParams>(key: &EcKeyRef<T>) -> Option<Self> {
        key.group().curve_name().and_then(Self::from_nid)
    }
}

/// A public key ready for verification. Elliptic keys stay in OpenSSL's own form, which skips the algorithm look-up of each call.
pub(crate) enum ParsedKey {
    Ec(Curve, EcKey<Public>),
    Rsa(PKey<Public>),
    Ed25519(PKey<Public>),
}

impl ParsedKey {
    /// Reads a JWK; nothing for a key that is malformed, not on its curve, too small or too large.
    pub(crate) fn read(key: &PublicKey) -> Option<Self> {
        match key {
            PublicKey::EC { crv, x, y } => {
                let curve = Curve::from_jwk(crv)?;
                Some(Self::Ec(curve, read_ec(curve, x, y)?))
            }
            PublicKey::RSA { n, e } => read_rsa(n, e).map(Self::Rsa),
            PublicKey::OKP { crv, x } => {
                let raw = decode(x, 32).filter(|raw| raw.len() == 32 && crv == "Ed25519")?;
                PKey::public_key_from_raw_bytes(&raw, Id::ED25519).ok().map(Self::Ed25519)
            }
        }
    }

    /// The key in the form that certificates take.
    pub(crate) fn into_pkey(self) -> Result<PKey<Public>, ErrorStack> {
        match self {
            Self::Ec(_, key) => PKey::from_ec_key(key),
            Self::Rsa(key) | Self::Ed25519(key) => Ok(key),
        }
    }
}

fn decode(text: &str, bytes_max: usize) -> Option<Vec<u8>> {
    if text.len() > bytes_max.saturating_mul(4).div_ceil(3) {
        return None;
    }
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

fn read_ec(curve: Curve, x: &str, y: &str) -> Option<EcKey<Public>> {
    let coordinate = |text: &str| {
        let raw = decode(text, curve.bytes()).filter(|raw| raw.len() == curve.bytes())?;
        BigNum::from_slice(&raw).ok()
    };
    let group = EcGroup::from_curve_name(curve.nid()).ok()?;
    // refuses a point that is not on the curve
    let key = EcKey::from_public_key_affine_coordinates(&group, &*coordinate(x)?, &*coordinate(y)?).ok()?;
    key.check_key().ok()?;
    Some(key)
}

fn read_rsa(n: &str, e: &str) -> Option<PKey<Public>> {
    let modulus = decode(n, RSA_BITS_MAX as usize / 8)?;
    let exponent = decode(e, RSA_EXPONENT_BYTES_MAX)?;
    if modulus.first() == Some(&0) || exponent.first() == Some(&0) {
        return None; // RFC 7518 section 6.3.1: no leading zero
    }
    let value = exponent.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
    if value < RSA_EXPONENT_MIN || value % 2 == 0 {
        return None;
    }
    let modulus = BigNum::from_slice(&modulus).ok()?;
    let bits = u32::try_from(modulus.num_bits()).ok()?;
    if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) || !modulus.is_bit_set(0) {
        return None;
    }
    PKey::from_rsa(Rsa::from_public_components(modulus, BigNum::from_slice(&exponent).ok()?).ok()?).ok()
}

/// The JWK of an elliptic key; nothing for another curve.
pub(crate) fn ec_to_jwk<T: HasPublic>(key: &EcKeyRef<T>) -> Result<Option<PublicKey>, ErrorStack> {
    let Some(curve) = Curve::of(key) else { return Ok(None) };
    let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
    key.public_key().affine_coordinates(key.group(), &mut x, &mut y, &mut *BigNumContext::new()?)?;
    let width = i32::try_from(curve.bytes()).unwrap_or(i32::MAX);
    let coordinate =
        |value: &BigNum| Ok::<_, ErrorStack>(BASE64URL_NOPAD.encode(&value.to_vec_padded(width)?));
    Ok(Some(PublicKey::EC { crv: curve.name().to_owned(), x: coordinate(&x)?, y: coordinate(&y)? }))
}

/// The JWK of an RSA key.
pub(crate) fn rsa_to_jwk<T: HasPublic>(key: &RsaRef<T>) -> PublicKey {
    PublicKey::RSA {
        n: BASE64URL_NOPAD.encode(&key.n().to_vec()),
        e: BASE64URL_NOPAD.encode(&key.e().to_vec()),
    }
}

/// The JWK of any key that is accepted here.
pub(crate) fn pkey_to_jwk<T: HasPublic>(key: &PKeyRef<T>) -> Result<Option<PublicKey>, ErrorStack> {
    match key.id() {
        Id::EC => ec_to_jwk(&*key.ec_key()?),
        Id::RSA => Ok(Some(rsa_to_jwk(&*key.rsa()?))),
        Id::ED25519 => {
            let x = BASE64URL_NOPAD.encode(&key.raw_public_key()?);
            Ok(Some(PublicKey::OKP { crv: "Ed25519".to_owned(), x }))
        }
        _ => Ok(None),
    }
}
