//! The certified mailbox in `node.toml`: catches a mailbox read in two places, one for which two programs send, receipts that nobody can verify, a
//! connection without TLS, and problems that hide each other.

use super::*;
use crate::{NodeFile, default_node_toml};

fn with(changes: &[(&str, &str)]) -> Result<PecSettings, Vec<String>> {
    let mut file = default_node_toml().to_owned();
    let at = file.find("[pec]").unwrap();
    let mut pec = file.split_off(at);
    for (key, value) in changes {
        match pec.lines().find(|line| line.starts_with(&format!("{key} = "))).map(str::to_owned) {
            Some(line) => pec = pec.replacen(&line, &format!("{key} = {value}"), 1),
            None => pec.push_str(&format!("{key} = {value}\n")),
        }
    }
    NodeFile::parse("node.toml", &format!("{file}{pec}"))
        .map(|node| node.pec)
        .map_err(|problems| problems.into_iter().map(|p| p.at).collect())
}

const GOOD: &[(&str, &str)] = &[
    ("address", "\"protocollo@pec.comune.example\""),
    ("password", "\"keys/pec-password\""),
    ("imap_host", "\"imaps.pec.example\""),
    ("smtp_host", "\"smtps.pec.example\""),
    ("authorities", "\"keys/pec-ca.pem\""),
    ("directory", "\"keys/pec-directory.ldif\""),
];

fn changed(changes: &[(&'static str, &'static str)]) -> Result<PecSettings, Vec<String>> {
    with(&[GOOD, changes].concat())
}

#[test]
fn a_mailbox_is_read_and_written() {
    assert_eq!(with(&[]).unwrap(), PecSettings::default());
    let settings = with(GOOD).unwrap();
    assert_eq!((settings.imap.port, settings.smtp.port, settings.sends), (993, 465, true));
    assert_eq!(settings.acceptance_wait_minutes, 30);
    let mut node = NodeFile::parse("node.toml", default_node_toml()).unwrap();
    node.pec = settings;
    assert_eq!(NodeFile::parse("node.toml", &node.to_toml()).unwrap(), node);
}

#[test]
fn a_folder_of_files_needs_neither_server_nor_password_where_another_program_sends() {
    let reads = [
        ("address", "\"protocollo@pec.comune.example\""),
        ("sends", "false"),
        ("mails", "\"/var/spool/pec\""),
        ("authorities", "\"ca.pem\""),
        ("directory", "\"directory.ldif\""),
    ];
    let settings = with(&reads).unwrap();
    assert_eq!(settings.mails.as_deref(), Some(Path::new("/var/spool/pec")));
}

#[test]
fn all_that_does_not_go_together_is_told_at_once() {
    let alone = with(&[("address", "\"protocollo@pec.comune.example\"")]).unwrap_err();
    let expected = ["imap_host", "smtp_host", "password", "authorities", "directory"];
    assert_eq!(alone, expected.map(|key| format!("[pec].{key}")));
    assert_eq!(changed(&[("mails", "\"mails\"")]).unwrap_err(), ["[pec].mails"]);
    assert_eq!(changed(&[("credential", "\"pec\"")]).unwrap_err(), ["[pec].credential"]);
}

#[test]
fn values_have_their_form_and_unknown_keys_are_told() {
    for (key, value) in [
        ("imap_tls", "\"none\""),
        ("smtp_tls", "\"ssl\""),
        ("imap_port", "0"),
        ("address", "\"Comune <a@b.example>\""),
        ("mails", "\"../altrove\""),
        ("password", "\"/etc/password\""),
        ("authorities", "\"/etc/ca.pem\""),
        ("acceptance_wait_minutes", "1"),
        ("sends", "\"yes\""),
        ("sender", "true"),
    ] {
        assert_eq!(changed(&[(key, value)]).unwrap_err(), [format!("[pec].{key}")], "{value}");
    }
}
