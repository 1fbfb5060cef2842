//! `concerto terms` from outside (RULES A.0, A.0.7, B): the commands as the documentation writes them, in a folder without any node.
//!
//! Properties: every date comes with its reason and norm; a refusal has a code and a norm; a profile counts only with a signature that holds,
//! and says so; the calendar file keeps its identifiers when a date moves. It would catch a command that needs a
//! node, mixes up the two readings, cites art. 14-bis for the days of R1b, or believes an altered profile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod support;

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use support::{Done, Federation, program};

fn terms_in(folder: &Path, arguments: &[&str]) -> Done {
    let mut command = Command::new(program());
    Done::of(
        command
            .current_dir(folder)
            .arg("terms")
            .args(arguments)
            .env_remove("CONCERTO_HOME")
            .env("LANG", "it_IT.UTF-8"),
    )
}

fn terms(arguments: &[&str]) -> Done {
    terms_in(tempfile::tempdir().unwrap().path(), arguments)
}

fn json(arguments: &[&str]) -> Value {
    let done = terms(&[arguments, &["--format", "json"]].concat());
    assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
    done.json()
}

/// The term with this name.
fn term<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["terms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|term| term["term"] == name)
        .unwrap_or_else(|| panic!("{name} in {answer}"))
}

#[test]
fn the_commands_of_the_documentation_answer() {
    let answer = json(&[
        "--kind",
        "simplified",
        "--received",
        "2026-11-30",
        "--regime",
        "R1b",
        "--sensitive",
        "--suspend",
        "2026-12-10",
        "--resume",
        "2026-12-21",
        "--seat",
        "roma",
    ]);
    let long = term(&answer, "determination_sensitive");
    // 45 days from 30 November are 14 January; the terms stood still for 11.
    assert_eq!((&long["strict"], &long["prudential"]), (&"2027-01-25".into(), &"2027-01-25".into()));
    assert_eq!((&long["norm"], &long["nature"]), (&"DL 76/2020 art. 13".into(), &"peremptory".into()));
    assert!(long["derivation"].as_str().unwrap().contains("+ 45 giorni (DL 76/2020 art. 13)"), "{long}");
    for term in answer["terms"].as_array().unwrap() {
        assert!(
            !term["norm"].as_str().unwrap().is_empty() && !term["derivation"].as_str().unwrap().is_empty()
        );
        assert!(term["strict"].as_str() <= term["prudential"].as_str());
    }
    let one = json(&["days", "--from", "2027-02-26", "--add", "30"]);
    assert_eq!((&one["strict"], &one["prudential"]), (&"2027-03-30".into(), &"2027-03-30".into()));
    assert!(one["derivation"].as_str().unwrap().contains("Pasqua"));
    let saturday = json(&["days", "--from", "2026-12-02", "--add", "30"]);
    assert_eq!((&saturday["strict"], &saturday["prudential"]), (&"2027-01-02".into(), &"2027-01-04".into()));
    let back = json(&["days", "--from", "2027-04-18", "--add", "20", "--backward"]);
    assert_eq!((&back["strict"], &back["prudential"]), (&"2027-03-27".into(), &"2027-03-26".into()));
    let working = json(&["days", "--from", "2026-11-23", "--add", "5", "--unit", "working"]);
    assert_eq!(working["strict"], "2026-11-30");
}

#[test]
fn the_notice_chooses_the_regime_and_what_is_open_is_refused_alone() {
    let answer = json(&["--received", "2027-01-11"]);
    assert_eq!(answer["regime"]["id"], "R2");
    assert_eq!(term(&answer, "determination")["strict"], "2027-02-10");
    assert_eq!(answer["refused"][0]["value"], "terms.meeting");
    assert_eq!(answer["refused"][0]["norm"], "L. 241/1990 art. 14-bis c. 2 lett. d");
    let before = json(&["--notice", "2026-12-31", "--received", "2027-01-11"]);
    assert_eq!((&before["regime"]["id"], before["refused"].as_array().unwrap().len()), (&"R1b".into(), 0));
}

#[test]
fn refusals_have_their_code_norm_and_exit_code() {
    for (arguments, code, exit) in [
        (&["days", "--from", "2037-01-01", "--add", "1"][..], "terms.date.outside", 1),
        (
            &["--received", "2026-11-30", "--suspend", "2026-12-10", "--resume", "2026-12-09"],
            "terms.suspension.order",
            1,
        ),
        (&["--kind", "complex", "--received", "2026-11-30"], "terms.kind.unknown", 2),
        (&[], "terms.event.missing", 2),
    ] {
        let done = terms(&[arguments, &["--format", "json"]].concat());
        let error: Value = serde_json::from_str(&done.err).unwrap();
        assert_eq!((error["error"][0]["code"].as_str().unwrap(), done.code), (code, exit), "{arguments:?}");
    }
    let done = terms(&["days", "--from", "2037-01-01", "--add", "1", "--lang", "en"]);
    assert!(done.err.contains("protocols/procedure/data/holidays.toml"), "{}", done.err);
    assert_eq!(terms(&["days", "--from", "2027-02-30", "--add", "1"]).code, 2);
    assert_eq!(terms(&["--received", "2026-11-30", "--resume", "2026-12-10"]).code, 2, "no suspension");
}

#[test]
fn people_read_it_in_both_languages_within_the_width() {
    for (language, words) in [
        ("it", ["perentorio", "Determinazione", "avviso"]),
        ("en", ["peremptory", "Determination", "warning"]),
    ] {
        let arguments = [
            "--received",
            "2026-12-02",
            "--application",
            "2026-12-01",
            "--sensitive",
            "--explain",
            "--lang",
            language,
        ];
        let done = terms(&arguments);
        assert_eq!(done.code, 0, "{}", done.err);
        for word in words {
            assert!(done.out.contains(word), "{word} in {}", done.out);
        }
        for line in done.out.lines() {
            assert!(line.chars().count() <= 110, "too wide: {line}");
        }
    }
}

const PROFILE: &str = r#"[profile]
id = "regione-di-prova-2027"
decided_by = "Segretario generale, decreto 12/2026"
decided_on = "2026-12-20"
citation = "L. 241/1990 art. 14-bis c. 2 lett. d"
from = "2027-01-01"

[[regime]]
id = "R2"
costs_of_prescriptions = true
[regime.terms.meeting]
days = 10
norm = "L. 241/1990 art. 14-bis c. 2 lett. d; decreto 12/2026"
"#;

#[test]
fn a_profile_counts_only_with_a_signature_that_holds() {
    let federation = Federation::new();
    let path = |name: &str| federation.path(name).to_str().unwrap().to_owned();
    std::fs::write(federation.path("profile.toml"), PROFILE).unwrap();
    let (profile, anchor) = (path("profile.toml"), path("anchor/federation.toml"));
    let ask = |received: &str| {
        terms(&["--received", received, "--profile", &profile, "--anchor", &anchor, "--format", "json"])
    };
    assert_eq!(ask("2027-01-11").code, 4, "no signature yet");
    let sign = |key: &str| terms(&["sign", &profile, "--key", &path(key)]);
    assert_eq!(sign("body/keys/message.pem").code, 0);
    let stranger = ask("2027-01-11");
    assert_eq!((stranger.code, stranger.err.contains("message.key.other")), (1, true), "{}", stranger.err);

    assert_eq!(sign("anchor/anchor.pem").code, 0);
    let answer = ask("2027-01-11").json();
    let meeting = term(&answer, "meeting");
    assert_eq!(
        (&meeting["strict"], &meeting["profile"]),
        (&"2027-02-20".into(), &"regione-di-prova-2027".into())
    );
    assert_eq!(meeting["warnings"][0]["code"], "terms.value.profile");
    let outside = ask("2026-12-31").json();
    assert_eq!(outside["warnings"][0]["code"], "profile.other-days");

    std::fs::write(federation.path("profile.toml"), PROFILE.replace("days = 10", "days = 15")).unwrap();
    let altered = ask("2027-01-11");
    assert_eq!((altered.code, altered.err.contains("message.signature")), (1, true), "{}", altered.err);
}

#[test]
fn a_nodes_own_profile_lets_it_work_and_a_bad_one_stops_it() {
    let federation = Federation::new();
    let path = |name: &str| federation.path(name).to_str().unwrap().to_owned();
    std::fs::write(federation.path("lead/profile.toml"), PROFILE).unwrap();
    let list = || federation.run("lead", &["conference", "list"]);
    assert_eq!(list().code, 4, "a profile without a signature: nothing is computed without it");
    assert_eq!(terms(&["sign", &path("lead/profile.toml"), "--key", &path("lead/keys/message.pem")]).code, 0);
    let done = list();
    assert_eq!(done.code, 0, "{}", done.err);
    // The same trust serves `terms --home`.
    let home = path("lead");
    let done = terms(&[
        "--home",
        &home,
        "--received",
        "2027-01-11",
        "--profile",
        &path("lead/profile.toml"),
        "--format",
        "json",
    ]);
    assert_eq!(term(&done.json(), "meeting")["strict"], "2027-02-20");
}

/// R2 leaves two values open: without a profile a node refuses to open a conference in 2027, with one it does, by its dates.
#[test]
fn with_a_profile_a_node_opens_a_conference_under_the_regime_of_2027() {
    let federation = Federation::new();
    let path = |name: &str| federation.path(name).to_str().unwrap().to_owned();
    std::fs::write(federation.path("clock"), "2027-01-11T09:00:00Z").unwrap();
    std::fs::write(federation.path("lead/virtual-clock"), path("clock")).unwrap();
    let mut facts = support::notice_facts();
    for (key, value) in [("started_on", "2027-01-08"), ("regime_basis_date", "2027-01-11")] {
        facts[key] = value.into();
    }
    facts["dates"] = "@auto".into();
    let file = federation.file("notice-2027.json", &facts);
    let body = federation.file("notice-2027-body.json", &support::notice_body());
    let (file, body) = (file.to_str().unwrap(), body.to_str().unwrap());
    let open = || {
        federation.run("lead", &["--format", "json", "conference", "open", "--facts", file, "--body", body])
    };
    let refused = open();
    assert_eq!((refused.code, refused.err.contains("terms.meeting")), (1, true), "{}", refused.err);

    std::fs::write(federation.path("lead/profile.toml"), PROFILE).unwrap();
    assert_eq!(terms(&["sign", &path("lead/profile.toml"), "--key", &path("anchor/anchor.pem")]).code, 0);
    let done = open();
    assert_eq!(done.code, 0, "{}", done.err);
    let conference = support::text(&done.json(), "conference");
    let shown = federation.run("lead", &["--format", "json", "conference", "show", &conference]);
    assert!(shown.out.contains("\"R2\""), "{}{}", shown.out, shown.err);
}

#[test]
fn the_calendar_file_is_a_calendar() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, more: &[&str]| {
        let base = ["--received", "2026-12-02", "--application", "2026-12-01", "--sensitive", "--ics", name];
        let done = terms_in(folder.path(), &[&base[..], more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        std::fs::read_to_string(folder.path().join(name)).unwrap()
    };
    let first = write("first.ics", &[]);
    assert!(first.starts_with("BEGIN:VCALENDAR\r\n") && first.ends_with("END:VCALENDAR\r\n"));
    assert_eq!(first.matches('\n').count(), first.matches("\r\n").count(), "each line ends with CRLF");
    assert!(first.split("\r\n").all(|line| line.len() <= 75), "folded lines");
    // The ordinary determination: strict Saturday 2 January 2027, and the end is the day after (exclusive).
    assert!(
        first.contains("DTSTART;VALUE=DATE:20270102\r\nDTSTAMP")
            || first.contains("DTSTART;VALUE=DATE:20270102")
    );
    assert!(first.contains("DTEND;VALUE=DATE:20270103"));
    let uids = |text: &str| -> Vec<String> {
        let mut uids: Vec<_> =
            text.lines().filter(|line| line.starts_with("UID:")).map(str::to_owned).collect();
        uids.sort();
        uids
    };
    assert_eq!(uids(&first).len(), 7, "what counts from the application and the receipt");
    let moved = write("moved.ics", &["--suspend", "2026-12-10", "--resume", "2026-12-21"]);
    assert!(
        uids(&first).iter().all(|uid| uids(&moved).contains(uid)),
        "a date that moved keeps its identifier"
    );
}
