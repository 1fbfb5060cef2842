//! A node's folder: reads both files, checks that they fit each other, and that the key files are there and private.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::federation_file::{FederationFile, Member};
use crate::node_file::NodeFile;
use crate::problem::{Code, Problem, text};

/// The name of the node's own file.
pub const NODE_FILE: &str = "node.toml";
/// The usual name of the federation's file.
pub const FEDERATION_FILE: &str = "federation.toml";
/// Largest configuration file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The checked configuration of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The node's folder.
    pub folder: PathBuf,
    /// `node.toml`.
    pub node: NodeFile,
    /// `federation.toml`.
    pub federation: FederationFile,
}

impl Config {
    /// The node's own entry among the members; a checked configuration has one.
    pub fn own(&self) -> Option<&Member> {
        self.federation.member(&self.node.writer)
    }

    /// The members that the node speaks with.
    pub fn peers(&self) -> impl Iterator<Item = &Member> {
        self.federation.members.iter().filter(|m| m.enabled && m.writer != self.node.writer)
    }

    /// A path of the configuration as a path of the system.
    pub fn path(&self, relative: &Path) -> PathBuf {
        self.folder.join(relative)
    }
}

/// Reads and checks everything: both files, each against the other, and the key files.
///
/// # Errors
/// Every problem found.
pub fn load(folder: &Path) -> Result<Config, Vec<Problem>> {
    let node = read_file(folder, Path::new(NODE_FILE)).and_then(|text| NodeFile::parse(NODE_FILE, &text));
    let key_problems = node.as_ref().map(|n| check_key_files(folder, n)).unwrap_or_default();
    let mut result = with_federation(folder, node);
    match &mut result {
        Err(problems) => problems.extend(key_problems),
        Ok(_) if !key_problems.is_empty() => return Err(key_problems),
        Ok(_) => {}
    }
    result
}

/// As [`load`], without looking at the key files.
///
/// # Errors
/// Every problem found.
pub fn load_files(folder: &Path) -> Result<Config, Vec<Problem>> {
    let node = read_file(folder, Path::new(NODE_FILE)).and_then(|text| NodeFile::parse(NODE_FILE, &text));
    with_federation(folder, node)
}

fn with_federation(folder: &Path, node: Result<NodeFile, Vec<Problem>>) -> Result<Config, Vec<Problem>> {
    let usual = PathBuf::from(FEDERATION_FILE);
    let path = node.as_ref().map_or(&usual, |n| &n.federation_file);
    let federation =
        read_file(folder, path).and_then(|text| FederationFile::parse(&path.to_string_lossy(), &text));
    match (node, federation) {
        (Ok(node), Ok(federation)) => {
            let problems = check_together(&node, &federation);
            let config = Config { folder: folder.to_owned(), node, federation };
            if problems.is_empty() { Ok(config) } else { Err(problems) }
        }
        (node, federation) => {
            let mut problems = node.err().unwrap_or_default();
            problems.extend(federation.err().unwrap_or_default());
            Err(problems)
        }
    }
}

/// Checks that the node is a member of its federation, under the same identity.
pub fn check_together(node: &NodeFile, federation: &FederationFile) -> Vec<Problem> {
    let problem = |at: &str, code, what, do_instead| Problem {
        file: NODE_FILE.to_owned(),
        at: at.to_owned(),
        place: None,
        code,
        what,
        do_instead,
    };
    let file = node.federation_file.display();
    let Some(own) = federation.member(&node.writer) else {
        return vec![problem(
            "[node].writer",
            Code::OwnMissing,
            text(
                format!("{} non è fra gli enti di {file}", node.writer),
                format!("{} is not among the members of {file}", node.writer),
            ),
            text(
                "Correggere [node].writer, o aggiungere l'ente con [[member]]",
                "Correct [node].writer, or add the body with [[member]]",
            ),
        )];
    };
    let mut problems = Vec::new();
    if own.entity != node.entity {
        problems.push(problem(
            "[node].entity",
            Code::OwnDiffers,
            text(
                format!("qui è {}, ma in {file} è {}", node.entity, own.entity),
                format!("it is {} here, but {} in {file}", node.entity, own.entity),
            ),
            text("Scrivere lo stesso identificativo in entrambi", "Write the same identifier in both"),
        ));
    }
    if !own.enabled {
        problems.push(problem(
            "[node].writer",
            Code::OwnDiffers,
            text(format!("questo ente è disabilitato in {file}"), format!("this body is disabled in {file}")),
            text("Scrivere enabled = true nel suo [[member]]", "Write enabled = true in its [[member]]"),
        ));
    }
    problems
}

/// Checks that the key files are there, and that nobody else may read the secret ones.
pub fn check_key_files(folder: &Path, node: &NodeFile) -> Vec<Problem> {
    let keys = &node.keys;
    let passwords = [("[mail].password", &node.mail.password), ("[pec].password", &node.pec.password)];
    let passwords = passwords.into_iter().filter_map(|(at, path)| Some((at, path.as_ref()?, true)));
    let public = [("[pec].authorities", &node.pec.authorities), ("[pec].directory", &node.pec.directory)];
    let public = public.into_iter().filter_map(|(at, path)| Some((at, path.as_ref()?, false)));
    [
        ("[keys].message", &keys.message, true),
        ("[keys].certificates", &keys.certificates, false),
        ("[keys].peer", &keys.peer, true),
        ("[keys].bundle", &keys.bundle, false),
    ]
    .into_iter()
    .chain(passwords)
    .chain(public)
    .filter_map(|(at, path, secret)| check_key_file(folder, at, path, secret))
    .collect()
}

fn check_key_file(folder: &Path, at: &str, path: &Path, secret: bool) -> Option<Problem> {
    let shown = path.display();
    let (code, what, do_instead) = match fs::metadata(folder.join(path)) {
        Ok(metadata) if metadata.is_file() => {
            if !secret || !open_to_others(&metadata) {
                return None;
            }
            (
                Code::KeyFileOpen,
                text(
                    format!("{shown} è segreto, ma altri utenti lo possono leggere o cambiare"),
                    format!("{shown} is secret, but other users may read or change it"),
                ),
                text(format!("Eseguire: chmod 600 {shown}"), format!("Run: chmod 600 {shown}")),
            )
        }
        _ => (
            Code::KeyFileMissing,
            text(format!("il file {shown} non c'è"), format!("there is no file {shown}")),
            text(
                "Eseguire concerto init, o correggere il percorso",
                "Run concerto init, or correct the path",
            ),
        ),
    };
    let (file, at) = (NODE_FILE.to_owned(), at.to_owned());
    Some(Problem { file, at, place: None, code, what, do_instead })
}

#[cfg(unix)]
fn open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn read_file(folder: &Path, path: &Path) -> Result<String, Vec<Problem>> {
    let unreadable = |it: String, en: String| {
        vec![Problem {
            file: path.to_string_lossy().into_owned(),
            at: String::new(),
            place: None,
            code: Code::Unreadable,
            what: text(it, en),
            do_instead: text(
                "Eseguire concerto init, o indicare la cartella giusta",
                "Run concerto init, or name the right folder",
            ),
        }]
    };
    let mut content = String::new();
    let file = fs::File::open(folder.join(path)).map_err(|e| {
        unreadable(format!("il file non si apre: {e}"), format!("the file cannot be opened: {e}"))
    })?;
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut content);
    match read {
        Ok(_) if content.len() as u64 > FILE_BYTES_MAX => Err(unreadable(
            format!("il file supera {FILE_BYTES_MAX} byte"),
            format!("the file is larger than {FILE_BYTES_MAX} bytes"),
        )),
        Ok(_) => Ok(content),
        Err(e) => {
            Err(unreadable(format!("il file non si legge: {e}"), format!("the file cannot be read: {e}")))
        }
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
