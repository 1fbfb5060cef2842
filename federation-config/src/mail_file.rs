//! The part of `node.toml` about reminders by ordinary e-mail: the mail server, when the digest leaves, and the officials who get it.
//!
//! Mail leaves under TLS, or to a server of this machine. The password stands in a file of its own or comes as a credential of systemd.

use std::path::PathBuf;

use crate::address::Wrong;
use crate::field::{Reading, Section, read_path, value_error};
use crate::node_file::{read_language, read_name};
use crate::problem::{Code, Language, Text, text};
use crate::render::{self, Rendered};

/// Most officials.
pub const OFFICIALS_MAX: usize = 256;
/// Most substitutes of one.
pub const SUBSTITUTES_MAX: usize = 16;
/// Longest address (RFC 5321 section 4.5.3.1.3), in characters.
const ADDRESS_CHARS_MAX: usize = 254;

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MailTls {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, and no mail without it.
    #[default]
    StartTls,
    /// None: a server on this machine only.
    Off,
}

impl MailTls {
    fn as_str(self) -> &'static str {
        match self {
            Self::Implicit => "implicit",
            Self::StartTls => "starttls",
            Self::Off => "none",
        }
    }
}

/// Reminders by ordinary e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// The mail server; none where no reminders are sent.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
    /// Certification authorities of the office, PEM, relative to the node's folder; the machine's if none.
    pub authorities: Option<PathBuf>,
    /// The name with which the node presents itself; none where the server asks for none.
    pub user: Option<String>,
    /// The file of the password, relative to the node's folder.
    pub password: Option<PathBuf>,
    /// The name of a credential of systemd with the password, instead of the file.
    pub credential: Option<String>,
    /// The sender's address.
    pub from: Option<String>,
    /// The hour of the day (Europe/Rome) from which the digest leaves.
    pub hour: u8,
    /// Whether it leaves on working days only.
    pub working_days_only: bool,
    /// So many working days ahead it tells of what is due.
    pub days_before: u16,
    /// Who gets it.
    pub officials: Vec<Official>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            host: None,
            port: 587,
            tls: MailTls::StartTls,
            authorities: None,
            user: None,
            password: None,
            credential: None,
            from: None,
            hour: 8,
            working_days_only: true,
            days_before: 5,
            officials: Vec::new(),
        }
    }
}

/// An official in charge, by role: no name is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Official {
    /// The role.
    pub role: String,
    /// The address.
    pub address: String,
    /// The language of the mail.
    pub language: Language,
    /// Who also gets it, and when.
    pub substitutes: Vec<Substitute>,
}

/// Who stands in for an official for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Substitute {
    /// The address.
    pub address: String,
    /// First day, `YYYY-MM-DD`; from ever if none.
    pub from: Option<String>,
    /// Last day, `YYYY-MM-DD`; for ever if none.
    pub to: Option<String>,
}

impl Substitute {
    /// Whether it stands in on a day, written `YYYY-MM-DD` (such texts have the order of their days).
    pub fn stands_in_on(&self, day: &str) -> bool {
        self.from.as_deref().is_none_or(|from| from <= day) && self.to.as_deref().is_none_or(|to| day <= to)
    }
}

impl MailSettings {
    pub(crate) fn rendered(&self, key: &str) -> Option<Rendered> {
        let or_empty = |value: &Option<String>| Rendered::text(value.as_deref().unwrap_or_default());
        let path = |value: &Option<PathBuf>| {
            Rendered::text(&value.as_deref().map(|path| path.to_string_lossy()).unwrap_or_default())
        };
        Some(match key {
            "host" => or_empty(&self.host),
            "port" => Rendered::number(self.port.into()),
            "tls" => Rendered::text(self.tls.as_str()),
            "authorities" => path(&self.authorities),
            "user" => or_empty(&self.user),
            "password" => path(&self.password),
            "credential" => or_empty(&self.credential),
            "from" => or_empty(&self.from),
            "hour" => Rendered::number(self.hour.into()),
            "working_days_only" => Rendered::flag(self.working_days_only),
            "days_before" => Rendered::number(self.days_before.into()),
            _ => return None,
        })
    }

    /// The officials as they stand at the end of the file.
    pub(crate) fn rendered_officials(&self) -> String {
        let mut written = String::new();
        for official in &self.officials {
            written.push_str("\n[[official]]\n");
            written.push_str(&render::line("role", &Rendered::text(&official.role)));
            written.push_str(&render::line("address", &Rendered::text(&official.address)));
            written.push_str(&render::line("language", &Rendered::text(official.language.as_str())));
            for substitute in &official.substitutes {
                written.push_str("\n[[official.substitute]]\n");
                written.push_str(&render::line("address", &Rendered::text(&substitute.address)));
                let days = [("from", &substitute.from), ("to", &substitute.to)];
                for (key, day) in days.into_iter().filter_map(|(key, day)| Some((key, day.as_ref()?))) {
                    written.push_str(&render::line(key, &Rendered::text(day)));
                }
            }
        }
        written
    }
}

pub(crate) fn read(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<MailSettings> {
    let defaults = MailSettings::default();
    let mut mail = root.section(reading, "mail");
    let span = mail.span();
    let host = mail.read(reading, "host", Some(None), optional(read_host));
    let port = mail.number(reading, "port", defaults.port.into(), 1..=65_535);
    let tls = mail.read(reading, "tls", Some(defaults.tls), read_tls);
    let authorities = mail.read(reading, "authorities", Some(None), optional(read_path));
    let user = mail.read(reading, "user", Some(None), optional(read_name));
    let password = mail.read(reading, "password", Some(None), optional(read_path));
    let credential = mail.read(reading, "credential", Some(None), optional(read_credential));
    let from = mail.read(reading, "from", Some(None), optional(read_address));
    let hour = mail.number(reading, "hour", defaults.hour.into(), 0..=23);
    let working_days_only = mail.flag(reading, "working_days_only", defaults.working_days_only);
    let days_before = mail.number(reading, "days_before", defaults.days_before.into(), 1..=60);
    mail.finish(reading);
    let officials = read_officials(reading, root);
    let settings = MailSettings {
        host: host?.value,
        port: u16::try_from(port?.value).unwrap_or(defaults.port),
        tls: tls?.value,
        authorities: authorities?.value,
        user: user?.value,
        password: password?.value,
        credential: credential?.value,
        from: from?.value,
        hour: u8::try_from(hour?.value).unwrap_or(defaults.hour),
        working_days_only: working_days_only?,
        days_before: u16::try_from(days_before?.value).unwrap_or(defaults.days_before),
        officials: officials?,
    };
    match together(&settings) {
        None => Some(settings),
        Some((key, wrong)) => {
            reading.push(&format!("[mail].{key}"), span, wrong);
            None
        }
    }
}

/// What does not go together.
fn together(settings: &MailSettings) -> Option<(&'static str, Wrong)> {
    let host = settings.host.as_deref()?;
    let missing = |what: Text, instead: Text| (Code::Missing, what, instead);
    if settings.from.is_none() {
        let what = text("manca il mittente", "the sender is missing");
        let instead = text(
            "Scrivere l'indirizzo da cui partono i promemoria",
            "Write the address that reminders come from",
        );
        return Some(("from", missing(what, instead)));
    }
    if settings.tls == MailTls::Off && !["localhost", "127.0.0.1", "::1"].contains(&host) {
        let what = text(
            "senza TLS la posta e la password viaggerebbero in chiaro",
            "without TLS mail and password would travel in clear",
        );
        let instead = text(
            "Scrivere \"starttls\" o \"implicit\"; \"none\" solo per un server di questa macchina (localhost)",
            "Write \"starttls\" or \"implicit\"; \"none\" for a server of this machine only (localhost)",
        );
        return Some(("tls", value_error(what, instead)));
    }
    if settings.user.is_some() != (settings.password.is_some() || settings.credential.is_some()) {
        let what = text("utente e password vanno insieme", "user and password go together");
        let instead = text(
            "Scrivere `user` e uno fra `password` (un file) e `credential`, o nessuno",
            "Write `user` and one of `password` (a file) and `credential`, or none",
        );
        return Some(("user", missing(what, instead)));
    }
    if settings.password.is_some() && settings.credential.is_some() {
        let what = text("la password è indicata due volte", "the password is named twice");
        let instead = text("Togliere `password` o `credential`", "Remove `password` or `credential`");
        return Some(("credential", value_error(what, instead)));
    }
    None
}

fn read_officials(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<Vec<Official>> {
    let mut officials = Some(Vec::<Official>::new());
    for mut section in root.sections(reading, "official") {
        let span = section.span();
        let official = read_official(reading, &mut section);
        section.finish(reading);
        let (Some(list), Some(official)) = (&mut officials, official) else {
            officials = None;
            continue;
        };
        let twice = list.iter().any(|other| other.role == official.role);
        if twice || list.len() >= OFFICIALS_MAX {
            let what = text(
                format!("il ruolo `{}` c'è già, o i funzionari sono più di {OFFICIALS_MAX}", official.role),
                format!(
                    "the role `{}` is there already, or there are more than {OFFICIALS_MAX} officials",
                    official.role
                ),
            );
            let instead = text("Dare a ciascuno un ruolo suo", "Give each a role of its own");
            reading.push("[[official]].role", span, value_error(what, instead));
            return None;
        }
        list.push(official);
    }
    officials
}

fn read_official(reading: &mut Reading<'_>, section: &mut Section<'_, '_>) -> Option<Official> {
    let role = section.read(reading, "role", None, read_name);
    let address = section.read(reading, "address", None, read_address);
    let language = section.read(reading, "language", Some(Language::default()), read_language);
    let mut substitutes = Some(Vec::new());
    for (number, mut inner) in section.sections(reading, "substitute").into_iter().enumerate() {
        let span = inner.span();
        let address = inner.read(reading, "address", None, read_address);
        let from = inner.read(reading, "from", Some(None), optional(read_day));
        let to = inner.read(reading, "to", Some(None), optional(read_day));
        inner.finish(reading);
        let read = || -> Option<Substitute> {
            Some(Substitute { address: address?.value, from: from?.value, to: to?.value })
        };
        let substitute = read();
        let wrong_order =
            substitute.as_ref().is_some_and(|s| s.from.is_some() && s.to.is_some() && s.from > s.to);
        if wrong_order || number >= SUBSTITUTES_MAX {
            let what = text(
                format!(
                    "il periodo finisce prima di cominciare, o i sostituti sono più di {SUBSTITUTES_MAX}"
                ),
                format!(
                    "the time ends before it begins, or there are more than {SUBSTITUTES_MAX} substitutes"
                ),
            );
            let instead = text("Correggere `from` e `to`", "Correct `from` and `to`");
            reading.push("[[official.substitute]]", span, value_error(what, instead));
            substitutes = None;
        }
        match (&mut substitutes, substitute) {
            (Some(list), Some(substitute)) => list.push(substitute),
            _ => substitutes = None,
        }
    }
    Some(Official {
        role: role?.value,
        address: address?.value,
        language: language?.value,
        substitutes: substitutes?,
    })
}

/// An empty text is none.
pub(crate) fn optional<T>(
    read: impl Fn(&str) -> Result<T, Wrong>,
) -> impl Fn(&str) -> Result<Option<T>, Wrong> {
    move |written| if written.is_empty() { Ok(None) } else { read(written).map(Some) }
}

pub(crate) fn read_host(written: &str) -> Result<String, Wrong> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-.:".contains(&b);
    if written.len() <= 253 && written.bytes().all(good) {
        return Ok(written.to_owned());
    }
    Err(value_error(
        text("non è il nome di un server", "it is no name of a server"),
        text("Scrivere per esempio \"smtp.comune.example\"", "Write \"smtp.comune.example\", for example"),
    ))
}

fn read_tls(written: &str) -> Result<MailTls, Wrong> {
    [MailTls::Implicit, MailTls::StartTls, MailTls::Off]
        .into_iter()
        .find(|tls| tls.as_str() == written)
        .ok_or_else(|| {
            value_error(
                text("il modo non esiste", "there is no such mode"),
                text(
                    "Scrivere \"starttls\", \"implicit\" o \"none\"",
                    "Write \"starttls\", \"implicit\" or \"none\"",
                ),
            )
        })
}

pub(crate) fn read_credential(written: &str) -> Result<String, Wrong> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if (1..=64).contains(&written.len()) && written.bytes().all(good) {
        return Ok(written.to_owned());
    }
    Err(value_error(
        text("non è il nome di una credenziale", "it is no name of a credential"),
        text("Scrivere lettere, cifre, - e _, fino a 64", "Write letters, digits, - and _, up to 64"),
    ))
}

/// `local@domain`, without a display name: the program that sends checks it whole.
pub(crate) fn read_address(written: &str) -> Result<String, Wrong> {
    let parts = written.split_once('@');
    let visible = written.bytes().all(|b| b.is_ascii_graphic() && !b"<>,;\"()\\".contains(&b));
    let whole = parts.is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !domain.starts_with('.')
    });
    if visible && whole && written.len() <= ADDRESS_CHARS_MAX {
        return Ok(written.to_owned());
    }
    Err(value_error(
        text("non è un indirizzo di posta", "it is no mail address"),
        text(
            "Scrivere per esempio \"ufficio@comune.example\"",
            "Write \"ufficio@comune.example\", for example",
        ),
    ))
}

/// A day of the calendar, `YYYY-MM-DD`.
fn read_day(written: &str) -> Result<String, Wrong> {
    let parsed: Option<toml::value::Datetime> = written.parse().ok();
    if written.len() == 10 && parsed.is_some_and(|found| found.date.is_some() && found.time.is_none()) {
        return Ok(written.to_owned());
    }
    Err(value_error(
        text("non è un giorno", "it is no day"),
        text("Scrivere per esempio \"2026-12-21\"", "Write \"2026-12-21\", for example"),
    ))
}

#[cfg(test)]
#[path = "mail_file_tests.rs"]
mod tests;
