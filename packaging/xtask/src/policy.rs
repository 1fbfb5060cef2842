//! `packaging/policy.toml`: the lists and limits of tidy as data.

use serde::Deserialize;

use crate::error::XtaskError;

/// Where the policy stands, relative to the root of the repository.
pub(crate) const POLICY_PATH: &str = "packaging/policy.toml";

/// All of the policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    pub(crate) house: House,
    pub(crate) arrows: Vec<Arrow>,
    pub(crate) purity: Purity,
    pub(crate) words: Vec<Word>,
    pub(crate) sizes: Sizes,
    pub(crate) licences: Licences,
    pub(crate) banned: Vec<Banned>,
}

/// The top level of the repository, and what no file may contain.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct House {
    pub(crate) top_level: Vec<String>,
    pub(crate) machine_folders: Vec<String>,
    pub(crate) registry_words: Vec<String>,
    pub(crate) registry_words_exempt: Vec<String>,
    pub(crate) mail_domains: Vec<String>,
}

/// Which crates the crates of a pattern may use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arrow {
    pub(crate) crates: String,
    pub(crate) may_use: Vec<String>,
    #[serde(default)]
    pub(crate) tests_may_use: Vec<String>,
}

/// The crates without input and output, and what they may not use or say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Purity {
    pub(crate) folders: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) packages: Vec<String>,
    pub(crate) packages_direct: Vec<String>,
    pub(crate) words: Vec<String>,
}

/// A word that source may not contain, or only in some places.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Word {
    pub(crate) word: String,
    #[serde(default)]
    pub(crate) only_in: Vec<String>,
    #[serde(default)]
    pub(crate) tests_too: bool,
    pub(crate) remedy: String,
}

/// Limits of functions and files, in lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    pub(crate) function_lines_max: usize,
    pub(crate) file_lines_max: usize,
    pub(crate) file_kinds: Vec<String>,
    #[serde(default)]
    pub(crate) allow: Vec<SizeException>,
}

/// A function or file that may be longer, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SizeException {
    pub(crate) path: String,
    pub(crate) function: Option<String>,
    pub(crate) reason: String,
}

/// Licences of what is linked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Licences {
    pub(crate) own: String,
    pub(crate) allow: Vec<String>,
}

/// A crate, or its versions below one, that may not be built in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Banned {
    pub(crate) name: String,
    pub(crate) below: Option<String>,
    pub(crate) reason: String,
}

impl Policy {
    /// Reads the policy.
    ///
    /// # Errors
    /// [`XtaskError::Settings`] where it is not the TOML described here.
    pub(crate) fn parse(text: &str) -> Result<Self, XtaskError> {
        toml::from_str(text)
            .map_err(|error| XtaskError::Settings { path: POLICY_PATH.to_owned(), detail: error.to_string() })
    }
}
