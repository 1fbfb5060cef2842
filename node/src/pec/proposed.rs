//! What a free mail is proposed as, and which case it belongs to: told to the official who decides (`concerto pec queue`, `confirm`). Nothing
//! follows from a proposal by itself.

use concerto_message::ConferenceId;
use concerto_pec::MailId;
use concerto_pec::proposal::{FreeMail, propose};
use concerto_pec::tie::{Clues, KnownCase, Tie, tie};
use concerto_store_sqlite::MailStore;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

use super::facts::Why;
use crate::output::Failure;

/// Mails of this node that a free mail may answer: the last so many.
const KNOWN_MAX: usize = 4096;
/// Longest passage kept, in characters.
const PASSAGE_CHARS_MAX: usize = 400;

/// A proposal, as it is kept with the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proposed {
    /// The act, by its stable name (`concerto_pec::proposal::ProposedAct`).
    pub(crate) act: String,
    /// The sentences that led there, or away from another act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) passages: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasons: Vec<Why>,
}

impl Proposed {
    /// What the original mail is proposed as.
    pub(super) fn of(mail: &FreeMail) -> Self {
        let proposal = propose(mail);
        let passage = |text: &str| text.chars().take(PASSAGE_CHARS_MAX).collect();
        let reason = |reason: &concerto_pec::proposal::Reason| {
            let (text, text_en) = reason.text();
            Why { code: reason.code().to_owned(), text: text.to_owned(), text_en: text_en.to_owned() }
        };
        Self {
            act: proposal.act.name().to_owned(),
            passages: proposal.passages.iter().map(|found| passage(&found.text)).collect(),
            reasons: proposal.reasons.iter().map(reason).collect(),
        }
    }
}

/// The cases of the mails that were sent last, each with the subject of its act.
pub(super) fn known(store: &MailStore) -> Result<Vec<KnownCase>, Failure> {
    let mut known: BTreeMap<ConferenceId, KnownCase> = BTreeMap::new();
    for (conference, message_id, subject) in store.last_sent(KNOWN_MAX)? {
        let case = known.entry(conference.clone()).or_insert_with(|| KnownCase {
            case: conference,
            mails: BTreeSet::new(),
            protocols: Vec::new(),
            // without the reference and the name of the act, which an answer may have lost
            subject: subject.split_once(" – ").map_or(subject.as_str(), |(_, about)| about).to_owned(),
        });
        case.mails.extend(MailId::parse(&message_id));
    }
    Ok(known.into_values().collect())
}

/// The case that a mail belongs to, by what it answers, by the reference that our mails carry, or by its subject.
pub(super) fn tied(known: &[KnownCase], inner: &[u8], mail: &FreeMail) -> Option<Tie> {
    tie(&Clues::read(inner, mail.texts().next().unwrap_or_default()), known)
}
