//! What receipts proved of a mail, and what a mail that came in says, as the mail store keeps them.

use concerto_pec::{Examination, RecipientState, Refusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

use super::proposed::Proposed;

/// What is known of the recipient of a mail, from the least to the most (`concerto_pec::RecipientState`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Reached {
    /// Nothing was answered.
    Submitted,
    /// Its provider did not take it.
    NotAccepted,
    /// Taken for a mailbox that is not certified.
    AcceptedExternal,
    /// Taken for delivery.
    Accepted,
    /// Not delivered within 12 hours.
    Delayed,
    /// Not delivered.
    NotDelivered,
    /// Delivered.
    Delivered,
}

/// What receipts proved, with its certified time. It never goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proved {
    pub(crate) reached: Reached,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Proved {
    /// Nothing yet.
    pub(crate) const NOTHING: Self = Self { reached: Reached::Submitted, at: None, reason: None };

    /// As receipts say.
    pub(crate) fn of(state: &RecipientState) -> Self {
        let detail = |reason: &concerto_pec::Reason| {
            let detail = reason.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
            Some(format!("{}{detail}", reason.word.as_str()))
        };
        let (reached, at, reason) = match state {
            RecipientState::Submitted => return Self::NOTHING,
            RecipientState::NotAccepted { at, reason } => (Reached::NotAccepted, at, detail(reason)),
            RecipientState::AcceptedExternal { at } => (Reached::AcceptedExternal, at, None),
            RecipientState::Accepted { at } => (Reached::Accepted, at, None),
            RecipientState::Delayed { at } => (Reached::Delayed, at, None),
            RecipientState::NotDelivered { at, reason } => {
                (Reached::NotDelivered, at, reason.as_ref().and_then(detail))
            }
            RecipientState::Delivered { at } => (Reached::Delivered, at, None),
        };
        Self { reached, at: Some(*at), reason }
    }

    /// The further one; of two that came as far the earlier one.
    pub(crate) fn or_further(self, other: Self) -> Self {
        match self.reached.cmp(&other.reached) {
            Ordering::Less => other,
            Ordering::Greater => self,
            Ordering::Equal if other.at < self.at && other.at.is_some() => other,
            Ordering::Equal => self,
        }
    }

    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or(Self::NOTHING)
    }

    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether any receipt came.
    pub(crate) fn answered(&self) -> bool {
        self.reached != Reached::Submitted
    }
}

/// Why a person must look at a mail, or why it does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Why {
    pub(crate) code: String,
    pub(crate) text: String,
    pub(crate) text_en: String,
}

/// What a mail that came in says. Only what is certified is evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MailFacts {
    /// PEC's own name of its type.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Whether it is proved.
    pub(crate) counts: bool,
    /// The certified time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
    /// Who sent it: certified where `counts`, else as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sender: Option<String>,
    /// Its subject, fit to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The Message-ID that its sender gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message_id: Option<String>,
    /// The provider's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identifier: Option<String>,
    /// Every reason against it, or why a person must look.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) why: Vec<Why>,
    /// Of a free mail: what it is proposed as.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proposal: Option<Proposed>,
    /// By what it is tied to its conference: codes of `concerto_pec::tie`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tied_by: Vec<String>,
}

impl MailFacts {
    /// What an examination found.
    pub(crate) fn of(examination: &Examination<'_>) -> Self {
        let daticert = examination.content.daticert.as_ref();
        let header = &examination.header;
        let certified = daticert.map(|data| data.sender.as_str().to_owned());
        let id = daticert.and_then(|data| data.message_id.as_ref()).or(header.message_id.as_ref());
        Self {
            kind: examination.kind.as_str().to_owned(),
            counts: examination.verified().is_some(),
            at: daticert.map(|data| data.at),
            sender: certified.or_else(|| header.from.first().map(|from| from.as_str().to_owned())),
            subject: header.subject.clone(),
            message_id: id.map(|id| id.as_str().to_owned()),
            identifier: daticert.map(|data| data.identifier.as_str().to_owned()),
            why: examination.refusals.iter().filter(|why| **why != Refusal::Ordinary).map(why).collect(),
            proposal: None,
            tied_by: Vec::new(),
        }
    }

    pub(crate) fn read(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    pub(crate) fn write(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn why(refusal: &Refusal) -> Why {
    let fault = super::inspect::fault(refusal);
    Why { code: fault.code, text: fault.text, text_en: fault.text_en }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Option<Timestamp> {
        Some(Timestamp::from_second(1_796_000_000 + second).unwrap())
    }

    #[test]
    fn what_was_proved_stays_and_the_earlier_of_two_counts() {
        let delivered = |second| Proved { reached: Reached::Delivered, at: at(second), reason: None };
        let lost = Proved { reached: Reached::NotDelivered, at: at(9), reason: Some("no-dest".to_owned()) };
        assert_eq!(delivered(5).or_further(lost.clone()), delivered(5));
        assert_eq!(lost.or_further(delivered(5)), delivered(5));
        assert_eq!(delivered(5).or_further(delivered(3)), delivered(3));
        assert_eq!(delivered(3).or_further(Proved::NOTHING), delivered(3));
        assert_eq!(Proved::read(&delivered(3).write()), delivered(3));
        assert_eq!(Proved::read("{}"), Proved::NOTHING);
    }
}
