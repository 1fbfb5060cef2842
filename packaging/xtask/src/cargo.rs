//! What cargo knows of the workspace.
//!
//! `cargo metadata` gives crates, manifests and licences. Its graph is wider than what is built: it follows weak features
//! (`crate?/feature`) of optional crates that nobody turned on. So what is *built* comes from `cargo tree`, which resolves
//! features as a build does, for this machine and without development dependencies.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::error::XtaskError;

/// The answer of `cargo metadata`, as far as tidy reads it.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) workspace_root: String,
    pub(crate) resolve: Resolve,
}

/// A package in the graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) manifest_path: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A dependency as a manifest declares it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// None for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
    /// The folder of a crate of this workspace.
    pub(crate) path: Option<String>,
}

/// The graph that cargo resolved.
#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

/// A package's place in the graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

/// One arrow of the graph.
#[derive(Debug, Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

/// As what a package is used.
#[derive(Debug, Deserialize)]
pub(crate) struct EdgeKind {
    /// None for a normal dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

/// Name and version of a crate that is built.
pub(crate) type NameVersion = (String, String);

impl Metadata {
    /// Reads the answer of `cargo metadata --format-version 1`.
    ///
    /// # Errors
    /// [`XtaskError::Answer`] where it is something else.
    pub(crate) fn parse(json: &str) -> Result<Self, XtaskError> {
        serde_json::from_str(json).map_err(|error| XtaskError::Answer {
            program: "cargo metadata".to_owned(),
            detail: error.to_string(),
        })
    }

    /// The crates of this workspace.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// A path of this workspace from its root, with `/`.
    pub(crate) fn relative<'a>(&self, path: &'a str) -> &'a str {
        path.strip_prefix(self.workspace_root.as_str()).map_or(path, |rest| rest.trim_start_matches('/'))
    }

    /// The folder of a member, from the root of the workspace.
    pub(crate) fn folder<'a>(&self, package: &'a Package) -> &'a str {
        let manifest = self.relative(&package.manifest_path);
        manifest.strip_suffix("/Cargo.toml").unwrap_or(manifest)
    }

    /// Every package that `package` is built from through normal dependencies, each with the way to it.
    pub(crate) fn ways_from(&self, package: &Package) -> Vec<(&Package, String)> {
        let names: HashMap<&str, &Package> =
            self.packages.iter().map(|found| (found.id.as_str(), found)).collect();
        let nodes: HashMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let mut seen = BTreeSet::from([package.id.as_str()]);
        let mut open = vec![(package.id.as_str(), package.name.clone())];
        let mut ways = Vec::new();
        while let Some((id, way)) = open.pop() {
            let edges = nodes.get(id).map(|node| node.deps.as_slice()).unwrap_or_default();
            for edge in edges.iter().filter(|edge| edge.dep_kinds.iter().any(|kind| kind.kind.is_none())) {
                if let Some(next) = names.get(edge.pkg.as_str()).filter(|_| seen.insert(edge.pkg.as_str())) {
                    let next_way = format!("{way} -> {}", next.name);
                    ways.push((*next, next_way.clone()));
                    open.push((edge.pkg.as_str(), next_way));
                }
            }
        }
        ways
    }
}

/// Asks `cargo metadata` about the workspace at `root`, for this machine's target.
///
/// # Errors
/// From cargo or rustc, or their answers.
pub(crate) fn metadata(root: &Path) -> Result<Metadata, XtaskError> {
    let target = host_target(root)?;
    let args = ["metadata", "--format-version", "1", "--locked", "--filter-platform", &target];
    Metadata::parse(&ask(&cargo_program(), &args, root)?)
}

/// The crates that a build of the whole workspace on this machine compiles, development dependencies left out.
///
/// # Errors
/// From cargo or its answer.
pub(crate) fn built(root: &Path) -> Result<BTreeSet<NameVersion>, XtaskError> {
    let args =
        ["tree", "--workspace", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
    parse_tree(&ask(&cargo_program(), &args, root)?)
}

/// Reads `name vX.Y.Z ...`, one a line, as `cargo tree --prefix none` writes it.
pub(crate) fn parse_tree(text: &str) -> Result<BTreeSet<NameVersion>, XtaskError> {
    let answer =
        |line: &str| XtaskError::Answer { program: "cargo tree".to_owned(), detail: line.to_owned() };
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().ok_or_else(|| answer(line))?;
            let version = words.next().and_then(|word| word.strip_prefix('v')).ok_or_else(|| answer(line))?;
            Ok((name.to_owned(), version.to_owned()))
        })
        .collect()
}

fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

fn host_target(root: &Path) -> Result<String, XtaskError> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let answer = ask(&rustc, &["-vV"], root)?;
    answer
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or(XtaskError::Answer { program: rustc, detail: "no line `host:`".to_owned() })
}

fn ask(program: &str, args: &[&str], root: &Path) -> Result<String, XtaskError> {
    let output = Command::new(program)
        .args(args)
        .current_dir(root)
        .output()
        .map_err(|source| XtaskError::Start { program: program.to_owned(), source })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let program = format!("{program} {}", args.join(" "));
        Err(XtaskError::Failed { program, stderr: String::from_utf8_lossy(&output.stderr).into_owned() })
    }
}
