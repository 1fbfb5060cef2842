//! What a message is for one recipient, so that [`concerto_exchange::fallback`] can say whether it goes by certified mail.

use concerto_exchange::fallback::{Class, Waiting};
use concerto_message::{MessageId, ReceiptKind, Writer};
use concerto_procedure::acts::{Act, TermKind};
use concerto_procedure::conference::Conference;
use concerto_procedure::{Event, end_of, evolve, term_of};
use jiff::Timestamp;

use crate::case::{Case, Entry};
use crate::ingest::delivery_matters;

/// A message of this node and one participant, for the fallback; none if the message is not held.
///
/// `queued_at` is when it became durable, `has_node` whether the federation lists the recipient, `pec_left` whether a mail was handed over.
pub fn waiting(
    case: &Case,
    message: MessageId,
    recipient: &Writer,
    (queued_at, has_node, pec_left): (Timestamp, bool, bool),
) -> Option<Waiting> {
    let class = class(case, case.entry(message)?, recipient);
    Some(Waiting { queued_at, class, has_node, accepted_at: accepted_at(case, message, recipient), pec_left })
}

/// Records are never mailed: one would be made of each delivery, and of its delivery another.
fn class(case: &Case, entry: &Entry, recipient: &Writer) -> Class {
    let own = entry.behalf.as_ref().is_some_and(|behalf| behalf.body == *recipient);
    match &entry.act {
        _ if own => Class::Technical,
        Ok(Act::TakenInCharge(_) | Act::TermDigest(_) | Act::RecordedExchange(_)) | Err(_) => {
            Class::Technical
        }
        Ok(act) if delivery_matters(act) => Class::StartsTerm,
        Ok(Act::Determination(_)) => in_term(case, entry, recipient, TermKind::Determination),
        Ok(Act::IntegrationRequest(_) | Act::SyncModeRequest(_)) => {
            in_term(case, entry, recipient, TermKind::IntegrationRequests)
        }
        Ok(_) => Class::Act,
    }
}

/// Whether an act came in time is decided by when the procedente had it; for everybody else it is an act like any other.
fn in_term(case: &Case, entry: &Entry, recipient: &Writer, kind: TermKind) -> Class {
    if recipient != case.lead() || entry.author == *case.lead() {
        return Class::Act;
    }
    let of_author = |conference: &Conference| term_of(conference, &entry.author, kind);
    let known = of_author(case.state()).or_else(|| of_author(&as_if_told(case, &entry.author)?));
    known.map_or(Class::Act, |term| Class::InTerm(end_of(term.strict)))
}

/// The conference as it will be once the procedente has the proof that this body was called: until then the chain does not say when its term
/// ends, but the body knows since when it holds the call.
fn as_if_told(case: &Case, body: &Writer) -> Option<Conference> {
    let message = case.state().bodies().get(body)?.called_by;
    let call = case.entry(message)?;
    let mut conference = case.state().clone();
    let (body, at, receipt) = (body.clone(), call.received_at, call.bytes);
    evolve(&mut conference, &Event::Delivered { message, body, at, receipt });
    Some(conference)
}

/// The earliest proof that a recipient has a message: its own *accepted* receipt, or a delivery in the procedente's chain.
fn accepted_at(case: &Case, message: MessageId, recipient: &Writer) -> Option<Timestamp> {
    let accepted = case.receipts().map(|(_, noted)| noted).filter(|noted| {
        noted.kind == ReceiptKind::Accepted && noted.issuer == *recipient && noted.messages.contains(&message)
    });
    let on_record =
        case.state().deliveries().iter().filter(|proof| proof.message == message && proof.body == *recipient);
    accepted.map(|noted| noted.received_at).chain(on_record.map(|proof| proof.at)).min()
}
