//! Reminders by ordinary e-mail (`[mail]` in node.toml): once a day, to each official and whoever stands in for it, and `concerto mail test`.
//!
//! What was sent on which day stands in `mail-sent.json` in the node's folder, written before the next mail leaves; so a restart sends
//! nothing twice. A crash between the server's yes and that note may: both mails then have one Message-ID. A mail that the server does
//! not take after the last try is the alarm `mail.failed`; the duties themselves stand in the next day's digest again.

mod digest;
mod sent;

use concerto_federation_config::{Language, MailSettings, MailTls, Official};
use concerto_mail_smtp::{Config, Mail, MailError, Secret, Security, Sender};
use concerto_port::Alarm;
use concerto_procedure::law::Law;
use concerto_procedure::{LegalNow, rome_date};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

use crate::duties::Desk;
use crate::engine::Told;
use crate::home::{Home, read};
use crate::output::{Failure, Output};
use crate::views;
use digest::{Horizon, Reader, Reminder};
use sent::Sent;

/// Time between two looks at the clock.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// Tries of one mail on one day.
const TRIES_MAX: u32 = 6;
/// The pause after the first try; it doubles.
const PAUSE: Duration = Duration::from_secs(60);
/// Longest password that is read, in bytes.
const PASSWORD_BYTES_MAX: usize = 1024;
/// Overrides the first pause, in milliseconds, in a training federation: tests cannot wait for minutes.
const PAUSE_VARIABLE: &str = "CONCERTO_MAIL_PAUSE_MS";

/// Sends the digest of each day when its hour has come, for as long as the node runs.
pub(crate) async fn reminders(desk: Desk, tell: mpsc::Sender<Told>) {
    let settings = &desk.home.node.mail;
    if settings.host.is_none() || settings.officials.is_empty() {
        return;
    }
    loop {
        match due_today(&desk.home) {
            Ok(Some(now)) => day(&desk, now, &tell).await,
            Ok(None) => {}
            Err(failure) => tracing::error!(faults = ?failure.faults, "reminders cannot be prepared"),
        }
        tokio::time::sleep(LOOK_EVERY.min(pause(&desk.home, 1).max(Duration::from_secs(1)))).await;
        if tell.is_closed() {
            return;
        }
    }
}

/// The present, if the digest may leave today and somebody has not got it yet.
fn due_today(home: &Home) -> Result<Option<LegalNow>, Failure> {
    let settings = &home.node.mail;
    let now = LegalNow(home.clock()?.now());
    if !may_leave(settings, now) {
        return Ok(None);
    }
    let sent = Sent::read(&sent_path(home))?;
    let open = settings.officials.iter().any(|official| !sent.is_done(&official.role, now.date()));
    Ok(open.then_some(now))
}

fn may_leave(settings: &MailSettings, now: LegalNow) -> bool {
    let today = now.date();
    let working = Law::on(today).is_none_or(|law| law.calendar.is_working_day(today, None));
    hour_in_rome(now.0) >= settings.hour && (working || !settings.working_days_only)
}

fn hour_in_rome(at: Timestamp) -> u8 {
    const ROME: jiff::tz::TimeZone = jiff::tz::get!("Europe/Rome");
    u8::try_from(ROME.to_datetime(at).hour()).unwrap_or(0)
}

/// One day's mails: every official is tried in turn, then all that failed again after a pause, and so on a bounded number of times.
async fn day(desk: &Desk, now: LegalNow, tell: &mpsc::Sender<Told>) {
    let (home, today) = (&desk.home, now.date());
    let mut waiting = match prepared(desk, now).await {
        Ok(waiting) => waiting,
        Err(failure) => {
            tracing::error!(faults = ?failure.faults, "the digest of today is not prepared yet");
            return;
        }
    };
    let sender = match server(home) {
        Ok(sender) => sender,
        Err(failure) => {
            let code = failure.faults.first().map(|fault| fault.code.clone()).unwrap_or_default();
            for (role, _) in waiting {
                give_up(home, &role, today, &code, tell).await;
            }
            return;
        }
    };
    for tries in 1..=TRIES_MAX {
        let mut failed = Vec::new();
        for (role, mail) in waiting {
            match sender.send(&mail).await {
                Ok(()) => note(home, &role, today),
                Err(error) if error.is_permanent() || tries == TRIES_MAX => {
                    tracing::error!(%error, "a reminder was not sent");
                    give_up(home, &role, today, error.code(), tell).await;
                }
                Err(error) => {
                    tracing::warn!(%error, tries, "a reminder could not be sent yet");
                    failed.push((role, mail));
                }
            }
        }
        waiting = failed;
        if waiting.is_empty() || tell.is_closed() {
            return;
        }
        tokio::time::sleep(pause(home, tries)).await;
    }
}

fn pause(home: &Home, tries: u32) -> Duration {
    let given = std::env::var(PAUSE_VARIABLE).ok().and_then(|text| text.parse().ok());
    let first = given.filter(|_| home.federation.training).map_or(PAUSE, Duration::from_millis);
    first.saturating_mul(1 << tries.saturating_sub(1).min(10))
}

/// The mail of each official who has not got today's; those without anything to be told are done.
async fn prepared(desk: &Desk, now: LegalNow) -> Result<Vec<(String, Mail)>, Failure> {
    let desk = desk.clone();
    let done = tokio::task::spawn_blocking(move || prepare(&desk, now)).await;
    done.unwrap_or_else(|error| Err(Failure::environment("mail.prepare", &error)))
}

fn prepare(desk: &Desk, now: LegalNow) -> Result<Vec<(String, Mail)>, Failure> {
    let (home, today) = (&desk.home, now.date());
    let sent = Sent::read(&sent_path(home))?;
    let reminders = gather(desk, now)?;
    let mut mails = Vec::new();
    for official in home.node.mail.officials.iter().filter(|o| !sent.is_done(&o.role, today)) {
        match digest::digest(&reader(home, official, now), &reminders) {
            Some(written) => {
                mails.push((official.role.clone(), mail(home, official, today, "digest", written)))
            }
            None => note(home, &official.role, today),
        }
    }
    Ok(mails)
}

fn gather(desk: &Desk, now: LegalNow) -> Result<Vec<Reminder>, Failure> {
    let (home, me) = (&desk.home, &desk.home.node.writer);
    let law = Law::on(now.date())
        .ok_or_else(|| Failure::environment("law.data", &"the law's data cannot be read"))?;
    let horizon = Horizon::new(&law.calendar, now, home.node.mail.days_before);
    let (journal, documents) = (views::reader(home)?, home.documents()?);
    Ok(desk.index.with(&journal, now, |all, _| {
        let told = all.filter_map(|found| Some((horizon.section(found.duty, me)?, found)));
        let mut reminders: Vec<Reminder> = told
            .map(|(section, found)| Reminder {
                conference: found.conference.clone(),
                reference: found.reference(&documents),
                duty: found.duty.clone(),
                section,
            })
            .collect();
        reminders.sort_by(|a, b| {
            let date = |reminder: &Reminder| reminder.duty.due.as_ref().map_or(Date::MAX, |due| due.strict);
            (a.section, date(a), &a.conference).cmp(&(b.section, date(b), &b.conference))
        });
        reminders
    })?)
}

fn reader<'a>(home: &'a Home, official: &'a Official, now: LegalNow) -> Reader<'a> {
    let (role, name, writer) = (&official.role, &home.node.name, &home.node.writer);
    Reader { role, language: official.language, name, writer, now }
}

fn mail(
    home: &Home,
    official: &Official,
    today: Date,
    kind: &str,
    (subject, text): (String, String),
) -> Mail {
    let day = today.to_string();
    let from = home.node.mail.from.clone().unwrap_or_default();
    let host = from.rsplit('@').next().unwrap_or_default();
    // the same official, day and kind: the same name; the role itself may hold any character
    let name = concerto_message::Digest::of(
        format!("{}\0{day}\0{kind}\0{}", home.node.writer, official.role).as_bytes(),
    );
    Mail {
        id: format!("{day}.{kind}.{name}@{host}"),
        to: official.address.clone(),
        copies: official
            .substitutes
            .iter()
            .filter(|s| s.stands_in_on(&day))
            .map(|s| s.address.clone())
            .collect(),
        subject,
        language: if official.language == Language::Italian { "it" } else { "en" },
        text,
        from,
    }
}

/// The mail server of the configuration, with its password read now.
fn server(home: &Home) -> Result<Sender, Failure> {
    let settings = &home.node.mail;
    let host = settings.host.clone().ok_or_else(not_configured)?;
    let security = match settings.tls {
        MailTls::Implicit => Security::Implicit,
        MailTls::StartTls => Security::StartTls,
        MailTls::Off => Security::Clear,
    };
    let login = match (&settings.user, password_path(home)?) {
        (Some(user), Some(path)) => Some((user.clone(), password(&path)?)),
        _ => None,
    };
    let authorities = settings.authorities.as_ref().map(|path| read(&home.folder.join(path))).transpose()?;
    let config = Config { host, port: settings.port, security, login, authorities };
    Sender::new(&config).map_err(|error| failed(&error))
}

/// The file of the password: of the node's folder, or of systemd's credentials.
fn password_path(home: &Home) -> Result<Option<PathBuf>, Failure> {
    let settings = &home.node.mail;
    if let Some(path) = &settings.password {
        return Ok(Some(home.folder.join(path)));
    }
    let Some(name) = &settings.credential else { return Ok(None) };
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        Failure::usage(
            "mail.credential",
            format!("La credenziale `{name}` non c'è: il nodo non è avviato da systemd con LoadCredential={name}."),
            format!("There is no credential `{name}`: the node was not started by systemd with LoadCredential={name}."),
        )
    })?;
    Ok(Some(Path::new(&folder).join(name)))
}

fn password(path: &Path) -> Result<Secret, Failure> {
    let bytes = read(path)?;
    let text = String::from_utf8(bytes).ok().map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    let good = text.filter(|text| (1..=PASSWORD_BYTES_MAX).contains(&text.len()));
    good.map(Secret::new).ok_or_else(|| {
        Failure::usage(
            "mail.password",
            format!("{}: non è una password di una riga.", path.display()),
            format!("{}: it is no password of one line.", path.display()),
        )
    })
}

fn not_configured() -> Failure {
    Failure::usage(
        "mail.off",
        "Nessun server di posta in node.toml: scrivere `host` in [mail].",
        "No mail server in node.toml: write `host` in [mail].",
    )
}

fn failed(error: &MailError) -> Failure {
    let (it, en) =
        (format!("Il messaggio non è stato inviato: {error}."), format!("The mail was not sent: {error}."));
    Failure::refused(concerto_core::Fault::new(error.code(), it, en))
}

fn sent_path(home: &Home) -> PathBuf {
    home.folder.join("mail-sent.json")
}

fn note(home: &Home, role: &str, today: Date) {
    if let Err(error) = Sent::note(&sent_path(home), role, today) {
        tracing::error!(%error, "that a reminder was sent could not be noted: it may be sent again");
    }
}

/// The last try failed: an alarm, and tomorrow's digest.
async fn give_up(home: &Home, role: &str, today: Date, code: &str, tell: &mpsc::Sender<Told>) {
    note(home, role, today);
    let text = format!(
        "Il promemoria del {today} non è partito ({code}): controllare [mail] in node.toml con `concerto mail test`. Gli adempimenti \
         restano in `concerto duties` e nel promemoria del prossimo giorno."
    );
    let at = home.clock().map_or(Timestamp::UNIX_EPOCH, |clock| clock.now());
    let place = home.node.mail.officials.iter().position(|official| official.role == role).unwrap_or(0);
    let subject = format!("{today} {}", place + 1);
    let alarm = Alarm { conference: None, code: "mail.failed".into(), subject, at, text };
    let _ = tell.send(Told::Alarm(alarm)).await; // the engine may have ended
}

/// `concerto mail test`: one mail to one official, now.
pub(crate) fn test(out: Output, home: &Home, role: &str) -> Result<(), Failure> {
    let officials = &home.node.mail.officials;
    let official = officials.iter().find(|official| official.role == role).ok_or_else(|| {
        let known: Vec<&str> = officials.iter().map(|official| official.role.as_str()).collect();
        let known = known.join(", ");
        Failure::usage(
            "mail.role",
            format!("Nessun funzionario con ruolo `{role}` in node.toml. Ci sono: {known}."),
            format!("No official with role `{role}` in node.toml. There are: {known}."),
        )
    })?;
    let sender = server(home)?;
    let now = home.clock()?.now();
    let today = rome_date(now);
    let mut mail = mail(home, official, today, "test", digest::test(&reader(home, official, LegalNow(now))));
    mail.id = format!("{}.{}", now.as_millisecond(), mail.id); // each test is a mail of its own
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(sender.send(&mail)).map_err(|error| failed(&error))?;
    let text = match out.italian() {
        true => format!("Inviato a {} ({} in copia).", official.address, mail.copies.len()),
        false => format!("Sent to {} ({} in copy).", official.address, mail.copies.len()),
    };
    out.result(&text, &json!({ "sent": true, "role": role, "to": mail.to, "copies": mail.copies }));
    Ok(())
}

#[cfg(test)]
#[path = "mail_tests.rs"]
mod tests;
