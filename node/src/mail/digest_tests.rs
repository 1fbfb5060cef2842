//! The digest's choice and its words. Catches a duty that is told too early or never, a mail about nothing, and names in a mail.

use super::*;
use concerto_procedure::Force;
use concerto_procedure::duties::Due;
use concerto_procedure::law::Law;
use jiff::civil::date;

fn me() -> Writer {
    "c_b474/PROT".parse().unwrap()
}

fn duty(strict: Option<Date>) -> Duty {
    let mut duty = Duty::to_take_in_charge(&me(), Vec::new(), None);
    duty.due = strict.map(|strict| Due {
        strict,
        prudential: strict,
        force: Force::Peremptory,
        norm: "DL 76/2020 art. 13".to_owned(),
        term: None,
        term_of: None,
    });
    duty.undated = strict.is_none().then_some(Undated::NoTerm);
    duty
}

fn now() -> LegalNow {
    LegalNow("2026-12-01T10:00:00Z".parse().unwrap())
}

// Tuesday 1 December 2026
fn horizon() -> Horizon {
    let law = Law::on(date(2026, 12, 1)).unwrap();
    Horizon::new(&law.calendar, now(), 5)
}

#[test]
fn duties_are_told_five_working_days_ahead_then_daily() {
    let section = |day: Date| horizon().section(&duty(Some(day)), &me());
    assert_eq!(section(date(2026, 11, 30)), Some(Section::Overdue));
    assert_eq!(section(date(2026, 12, 1)), Some(Section::Next), "today");
    assert_eq!(section(date(2026, 12, 2)), Some(Section::Next));
    assert_eq!(section(date(2026, 12, 3)), Some(Section::Soon));
    // 2, 3, 4, 7 and, after the Immacolata, 9 December
    assert_eq!(section(date(2026, 12, 9)), Some(Section::Soon));
    assert_eq!(section(date(2026, 12, 10)), None);
    assert_eq!(horizon().section(&duty(None), &me()), Some(Section::Undated), "without delay");
    let mut waits = duty(None);
    waits.undated = Some(Undated::NotStarted);
    assert_eq!(horizon().section(&waits, &me()), None, "nothing runs yet");
    assert_eq!(horizon().section(&duty(Some(date(2026, 12, 1))), &"p_mc/PROT".parse().unwrap()), None);
    let mut done = duty(Some(date(2026, 12, 1)));
    done.done_on = Some(date(2026, 11, 30));
    assert_eq!(horizon().section(&done, &me()), None);
}

fn reader(language: Language, writer: &Writer) -> Reader<'_> {
    Reader { role: "Responsabile", language, name: "Comune di Esempio", writer, now: now() }
}

#[test]
fn the_mail_says_what_and_by_when_in_the_officials_language() {
    let writer = me();
    let conference: ConferenceId = "r_marche/URB/00112233445566778899aabbccddeeff".parse().unwrap();
    let reminder = |strict: Date, section| Reminder {
        conference: conference.clone(),
        reference: Some("PROT 2026/123".to_owned()),
        duty: duty(Some(strict)),
        section,
    };
    let reminders =
        [reminder(date(2026, 11, 30), Section::Overdue), reminder(date(2026, 12, 9), Section::Soon)];
    let (subject, text) = digest(&reader(Language::Italian, &writer), &reminders).unwrap();
    assert_eq!(subject, "Concerto: 2 adempimenti, 1 scaduti");
    for part in [
        "SCADUTI",
        "IN SCADENZA",
        "00112233 (PROT 2026/123)",
        "entro mercoledì 9 dicembre 2026",
        "DL 76/2020 art. 13",
        "Responsabile,",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains('{') && !text.contains("SENZA RITARDO"), "{text}");
    let (subject, text) = digest(&reader(Language::English, &writer), &reminders).unwrap();
    assert_eq!(subject, "Concerto: 2 duties, 1 overdue");
    assert!(text.contains("by Wednesday 9 December 2026") && text.contains("OVERDUE"), "{text}");
    assert_eq!(digest(&reader(Language::Italian, &writer), &[]), None, "nothing, no mail");
    let many: Vec<Reminder> = (0..250).map(|_| reminder(date(2026, 12, 9), Section::Soon)).collect();
    let (_, text) = digest(&reader(Language::Italian, &writer), &many).unwrap();
    assert!(text.contains("… 150 altri"), "{text}");
}
