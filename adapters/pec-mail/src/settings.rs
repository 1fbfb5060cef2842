//! Where a mailbox is and how to get in.

use concerto_pec::Address;
use std::path::PathBuf;

use crate::password::Password;

/// When TLS begins (RFC 8314). There is no way without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From the first byte (ports 465 and 993): what PEC providers offer.
    Tls,
    /// After `STARTTLS` (ports 587 and 143); refused where the server does not offer it.
    StartTls,
}

/// A server and the authorities that may vouch for it.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name, which its certificate must bear.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// When TLS begins.
    pub security: Security,
    /// Certificates of the authorities, PEM: on Debian `/etc/ssl/certs/ca-certificates.crt`.
    pub authorities: PathBuf,
}

impl Server {
    /// Host and port, for messages.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// A mailbox.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its address: what stands in `From`.
    pub address: Address,
    /// The user of both logins; mostly the address.
    pub user: String,
    /// The password of both logins.
    pub password: Password,
    /// Where it is read.
    pub imap: Server,
    /// The folder that is read; `INBOX` unless the office's program moves what it has read to another one.
    pub folder: String,
    /// Where it sends; none where another program sends for it. Never both.
    pub submission: Option<Server>,
    /// Greatest mail that is read, in bytes.
    pub mail_bytes_max: usize,
}
