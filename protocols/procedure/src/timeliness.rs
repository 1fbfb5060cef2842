//! Whether an act came in time: proof-carrying values that only the term rules here can make (RULES C.3; L. 241/1990 art. 2 c. 8-bis).
//!
//! The rule, for the day in Rome on which the procedente had the act: up to the strict date it is [`Timely`]; between the strict and the
//! prudential date [`Disputed`]; after that disputed if an accepted receipt of another participant, or the certified mail by which its
//! author sent the same act, lies within the term, else [`Late`]. No receiver's clock alone makes an act late; and what the procedente had in
//! time is not made disputed by mail that its author sent afterwards to be sure.
//!
//! Timeliness is computed on demand from the state and never frozen: a suspension, a receipt or a correction that moves a term moves it
//! for the acts that came before too, and the order in which a node learned things plays no part. What protects an author who
//! relied on a date: no receipt and no correction moves a term before an act already received (see `guards`), and an act that
//! came in a term which the procedente later shortened by recording the end of the suspension is disputed, not late.
//!
//! `Disputed` has no automatic effect: it counts, or does not, when an official said so in a `LateOrInvalidActNotice`.

use concerto_message::{MessageId, Writer};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::acts::{Determination, Finding, ImpliedAssent, ImpliedGround, Position, TermKind};
use crate::conference::{Conference, Delivery, Evidence, Received, Sent};
use crate::legal_time::{LegalNow, rome_date};
use crate::sittings::Meets;
use crate::term::Term;
use crate::terms::{Resumption, body_term};

/// How an act stands to its term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "timeliness", rename_all = "snake_case")]
pub enum Timeliness {
    /// In time.
    Timely(Timely),
    /// An official must decide.
    Disputed(Disputed),
    /// Too late.
    Late(Late),
}

/// Proof that an act came in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timely {
    received_at: Timestamp,
    until: Option<Date>,
}

/// Proof that nobody but an official can say whether an act came in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disputed {
    received_at: Timestamp,
    until: Date,
    prudential: Date,
    reason: DisputeReason,
}

/// Proof that an act came after its term under every reading and all evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Late {
    received_at: Timestamp,
    until: Date,
    prudential: Date,
}

/// Why an act is disputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum DisputeReason {
    /// It came after the strict and not after the prudential date.
    BetweenReadings,
    /// Another participant had it within the term.
    EvidenceAcrossDeadline {
        /// Who.
        witness: Writer,
        /// When.
        at: Timestamp,
    },
    /// Its author sent it by certified mail within the term (DPR 68/2005 art. 6).
    CertifiedInTime {
        /// The record of the mail.
        record: MessageId,
        /// When the provider accepted it.
        at: Timestamp,
    },
    /// It came before its author was told that the suspension had ended (before the procedente wrote it, and before proof that the author
    /// has that message), within the term as it stood then.
    ResumptionToldLater,
    /// It came after the works were closed, but before the procedente wrote so in the minutes.
    ClosingToldLater,
}

impl Timely {
    /// When the procedente had it.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }
    /// The last day of the term; none if no term ran.
    pub fn until(&self) -> Option<Date> {
        self.until
    }
}

impl Disputed {
    /// When the procedente had it.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }
    /// The last day under the strict reading.
    pub fn until(&self) -> Date {
        self.until
    }
    /// Why.
    pub fn reason(&self) -> &DisputeReason {
        &self.reason
    }
}

impl Late {
    /// When the procedente had it.
    pub fn received_at(&self) -> Timestamp {
        self.received_at
    }
    /// The last day under the strict reading.
    pub fn until(&self) -> Date {
        self.until
    }
}

/// How an act of `author` that came with this evidence stands to its term of this kind.
pub fn judge(conference: &Conference, author: &Writer, kind: TermKind, evidence: &Evidence) -> Timeliness {
    let received_at = evidence.received_at;
    if let Some(late) = after_the_works(conference, author, kind, evidence) {
        return late;
    }
    let Some(term) = body_term(conference, author, kind, Resumption::AsRecorded) else {
        return Timeliness::Timely(Timely { received_at, until: None });
    };
    if rome_date(received_at) <= term.strict {
        return Timeliness::Timely(Timely { received_at, until: Some(term.strict) });
    }
    match dispute(conference, author, kind, evidence, &term) {
        Some(reason) => Timeliness::Disputed(Disputed {
            received_at,
            until: term.strict,
            prudential: term.prudential,
            reason,
        }),
        None => Timeliness::Late(Late { received_at, until: term.strict, prudential: term.prudential }),
    }
}

/// A position that came after the works were closed (art. 14-ter c. 7, art. 2 c. 8-bis); none where they were not, or it did not.
fn after_the_works(
    conference: &Conference,
    author: &Writer,
    kind: TermKind,
    evidence: &Evidence,
) -> Option<Timeliness> {
    if kind != TermKind::Determination || conference.meets().is_none() {
        return None;
    }
    let minutes = conference.closing_for(author)?;
    let (closed, received_at) = (minutes.act.closed_at, evidence.received_at);
    if received_at <= closed || !conference.works_bind(author) {
        return None;
    }
    let (until, prudential) = (rome_date(closed), rome_date(closed));
    let reason = match witness(conference, author, evidence, |at| at <= closed) {
        Some(reason) => reason,
        None if received_at <= minutes.issued_at => DisputeReason::ClosingToldLater,
        None => return Some(Timeliness::Late(Late { received_at, until, prudential })),
    };
    Some(Timeliness::Disputed(Disputed { received_at, until, prudential, reason }))
}

/// How a determination stands to its term. One said in a session counts as of that session, which the guards held to the works.
pub fn judge_given(conference: &Conference, given: &Received<Determination>) -> Timeliness {
    if given.in_session {
        return Timeliness::Timely(Timely { received_at: given.evidence.received_at, until: None });
    }
    judge(conference, &given.author, TermKind::Determination, &given.evidence)
}

/// Whether the time in which a body may take a position is over at this instant: its term passed under every reading, or the works of
/// the conference that met are closed or past their end.
pub(crate) fn time_is_over(conference: &Conference, body: &Writer, at: LegalNow) -> bool {
    match conference.meets() {
        Some(_) if conference.works_are_over(at) && conference.works_bind(body) => {
            conference.active_body(body).is_some_and(|body| body.proof.is_some())
        }
        Some(Meets::Once | Meets::AfterDeterminations) => false,
        _ => body_term(conference, body, TermKind::Determination, Resumption::AsRecorded)
            .is_some_and(|term| term.expired_prudentially(at)),
    }
}

/// Certified mail by which its author sent it in time, or another participant that had it in time.
fn witness(
    conference: &Conference,
    author: &Writer,
    evidence: &Evidence,
    in_time: impl Fn(Timestamp) -> bool,
) -> Option<DisputeReason> {
    if let Some((record, at)) = evidence.certified.iter().find(|(_, at)| in_time(*at)) {
        return Some(DisputeReason::CertifiedInTime { record: *record, at: *at });
    }
    let had = |(writer, at): &&(Writer, Timestamp)| {
        conference.bodies().contains_key(writer) && writer != author && in_time(*at)
    };
    let (witness, at) = evidence.others.iter().find(had)?;
    Some(DisputeReason::EvidenceAcrossDeadline { witness: witness.clone(), at: *at })
}

fn dispute(
    conference: &Conference,
    author: &Writer,
    kind: TermKind,
    evidence: &Evidence,
    term: &Term,
) -> Option<DisputeReason> {
    let day = rome_date(evidence.received_at);
    if day <= term.prudential {
        return Some(DisputeReason::BetweenReadings);
    }
    if let Some(reason) = witness(conference, author, evidence, |at| rome_date(at) <= term.prudential) {
        return Some(reason);
    }
    let delivered = conference.suspension()?.delivered.as_ref()?;
    let told = |delivery: &&Delivery| delivery.message == delivered.message && delivery.body == *author;
    let told_at = conference.deliveries().iter().find(told).map(|delivery| delivery.at);
    let told_at = told_at.map_or(delivered.issued_at, |at| at.max(delivered.issued_at));
    let projected = body_term(conference, author, kind, Resumption::Projected)?;
    let relied = evidence.received_at <= told_at && day <= projected.prudential;
    relied.then_some(DisputeReason::ResumptionToldLater)
}

/// What a determination weighs today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// It counts: it came in time, or an official admitted it.
    Counts,
    /// It is disputed and no official has decided yet.
    Undecided,
    /// It came late, or an official found so (art. 2 c. 8-bis).
    Late,
    /// An official found that it lacks the requisites of art. 14-bis c. 3.
    NonCompliant,
    /// It was written to a conference that deliberates in session: only what is said there is a position (DL 189/2016 art. 16).
    Contribution,
}

/// Whether a determination was written to a conference that deliberates in session.
pub(crate) fn is_contribution(conference: &Conference, determination: &Received<Determination>) -> bool {
    conference.deliberates() && !determination.in_session
}

/// What a determination weighs: its time, then what officials found.
pub fn weight(conference: &Conference, determination: &Received<Determination>) -> Weight {
    if is_contribution(conference, determination) {
        return Weight::Contribution;
    }
    if determination.non_compliant.is_some() {
        return Weight::NonCompliant;
    }
    let found = determination.time_finding.map(|(finding, _)| finding);
    match judge_given(conference, determination) {
        Timeliness::Timely(_) => Weight::Counts,
        Timeliness::Disputed(_) => match found {
            Some(Finding::Timely | Finding::ExpressAct) => Weight::Counts,
            Some(_) => Weight::Late,
            None => Weight::Undecided,
        },
        Timeliness::Late(_) if found == Some(Finding::ExpressAct) => Weight::Counts,
        Timeliness::Late(_) => Weight::Late,
    }
}

/// Proof that a determination counts: it came in time, or an official admitted it (a late one only where European law wants its act
/// express), and nobody found it non-compliant.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    determination: &'a Received<Determination>,
}

impl<'a> Counted<'a> {
    /// The determination.
    pub fn determination(&self) -> &'a Received<Determination> {
        self.determination
    }
}

/// The determination that counts for a body in the current round: the last one taken in charge of those that count.
pub fn counted_of<'a>(conference: &'a Conference, body: &'a Writer) -> Option<Counted<'a>> {
    let counting = conference
        .determinations_of(body)
        .filter(|determination| weight(conference, determination) == Weight::Counts);
    counting.last().map(|determination| Counted { determination })
}

/// A determination of this body that is disputed and undecided.
pub fn undecided_of<'a>(conference: &'a Conference, body: &'a Writer) -> Option<&'a Received<Determination>> {
    conference
        .determinations_of(body)
        .find(|determination| weight(conference, determination) == Weight::Undecided)
}

/// The position of a body as it stands.
#[derive(Debug, Clone, Copy)]
pub enum Standing<'a> {
    /// It expressed itself.
    Expressed(Counted<'a>),
    /// Its assent is implied, and no determination of it says otherwise.
    Implied(&'a Sent<ImpliedAssent>),
}

impl Standing<'_> {
    /// The message that says so.
    pub fn basis(&self) -> MessageId {
        match self {
            Self::Expressed(counted) => counted.determination.message,
            Self::Implied(implied) => implied.message,
        }
    }

    /// The position; an implied assent is unconditional (art. 14-bis c. 4).
    pub fn position(&self) -> Position {
        match self {
            Self::Expressed(counted) => counted.determination.act.position,
            Self::Implied(_) => Position::Assent,
        }
    }
}

/// The position of a body as it stands; none while it is awaited, disputed, or silent without a note taken.
///
/// An implied assent gives way to a determination that counts, and stands still while one is disputed; but the assent of whoever was at no
/// session prevails over what it had written before (art. 14-bis c. 6, art. 14-ter c. 7), where an official took note of it.
pub fn standing_of<'a>(conference: &'a Conference, body: &'a Writer) -> Option<Standing<'a>> {
    let of_body = |implied: &&Sent<ImpliedAssent>| implied.act.body == *body;
    let absent = conference
        .implied_assents()
        .filter(of_body)
        .find(|implied| implied.act.ground == ImpliedGround::Absent);
    if let Some(absent) = absent {
        return Some(Standing::Implied(absent));
    }
    if let Some(counted) = counted_of(conference, body) {
        return Some(Standing::Expressed(counted));
    }
    if undecided_of(conference, body).is_some() {
        return None;
    }
    conference.implied_assents().filter(|implied| implied.act.body == *body).last().map(Standing::Implied)
}
