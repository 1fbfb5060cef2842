//! Tokens: who may use the API, and for what (RFC 6750 section 2.1). Nothing is allowed that a scope does not allow.
//!
//! A token is `concerto_<id>_<secret>`: 32 random bytes whose SHA-256 alone is kept, in a file beside the journal (0600), never in it.
//! A random secret of 256 bits needs no slow hash. The file belongs to the command line; the node reads it again when it changes and
//! keeps the last use of each token in a file of its own, so that nobody waits for a lock.

use concerto_message::Digest;
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// Most tokens of one node.
pub const TOKENS_MAX: usize = 256;
/// Longest label, in characters.
pub const LABEL_CHARS_MAX: usize = 80;
/// Bytes of a secret.
pub const SECRET_BYTES: usize = 32;
const PREFIX: &str = "concerto_";
const FILE: &str = "tokens.json";
const USE_FILE: &str = "token-use.json";
/// Pause between two writings of the last uses.
const USE_EVERY: Duration = Duration::from_secs(30);

/// What a token allows. Each scope stands for itself: `admin` does not include the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// To see conferences, acts, terms, inbox, outbox, alarms and events.
    Read,
    /// To open conferences and send acts.
    Write,
    /// To list, download and upload documents, and to export.
    Documents,
    /// To see and revoke tokens, and to see peers and webhooks.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Documents, Self::Admin];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Documents => "documents",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or(UnknownScope)
    }
}

/// There is no scope of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such scope: read, write, documents or admin")]
pub struct UnknownScope;

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its public name.
    pub id: String,
    /// What it is for, for people.
    pub label: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// SHA-256 of the secret bytes.
    pub secret_sha256: Digest,
    /// When it was made (UTC).
    pub created: Timestamp,
    /// When it ends (UTC); none for no end.
    pub expires: Option<Timestamp>,
}

/// Why tokens could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file or folder failed.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The file is not what this program writes.
    #[error("{0} is not a list of tokens: {1}")]
    Syntax(PathBuf, serde_json::Error),
    /// There are as many as may be.
    #[error("there are {TOKENS_MAX} tokens already")]
    TooMany,
    /// No token has this name.
    #[error("no such token")]
    Unknown,
    /// The label is empty, long or on several lines.
    #[error("a label has 1 to {LABEL_CHARS_MAX} characters on one line")]
    Label,
    /// No scope was named.
    #[error("a token needs a scope")]
    NoScope,
}

impl TokenError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File(..) => "token.file",
            Self::Syntax(..) => "token.syntax",
            Self::TooMany => "token.too-many",
            Self::Unknown => "token.unknown",
            Self::Label => "token.label",
            Self::NoScope => "token.no-scope",
        }
    }
}

/// The file of tokens in a folder.
#[derive(Debug, Clone)]
pub struct TokenFile {
    folder: PathBuf,
}

impl TokenFile {
    /// The file in this folder, which is made when the first token is.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Every token.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn list(&self) -> Result<Vec<Token>, TokenError> {
        let path = self.path();
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| TokenError::Syntax(path, e)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(TokenError::File(path, error)),
        }
    }

    /// When each token was last used, as far as the node has written it down.
    pub fn last_uses(&self) -> BTreeMap<String, Timestamp> {
        let read = fs::read(self.folder.join(USE_FILE)).ok();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Makes a token of this secret; gives its name and the text that its holder sends, which is kept nowhere.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn add(
        &self,
        new: NewToken,
        id: [u8; 6],
        secret: &[u8; SECRET_BYTES],
    ) -> Result<(Token, String), TokenError> {
        let NewToken { label, mut scopes, created, expires } = new;
        let count = label.trim().chars().count();
        if !(1..=LABEL_CHARS_MAX).contains(&count) || label.chars().any(char::is_control) {
            return Err(TokenError::Label);
        }
        scopes.sort();
        scopes.dedup();
        if scopes.is_empty() {
            return Err(TokenError::NoScope);
        }
        let id = data_encoding::HEXLOWER.encode(&id);
        let token = Token {
            id: id.clone(),
            label: label.trim().to_owned(),
            scopes,
            secret_sha256: Digest::of(secret),
            created,
            expires,
        };
        let kept = token.clone();
        self.change(move |tokens| {
            if tokens.len() >= TOKENS_MAX {
                return Err(TokenError::TooMany);
            }
            tokens.push(kept);
            Ok(())
        })?;
        Ok((token, format!("{PREFIX}{id}_{}", BASE64URL_NOPAD.encode(secret))))
    }

    /// Revokes a token: it is forgotten.
    ///
    /// # Errors
    /// [`TokenError::Unknown`], or the file.
    pub fn revoke(&self, id: &str) -> Result<(), TokenError> {
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.id != id);
            if tokens.len() == before { Err(TokenError::Unknown) } else { Ok(()) }
        })
    }

    /// Changes the list while nobody else does: a lock on a file beside it, and a rename.
    fn change(
        &self,
        change: impl FnOnce(&mut Vec<Token>) -> Result<(), TokenError>,
    ) -> Result<(), TokenError> {
        let failed = |path: &Path, error| TokenError::File(path.to_path_buf(), error);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)
            .map_err(|e| failed(&self.folder, e))?;
        let lock = self.folder.join("tokens.lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let held = options.open(&lock).and_then(|file| file.lock().map(|()| file));
        let _held = held.map_err(|e| failed(&lock, e))?;
        let mut tokens = self.list()?;
        change(&mut tokens)?;
        let bytes = serde_json::to_vec_pretty(&tokens).map_err(|e| TokenError::Syntax(self.path(), e))?;
        replace(&self.path(), &bytes).map_err(|e| failed(&self.path(), e))
    }
}

/// What a new token is.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// What it is for.
    pub label: String,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// Now (UTC).
    pub created: Timestamp,
    /// When it ends (UTC).
    pub expires: Option<Timestamp>,
}

/// Writes a file whole or not at all, durably, readable by its owner alone.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// Why a token does not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// None was sent, or not as a bearer token.
    Missing,
    /// It is no token, or one that ended.
    Invalid,
    /// It does not allow this.
    Scope,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The token's name.
    pub(crate) token: String,
}

#[derive(Default)]
struct Known {
    read_at: Option<SystemTime>,
    looked: Option<Instant>,
    tokens: Vec<Token>,
    uses: BTreeMap<String, Timestamp>,
    uses_written: Option<Instant>,
}

/// The tokens as a running node knows them.
pub(crate) struct Tokens {
    pub(crate) file: TokenFile,
    known: Mutex<Known>,
}

impl Tokens {
    pub(crate) fn new(file: TokenFile) -> Self {
        let uses = file.last_uses();
        Self { file, known: Mutex::new(Known { uses, ..Known::default() }) }
    }

    /// Admits a request by its `Authorization` header, or says why not.
    pub(crate) fn admit(&self, header: Option<&str>, scope: Scope, now: Timestamp) -> Result<Caller, Denied> {
        let header = header.ok_or(Denied::Missing)?;
        let (scheme, text) = header.split_once(' ').ok_or(Denied::Missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Denied::Missing);
        }
        let rest = text.trim().strip_prefix(PREFIX).ok_or(Denied::Invalid)?;
        let (id, secret) = rest.split_once('_').ok_or(Denied::Invalid)?;
        let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).map_err(|_| Denied::Invalid)?;
        let given = Digest::of(&secret);
        let mut known = self.known.lock().map_err(|_| Denied::Invalid)?;
        self.refresh(&mut known);
        let token = known.tokens.iter().find(|token| token.id == id).ok_or(Denied::Invalid)?;
        let same: bool = token.secret_sha256.0.ct_eq(&given.0).into();
        if !same || token.expires.is_some_and(|end| end <= now) {
            return Err(Denied::Invalid);
        }
        let allowed = token.scopes.contains(&scope);
        known.uses.insert(id.to_owned(), now);
        self.write_uses(&mut known);
        if allowed { Ok(Caller { token: id.to_owned() }) } else { Err(Denied::Scope) }
    }

    /// Every token and its last use.
    pub(crate) fn all(&self) -> Vec<(Token, Option<Timestamp>)> {
        let Ok(mut known) = self.known.lock() else { return Vec::new() };
        self.refresh(&mut known);
        known.tokens.iter().map(|token| (token.clone(), known.uses.get(&token.id).copied())).collect()
    }

    /// Reads the file again if it changed. One that cannot be read admits nobody.
    fn refresh(&self, known: &mut Known) {
        let changed = fs::metadata(self.file.path()).and_then(|found| found.modified()).ok();
        // a file changed twice within the resolution of its time is read again within the second
        let stale = known.looked.is_none_or(|looked| looked.elapsed() > Duration::from_secs(1));
        if changed == known.read_at && !stale {
            return;
        }
        known.tokens = self.file.list().unwrap_or_else(|error| {
            tracing::error!(code = error.code(), "the tokens cannot be read: nobody is admitted");
            Vec::new()
        });
        known.read_at = changed;
        known.looked = Some(Instant::now());
    }

    fn write_uses(&self, known: &mut Known) {
        if known.uses_written.is_some_and(|at| at.elapsed() < USE_EVERY) {
            return;
        }
        known.uses_written = Some(Instant::now());
        let Known { tokens, uses, .. } = known;
        uses.retain(|id, _| tokens.iter().any(|token| token.id == *id));
        let written = serde_json::to_vec(uses).map_err(io::Error::other);
        if let Err(error) = written.and_then(|bytes| replace(&self.file.folder.join(USE_FILE), &bytes)) {
            tracing::warn!(%error, "the last use of tokens was not written down");
        }
    }
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
