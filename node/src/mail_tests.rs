//! When the digest leaves, and the note of what was sent. Catches mail on a Sunday or twice a day, and a note lost with the process.

use super::*;
use jiff::civil::date;

fn at(text: &str) -> LegalNow {
    LegalNow(text.parse().unwrap())
}

#[test]
fn it_leaves_from_its_hour_in_rome_on_working_days() {
    let settings = MailSettings { hour: 8, ..MailSettings::default() };
    assert!(!may_leave(&settings, at("2026-12-01T06:59:59Z")));
    assert!(may_leave(&settings, at("2026-12-01T07:00:00Z")), "8 in Rome in winter");
    assert!(may_leave(&settings, at("2026-07-01T06:00:00Z")), "8 in Rome in summer");
    for free in ["2026-12-05T10:00:00Z", "2026-12-06T10:00:00Z", "2026-12-08T10:00:00Z"] {
        assert!(!may_leave(&settings, at(free)), "{free}: Saturday, Sunday, the Immacolata");
        let every = MailSettings { working_days_only: false, ..settings.clone() };
        assert!(may_leave(&every, at(free)));
    }
}

#[test]
fn what_was_sent_is_noted_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail-sent.json");
    let today = date(2026, 12, 1);
    assert!(!Sent::read(&path).unwrap().is_done("Responsabile", today));
    Sent::note(&path, "Responsabile", today).unwrap();
    Sent::note(&path, "Segreteria", date(2026, 11, 30)).unwrap();
    let sent = Sent::read(&path).unwrap();
    assert!(sent.is_done("Responsabile", today) && sent.is_done("Responsabile", date(2026, 11, 30)));
    assert!(!sent.is_done("Responsabile", date(2026, 12, 2)) && !sent.is_done("Segreteria", today));
    std::fs::write(&path, b"{").unwrap();
    assert!(Sent::read(&path).is_err(), "a file that says nothing is not taken for `never sent`");
}
