//! Ordinary e-mail to officials over SMTP (RFC 5321, RFC 3207, RFC 8314): reminders, never acts.
//!
//! TLS is required, with the machine's certification authorities or the office's own; clear text reaches the machine itself alone. An error
//! says what kind it is and the server's status, never what the server said: replies quote addresses.

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::fmt;
use std::time::Duration;

/// Longest wait for one answer of the server.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a whole mail to be taken.
const SEND_TIME_MAX: Duration = Duration::from_secs(120);

/// A password: never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A password as it is sent.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 section 3.3).
    Implicit,
    /// STARTTLS (RFC 3207), and no mail without it.
    StartTls,
    /// None: a server on this machine.
    Clear,
}

/// A mail server and how to reach it.
#[derive(Debug, Clone)]
pub struct Config {
    /// Its name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Who sends, where the server wants to know.
    pub login: Option<(String, Secret)>,
    /// Certification authorities, PEM, instead of the machine's.
    pub authorities: Option<Vec<u8>>,
}

/// One mail, text only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Its name (RFC 5322 section 3.6.4), without brackets: the same mail sent twice has one.
    pub id: String,
    /// The sender's address.
    pub from: String,
    /// The official.
    pub to: String,
    /// Substitutes.
    pub copies: Vec<String>,
    /// The subject.
    pub subject: String,
    /// `it` or `en` (RFC 3282).
    pub language: &'static str,
    /// The text.
    pub text: String,
}

/// Why a mail was not taken by the server. After a timeout nobody knows whether it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// An address, or the mail itself, is malformed.
    #[error("an address or the mail is malformed")]
    Malformed,
    /// The authorities' file holds no certificate.
    #[error("the certification authorities cannot be read")]
    Authorities,
    /// The server could not be reached, or the connection broke.
    #[error("the mail server cannot be reached, or the connection broke")]
    Unreachable,
    /// The server's certificate, or TLS itself, failed.
    #[error("TLS with the mail server failed: check its name and the certification authorities")]
    Tls,
    /// The server took too long.
    #[error("the mail server took too long")]
    Timeout,
    /// The server refuses for now (4xx).
    #[error("the mail server refuses for now (status {0})")]
    RefusedForNow(u16),
    /// The server refuses (5xx).
    #[error("the mail server refuses (status {0})")]
    Refused(u16),
}

impl MailError {
    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "mail.malformed",
            Self::Authorities => "mail.authorities",
            Self::Unreachable => "mail.unreachable",
            Self::Tls => "mail.tls",
            Self::Timeout => "mail.timeout",
            Self::RefusedForNow(_) => "mail.refused-for-now",
            Self::Refused(_) => "mail.refused",
        }
    }

    /// Whether trying again without a change is in vain.
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Malformed | Self::Authorities | Self::Refused(_))
    }

    fn of(error: &lettre::transport::smtp::Error) -> Self {
        let status = error.status().map(u16::from);
        match status {
            Some(status) if error.is_permanent() => Self::Refused(status),
            Some(status) => Self::RefusedForNow(status),
            None if error.is_timeout() => Self::Timeout,
            None if error.is_tls() => Self::Tls,
            None => Self::Unreachable,
        }
    }
}

/// Sends mail over one server. A connection for each mail: there are a few a day.
pub struct Sender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl Sender {
    /// A sender; nothing is connected yet.
    ///
    /// # Errors
    /// [`MailError::Authorities`], [`MailError::Tls`].
    pub fn new(config: &Config) -> Result<Self, MailError> {
        let tls = match config.security {
            Security::Clear => Tls::None,
            Security::StartTls => Tls::Required(parameters(config)?),
            Security::Implicit => Tls::Wrapper(parameters(config)?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(ANSWER_TIME_MAX));
        if let Some((user, password)) = &config.login {
            builder = builder.credentials(Credentials::new(user.clone(), password.0.clone()));
        }
        Ok(Self { transport: builder.build() })
    }

    /// Gives a mail to the server, once.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = message(mail)?;
        match tokio::time::timeout(SEND_TIME_MAX, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(MailError::of(&error)),
            Err(_) => Err(MailError::Timeout),
        }
    }
}

fn parameters(config: &Config) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.authorities {
        // a file without any would mean: trust nobody
        if !String::from_utf8_lossy(pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(MailError::Authorities);
        }
        let certificate = Certificate::from_pem(pem).map_err(|_| MailError::Authorities)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    builder.build_rustls().map_err(|_| MailError::Tls)
}

fn mailbox(address: &str) -> Result<Mailbox, MailError> {
    Ok(Mailbox::new(None, address.parse().map_err(|_| MailError::Malformed)?))
}

fn message(mail: &Mail) -> Result<Message, MailError> {
    let mut builder: MessageBuilder = Message::builder()
        .message_id(Some(format!("<{}>", mail.id)))
        .from(mailbox(&mail.from)?)
        .to(mailbox(&mail.to)?)
        .subject(mail.subject.clone())
        .header(AutoSubmitted)
        .header(Language(mail.language))
        .header(ContentType::TEXT_PLAIN);
    if !mail.copies.is_empty() {
        let copies: Result<Mailboxes, MailError> = mail.copies.iter().map(|copy| mailbox(copy)).collect();
        builder = builder.mailbox(lettre::message::header::Cc::from(copies?));
    }
    builder.body(mail.text.clone()).map_err(|_| MailError::Malformed)
}

/// That no person wrote it, so that no absence note answers (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// In which language it is (RFC 3282).
#[derive(Clone)]
struct Language(&'static str);

impl Header for Language {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }
    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self("it"))
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.to_owned())
    }
}

#[cfg(test)]
#[path = "lib_tests.rs"]
mod tests;
