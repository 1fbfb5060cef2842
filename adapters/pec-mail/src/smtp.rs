//! Submission (RFC 6409, RFC 4954; RFC 6109 section 3.1.1): one mail, one recipient, one connection.
//!
//! What matters is how it fails. Until the first byte of the mail is sent the server cannot have taken it; once it is under way only an answer
//! tells, and without one nobody knows ([`SubmitError::Unknown`]): a second sending would be a second certified mail.

use concerto_pec::OutgoingMail;
use concerto_port::{MailSender, MailboxError, SubmitError};
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use std::future::Future;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

use crate::limits::{ANSWER_TIME_MAX, CONNECT_TIME_MAX, SUBMISSION_BYTES_PER_SECOND, SUBMISSION_TIME_MAX};
use crate::settings::{Security, Server, Settings};
use crate::wire::{authorities, no_tls, reply, within};

/// The mechanisms of login, the better one first; both send the password, inside TLS.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// Sends for a mailbox.
#[derive(Debug)]
pub struct SmtpSender {
    settings: Settings,
    runtime: Runtime,
}

impl SmtpSender {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// [`MailboxError::Medium`] where the system gives no timers or sockets.
    pub fn new(settings: Settings) -> Result<Self, MailboxError> {
        Ok(Self { settings, runtime: Builder::new_current_thread().enable_all().build()? })
    }
}

impl SmtpSender {
    /// Connects and logs in, and hands nothing over.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn check(&mut self) -> Result<(), SubmitError> {
        let Some(server) = &self.settings.submission else { return Err(SubmitError::ReadOnly) };
        self.runtime.block_on(async {
            let mut connection = log_in(server, &self.settings).await?;
            // it worked, whatever becomes of the farewell
            let _ = within(ANSWER_TIME_MAX, "QUIT", connection.quit()).await;
            Ok(())
        })
    }
}

impl MailSender for SmtpSender {
    fn submit(&mut self, mail: &OutgoingMail) -> Result<(), SubmitError> {
        let Some(server) = &self.settings.submission else { return Err(SubmitError::ReadOnly) };
        if *mail.sender() != self.settings.address {
            return Err(SubmitError::OtherSender(mail.sender().to_string()));
        }
        self.runtime.block_on(submit(server, &self.settings, mail))
    }
}

async fn submit(server: &Server, settings: &Settings, mail: &OutgoingMail) -> Result<(), SubmitError> {
    let address = |address: &concerto_pec::Address| {
        let parsed: Result<Address, _> = address.as_str().parse();
        parsed.map_err(|error| SubmitError::Refused(format!("{address}: {error}")))
    };
    let (sender, recipient) = (address(mail.sender())?, address(mail.recipient())?);
    let mut connection = log_in(server, settings).await?;
    let size = MailParameter::Size(mail.bytes().len());
    step("MAIL", connection.command(Mail::new(Some(sender), vec![size]))).await?;
    step("RCPT", connection.command(Rcpt::new(recipient, Vec::new()))).await?;
    step("DATA", connection.command(Data)).await?;
    // the last line break is the end of the text for SMTP, which writes it itself
    let text = mail.bytes().strip_suffix(b"\r\n").unwrap_or(mail.bytes());
    let time = SUBMISSION_TIME_MAX + Duration::from_secs(text.len() as u64 / SUBMISSION_BYTES_PER_SECOND);
    match within(time, "submission", connection.message(text)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) if error.status().is_some() => return Err(refused(&error)),
        Ok(Err(_)) | Err(_) => return Err(SubmitError::Unknown),
    }
    // it is taken, whatever becomes of the farewell
    let _ = within(ANSWER_TIME_MAX, "QUIT", connection.quit()).await;
    Ok(())
}

/// A connection with TLS, logged in.
async fn log_in(server: &Server, settings: &Settings) -> Result<AsyncSmtpConnection, SubmitError> {
    let password = settings.password.read()?;
    let hello = ClientId::Domain(settings.address.domain().to_owned());
    let tls = parameters(server)?;
    let (first, later) = match server.security {
        Security::Tls => (Some(tls), None),
        Security::StartTls => (None, Some(tls)),
    };
    let to = (server.host.as_str(), server.port);
    let connecting = AsyncSmtpConnection::connect_tokio1(to, Some(CONNECT_TIME_MAX), &hello, first, None);
    let connected = within(CONNECT_TIME_MAX + ANSWER_TIME_MAX, "connection", connecting).await?;
    let mut connection = connected.map_err(|error| unconnected(server, &error))?;
    if let Some(tls) = later {
        if !connection.can_starttls() {
            return Err(no_tls(server, "STARTTLS is not offered").into());
        }
        let shaken = within(CONNECT_TIME_MAX, "TLS handshake", connection.starttls(tls, &hello)).await?;
        shaken.map_err(|error| no_tls(server, &reply(&error.to_string())))?;
    }
    let credentials = Credentials::new(settings.user.clone(), password);
    match within(ANSWER_TIME_MAX, "login", connection.auth(&MECHANISMS, &credentials)).await? {
        Ok(_) => Ok(connection),
        Err(error) if error.is_permanent() => {
            Err(MailboxError::Login { server: server.name(), user: settings.user.clone() }.into())
        }
        Err(error) => Err(told("login", &error)),
    }
}

fn parameters(server: &Server) -> Result<TlsParameters, MailboxError> {
    let tls = |error: Error| no_tls(server, &error.to_string());
    let builder = TlsParameters::builder(server.host.clone()).certificate_store(CertificateStore::None);
    let roots = Certificate::from_pem(&authorities(server)?).map_err(tls)?;
    builder.add_root_certificate(roots).build_rustls().map_err(tls)
}

fn unconnected(server: &Server, error: &Error) -> SubmitError {
    if error.is_tls() {
        return no_tls(server, &reply(&error.to_string())).into();
    }
    if error.status().is_some() {
        return SubmitError::NotNow(reply(&error.to_string()));
    }
    let reason = reply(&chain(error));
    // rustls reports a certificate that it does not trust through the connection's error
    if reason.contains("certificate") {
        return no_tls(server, &reason).into();
    }
    MailboxError::Unreachable { server: server.name(), reason }.into()
}

/// An error with what caused it.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// One command before the mail itself.
async fn step<T>(
    name: &'static str,
    command: impl Future<Output = Result<T, Error>>,
) -> Result<T, SubmitError> {
    within(ANSWER_TIME_MAX, name, command).await?.map_err(|error| told(name, &error))
}

fn told(step: &'static str, error: &Error) -> SubmitError {
    if error.status().is_some() { refused(error) } else { MailboxError::Broken(step).into() }
}

fn refused(error: &Error) -> SubmitError {
    let text = reply(&error.to_string());
    if error.is_permanent() { SubmitError::Refused(text) } else { SubmitError::NotNow(text) }
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
