//! Free mail: from what a body wrote in its own words to the act that it may be (L. 241/1990 art. 14-bis c. 2-3 and 7). A proposal, never more: an official
//! confirms or changes it before anything is recorded.
//!
//! The default is [`ProposedAct::Other`]. An assent is proposed only where one sentence gives it, now, for its author, and nothing in the whole mail denies,
//! conditions or doubts it; where the rules err, they are to err away from assent. Words of others (quoted mails, opinions told or attached) are no evidence.
//! How well that goes is measured on mails of the project's own writing (`conformance-tests/mails`). The phrases stand in `proposal/cues.rs` and
//! `doubts.rs`.

mod cues;
mod doubts;
mod html;
mod judge;
mod mail;
mod phrase;
mod spelling;
mod text;

pub use html::{Reduced, plain_from_html};
pub use mail::FreeMail;

use std::ops::Range;

use crate::limits::{FREE_TEXT_BYTES_MAX, PASSAGES_MAX};
use judge::{Reading, Said};
use text::{LineKind, Sentence};

/// The act that a mail may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProposedAct {
    /// Nothing that the rules know, or not surely: a person reads it.
    Other,
    /// *Assenso*.
    #[doc(alias = "assenso")]
    Assent,
    /// *Assenso con condizioni*.
    #[doc(alias = "assenso con condizioni")]
    ConditionalAssent,
    /// *Dissenso superabile*.
    #[doc(alias = "dissenso superabile")]
    SurmountableDissent,
    /// *Dissenso*.
    #[doc(alias = "dissenso")]
    Dissent,
    /// *Declaratoria di non competenza*.
    #[doc(alias = "declaratoria di non competenza")]
    CompetenceStatement,
    /// *Richiesta di integrazioni*.
    #[doc(alias = "richiesta di integrazioni")]
    IntegrationRequest,
    /// *Richiesta di modalità sincrona*.
    #[doc(alias = "richiesta di modalità sincrona")]
    SyncModeRequest,
    /// Only that a mail came, or is being dealt with: no act.
    #[doc(alias = "presa in visione")]
    Acknowledgement,
}

impl ProposedAct {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Other,
        Self::Assent,
        Self::ConditionalAssent,
        Self::SurmountableDissent,
        Self::Dissent,
        Self::CompetenceStatement,
        Self::IntegrationRequest,
        Self::SyncModeRequest,
        Self::Acknowledgement,
    ];

    /// A stable name; those of positions are their spelling on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Assent => "assent",
            Self::ConditionalAssent => "conditional_assent",
            Self::SurmountableDissent => "surmountable_dissent",
            Self::Dissent => "dissent",
            Self::CompetenceStatement => "competence_statement",
            Self::IntegrationRequest => "integration_request",
            Self::SyncModeRequest => "sync_mode_request",
            Self::Acknowledgement => "acknowledgement",
        }
    }

    /// The type of the message that would record it; none where there is nothing to record.
    pub fn message_type(self) -> Option<&'static str> {
        match self {
            Self::Other | Self::Acknowledgement => None,
            Self::Assent | Self::ConditionalAssent | Self::SurmountableDissent | Self::Dissent => {
                Some("Determination")
            }
            Self::CompetenceStatement => Some("CompetenceStatement"),
            Self::IntegrationRequest => Some("IntegrationRequest"),
            Self::SyncModeRequest => Some("SyncModeRequest"),
        }
    }
}

/// Why words are not taken for what they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// They are denied, or may be.
    Negated,
    /// Not now: planned, waited for, asked, possible.
    NotNow,
    /// Of others, of earlier, or in an attachment.
    Told,
}

/// Why the proposal is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The passages say this act.
    Says(ProposedAct),
    /// The passages set a condition.
    Condition,
    /// The passages have a reserve that may be a condition.
    Reserve,
    /// The passages name an assent or a dissent that is not taken so.
    Doubtful(Doubt),
    /// The mail says two acts that do not go together.
    Contradiction,
    /// Signature, notice or subject say something else than the text.
    Around,
    /// The plain and the HTML part say different things, or the HTML hides something.
    Parts,
    /// Longer than what is read, or with letters of other scripts.
    Unreadable,
    /// There is text of earlier mails, which was not read.
    Quoted,
    /// There are attachments, which are not read: the act may be in them.
    Attachments,
}

impl Reason {
    /// A stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Says(_) => "proposal.says",
            Self::Condition => "proposal.condition",
            Self::Reserve => "proposal.reserve",
            Self::Doubtful(Doubt::Negated) => "proposal.negated",
            Self::Doubtful(Doubt::NotNow) => "proposal.not-now",
            Self::Doubtful(Doubt::Told) => "proposal.told",
            Self::Contradiction => "proposal.contradiction",
            Self::Around => "proposal.around",
            Self::Parts => "proposal.parts",
            Self::Unreadable => "proposal.unreadable",
            Self::Quoted => "proposal.quoted",
            Self::Attachments => "proposal.attachments",
        }
    }

    /// For the official, in Italian and in English.
    pub fn text(self) -> (&'static str, &'static str) {
        match self {
            Self::Says(_) => ("il testo lo dice", "the text says so"),
            Self::Condition => ("pone condizioni o prescrizioni", "it sets conditions or prescriptions"),
            Self::Reserve => ("forse pone una condizione: leggere", "it may set a condition: read it"),
            Self::Doubtful(Doubt::Negated) => {
                ("un assenso nominato, ma negato", "an assent named, but denied")
            }
            Self::Doubtful(Doubt::NotNow) => {
                ("una posizione futura, eventuale o chiesta", "a position to come, possible or asked for")
            }
            Self::Doubtful(Doubt::Told) => {
                ("una posizione di altri, precedente o allegata", "a position of others, earlier or attached")
            }
            Self::Contradiction => {
                ("dice due cose che non stanno insieme", "it says two things that do not go together")
            }
            Self::Around => (
                "oggetto, firma o avvertenza dicono altro",
                "subject, signature or notice say something else",
            ),
            Self::Parts => (
                "le parti del messaggio dicono cose diverse, o nascondono testo",
                "the parts of the mail differ, or hide text",
            ),
            Self::Unreadable => (
                "troppo lungo o con caratteri di altri alfabeti",
                "too long, or with letters of other scripts",
            ),
            Self::Quoted => {
                ("contiene messaggi precedenti, non letti", "it contains earlier mails, not read")
            }
            Self::Attachments => (
                "ha allegati, non letti: l'atto può essere lì",
                "it has attachments, not read: the act may be there",
            ),
        }
    }
}

/// A sentence that led to the proposal, or away from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// The sentence as it stands.
    pub text: String,
    /// What it speaks for.
    pub reason: Reason,
}

/// What a mail may be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The act.
    pub act: ProposedAct,
    /// The sentences that were looked at, in the order of the text; at most [`PASSAGES_MAX`].
    pub passages: Vec<Passage>,
    /// Every reason, each once.
    pub reasons: Vec<Reason>,
}

/// Proposes an act for the text of a mail.
pub fn propose(mail: &FreeMail) -> Proposal {
    let proposals: Vec<Proposal> = mail.texts().map(|text| propose_text(text, &mail.subject)).collect();
    let mut proposal = match proposals.as_slice() {
        [plain, html] if plain.act != html.act => undecided(plain.clone(), Reason::Parts),
        [first, ..] => first.clone(),
        [] => Proposal { act: ProposedAct::Other, passages: Vec::new(), reasons: Vec::new() },
    };
    if mail.doubtful {
        proposal = undecided(proposal, Reason::Parts);
    }
    if !mail.attachments.is_empty() {
        proposal.reasons.push(Reason::Attachments);
    }
    proposal
}

fn undecided(mut proposal: Proposal, reason: Reason) -> Proposal {
    proposal.act = ProposedAct::Other;
    proposal.reasons.push(reason);
    proposal
}

/// Proposes an act for one text: [`propose`] without attachments and other parts.
pub fn propose_text(text: &str, subject: &str) -> Proposal {
    let mut weighing = Weighing::default();
    let lines = text::lines(text.get(..FREE_TEXT_BYTES_MAX.min(text.len())).unwrap_or_default());
    let foreign = |c: char| c.is_alphabetic() && !is_latin(c);
    let whole = text.len() <= FREE_TEXT_BYTES_MAX && !text.chars().any(foreign);
    match text::sentences(text, &lines).filter(|_| whole) {
        None => weighing.reason(Reason::Unreadable),
        Some(sentences) => sentences.iter().for_each(|sentence| weighing.sentence(text, sentence)),
    }
    weighing.subject(subject);
    let act = weighing.act();
    if lines.iter().any(|line| line.kind == LineKind::Quoted) {
        weighing.reason(Reason::Quoted);
    }
    Proposal { act, passages: weighing.passages, reasons: weighing.reasons }
}

/// Letters as Italian and its neighbours write them.
fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | 'ª' | 'º' | '\u{c0}'..='\u{24f}')
}

/// What all sentences say together.
#[derive(Default)]
struct Weighing {
    passages: Vec<Passage>,
    reasons: Vec<Reason>,
    nothing_yet: bool,
    surmountable: bool,
    acknowledged: bool,
}

impl Weighing {
    fn reason(&mut self, reason: Reason) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    fn has(&self, reason: Reason) -> bool {
        self.reasons.contains(&reason)
    }

    fn note(&mut self, text: &str, sentence: &Sentence, reason: Reason) {
        self.reason(reason);
        let words = text.get(sentence.range.clone()).unwrap_or_default();
        if self.passages.len() < PASSAGES_MAX {
            self.passages.push(Passage { range: sentence.range.clone(), text: words.to_owned(), reason });
        }
    }

    fn sentence(&mut self, text: &str, sentence: &Sentence) {
        let reading = Reading::new(sentence);
        let said_assent = self.has(Reason::Says(ProposedAct::Assent));
        if sentence.kind != LineKind::Own {
            if reading.shouts() {
                self.note(text, sentence, Reason::Around);
            }
            return;
        }
        for (said, act) in [
            (reading.assent(), ProposedAct::Assent),
            (reading.dissent(), ProposedAct::Dissent),
            (reading.no_competence(), ProposedAct::CompetenceStatement),
            (reading.integration(), ProposedAct::IntegrationRequest),
            (reading.sync(), ProposedAct::SyncModeRequest),
        ] {
            match said {
                Said::Nothing => {}
                Said::Firmly => self.note(text, sentence, Reason::Says(act)),
                Said::Doubtfully(doubt) => {
                    if matches!(act, ProposedAct::Assent | ProposedAct::Dissent) {
                        self.note(text, sentence, Reason::Doubtful(doubt));
                    }
                }
            }
        }
        if reading.conditions() {
            self.note(text, sentence, Reason::Condition);
        }
        // a reserve counts from the assent on: what stands before it is its grounds
        let more = said_assent && reading.assent() == Said::Nothing && !reading.closes();
        if self.has(Reason::Says(ProposedAct::Assent)) && (reading.reserves() || more) {
            self.note(text, sentence, Reason::Reserve);
        }
        self.nothing_yet |= reading.nothing_yet();
        self.surmountable |= reading.surmountable();
        self.acknowledged |= reading.acknowledged();
    }

    /// The subject gives no position, but may take one away. That of an answer is ours.
    fn subject(&mut self, subject: &str) {
        const ANSWERS: [&str; 9] =
            ["r:", "re:", "rif:", "i:", "fw:", "fwd:", "risp:", "posta certificata:", "anomalia messaggio:"];
        let lower = subject.trim().to_lowercase();
        if lower.starts_with("risposta automatica") || lower.starts_with("automatic reply") {
            self.acknowledged = true;
        }
        if ANSWERS.iter().any(|answer| lower.starts_with(answer)) {
            return;
        }
        let line = text::Line { range: 0..subject.len(), kind: LineKind::Own };
        let sentences = text::sentences(subject, &[line]).unwrap_or_default();
        if sentences.iter().any(|sentence| Reading::new(sentence).shouts()) {
            self.reason(Reason::Around);
        }
    }

    /// The act that follows, by what the text says and nothing speaks against.
    fn act(&mut self) -> ProposedAct {
        if self.has(Reason::Unreadable) {
            return ProposedAct::Other;
        }
        let said: Vec<ProposedAct> =
            ProposedAct::ALL.into_iter().filter(|act| self.has(Reason::Says(*act))).collect();
        match said.as_slice() {
            [ProposedAct::Assent] => self.assent(),
            // *pur non essendo competente, esprime parere favorevole*
            [ProposedAct::CompetenceStatement] if self.has(Reason::Doubtful(Doubt::Negated)) => {
                ProposedAct::Other
            }
            [ProposedAct::Dissent] if self.surmountable => ProposedAct::SurmountableDissent,
            [one] => *one,
            [ProposedAct::Dissent, ProposedAct::IntegrationRequest] if self.nothing_yet => {
                ProposedAct::IntegrationRequest
            }
            [] if self.acknowledged => ProposedAct::Acknowledgement,
            [] => ProposedAct::Other,
            _ => {
                self.reason(Reason::Contradiction);
                ProposedAct::Other
            }
        }
    }

    fn assent(&self) -> ProposedAct {
        let denied = [Doubt::Negated, Doubt::NotNow].map(Reason::Doubtful);
        if self.has(Reason::Condition) {
            ProposedAct::ConditionalAssent
        } else if self.nothing_yet
            || self.has(Reason::Reserve)
            || self.has(Reason::Around)
            || denied.iter().any(|doubt| self.has(*doubt))
        {
            ProposedAct::Other
        } else {
            ProposedAct::Assent
        }
    }
}

#[cfg(test)]
#[path = "proposal_tests.rs"]
mod tests;
