//! `concerto verify`: checks an exported conference offline, without store or configuration, and names the first thing that is
//! wrong: file, place, code and what it means.
//!
//! In this order: the list of files; trust chains up to the anchor's keys (OpenID Federation 1.0); receipts and links, each with
//! header, key, certificate, signature (RFC 7515), identifier, flattened form (JAdES) and schema; chains, what was taken in
//! charge, what receipts cover, forks; bodies and documents. Then the case is folded again and its state shown.

mod documents;
mod folder;
mod messages;
mod report;
pub(crate) mod store;
mod trust;
mod wrong;

use concerto_message::PublicKey;
use serde_json::json;
use std::path::Path;

use crate::export::layout::ANCHOR;
use crate::output::{Failure, Output};
use documents::Documents;
use folder::Folder;
use messages::{Messages, Remark};
use trust::Trust;
use wrong::Wrong;

/// An export in which nothing is wrong.
struct Good {
    folder: Folder,
    trust: Trust,
    messages: Messages,
    documents: Documents,
    anchor_given: bool,
}

/// Verifies an exported folder; `anchor` is a file with the anchor's keys that came by another way.
pub(crate) fn run(out: Output, folder: &Path, anchor: Option<&Path>) -> Result<(), Failure> {
    match check(folder, anchor) {
        Ok(good) => {
            out.result(&report::text(out, &good), &report::value(&good));
            Ok(())
        }
        Err(wrong) => {
            let fault = wrong.fault();
            if out.json {
                out.line(&json!({ "verified": false, "wrong": wrong, "fault": fault }).to_string());
            }
            Err(Failure::refused(fault))
        }
    }
}

/// The public keys that a file of an anchor pins (anchor.json or a node's federation.toml).
pub(crate) fn anchor_public_keys(path: &Path) -> Result<Vec<PublicKey>, Failure> {
    let file = folder::read_anchor(path).map_err(|wrong| Failure::refused(wrong.fault()))?;
    Ok(file.keys.into_iter().map(|key| key.public).collect())
}

fn check(path: &Path, anchor: Option<&Path>) -> Result<Good, Wrong> {
    let folder = Folder::open(path)?;
    let (keys, name) = match anchor {
        Some(path) => (folder::read_anchor(path)?, path.display().to_string()),
        None => (folder.anchor()?, ANCHOR.to_owned()),
    };
    let mut trust = Trust::open(&folder, keys, &name)?;
    let mut messages = Messages::read(&folder, &mut trust)?;
    messages.check(&folder, &mut trust)?;
    trust.check_all_used()?;
    let (documents, remarks) = documents::check(&folder, &messages)?;
    messages.remarks.extend(remarks);
    report::check_fold(&mut messages)?;
    if anchor.is_none() {
        messages.remarks.insert(0, anchor_unproved());
    }
    Ok(Good { folder, trust, messages, documents, anchor_given: anchor.is_some() })
}

fn anchor_unproved() -> Remark {
    Remark {
        code: "export.anchor.unproved",
        it: "le chiavi dell'ancora vengono dall'esportazione stessa: è provato che nulla è stato alterato, non chi garantisce per le \
             amministrazioni. Ripetere con --anchor e chiavi avute per altra via."
            .to_owned(),
        en: "the anchor's keys come from the export itself: it is proved that nothing was altered, not who vouches for the \
             administrations. Repeat with --anchor and keys that came by another way."
            .to_owned(),
    }
}
