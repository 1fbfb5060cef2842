//! Local profiles of the law's values: signing one, and verifying it before the law is computed with it (RULES A.0.7).
//!
//! The signature is a detached JWS in `FILE.jws` (RFC 7515 appendix F). Whoever a person names with `--anchor`, else the anchor of
//! the node's federation and the node itself, may have made it.

use concerto_core::Fault;
use concerto_crypto_openssl::{OpensslCheck, SoftwareKey, certificate_public_key};
use concerto_message::{JoseError, PublicKey, detached};
use concerto_procedure::law::{EMBEDDED, Law};
use concerto_procedure::profile::{PROFILE_BYTES_MAX, Profile, ProfileError};
use concerto_procedure::schedule_words::Caution;
use jiff::civil::Date;
use serde_json::json;
use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::home::{Home, read, read_certificates};
use crate::output::{Failure, Output};
use crate::terms::arguments::{ProfileArguments, Sign};
use crate::verify;

/// What the file is, in the header of its signature.
const CONTENT: &str = "application/vnd.concerto.profile+toml";
/// A node's own profile, in its folder.
pub(crate) const PROFILE_FILE: &str = "profile.toml";

/// The law for a notice of this day, with the profile that was given where it holds; else with a remark that it does not.
pub(super) fn law(
    home: &Path,
    given: &ProfileArguments,
    notice: Option<Date>,
) -> Result<(Cow<'static, Law>, Option<Caution>), Failure> {
    let released = || {
        Law::embedded()
            .map(Cow::Borrowed)
            .ok_or_else(|| Failure::environment("terms.data", &"the law's data cannot be read"))
    };
    let Some(path) = &given.profile else { return Ok((released()?, None)) };
    let trusted = match &given.anchor {
        Some(anchor) => verify::anchor_public_keys(anchor)?,
        None => trusted_by(&Home::open(home)?)?,
    };
    let (profile, law) = open(path, &trusted)?;
    if notice.is_none_or(|notice| profile.holds_on(notice)) {
        return Ok((Cow::Owned(law), None));
    }
    let head = &profile.head;
    let until = head.until.map_or_else(|| "…".to_owned(), |until| until.to_string());
    let remark = Caution {
        code: "profile.other-days",
        it: format!(
            "il profilo {} vale per indizioni dal {} al {until}: non è applicato",
            head.id, head.from
        ),
        en: format!(
            "the profile {} holds for notices from {} to {until}: it is not applied",
            head.id, head.from
        ),
        norm: Some(head.citation.clone()),
    };
    Ok((released()?, Some(remark)))
}

/// Makes the profile in a node's folder hold for this process, once: before anything is computed.
///
/// # Errors
/// A profile that is there and cannot be used stops the command: dates without it would be others.
pub(crate) fn install(home: &Home) -> Result<(), Failure> {
    let path = home.folder.join(PROFILE_FILE);
    if path.exists() {
        let (profile, law) = open(&path, &trusted_by(home)?)?;
        Law::install(profile, law);
    }
    Ok(())
}

/// The anchor's keys as the federation file pins them, and the node's own message key.
fn trusted_by(home: &Home) -> Result<Vec<PublicKey>, Failure> {
    let mut keys: Vec<PublicKey> = home.federation.anchor_keys.iter().map(|key| key.key.clone()).collect();
    let certificates = read_certificates(&home.folder.join(&home.node.keys.certificates))?;
    if let Some(own) = certificates.first() {
        keys.push(certificate_public_key(own).map_err(|e| Failure::environment(e.code(), &e))?);
    }
    Ok(keys)
}

/// Reads a profile, after its signature was verified over the bytes that are read.
fn open(path: &Path, trusted: &[PublicKey]) -> Result<(Profile, Law), Failure> {
    let bytes = read_bounded(path)?;
    let signature_path = signature_path(path);
    let signature = String::from_utf8(read_bounded(&signature_path)?)
        .map_err(|e| Failure::environment("file.utf8", &e))?;
    detached::verify(&signature, CONTENT, &bytes, trusted, &OpensslCheck::new())
        .map_err(|e| unsigned(&signature_path, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| Failure::environment("file.utf8", &e))?;
    let profile = Profile::parse(&text).map_err(|e| unusable(path, &e))?;
    let law = profile.over(&EMBEDDED).map_err(|e| unusable(path, &e))?;
    Ok((profile, law))
}

fn signature_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".jws");
    PathBuf::from(name)
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |e: std::io::Error| Failure::environment("system.read", &format!("{}: {e}", path.display()));
    let mut bytes = Vec::new();
    let most = u64::try_from(PROFILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path).map_err(wrong)?.take(most).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

fn unsigned(path: &Path, error: &JoseError) -> Failure {
    let path = path.display();
    Failure::refused(Fault::new(
        error.code(),
        format!("{path}: la firma del profilo non vale ({error}); firmare con `concerto terms sign`"),
        format!(
            "{path}: the signature of the profile does not hold ({error}); sign with `concerto terms sign`"
        ),
    ))
}

fn unusable(path: &Path, error: &ProfileError) -> Failure {
    let path = path.display();
    Failure::refused(Fault::new(
        error.code(),
        format!("{path}: il profilo non è utilizzabile: {error}"),
        format!("{path}: the profile cannot be used: {error}"),
    ))
}

/// `concerto terms sign`: reads the profile as a check, then writes its signature beside it.
pub(super) fn sign(out: Output, sign: &Sign) -> Result<(), Failure> {
    let bytes = read_bounded(&sign.file)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let profile = Profile::parse(&text).map_err(|e| unusable(&sign.file, &e))?;
    profile.over(&EMBEDDED).map_err(|e| unusable(&sign.file, &e))?;
    let key =
        SoftwareKey::from_pkcs8_pem(&read(&sign.key)?).map_err(|e| Failure::environment(e.code(), &e))?;
    let signed = detached::sign(key.public(), key.algorithm(), CONTENT, &bytes, |input| {
        key.sign(input).map_err(|e| SignError(Failure::environment(e.code(), &e)))
    });
    let signature = signed.map_err(|SignError(failure)| failure)?;
    let path = signature_path(&sign.file);
    std::fs::write(&path, format!("{signature}\n"))
        .map_err(|e| Failure::environment("system.write", &format!("{}: {e}", path.display())))?;
    let text = format!("{} {}", out.say("Profilo firmato:", "Profile signed:"), path.display());
    out.result(
        &text,
        &json!({ "profile": profile.head.id, "signature": path, "kid": key.public().thumbprint() }),
    );
    Ok(())
}

struct SignError(Failure);

impl From<JoseError> for SignError {
    fn from(error: JoseError) -> Self {
        Self(Failure::environment(error.code(), &error))
    }
}
