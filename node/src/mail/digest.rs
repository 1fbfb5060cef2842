//! The text of the daily digest: which duties it tells of, and in which words. Pure: what is read and sent is elsewhere.
//!
//! It names a conference by its short code, the reference of the application, what is to be done and by when; never a person, a subject or a
//! text. A duty without a date that the law wants done without delay is told as long as it stands.

use concerto_federation_config::Language;
use concerto_message::{ConferenceId, Writer};
use concerto_procedure::LegalNow;
use concerto_procedure::calendar::{Calendar, add_days};
use concerto_procedure::duties::{Duty, Nature, Standing, Undated};
use concerto_procedure::language::{Lang, date_text};
use jiff::civil::Date;

use crate::words::short;

/// Most duties written out in one section; of more the number is told.
const LINES_MAX: usize = 100;

/// A duty as the digest tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reminder {
    pub(crate) conference: ConferenceId,
    pub(crate) reference: Option<String>,
    pub(crate) duty: Duty,
    pub(crate) section: Section,
}

/// Under which heading a duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Section {
    /// Past its date.
    Overdue,
    /// Today or on the next working day.
    Next,
    /// Within the days of the configuration.
    Soon,
    /// The law gives no date: without delay.
    Undated,
}

/// The days on which the digest of a day looks ahead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Horizon {
    now: LegalNow,
    next: Date,
    soon: Date,
}

impl Horizon {
    /// So many working days ahead of this instant.
    pub(crate) fn new(calendar: &Calendar, now: LegalNow, days_before: u16) -> Self {
        let ahead = |days| calendar.add_working_days(now.date(), days, None);
        Self { now, next: ahead(1), soon: ahead(days_before.max(1)) }
    }

    /// Where a duty is told; none while it is far, done, lost or somebody else's.
    pub(crate) fn section(&self, duty: &Duty, me: &Writer) -> Option<Section> {
        if duty.who != *me || !duty.is_outstanding(self.now) {
            return None;
        }
        let Some(due) = &duty.due else {
            let waits = duty.nature == Nature::Duty && duty.undated != Some(Undated::NotStarted);
            return (waits || duty.missing.is_some()).then_some(Section::Undated);
        };
        match duty.standing(self.now) {
            Standing::Overdue | Standing::BetweenReadings => Some(Section::Overdue),
            _ if due.strict <= self.next => Some(Section::Next),
            _ if due.strict <= self.soon => Some(Section::Soon),
            _ => None,
        }
    }
}

/// Who gets a mail, and in which language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) role: &'a str,
    pub(crate) language: Language,
    /// Name and writer of the node's administration.
    pub(crate) name: &'a str,
    pub(crate) writer: &'a Writer,
    pub(crate) now: LegalNow,
}

impl Reader<'_> {
    pub(crate) fn lang(&self) -> Lang {
        match self.language {
            Language::Italian => Lang::It,
            Language::English => Lang::En,
        }
    }

    pub(crate) fn say<'t>(&self, it: &'t str, en: &'t str) -> &'t str {
        concerto_api::words::say(self.lang(), it, en)
    }

    /// A template with what every mail says.
    fn filled(&self, template: &str, sections: &str) -> String {
        // a role or a name that looks like a place to fill is left as it is: each place is filled once, from the end
        template
            .replace("{today}", &date_text(self.now.date(), self.lang()))
            .replace("{writer}", &self.writer.to_string())
            .replacen("{sections}", sections, 1)
            .replacen("{name}", self.name, 1)
            .replacen("{role}", self.role, 1)
    }
}

/// The subject and the text of a test mail.
pub(crate) fn test(reader: &Reader<'_>) -> (String, String) {
    let template = reader.say(include_str!("test.it.txt"), include_str!("test.en.txt"));
    let subject = reader.say("Concerto: messaggio di prova", "Concerto: test mail");
    (subject.to_owned(), reader.filled(template, ""))
}

/// The subject and the text of the digest; none where there is nothing to tell.
pub(crate) fn digest(reader: &Reader<'_>, reminders: &[Reminder]) -> Option<(String, String)> {
    if reminders.is_empty() {
        return None;
    }
    let count = |section| reminders.iter().filter(|reminder| reminder.section == section).count();
    let (all, overdue) = (reminders.len(), count(Section::Overdue));
    let subject = match reader.language {
        Language::Italian => format!("Concerto: {all} adempimenti, {overdue} scaduti"),
        Language::English => format!("Concerto: {all} duties, {overdue} overdue"),
    };
    let mut sections = String::new();
    for section in [Section::Overdue, Section::Next, Section::Soon, Section::Undated] {
        let told: Vec<&Reminder> = reminders.iter().filter(|reminder| reminder.section == section).collect();
        if told.is_empty() {
            continue;
        }
        sections.push_str(&format!("\n{}\n", heading(reader, section)));
        for reminder in told.iter().take(LINES_MAX) {
            sections.push_str(&line(reader, reminder));
        }
        if told.len() > LINES_MAX {
            let more = told.len() - LINES_MAX;
            sections.push_str(&format!(
                "  … {more} {}\n",
                reader.say("altri: concerto duties", "more: concerto duties")
            ));
        }
    }
    let template = reader.say(include_str!("digest.it.txt"), include_str!("digest.en.txt"));
    Some((subject, reader.filled(template, &sections)))
}

fn heading(reader: &Reader<'_>, section: Section) -> &'static str {
    let (it, en) = match section {
        Section::Overdue => ("SCADUTI", "OVERDUE"),
        Section::Next => ("ENTRO IL PROSSIMO GIORNO LAVORATIVO", "BY THE NEXT WORKING DAY"),
        Section::Soon => ("IN SCADENZA", "DUE SOON"),
        Section::Undated => ("SENZA RITARDO", "WITHOUT DELAY"),
    };
    concerto_api::words::say(reader.lang(), it, en)
}

fn line(reader: &Reader<'_>, reminder: &Reminder) -> String {
    let (duty, lang) = (&reminder.duty, reader.lang());
    let reference =
        reminder.reference.as_deref().map(|reference| format!(" ({reference})")).unwrap_or_default();
    let faculty =
        if duty.nature == Nature::Faculty { format!(" [{}]", duty.nature.text(lang)) } else { String::new() };
    let code = short(&reminder.conference.nonce().to_string());
    let when = match &duty.due {
        Some(due) => format!("{} {}", reader.say("entro", "by"), date_text(due.strict, lang)),
        None => duty.undated_text(lang).unwrap_or_default(),
    };
    let norm = duty.due.as_ref().map_or(duty.norm, |due| due.norm.as_str());
    let passed = match duty.standing(reader.now) {
        Standing::Overdue | Standing::BetweenReadings => format!("\n      {}", duty.consequence.text(lang)),
        _ => String::new(),
    };
    format!("  {code}{reference}: {}{faculty}\n      {when} [{norm}]{passed}\n", duty.task.text(lang))
}

/// The day before which nothing is remembered of what was sent.
pub(crate) fn forget_before(today: Date) -> Date {
    add_days(today, -30)
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
