//! Reminders in `node.toml`: catches mail in clear over the network, a password without a user, an address that hides a second header.

use super::*;
use crate::{NodeFile, default_node_toml};

fn with(changes: &[(&str, &str)], end: &str) -> Result<MailSettings, Vec<String>> {
    let mut file = default_node_toml().to_owned();
    let at = file.find("[mail]").unwrap();
    let mut mail = file.split_off(at);
    for (key, value) in changes {
        let line = mail.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
        mail = mail.replacen(&line, &format!("{key} = {value}"), 1);
    }
    let text = format!("{file}{mail}{end}");
    NodeFile::parse("node.toml", &text)
        .map(|node| node.mail)
        .map_err(|problems| problems.into_iter().map(|p| p.at).collect())
}

const SERVER: &[(&str, &str)] = &[("host", "\"smtp.ente.example\""), ("from", "\"concerto@ente.example\"")];

const OFFICIAL: &str = "\n[[official]]\nrole = \"Responsabile\"\naddress = \"resp@ente.example\"\nlanguage = \"en\"\n\n\
[[official.substitute]]\naddress = \"sost@ente.example\"\nfrom = \"2026-12-21\"\nto = \"2027-01-06\"\n";

#[test]
fn officials_and_substitutes_are_read_and_written() {
    let settings = with(SERVER, OFFICIAL).unwrap();
    let substitute = &settings.officials[0].substitutes[0];
    let days = ["2026-12-20", "2026-12-21", "2027-01-06", "2027-01-07"];
    assert_eq!(days.map(|day| substitute.stands_in_on(day)), [false, true, true, false]);
    let mut node = NodeFile::parse("node.toml", default_node_toml()).unwrap();
    node.mail = settings;
    assert_eq!(NodeFile::parse("node.toml", &node.to_toml()).unwrap(), node);
}

#[test]
fn what_does_not_go_together_is_told() {
    assert_eq!(with(&SERVER[..1], "").unwrap_err(), ["[mail].from"]);
    let in_clear = [SERVER, &[("tls", "\"none\"")]].concat();
    assert_eq!(with(&in_clear, "").unwrap_err(), ["[mail].tls"]);
    let own = [("host", "\"localhost\""), SERVER[1], ("tls", "\"none\"")];
    assert_eq!(with(&own, "").unwrap().tls, MailTls::Off);
    let user = [SERVER, &[("user", "\"nodo\"")]].concat();
    assert_eq!(with(&user, "").unwrap_err(), ["[mail].user"]);
    let twice = [&user[..], &[("password", "\"keys/mail\""), ("credential", "\"mail\"")]].concat();
    assert_eq!(with(&twice, "").unwrap_err(), ["[mail].credential"]);
}

#[test]
fn values_have_their_form() {
    for (key, value) in [
        ("tls", "\"ssl\""),
        ("host", "\"a b\""),
        ("hour", "24"),
        ("port", "0"),
        ("days_before", "0"),
        ("from", "\"a@b.example\\nBcc: c@b.example\""),
        ("password", "\"/etc/secret\""),
        ("credential", "\"../x\""),
    ] {
        assert_eq!(with(&[(key, value)], "").unwrap_err(), [format!("[mail].{key}")], "{value}");
    }
    for (from, to) in [("2026-12-21", "2026-13-01"), ("sempre", "mai"), ("2026-12-21", "2026-12-20")] {
        let end = OFFICIAL.replace("2026-12-21", from).replace("2027-01-06", to);
        assert!(with(SERVER, &end).is_err(), "{from} {to}");
    }
    let twice = format!("{OFFICIAL}{OFFICIAL}");
    assert_eq!(with(SERVER, &twice).unwrap_err(), ["[[official]].role"]);
}
