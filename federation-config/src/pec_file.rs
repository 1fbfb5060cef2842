//! The part of `node.toml` about the certified mailbox (PEC): where it is read, who sends for it, and whose signatures count (RFC 6109).
//!
//! The office's register product may read and empty the same mailbox, so a folder of mail files is a source of equal rank; one setting says
//! who sends, never both. Every wire has TLS. The password stands in a file of its own or comes as a credential of systemd.

use std::path::{Component, Path, PathBuf};

use crate::address::Wrong;
use crate::field::{Found, Reading, Section, read_path, value_error};
use crate::mail_file::{optional, read_address, read_credential, read_host};
use crate::node_file::read_name;
use crate::problem::{Code, text};
use crate::render::Rendered;

/// Usual authorities of the TLS of mail servers: those that the system trusts.
const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// When TLS begins. There is no way without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PecTls {
    /// From the first byte: what PEC providers offer.
    #[default]
    Implicit,
    /// STARTTLS, and nothing without it.
    StartTls,
}

impl PecTls {
    fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
        }
    }
}

/// One mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PecServer {
    /// Its name, which its certificate must bear; none where it is not used.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// When TLS begins.
    pub tls: PecTls,
}

/// The certified mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PecSettings {
    /// The mailbox; none where the node has none.
    pub address: Option<String>,
    /// Whether this node sends for it; false where another program does.
    pub sends: bool,
    /// The user of both logins; the address if none.
    pub user: Option<String>,
    /// The file of the password, relative to the node's folder.
    pub password: Option<PathBuf>,
    /// The name of a credential of systemd with the password, instead of the file.
    pub credential: Option<String>,
    /// Where it is read over IMAP.
    pub imap: PecServer,
    /// The folder that is read.
    pub folder: String,
    /// A folder of mail files (`*.eml`) that is read instead, of this machine.
    pub mails: Option<PathBuf>,
    /// Where mails are handed over.
    pub smtp: PecServer,
    /// Certification authorities of the servers' TLS, PEM; relative to the node's folder, or absolute.
    pub tls_authorities: PathBuf,
    /// Certification authorities of the providers' signatures, PEM, relative to the node's folder.
    pub authorities: Option<PathBuf>,
    /// The directory of providers, LDIF, relative to the node's folder.
    pub directory: Option<PathBuf>,
    /// How long the acceptance is waited for after an unknown outcome, in minutes.
    pub acceptance_wait_minutes: u16,
}

impl Default for PecSettings {
    fn default() -> Self {
        Self {
            address: None,
            sends: true,
            user: None,
            password: None,
            credential: None,
            imap: PecServer { host: None, port: 993, tls: PecTls::Implicit },
            folder: "INBOX".to_owned(),
            mails: None,
            smtp: PecServer { host: None, port: 465, tls: PecTls::Implicit },
            tls_authorities: PathBuf::from(SYSTEM_AUTHORITIES),
            authorities: None,
            directory: None,
            acceptance_wait_minutes: 30,
        }
    }
}

impl PecSettings {
    pub(crate) fn rendered(&self, key: &str) -> Option<Rendered> {
        let or_empty = |value: &Option<String>| Rendered::text(value.as_deref().unwrap_or_default());
        let path = |value: &Option<PathBuf>| {
            Rendered::text(&value.as_deref().map(Path::to_string_lossy).unwrap_or_default())
        };
        Some(match key {
            "address" => or_empty(&self.address),
            "sends" => Rendered::flag(self.sends),
            "user" => or_empty(&self.user),
            "password" => path(&self.password),
            "credential" => or_empty(&self.credential),
            "imap_host" => or_empty(&self.imap.host),
            "imap_port" => Rendered::number(self.imap.port.into()),
            "imap_tls" => Rendered::text(self.imap.tls.as_str()),
            "folder" => Rendered::text(&self.folder),
            "mails" => path(&self.mails),
            "smtp_host" => or_empty(&self.smtp.host),
            "smtp_port" => Rendered::number(self.smtp.port.into()),
            "smtp_tls" => Rendered::text(self.smtp.tls.as_str()),
            "tls_authorities" => Rendered::text(&self.tls_authorities.to_string_lossy()),
            "authorities" => path(&self.authorities),
            "directory" => path(&self.directory),
            "acceptance_wait_minutes" => Rendered::number(self.acceptance_wait_minutes.into()),
            _ => return None,
        })
    }
}

pub(crate) fn read(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<PecSettings> {
    let defaults = PecSettings::default();
    let mut pec = root.section(reading, "pec");
    let span = pec.span();
    let address = pec.read(reading, "address", Some(None), optional(read_address));
    let sends = pec.flag(reading, "sends", defaults.sends);
    let user = pec.read(reading, "user", Some(None), optional(read_name));
    let password = pec.read(reading, "password", Some(None), optional(read_path));
    let credential = pec.read(reading, "credential", Some(None), optional(read_credential));
    let imap = read_server(reading, &mut pec, ["imap_host", "imap_port", "imap_tls"], &defaults.imap);
    let folder = pec.read(reading, "folder", Some(defaults.folder), read_name);
    let mails = pec.read(reading, "mails", Some(None), optional(read_place));
    let smtp = read_server(reading, &mut pec, ["smtp_host", "smtp_port", "smtp_tls"], &defaults.smtp);
    let tls_authorities = pec.read(reading, "tls_authorities", Some(defaults.tls_authorities), read_place);
    let authorities = pec.read(reading, "authorities", Some(None), optional(read_path));
    let directory = pec.read(reading, "directory", Some(None), optional(read_path));
    let usual = defaults.acceptance_wait_minutes;
    let wait = pec.number(reading, "acceptance_wait_minutes", usual.into(), 5..=1_440);
    pec.finish(reading);
    let settings = PecSettings {
        address: address?.value,
        sends: sends?,
        user: user?.value,
        password: password?.value,
        credential: credential?.value,
        imap: imap?,
        folder: folder?.value,
        mails: mails?.value,
        smtp: smtp?,
        tls_authorities: tls_authorities?.value,
        authorities: authorities?.value,
        directory: directory?.value,
        acceptance_wait_minutes: u16::try_from(wait?.value).unwrap_or(usual),
    };
    let wrong = together(&settings);
    let good = wrong.is_empty();
    for (key, wrong) in wrong {
        reading.push(&format!("[pec].{key}"), span.clone(), wrong);
    }
    good.then_some(settings)
}

fn read_server(
    reading: &mut Reading<'_>,
    pec: &mut Section<'_, '_>,
    [host, port, tls]: [&'static str; 3],
    usual: &PecServer,
) -> Option<PecServer> {
    let host = pec.read(reading, host, Some(None), optional(read_host));
    let port = pec.number(reading, port, usual.port.into(), 1..=65_535);
    let tls: Option<Found<PecTls>> = pec.read(reading, tls, Some(usual.tls), read_tls);
    Some(PecServer {
        host: host?.value,
        port: u16::try_from(port?.value).unwrap_or(usual.port),
        tls: tls?.value,
    })
}

/// A key, and what is wrong with it.
type Problems = Vec<(&'static str, Wrong)>;

/// Everything that does not go together, in a mailbox that is used.
fn together(settings: &PecSettings) -> Problems {
    if settings.address.is_none() {
        return Vec::new();
    }
    let mut wrong = servers(settings);
    wrong.extend(password(settings));
    for (key, missing) in
        [("authorities", settings.authorities.is_none()), ("directory", settings.directory.is_none())]
    {
        if missing {
            let what = text("senza, nessuna ricevuta fa fede", "without it no receipt is evidence");
            let instead = text(
                "Scrivere il file delle autorità di certificazione e quello dell'elenco dei gestori (AgID)",
                "Write the file of certification authorities, and that of the directory of providers (AgID)",
            );
            wrong.push((key, (Code::Missing, what, instead)));
        }
    }
    wrong
}

fn servers(settings: &PecSettings) -> Problems {
    let mut wrong = Vec::new();
    match (&settings.imap.host, &settings.mails) {
        (None, None) => {
            let what = text("manca dove leggere la casella", "it is missing where the mailbox is read");
            let instead = text(
                "Scrivere `imap_host`, o `mails` per una cartella di file .eml",
                "Write `imap_host`, or `mails` for a folder of .eml files",
            );
            wrong.push(("imap_host", (Code::Missing, what, instead)));
        }
        (Some(_), Some(_)) => {
            let what = text("la casella è letta da due parti", "the mailbox is read in two places");
            let instead = text("Togliere `imap_host` o `mails`", "Remove `imap_host` or `mails`");
            wrong.push(("mails", value_error(what, instead)));
        }
        _ => {}
    }
    if settings.sends && settings.smtp.host.is_none() {
        let what = text("manca il server di invio", "the server for sending is missing");
        let instead = text(
            "Scrivere `smtp_host`, o `sends = false` se invia un altro programma",
            "Write `smtp_host`, or `sends = false` where another program sends",
        );
        wrong.push(("smtp_host", (Code::Missing, what, instead)));
    }
    wrong
}

fn password(settings: &PecSettings) -> Option<(&'static str, Wrong)> {
    let logs_in = settings.imap.host.is_some() || settings.sends;
    match (settings.password.is_some(), settings.credential.is_some()) {
        (true, true) => {
            let what = text("la password è indicata due volte", "the password is named twice");
            let instead = text("Togliere `password` o `credential`", "Remove `password` or `credential`");
            Some(("credential", value_error(what, instead)))
        }
        (false, false) if logs_in => {
            let what = text("manca la password della casella", "the mailbox's password is missing");
            let instead = text(
                "Scrivere uno fra `password` (un file) e `credential`",
                "Write one of `password` (a file) and `credential`",
            );
            Some(("password", (Code::Missing, what, instead)))
        }
        _ => None,
    }
}

fn read_tls(written: &str) -> Result<PecTls, Wrong> {
    let known = [PecTls::Implicit, PecTls::StartTls].into_iter().find(|tls| tls.as_str() == written);
    known.ok_or_else(|| {
        value_error(
            text("la PEC vuole TLS", "PEC wants TLS"),
            text("Scrivere \"implicit\" o \"starttls\"", "Write \"implicit\" or \"starttls\""),
        )
    })
}

/// A path of this machine, or within the node's folder: no `..`.
fn read_place(written: &str) -> Result<PathBuf, Wrong> {
    let path = Path::new(written);
    let plain = path.components().all(|c| matches!(c, Component::Normal(_) | Component::RootDir));
    if !written.is_empty() && !written.contains('\0') && plain {
        return Ok(path.to_owned());
    }
    let what = text("il percorso è vuoto o contiene ..", "the path is empty or contains ..");
    let instead = text(
        "Scrivere un percorso assoluto, o relativo alla cartella del nodo, senza ..",
        "Write an absolute path, or one relative to the node's folder, without ..",
    );
    Err((Code::Path, what, instead))
}

#[cfg(test)]
#[path = "pec_file_tests.rs"]
mod tests;
