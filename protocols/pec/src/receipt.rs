//! What a verified PEC message proves: which mail it is about, and what happened to it for each recipient (RFC 6109 section 3).

use concerto_message::Digest;
use jiff::Timestamp;

use crate::address::{Address, MailId};
use crate::daticert::Daticert;
use crate::kind::{ErrorWord, PecType, ReceiptForm};
use crate::verified::Verified;

/// Why something did not happen, in PEC's word and the provider's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// `errore`.
    pub word: ErrorWord,
    /// `errore-esteso`, fit to be shown.
    pub detail: Option<String>,
}

/// What one receipt says about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The sender's provider took the mail for this recipient.
    Accepted {
        /// Whether the mailbox is certified: for another one no delivery receipt will come.
        certified: bool,
    },
    /// The sender's provider did not take it.
    NotAccepted(Reason),
    /// It is in the recipient's certified mailbox.
    Delivered,
    /// It could not be delivered.
    NotDelivered(Reason),
    /// The recipient's provider has not answered for 12 or 24 hours.
    Delayed,
    /// The recipient's provider took it in charge: of no value for the user.
    TakenInCharge,
    /// A virus was found on the way; the notice for the user is an error of delivery.
    VirusDetected,
}

impl Outcome {
    /// A word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { certified: true } => "accepted",
            Self::Accepted { certified: false } => "accepted-external",
            Self::NotAccepted(_) => "not-accepted",
            Self::Delivered => "delivered",
            Self::NotDelivered(_) => "not-delivered",
            Self::Delayed => "delayed",
            Self::TakenInCharge => "taken-in-charge",
            Self::VirusDetected => "virus-detected",
        }
    }
}

/// A receipt or notice about a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its type.
    pub kind: PecType,
    /// The Message-ID that the sender had given; some providers leave it out.
    pub message_id: Option<MailId>,
    /// The provider's own identifier of the mail.
    pub identifier: MailId,
    /// Who sent the mail.
    pub sender: Address,
    /// When what it certifies happened.
    pub at: Timestamp,
    /// What it says about each recipient that it is about.
    pub outcomes: Vec<(Address, Outcome)>,
    /// The form of a delivery receipt.
    pub form: Option<ReceiptForm>,
    /// SHA-256 of the mail that is the evidence.
    pub evidence: Digest,
}

/// A certified mail that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Who sent it: the provider vouches for the mailbox.
    pub sender: Address,
    /// The Message-ID that the sender had given.
    pub message_id: Option<MailId>,
    /// The provider's own identifier.
    pub identifier: MailId,
    /// When the sender's provider accepted it: when it counts as sent.
    pub at: Timestamp,
    /// SHA-256 of the envelope.
    pub evidence: Digest,
}

/// What a provider of the directory certified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certified {
    /// A receipt or notice.
    Receipt(Receipt),
    /// A certified mail.
    Envelope(Envelope),
    /// A provider packed a mail that is not certified: nothing follows from it.
    Anomaly,
}

impl Certified {
    /// The receipt, still verified; nothing for an envelope or an anomaly.
    pub fn into_receipt(certified: Verified<Self>) -> Option<Verified<Receipt>> {
        match certified.into_inner() {
            Self::Receipt(receipt) => Some(Verified::new(receipt)),
            Self::Envelope(_) | Self::Anomaly => None,
        }
    }

    /// What a type and its certification data say; nothing for an ordinary mail or where data is missing.
    pub(crate) fn of(kind: PecType, daticert: Option<&Daticert>, evidence: Digest) -> Option<Self> {
        if kind == PecType::Anomaly {
            return Some(Self::Anomaly);
        }
        let daticert = daticert?;
        if kind == PecType::Envelope {
            return Some(Self::Envelope(Envelope {
                sender: daticert.sender.clone(),
                message_id: daticert.message_id.clone(),
                identifier: daticert.identifier.clone(),
                at: daticert.at,
                evidence,
            }));
        }
        kind.is_receipt().then(|| {
            Self::Receipt(Receipt {
                kind,
                message_id: daticert.message_id.clone(),
                identifier: daticert.identifier.clone(),
                sender: daticert.sender.clone(),
                at: daticert.at,
                outcomes: outcomes(kind, daticert),
                form: daticert.form,
                evidence,
            })
        })
    }
}

/// What certification data of a type says about each recipient. Whether it may be believed is for the caller to know.
pub fn outcomes(kind: PecType, daticert: &Daticert) -> Vec<(Address, Outcome)> {
    let reason = || Reason { word: daticert.error.clone(), detail: daticert.error_detail.clone() };
    let all = |outcome: &dyn Fn(bool) -> Outcome| {
        daticert.recipients.iter().map(|to| (to.address.clone(), outcome(to.certified))).collect()
    };
    let one =
        |outcome: Outcome| daticert.delivered_to.iter().map(|to| (to.clone(), outcome.clone())).collect();
    match kind {
        PecType::Acceptance => all(&|certified| Outcome::Accepted { certified }),
        PecType::NonAcceptance => all(&|_| Outcome::NotAccepted(reason())),
        PecType::Delivery => one(Outcome::Delivered),
        PecType::DeliveryError => one(Outcome::NotDelivered(reason())),
        PecType::DelayNotice => one(Outcome::Delayed),
        PecType::VirusDetected => one(Outcome::VirusDetected),
        PecType::TakenInCharge => {
            daticert.taken_for.iter().map(|to| (to.clone(), Outcome::TakenInCharge)).collect()
        }
        PecType::Envelope | PecType::Anomaly | PecType::Mail => Vec::new(),
    }
}
