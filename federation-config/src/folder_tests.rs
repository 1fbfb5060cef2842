//! Whole folders: the defaults and the examples are without problems, every kind of problem is found where it is, and all of them
//! at once. A reader that stops at the first problem, or that lets an unknown key pass, fails here.

use std::collections::BTreeSet;

use super::*;
use crate::{Language, Place};

/// A folder with the defaults and key files, then changed.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(NODE_FILE, crate::default_node_toml());
        folder.write(FEDERATION_FILE, crate::default_federation_toml());
        fs::create_dir(folder.0.path().join("keys")).unwrap();
        for key in ["keys/message.pem", "keys/certificates.pem", "keys/peer.pem", "keys/bundle.json"] {
            folder.write(key, "of no importance here");
            folder.mode(key, 0o600);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.path().join(name), text).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.0.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.0.path().join(name)).unwrap();
        assert!(text.contains(from), "{from} is not in {name}");
        self.write(name, &text.replacen(from, to, 1));
    }

    fn problems(&self) -> Vec<Problem> {
        load(self.0.path()).unwrap_err()
    }
}

/// The problems after one change, as code and place.
fn after(name: &str, from: &str, to: &str) -> Vec<(Code, String)> {
    let folder = Folder::new();
    folder.change(name, from, to);
    folder.problems().into_iter().map(|p| (p.code, p.at)).collect()
}

#[test]
fn the_defaults_have_no_problem_and_are_the_defaults() {
    let folder = Folder::new();
    let config = load(folder.0.path()).unwrap_or_else(|p| panic!("{p:#?}"));
    let node = NodeFile {
        listen: config.node.listen.clone(),
        ..NodeFile::new(
            "c_esempio/AOOPROT".parse().unwrap(),
            "Comune di Esempio",
            "https://conferenze.comune.example".parse().unwrap(),
        )
    };
    assert_eq!(config.node, node, "the commented file and the code agree on every default");
    assert_eq!(config.own().unwrap().name, "Comune di Esempio");
    let peers: Vec<String> = config.peers().map(|p| p.writer.to_string()).collect();
    assert_eq!(peers, ["p_esempio/AOOGEN"]);
    assert_eq!(config.path(&config.node.keys.peer), folder.0.path().join("keys/peer.pem"));
}

#[test]
fn what_may_be_left_out_may_be_left_out() {
    let folder = Folder::new();
    let minimal = "[node]\nwriter = \"c_esempio/AOOPROT\"\nname = \"X\"\nentity = \"https://conferenze.comune.example\"\n";
    folder.write(NODE_FILE, minimal);
    let config = load(folder.0.path()).unwrap();
    assert!(config.node.listen.is_empty());
    assert_eq!((config.node.delivery, config.node.limits), Default::default());
}

#[test]
fn files_are_written_as_they_were_read() {
    let node = NodeFile::parse(NODE_FILE, crate::default_node_toml()).unwrap();
    assert_eq!(node.to_toml(), crate::default_node_toml());
    let federation = FederationFile::parse(FEDERATION_FILE, crate::default_federation_toml()).unwrap();
    assert_eq!(federation.to_toml(), crate::default_federation_toml());
    // Values that need escaping come back too, and every value is written.
    let changed = NodeFile {
        name: "Ente \"di prova\" \\ d'Italia = [x]".to_owned(),
        language: Language::English,
        listen: Vec::new(),
        federation_file: PathBuf::from("altra/federazione.toml"),
        keys: crate::KeyFiles {
            message: "a/m".into(),
            certificates: "a/c".into(),
            peer: "a/p".into(),
            bundle: "a/b".into(),
        },
        delivery: crate::Delivery {
            retry_seconds_min: 1,
            retry_seconds_max: 2,
            in_flight: 3,
            answer_seconds: 6,
            pec_after_hours: 5,
        },
        limits: crate::Limits {
            frame_bytes_max: 10 << 20,
            received_bytes_max: 21 << 20,
            reserve_bytes: 3 << 20,
        },
        documents: crate::Documents {
            quota_bytes: 1 << 40,
            reserve_bytes: 1 << 30,
            peer_bytes_per_second: 1 << 20,
        },
        ..node
    };
    assert_eq!(NodeFile::parse(NODE_FILE, &changed.to_toml()).unwrap(), changed);
    let mut rsa = federation;
    rsa.training = false;
    rsa.members[1].enabled = false;
    rsa.anchor_keys.push(crate::AnchorKey {
        kid: "rsa".to_owned(),
        key: concerto_message::PublicKey::RSA { n: "A".repeat(342), e: "AQAB".to_owned() },
    });
    assert_eq!(FederationFile::parse(FEDERATION_FILE, &rsa.to_toml()).unwrap(), rsa);
}

#[test]
fn the_example_federation_has_no_problem() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/marche");
    let federation = fs::read_to_string(base.join(FEDERATION_FILE)).unwrap();
    let federation = FederationFile::parse(FEDERATION_FILE, &federation).unwrap_or_else(|p| panic!("{p:#?}"));
    let mut writers = BTreeSet::new();
    for entry in fs::read_dir(base.join("nodes")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path().join(NODE_FILE)).unwrap();
        let node = NodeFile::parse(NODE_FILE, &text).unwrap_or_else(|p| panic!("{p:#?}"));
        assert_eq!(check_together(&node, &federation), []);
        writers.insert(node.writer);
    }
    assert_eq!(writers, federation.members.iter().map(|m| m.writer.clone()).collect());
    assert_eq!(writers.len(), 5);
    assert_eq!(federation.anchor_keys[0].kid, federation.anchor_keys[0].key.thumbprint());
}

#[test]
fn every_kind_of_problem_of_node_toml_is_found_where_it_is() {
    for (from, to, code, at) in [
        ("language = \"it\"", "langauge = \"it\"", Code::UnknownKey, "[node].langauge"),
        ("[limits]", "[limit]", Code::UnknownKey, "limit"),
        ("name = \"Comune di Esempio\"", "", Code::Missing, "[node].name"),
        ("name = \"Comune di Esempio\"", "name = 7", Code::WrongType, "[node].name"),
        ("name = \"Comune di Esempio\"", "name = \" \"", Code::Value, "[node].name"),
        ("c_esempio/AOOPROT", "c_esempio", Code::Value, "[node].writer"),
        ("https://conferenze.comune.example", "http://comune.example", Code::Value, "[node].entity"),
        ("language = \"it\"", "language = \"fr\"", Code::Value, "[node].language"),
        ("/udp/4001/quic-v1", "/udp/4001", Code::Address, "[listen].libp2p[1]"),
        ("\"/ip4/0.0.0.0/tcp/4001\"", "4001", Code::WrongType, "[listen].libp2p[0]"),
        ("libp2p = [\"/ip4/0.0.0.0/tcp/4001\", ", "libp2p = \"\"\nx = [", Code::WrongType, "[listen].libp2p"),
        ("keys/message.pem", "/etc/message.pem", Code::Path, "[keys].message"),
        ("keys/peer.pem", "keys/../../peer.pem", Code::Path, "[keys].peer"),
        ("\"federation.toml\"", "\"../federation.toml\"", Code::Path, "[federation].file"),
        ("retry_seconds_max = 900", "retry_seconds_max = 901", Code::Range, "[delivery].retry_seconds_max"),
        ("retry_seconds_max = 900", "retry_seconds_max = 4", Code::Range, "[delivery].retry_seconds_max"),
        ("in_flight = 64", "in_flight = 0", Code::Range, "[delivery].in_flight"),
        ("in_flight = 64", "in_flight = -1", Code::Range, "[delivery].in_flight"),
        ("in_flight = 64", "in_flight = 1.5", Code::WrongType, "[delivery].in_flight"),
        ("pec_after_hours = 4", "pec_after_hours = 9", Code::Range, "[delivery].pec_after_hours"),
        ("= 76021760", "= 18874368", Code::Range, "[limits].received_bytes_max"),
        ("quota_bytes = 0", "quota_bytes = 1000", Code::Range, "[documents].quota_bytes"),
        ("= 268435456", "= 1000", Code::Range, "[documents].reserve_bytes"),
        (
            "peer_bytes_per_second = 0",
            "peer_bytes_per_second = 9",
            Code::Range,
            "[documents].peer_bytes_per_second",
        ),
        ("[delivery]", "delivery = 1\n[x]", Code::UnknownKey, "[federation].delivery"),
        ("[delivery]", "[deliver]", Code::UnknownKey, "deliver"),
    ] {
        let found = after(NODE_FILE, from, to);
        assert!(found.contains(&(code, at.to_owned())), "{to}: {found:?}");
    }
}

#[test]
fn every_kind_of_problem_of_federation_toml_is_found_where_it_is() {
    let second = "12D3KooWRFt8KfJ8xdBwftmJPU3DTsd7Y2qbvuFFUyMkNBsgw2fa";
    let first = "12D3KooWBfE8EXnt98vtYgZw7nEZptHxa2kHofjMhJ6EKb5NbZa5";
    let other = format!("/tcp/4001/p2p/{second}");
    for (from, to, code, at) in [
        ("training = true", "training = \"si\"", Code::WrongType, "training"),
        ("id = \"https://federazione", "id = \"ftp://federazione", Code::Value, "id"),
        ("[[member]]\nwriter = \"c_", "[member]\nwriter = \"c_", Code::Syntax, ""),
        ("p_esempio/AOOGEN", "c_esempio/AOOPROT", Code::DuplicateMember, "[[member]][1].writer"),
        (second, first, Code::DuplicatePeerId, "[[member]][1].peer_id"),
        ("conferenze.provincia", "conferenze.comune", Code::DuplicateEntity, "[[member]][1].entity"),
        (second, "12D3KooWRFt8", Code::PeerId, "[[member]][1].peer_id"),
        ("/tcp/4001", other.as_str(), Code::AddressPeer, "[[member]][0].addresses[0]"),
        ("192.0.2.10/tcp/4001", "192.0.2.10/tcp/0", Code::Address, "[[member]][0].addresses[0]"),
        ("192.0.2.10/udp", "0.0.0.0/udp", Code::Address, "[[member]][0].addresses[1]"),
        ("/ip4/192.0.2.10/tcp", "/dns/nodo.example/tcp", Code::Address, "[[member]][0].addresses[0]"),
        ("enabled = true", "enabled = 1", Code::WrongType, "[[member]][0].enabled"),
        ("enabled = true", "enable = true", Code::UnknownKey, "[[member]][0].enable"),
        ("kty = \"EC\"", "kty = \"OKP\"", Code::Key, "[[anchor.keys]][0].kty"),
        ("crv = \"P-256\"", "crv = \"P-521\"", Code::Key, "[[anchor.keys]][0].crv"),
        ("crv = \"P-256\"", "crv = \"P-384\"", Code::Key, "[[anchor.keys]][0].x"),
        ("x = \"6D2J", "x = \"6D2J=", Code::Key, "[[anchor.keys]][0].x"),
        ("kid = \"lrb", "kid = \"l rb", Code::Value, "[[anchor.keys]][0].kid"),
        ("c_esempio/AOOPROT", "c_esempio/ALTRA", Code::OwnMissing, "[node].writer"),
        ("https://conferenze.comune", "https://altro.comune", Code::OwnDiffers, "[node].entity"),
        ("enabled = true", "enabled = false", Code::OwnDiffers, "[node].writer"),
    ] {
        let found = after(FEDERATION_FILE, from, to);
        assert!(found.contains(&(code, at.to_owned())), "{to}: {found:?}");
    }
}

#[test]
fn an_anchor_without_keys_or_with_twice_the_same_is_a_problem() {
    let folder = Folder::new();
    folder.write(FEDERATION_FILE, "id = \"https://a.example\"\nname = \"A\"\n");
    assert!(folder.problems().iter().any(|p| p.code == Code::Missing && p.at == "[[anchor.keys]]"));
    let twice = crate::default_federation_toml();
    let begin = twice.find("[[anchor.keys]]\nkid").unwrap();
    let end = begin + twice[begin..].find("\n\n").unwrap() + 1;
    folder.write(FEDERATION_FILE, &format!("{}{}{}", &twice[..end], &twice[begin..end], &twice[end..]));
    let found = folder.problems();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].code, found[0].at.as_str()), (Code::DuplicateKey, "[[anchor.keys]][1].kid"));
}

#[test]
fn an_rsa_anchor_key_below_2048_bits_is_a_problem() {
    let rsa = |n: &str| format!("kty = \"RSA\"\nn = \"{n}\"\ne = \"AQAB\"");
    let short = after(FEDERATION_FILE, "kty = \"EC\"\ncrv = \"P-256\"", &rsa(&"A".repeat(171)));
    assert!(short.contains(&(Code::Key, "[[anchor.keys]][0].n".to_owned())), "{short:?}");
    assert!(short.contains(&(Code::UnknownKey, "[[anchor.keys]][0].x".to_owned())), "{short:?}");
}

#[test]
fn all_problems_of_both_files_and_the_keys_come_at_once() {
    let folder = Folder::new();
    folder.change(NODE_FILE, "language = \"it\"", "languge = \"it\"");
    folder.change(NODE_FILE, "in_flight = 64", "in_flight = 257");
    folder.change(NODE_FILE, "/ip4/0.0.0.0/udp", "/ip4/0.0.0/udp");
    folder.change(FEDERATION_FILE, "12D3KooWRFt8", "12D3KooX");
    folder.change(FEDERATION_FILE, "training = true", "training = 1");
    let mut codes: Vec<Code> = folder.problems().iter().map(|p| p.code).collect();
    codes.sort();
    let expected = [Code::UnknownKey, Code::WrongType, Code::Range, Code::Address, Code::PeerId];
    assert_eq!(codes, expected);
}

#[test]
fn key_files_are_looked_at_even_if_the_federation_is_wrong() {
    let folder = Folder::new();
    folder.change(FEDERATION_FILE, "training = true", "training = 1");
    folder.mode("keys/peer.pem", 0o666);
    let codes: Vec<Code> = folder.problems().iter().map(|p| p.code).collect();
    assert_eq!(codes, [Code::WrongType, Code::KeyFileOpen]);
}

#[test]
fn a_problem_says_where_what_and_what_to_do_in_both_languages() {
    let folder = Folder::new();
    folder.write(NODE_FILE, &crate::default_node_toml().replacen("language = \"it\"", "langage = \"it\"", 1));
    let problems = folder.problems();
    assert_eq!(problems.len(), 1);
    let problem = &problems[0];
    let line = crate::default_node_toml().lines().position(|l| l.starts_with("language")).unwrap() + 1;
    assert_eq!(problem.place, Some(Place { line, column: 1 }));
    assert_eq!(
        problem.in_language(Language::English),
        format!(
            "node.toml:{line}:1 [node].langage: there is no key `langage`. Did you mean `language`? (config.key.unknown)"
        )
    );
    assert!(
        problem.in_language(Language::Italian).contains("la chiave `langage` non esiste. Forse `language`?")
    );
}

#[test]
fn several_syntax_errors_come_at_once_with_their_lines() {
    let folder = Folder::new();
    folder.write(NODE_FILE, "[node]\nwriter = \nname = \"x\nentity = 3 3\n");
    let problems = folder.problems();
    let lines: BTreeSet<usize> = problems.iter().filter_map(|p| p.place).map(|p| p.line).collect();
    assert!(problems.iter().all(|p| p.code == Code::Syntax), "{problems:#?}");
    assert!(lines.len() >= 2, "{problems:#?}");
}

#[test]
fn key_files_must_be_there_and_secret_ones_private() {
    let folder = Folder::new();
    folder.mode("keys/message.pem", 0o640);
    folder.mode("keys/peer.pem", 0o604);
    folder.mode("keys/certificates.pem", 0o644);
    fs::remove_file(folder.0.path().join("keys/bundle.json")).unwrap();
    let found: Vec<(Code, String)> = folder.problems().into_iter().map(|p| (p.code, p.at)).collect();
    let expected = [
        (Code::KeyFileOpen, "[keys].message".to_owned()),
        (Code::KeyFileOpen, "[keys].peer".to_owned()),
        (Code::KeyFileMissing, "[keys].bundle".to_owned()),
    ];
    assert_eq!(found, expected);
    assert!(load_files(folder.0.path()).is_ok(), "without looking at the keys all is well");
}

#[test]
fn missing_and_unreadable_files_are_problems_both_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let found = load(folder.path()).unwrap_err();
    let files: Vec<&str> = found.iter().map(|p| p.file.as_str()).collect();
    assert_eq!(files, [NODE_FILE, FEDERATION_FILE]);
    assert!(found.iter().all(|p| p.code == Code::Unreadable));
    fs::write(folder.path().join(NODE_FILE), [0xff, 0xfe]).unwrap();
    fs::write(folder.path().join(FEDERATION_FILE), vec![b'#'; FILE_BYTES_MAX as usize + 1]).unwrap();
    let found = load(folder.path()).unwrap_err();
    assert_eq!(found.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::Unreadable; 2]);
}

#[test]
fn codes_are_distinct() {
    use Code::*;
    let all = [
        Unreadable,
        Syntax,
        UnknownKey,
        Missing,
        WrongType,
        Value,
        Range,
        Path,
        Address,
        AddressPeer,
        PeerId,
        DuplicateMember,
        DuplicatePeerId,
        DuplicateEntity,
        Key,
        DuplicateKey,
        OwnMissing,
        OwnDiffers,
        KeyFileMissing,
        KeyFileOpen,
    ];
    let texts: BTreeSet<&str> = all.iter().map(|c| c.as_str()).collect();
    assert_eq!(texts.len(), all.len());
}
