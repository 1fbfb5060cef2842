//! TCP and TLS, and a bound on what a server may send.

use concerto_port::MailboxError;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::limits::{ANSWER_BYTES_MAX, CONNECT_TIME_MAX, REPLY_CHARS_MAX};
use crate::settings::Server;

/// Largest file of authorities, in bytes.
const AUTHORITIES_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A stream that gives no more bytes than were allowed since the last command.
#[derive(Debug)]
pub(crate) struct Bounded<S> {
    stream: S,
    left: u64,
}

/// The wire to a mail server.
pub(crate) type Wire = Bounded<TlsStream<TcpStream>>;

impl<S> Bounded<S> {
    fn new(stream: S) -> Self {
        Self { stream, left: ANSWER_BYTES_MAX }
    }
    /// Allows so many bytes for the answers to the next command.
    pub(crate) fn allow(&mut self, bytes: u64) {
        self.left = bytes;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let read = u64::try_from(buf.filled().len() - before).unwrap_or(u64::MAX);
        match this.left.checked_sub(read) {
            Some(left) => this.left = left,
            None => return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into())),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Waits for a step at most so long.
pub(crate) async fn within<T>(
    time: Duration,
    step: &'static str,
    future: impl Future<Output = T>,
) -> Result<T, MailboxError> {
    timeout(time, future).await.map_err(|_| MailboxError::TimedOut(step))
}

/// A TCP connection.
pub(crate) async fn connect(server: &Server) -> Result<TcpStream, MailboxError> {
    let connecting = TcpStream::connect((server.host.as_str(), server.port));
    let unreachable =
        |error: io::Error| MailboxError::Unreachable { server: server.name(), reason: error.to_string() };
    within(CONNECT_TIME_MAX, "connection", connecting).await?.map_err(unreachable)
}

/// The TLS handshake, which the server must win with a certificate of the configured authorities for its name.
pub(crate) async fn handshake(server: &Server, stream: TcpStream) -> Result<Wire, MailboxError> {
    let tls = |reason: String| no_tls(server, &reason);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&authorities(server)?) {
        let certificate = certificate.map_err(|error| tls(format!("the file of authorities: {error}")))?;
        // a root that rustls does not read is one of which no chain is accepted
        let _ = roots.add(certificate);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config =
        versions.map_err(|error| tls(error.to_string()))?.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(server.host.clone()).map_err(|error| tls(error.to_string()))?;
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let shaken = within(CONNECT_TIME_MAX, "TLS handshake", shaking).await?;
    Ok(Bounded::new(shaken.map_err(|error| tls(error.to_string()))?))
}

/// The authorities' certificates, PEM.
pub(crate) fn authorities(server: &Server) -> Result<Vec<u8>, MailboxError> {
    let path = &server.authorities;
    let unread = |reason: String| no_tls(server, &format!("{}: {reason}", path.display()));
    let size = fs::metadata(path).map_err(|error| unread(error.to_string()))?.len();
    if size > AUTHORITIES_BYTES_MAX {
        return Err(unread("the file is too large".to_owned()));
    }
    fs::read(path).map_err(|error| unread(error.to_string()))
}

pub(crate) fn no_tls(server: &Server, reason: &str) -> MailboxError {
    MailboxError::Tls { server: server.name(), reason: reason.to_owned() }
}

/// A server's text made fit for a message: one line, bounded.
pub(crate) fn reply(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(REPLY_CHARS_MAX).collect()
}
