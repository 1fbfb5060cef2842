//! The directory of PEC providers as LDIF (RFC 2849; schema in RFC 6109 section 4.5): who the providers are, with which certificates they
//! sign, and which domains they manage.
//!
//! AgID publishes it as a signed file; what is read here is the LDIF inside. A value given by address (`attribute:< url`) is refused:
//! nothing is ever fetched.

use concerto_message::Digest;
use data_encoding::{BASE64, HEXUPPER_PERMISSIVE};
use std::borrow::Cow;
use std::collections::HashMap;

use crate::cms::SignerCertificate;
use crate::limits::{
    DIRECTORY_BYTES_MAX, DIRECTORY_DOMAINS_MAX, DIRECTORY_LINE_BYTES_MAX, DIRECTORY_PROVIDERS_MAX,
};

/// Why a directory was refused. Lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// More than [`DIRECTORY_BYTES_MAX`], or a line, record or domain too many.
    #[error("the providers' directory is larger than allowed")]
    TooLarge,
    /// Not UTF-8.
    #[error("the providers' directory is not UTF-8")]
    Charset,
    /// A line that is not LDIF.
    #[error("line {0} of the providers' directory is not LDIF")]
    Line(usize),
    /// A value that stands elsewhere.
    #[error("line {0} of the providers' directory gives a value by address, which is never fetched")]
    Address(usize),
    /// A hash or certificate that is none.
    #[error("line {0} of the providers' directory has a certificate or hash that is not valid")]
    Certificate(usize),
    /// No provider at all.
    #[error("the providers' directory names no provider")]
    Empty,
}

impl DirectoryError {
    /// A stable code for logs, answers and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge => "pec.directory.too-large",
            Self::Charset => "pec.directory.charset",
            Self::Line(_) => "pec.directory.line",
            Self::Address(_) => "pec.directory.address",
            Self::Certificate(_) => "pec.directory.certificate",
            Self::Empty => "pec.directory.empty",
        }
    }
}

/// One record of the directory: a provider, or a secondary environment of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provider {
    /// `providerName`.
    pub name: String,
    /// `providerUnit`, for a secondary environment.
    pub unit: Option<String>,
    sha1: Vec<[u8; 20]>,
    sha256: Vec<Digest>,
    domains: Vec<String>,
}

/// What the directory says about a certificate and a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manages {
    /// A record with this certificate manages the domain.
    Yes,
    /// No record manages it.
    Nobody,
    /// Records with other certificates manage it, none with this one.
    Another,
}

/// The providers, and the ways to find one.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    providers: Vec<Provider>,
    by_domain: HashMap<String, Vec<usize>>,
    by_sha1: HashMap<[u8; 20], Vec<usize>>,
    by_sha256: HashMap<Digest, Vec<usize>>,
}

impl Directory {
    /// Reads the whole directory.
    ///
    /// # Errors
    /// [`DirectoryError`].
    pub fn parse(ldif: &[u8]) -> Result<Self, DirectoryError> {
        if ldif.len() > DIRECTORY_BYTES_MAX {
            return Err(DirectoryError::TooLarge);
        }
        let text = std::str::from_utf8(ldif).map_err(|_| DirectoryError::Charset)?;
        let mut reader = Records::default();
        let mut logical = String::new();
        let mut begun = 1;
        for (number, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
            match line.strip_prefix(' ') {
                Some(folded) if !logical.is_empty() => logical.push_str(folded),
                _ => {
                    reader.line(&logical, begun)?;
                    logical.clear();
                    logical.push_str(line);
                    begun = number + 1;
                    if line.is_empty() {
                        reader.end()?;
                    }
                }
            }
            if logical.len() > DIRECTORY_LINE_BYTES_MAX {
                return Err(DirectoryError::TooLarge);
            }
        }
        reader.line(&logical, begun)?;
        reader.end()?;
        Self::of(reader.providers)
    }

    fn of(providers: Vec<Provider>) -> Result<Self, DirectoryError> {
        if providers.is_empty() {
            return Err(DirectoryError::Empty);
        }
        let mut directory = Self::default();
        for (index, provider) in providers.iter().enumerate() {
            for domain in &provider.domains {
                directory.by_domain.entry(domain.clone()).or_default().push(index);
            }
            for hash in &provider.sha1 {
                directory.by_sha1.entry(*hash).or_default().push(index);
            }
            for hash in &provider.sha256 {
                directory.by_sha256.entry(*hash).or_default().push(index);
            }
        }
        directory.providers = providers;
        Ok(directory)
    }

    /// All records.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// The provider that signs with this certificate.
    pub fn provider_of(&self, certificate: &SignerCertificate) -> Option<&Provider> {
        self.providers.get(*self.records_of(certificate).first()?)
    }

    /// Records with this certificate: by the certificate itself where the record holds it, else by its SHA-1 hash.
    fn records_of(&self, certificate: &SignerCertificate) -> Vec<usize> {
        let whole = self.by_sha256.get(&certificate.sha256).map_or(&[][..], Vec::as_slice);
        let hashed = self.by_sha1.get(&certificate.sha1).map_or(&[][..], Vec::as_slice);
        let mut records = whole.to_vec();
        records.extend(hashed.iter().filter(|index| !whole.contains(index)));
        records
    }

    /// Whether the provider with this certificate manages a domain.
    pub fn manages(&self, certificate: &SignerCertificate, domain: &str) -> Manages {
        let Some(managers) = self.by_domain.get(domain) else { return Manages::Nobody };
        let records = self.records_of(certificate);
        if managers.iter().any(|index| records.contains(index)) { Manages::Yes } else { Manages::Another }
    }
}

/// Builds records line by line.
#[derive(Default)]
struct Records {
    providers: Vec<Provider>,
    current: Provider,
    domains: usize,
}

impl Records {
    fn line(&mut self, line: &str, number: usize) -> Result<(), DirectoryError> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let (attribute, rest) = line.split_once(':').ok_or(DirectoryError::Line(number))?;
        let attribute = attribute.to_ascii_lowercase();
        let name = attribute.split(';').next().unwrap_or_default();
        if rest.starts_with('<') {
            return Err(DirectoryError::Address(number));
        }
        let value: Cow<'_, [u8]> = match rest.strip_prefix(':') {
            Some(encoded) => {
                let encoded: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                Cow::Owned(BASE64.decode(encoded.as_bytes()).map_err(|_| DirectoryError::Line(number))?)
            }
            None => Cow::Borrowed(rest.trim().as_bytes()),
        };
        self.attribute(name, &value, number)
    }

    fn attribute(&mut self, name: &str, value: &[u8], number: usize) -> Result<(), DirectoryError> {
        let text = || {
            std::str::from_utf8(value)
                .map(|text| text.trim().to_owned())
                .map_err(|_| DirectoryError::Line(number))
        };
        match name {
            "providername" => self.current.name = text()?,
            "providerunit" => self.current.unit = Some(text()?),
            "manageddomains" => {
                self.domains += 1;
                if self.domains > DIRECTORY_DOMAINS_MAX {
                    return Err(DirectoryError::TooLarge);
                }
                self.current.domains.push(text()?.to_lowercase());
            }
            "providercertificatehash" => {
                let hash = HEXUPPER_PERMISSIVE.decode(text()?.as_bytes()).ok();
                let hash = hash.and_then(|bytes| <[u8; 20]>::try_from(bytes).ok());
                self.current.sha1.push(hash.ok_or(DirectoryError::Certificate(number))?);
            }
            "providercertificate" => {
                if value.is_empty() {
                    return Err(DirectoryError::Certificate(number));
                }
                self.current.sha256.push(Digest::of(value));
            }
            _ => {}
        }
        Ok(())
    }

    /// Ends a record; one without a provider's name (the base of the directory) is passed over.
    fn end(&mut self) -> Result<(), DirectoryError> {
        let record = std::mem::take(&mut self.current);
        if record.name.is_empty() {
            return Ok(());
        }
        if self.providers.len() >= DIRECTORY_PROVIDERS_MAX {
            return Err(DirectoryError::TooLarge);
        }
        self.providers.push(record);
        Ok(())
    }
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
