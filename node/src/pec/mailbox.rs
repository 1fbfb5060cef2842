//! The mailbox and the evidence of its providers, as `[pec]` of node.toml says.

use concerto_core::Fault;
use concerto_crypto_openssl::OpensslCms;
use concerto_federation_config::{PecServer, PecSettings, PecTls};
use concerto_pec::limits::{DIRECTORY_BYTES_MAX, MAIL_BYTES_MAX};
use concerto_pec::{Address, Directory};
use concerto_pec_mail::{FolderSource, ImapSource, Password, Security, Server, Settings, SmtpSender};
use concerto_port::{MailSource, MailboxError};
use std::path::Path;

use super::inspect::read_bounded;
use crate::home::Home;
use crate::output::{Exit, Failure};

/// Largest file of authorities that is read, in bytes.
const AUTHORITIES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The index of a folder of mails, in the node's folder.
const FOLDER_INDEX: &str = "pec-folder.index";

/// The mailbox as it is used.
pub(crate) struct OpenMailbox {
    /// Its address.
    pub(crate) address: Address,
    /// What comes in.
    pub(crate) source: Box<dyn MailSource>,
    /// The name under which the source's cursor is kept.
    pub(crate) source_name: String,
    /// The way out; none where another program sends.
    pub(crate) sender: Option<SmtpSender>,
    /// Whether waiting costs a command to a server.
    pub(crate) remote: bool,
}

/// What makes a receipt evidence.
pub(crate) struct Evidence {
    pub(crate) cms: OpensslCms,
    pub(crate) directory: Directory,
}

/// Whether a mailbox is configured.
pub(crate) fn is_configured(home: &Home) -> bool {
    home.node.pec.address.is_some()
}

/// Refuses where no mailbox is configured.
pub(crate) fn configured(home: &Home) -> Result<&PecSettings, Failure> {
    if is_configured(home) {
        return Ok(&home.node.pec);
    }
    let (it, en) = (
        "Nessuna casella PEC in node.toml: scrivere `address` e il resto in [pec].",
        "No certified mailbox in node.toml: write `address` and the rest in [pec].",
    );
    Err(Failure { exit: Exit::Configuration, faults: vec![Fault::new("pec.off", it, en)] })
}

/// Opens the mailbox; nothing connects yet.
pub(crate) fn open(home: &Home) -> Result<OpenMailbox, Failure> {
    let settings = settings(home)?;
    let failed = |error: MailboxError| Failure::environment(error.code(), &error);
    let sender = settings.submission.is_some().then(|| SmtpSender::new(settings.clone())).transpose();
    let sender = sender.map_err(failed)?;
    let address = settings.address.clone();
    let Some(mails) = &home.node.pec.mails else {
        let source_name = format!("imap:{}@{}/{}", settings.user, settings.imap.host, settings.folder);
        let source = Box::new(ImapSource::new(settings).map_err(failed)?);
        return Ok(OpenMailbox { address, source, source_name, sender, remote: true });
    };
    let folder = home.folder.join(mails);
    let source_name = format!("folder:{}", folder.display());
    let source =
        FolderSource::open(&folder, &home.folder.join(FOLDER_INDEX), MAIL_BYTES_MAX).map_err(failed)?;
    Ok(OpenMailbox { address, source: Box::new(source), source_name, sender, remote: false })
}

fn settings(home: &Home) -> Result<Settings, Failure> {
    let pec = configured(home)?;
    let written = pec.address.clone().unwrap_or_default();
    let address = Address::parse(&written)
        .ok_or_else(|| Failure::environment("pec.address", &format!("{written}: no mail address")))?;
    let password = match (&pec.password, &pec.credential) {
        (Some(path), _) => Password::File(home.folder.join(path)),
        (None, name) => Password::Credential(name.clone().unwrap_or_default()),
    };
    Ok(Settings {
        user: pec.user.clone().unwrap_or_else(|| address.as_str().to_owned()),
        password,
        imap: server(home, &pec.imap),
        folder: pec.folder.clone(),
        submission: pec.sends.then(|| server(home, &pec.smtp)),
        mail_bytes_max: MAIL_BYTES_MAX,
        address,
    })
}

fn server(home: &Home, server: &PecServer) -> Server {
    Server {
        host: server.host.clone().unwrap_or_default(),
        port: server.port,
        security: match server.tls {
            PecTls::Implicit => Security::Tls,
            PecTls::StartTls => Security::StartTls,
        },
        authorities: home.folder.join(&home.node.pec.tls_authorities),
    }
}

/// Reads the authorities and the directory of providers.
pub(crate) fn evidence(home: &Home) -> Result<Evidence, Failure> {
    let pec = configured(home)?;
    let path = |written: &Option<std::path::PathBuf>| {
        home.folder.join(written.as_deref().unwrap_or_else(|| Path::new("")))
    };
    let (authorities, directory) = (path(&pec.authorities), path(&pec.directory));
    let cms = OpensslCms::with_authorities(&read_bounded(&authorities, AUTHORITIES_BYTES_MAX)?)
        .map_err(|error| super::inspect::configuration(error.code(), &authorities, &error))?;
    let directory = Directory::parse(&read_bounded(&directory, DIRECTORY_BYTES_MAX)?)
        .map_err(|error| super::inspect::configuration(error.code(), &directory, &error))?;
    Ok(Evidence { cms, directory })
}
