//! Which messages go out by PEC: the procedente's own acts, to every body that has no node in the federation.
//!
//! What goes is found in the order in which the journal grew; how far it was looked through is kept together with the mails that were found. So a mail
//! is found once, also after a crash. Acts from before the mailbox was first used stay where they are: `concerto pec send` sends one on
//! demand. What goes because nodes do not reach each other is found in `fallback.rs`.

use concerto_core::Case;
use concerto_core::case::Entry;
use concerto_message::{ConferenceId, MessageId, Writer};
use concerto_pec::Address;
use concerto_port::{DocumentStore, JournalFeed, StoredLink};
use concerto_procedure::acts::Act;
use concerto_store_sqlite::{MailStore, NewMail};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;

use super::facts::Proved;
use super::letter::{self, Composed, Writing};
use crate::failpoint;
use crate::home::Home;
use crate::output::Failure;

/// The last row of the journal that was looked at.
const LOOKED: &str = "journal.looked";
/// The last row of the journal when the mailbox was first used.
const BEGUN: &str = "journal.begun";
/// Links looked at in one go.
const PAGE: usize = 64;

/// Why a message goes by PEC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// As `concerto_exchange::fallback` decided; or that the body has no node.
    Fallback(concerto_exchange::fallback::Reason),
    /// A person asked for it.
    OnDemand,
}

impl Reason {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Fallback(reason) => reason.word(),
            Self::OnDemand => "on-demand",
        }
    }
}

const NO_NODE: Reason = Reason::Fallback(concerto_exchange::fallback::Reason::NoNode);

/// Where no address is known.
pub(crate) const NO_ADDRESS: &str = "pec.address.unknown";

/// Finds what must go by PEC in what newly came to the journal, and keeps it as mails.
pub(super) fn collect(asked: &Asked<'_>, store: &mut MailStore) -> Result<(), Failure> {
    let begun = begin(asked.reader, store)?;
    loop {
        let looked = store.noted(LOOKED)?.unwrap_or(begun);
        let page = asked.reader.links_after(looked, PAGE)?;
        let Some(last) = page.last().map(|stored| stored.row) else { return Ok(()) };
        let me = &asked.home.node.writer;
        let led: BTreeSet<&ConferenceId> = page
            .iter()
            .filter(|stored| stored.own)
            .map(|stored| &stored.link.payload().conference)
            .filter(|conference| conference.lead() == me)
            .collect();
        let mut mails = Vec::new();
        for conference in led {
            let Some(case) = Case::load(conference, asked.reader)? else { continue };
            mails.extend(asked.of_case(store, &case, begun)?);
        }
        store.keep(&mails, Some((LOOKED, last)))?;
        failpoint::hit_if("pec-kept", !mails.is_empty());
    }
}

/// Notes from where on acts go by PEC: the end of the journal when the mailbox was first used. Gives that row.
pub(crate) fn begin(reader: &dyn JournalFeed, store: &mut MailStore) -> Result<u64, Failure> {
    if let Some(begun) = store.noted(BEGUN)? {
        return Ok(begun);
    }
    let last = reader.tips()?.link;
    store.note(BEGUN, last, true)?;
    Ok(store.noted(BEGUN)?.unwrap_or(last))
}

/// What mails are made from.
pub(crate) struct Asked<'a> {
    pub(crate) home: &'a Home,
    pub(crate) reader: &'a dyn JournalFeed,
    pub(crate) documents: &'a dyn DocumentStore,
    pub(crate) sender: &'a Address,
    pub(crate) now: Timestamp,
}

impl Asked<'_> {
    /// The mails of a conference led by this node that are not kept yet: each act for people, to each body without a node.
    fn of_case(&self, store: &MailStore, case: &Case, begun: u64) -> Result<Vec<NewMail>, Failure> {
        let own = own_links(self.reader, case)?;
        let mut mails = Vec::new();
        for body in without_node(self.home, case) {
            let called = own.iter().find(|stored| calls(case, stored.link.id(), &body));
            let called_after = called.is_some_and(|stored| stored.row > begun);
            for stored in own.iter().filter(|stored| called_after || stored.row > begun) {
                let id = stored.link.id();
                let Some(entry) = case.entry(id).filter(|entry| goes(entry)) else { continue };
                if released_before(case, &body, entry) || store.sent_to(id, &body)?.is_some() {
                    continue;
                }
                mails.push(self.prepare(case, stored, &body, None, NO_NODE)?);
            }
        }
        Ok(mails)
    }

    /// One mail: a message to a body. What keeps it from leaving is in it as its problem.
    pub(crate) fn prepare(
        &self,
        case: &Case,
        stored: &StoredLink,
        body: &Writer,
        address: Option<Address>,
        why: Reason,
    ) -> Result<NewMail, Failure> {
        let recipient = match address {
            Some(address) => Some(address),
            None => self.address_of(case, body)?,
        };
        let message_id = letter::new_message_id(stored.link.id(), self.sender)?;
        let writing = Writing {
            home: self.home,
            case,
            link: &stored.link,
            bundle: self.reader.bundle(stored.link.header().trust)?,
            documents: self.documents,
            body,
            sender: self.sender,
            recipient: recipient.as_ref(),
            message_id: &message_id,
            now: self.now,
        };
        let Composed { subject, mail, restricted, problem } = letter::write(&writing)?;
        Ok(NewMail {
            message_id: message_id.as_str().to_owned(),
            sender: self.sender.as_str().to_owned(),
            recipient: recipient.map(|address| address.as_str().to_owned()),
            conference: case.id().clone(),
            message: stored.link.id(),
            body: body.clone(),
            subject,
            why: why.as_str().to_owned(),
            at: self.now,
            mail,
            restricted,
            state: Proved::NOTHING.write(),
            problem,
        })
    }

    /// The certified mailbox of a body: as the message that called it says, of the procedente as its notice says of the case officer; else as the
    /// federation does.
    fn address_of(&self, case: &Case, body: &Writer) -> Result<Option<Address>, Failure> {
        let to_lead = body == case.lead();
        let call = if to_lead {
            case.state().notice().and_then(|notice| case.entry(notice.message))
        } else {
            let calls = case.entries().filter(|(id, _)| calls(case, **id, body));
            calls.map(|(_, entry)| entry).max_by_key(|entry| entry.issued_at)
        };
        let text = call.and_then(|call| call.body.as_ref());
        let text = text.map_or(Ok(Value::Null), |text| read_body(self.documents, text.digest))?;
        let said = if to_lead { text.pointer("/case_officer/pec") } else { pec_in(&text, body) };
        let member = || self.home.federation.member(body)?.pec.clone();
        let written = said.and_then(Value::as_str).map(str::to_owned).or_else(member);
        Ok(written.and_then(|written| Address::parse(&written)))
    }
}

/// A body as JSON; null where it is not held.
pub(super) fn read_body(
    documents: &dyn DocumentStore,
    digest: concerto_message::Digest,
) -> Result<Value, Failure> {
    let held = documents.get(digest).map_err(|error| Failure::environment(error.code(), &error))?;
    Ok(held.and_then(|(_, bytes)| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

/// What a call says of the mailbox of a body.
fn pec_in<'a>(text: &'a Value, body: &Writer) -> Option<&'a Value> {
    let body = body.to_string();
    let mut acts = text.get("acts")?.as_array()?.iter();
    acts.find_map(|act| (act.get("body").and_then(Value::as_str) == Some(&body)).then(|| act.get("pec"))?)
}

/// The administrations called that have no node in the federation.
pub(crate) fn without_node(home: &Home, case: &Case) -> Vec<Writer> {
    let me = &home.node.writer;
    let has_node = |body: &Writer| home.federation.member(body).is_some_and(|member| member.enabled);
    case.participants().iter().filter(|body| *body != me && !has_node(body)).cloned().collect()
}

/// This node's links in a conference, in the order of the journal.
fn own_links(reader: &dyn JournalFeed, case: &Case) -> Result<Vec<StoredLink>, Failure> {
    let (mut own, mut after) = (Vec::new(), 0);
    loop {
        let page = reader.links(case.id(), after, PAGE)?;
        let Some(last) = page.last() else { return Ok(own) };
        after = last.row;
        own.extend(page.into_iter().filter(|stored| stored.own));
    }
}

/// Whether a link calls a body to the conference.
fn calls(case: &Case, link: MessageId, body: &Writer) -> bool {
    match case.entry(link).map(|entry| &entry.act) {
        Some(Ok(Act::Notice(notice))) => notice.invited.iter().any(|invited| invited.body == *body),
        Some(Ok(Act::ParticipantAdded(added))) => added.added.iter().any(|invited| invited.body == *body),
        _ => false,
    }
}

/// A body that was released gets the act that released it, and none after it.
fn released_before(case: &Case, body: &Writer, entry: &Entry) -> bool {
    let released = case.state().bodies().get(body).is_some_and(|body| body.released.is_some());
    released && !matches!(&entry.act, Ok(Act::ParticipantAdded(_) | Act::Notice(_)))
}

/// Whether an act is one that its recipients must read. What nodes tell each other, and the records of communications, are not: the record of
/// a delivery must not be delivered.
fn goes(entry: &Entry) -> bool {
    match &entry.act {
        Ok(
            Act::Notice(_)
            | Act::ParticipantAdded(_)
            | Act::Suspension(_)
            | Act::IntegrationDelivered(_)
            | Act::LateOrInvalidActNotice(_)
            | Act::PrescriptionConsultation(_)
            | Act::FinalDetermination(_)
            | Act::EfficacyStatement(_)
            | Act::TermCorrection(_)
            | Act::Closure(_)
            | Act::MeetingCall(_)
            | Act::MeetingMinutes(_)
            | Act::RebuttalForwarded(_)
            | Act::SilentGrantCertificate(_),
        ) => true,
        Ok(
            Act::CompetenceStatement(_)
            | Act::IntegrationRequest(_)
            | Act::SyncModeRequest(_)
            | Act::Determination(_)
            | Act::ImpliedAssent(_)
            | Act::TakenInCharge(_)
            | Act::TermDigest(_)
            | Act::ForkResolved(_)
            | Act::Sealed(_)
            | Act::RecordedExchange(_)
            | Act::ConveningRequest(_)
            | Act::RepresentativeAppointment(_)
            | Act::DissentToRepresentative(_),
        )
        | Err(_) => false,
    }
}
