//! Frozen versions and their copies: the folders under `conformance-tests/frozen` are read, never written; a test works on a copy.
//!
//! git keeps neither modes nor empty folders, and what was frozen names ports that may be taken: the copy gets private modes, free
//! ports of loopback and a clock of its own.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Done, program};

/// What a frozen folder says of itself.
pub(crate) const EXPECTED: &str = "expected.json";

/// A version as it was frozen.
pub(crate) struct Frozen {
    pub(crate) version: String,
    pub(crate) folder: PathBuf,
    pub(crate) expected: Value,
}

impl Frozen {
    /// Every version, in the order of their names; there is at least one.
    pub(crate) fn all() -> Vec<Self> {
        let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance-tests/frozen");
        let folders = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path());
        let mut versions: Vec<Self> =
            folders.filter(|path| path.join(EXPECTED).is_file()).map(Self::read).collect();
        versions.sort_by(|a, b| a.version.cmp(&b.version));
        assert!(!versions.is_empty(), "no frozen version in {}", place.display());
        versions
    }

    fn read(folder: PathBuf) -> Self {
        let version = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let expected = serde_json::from_slice(&fs::read(folder.join(EXPECTED)).unwrap()).unwrap();
        Self { version, folder, expected }
    }

    /// The keys of its nodes.
    pub(crate) fn nodes(&self) -> Vec<&str> {
        self.expected["nodes"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// A copy to work on.
    pub(crate) fn copy(&self) -> Copied {
        let folder = tempfile::Builder::new().prefix("concerto-frozen-").tempdir().unwrap();
        copy_folder(&self.folder, folder.path());
        let copied = Copied { folder };
        let mut ports = Ports::default();
        for key in self.nodes() {
            let home = copied.home(key);
            for name in ["node.toml", "federation.toml"] {
                let text = fs::read_to_string(home.join(name)).unwrap();
                fs::write(home.join(name), ports.renew(&text)).unwrap();
            }
            fs::write(home.join("virtual-clock"), copied.path("clock").to_str().unwrap()).unwrap();
        }
        copied
    }
}

/// A copy of a frozen version, removed with the value.
pub(crate) struct Copied {
    folder: tempfile::TempDir,
}

impl Copied {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn home(&self, key: &str) -> PathBuf {
        self.path("nodes").join(key)
    }

    /// Sets the instant that every node takes for the present.
    pub(crate) fn set_clock(&self, instant: &str) {
        fs::write(self.path("clock.next"), instant).unwrap();
        fs::rename(self.path("clock.next"), self.path("clock")).unwrap();
    }

    /// What a command of a node answers to a program; it must succeed.
    pub(crate) fn ask(&self, key: &str, arguments: &[&str]) -> Value {
        let mut command = Command::new(program());
        let done = Done::of(command.args(["--format", "json", "--home"]).arg(self.home(key)).args(arguments));
        assert_eq!(done.code, 0, "{key}: {arguments:?}: {}{}", done.out, done.err);
        done.json()
    }

    /// What `verify` says of an export in this copy; it must be good.
    pub(crate) fn verify(&self, export: &Path) -> Value {
        let mut command = Command::new(program());
        let done = Done::of(command.args(["--format", "json", "verify"]).arg(export));
        assert_eq!(done.code, 0, "{}: {}{}", export.display(), done.out, done.err);
        done.json()
    }
}

/// Copies a folder with modes that only its owner has, as a node wants them.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
            fs::set_permissions(&target, Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// Every file below a folder, by its path from there.
pub(crate) fn files_below(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&entry.path()).into_iter().map(|below| format!("{name}/{below}")));
        } else {
            found.insert(name);
        }
    }
    found
}

/// A free port for each that was frozen; all are held until all are chosen.
#[derive(Default)]
struct Ports {
    chosen: BTreeMap<String, u16>,
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
}

impl Ports {
    /// The text of a configuration with other ports in its addresses.
    fn renew(&mut self, text: &str) -> String {
        let mut renewed = String::new();
        let mut rest = text;
        while let Some((at, mark)) =
            ["/tcp/", "/udp/"].iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min()
        {
            let (before, after) = rest.split_at(at + mark.len());
            let (port, after) = after.split_at(after.bytes().take_while(u8::is_ascii_digit).count());
            renewed.push_str(before);
            renewed.push_str(&self.in_place_of(mark, port));
            rest = after;
        }
        renewed + rest
    }

    fn in_place_of(&mut self, mark: &str, port: &str) -> String {
        if port.is_empty() {
            return String::new();
        }
        let name = format!("{mark}{port}");
        if !self.chosen.contains_key(&name) {
            let free = if mark == "/tcp/" {
                self.tcp.push(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
                self.tcp.last().unwrap().local_addr().unwrap().port()
            } else {
                self.udp.push(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
                self.udp.last().unwrap().local_addr().unwrap().port()
            };
            self.chosen.insert(name.clone(), free);
        }
        self.chosen[&name].to_string()
    }
}

/// What differs from a recorded value, by its place. An object may have more fields than were recorded: later versions say more.
pub(crate) fn differences(place: &str, recorded: &Value, found: &Value) -> Vec<String> {
    match (recorded, found) {
        (Value::Object(recorded), Value::Object(found)) => {
            let field = |(name, value): (&String, &Value)| {
                differences(&format!("{place}/{name}"), value, found.get(name).unwrap_or(&Value::Null))
            };
            recorded.iter().flat_map(field).collect()
        }
        (Value::Array(recorded), Value::Array(found)) if recorded.len() == found.len() => {
            let item = |(at, (recorded, found)): (usize, (&Value, &Value))| {
                differences(&format!("{place}/{at}"), recorded, found)
            };
            recorded.iter().zip(found).enumerate().flat_map(item).collect()
        }
        _ if recorded == found => Vec::new(),
        _ => vec![format!("{place}: recorded {recorded}, found {found}")],
    }
}
