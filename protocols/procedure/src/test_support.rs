//! For the tests: a case told in a few words. Instants are written in UTC; Rome is one hour ahead in winter, two in summer.

use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::civil::date;

use crate::acts::*;
use crate::conference::{Conference, Evidence};
use crate::decide::{Command, Decided, decide};
use crate::evolve::{Event, evolve};
use crate::guards::proposed_dates;
use crate::legal_time::LegalNow;
use crate::refusal::{Refusal, Warning};
use crate::term::Term;
use crate::terms::terms;
use crate::view::{BodyStatus, Phase};

pub(crate) const LEAD: &str = "r_marche/urb";
pub(crate) const COMUNE: &str = "c_b474/prot";
pub(crate) const PROVINCIA: &str = "p_mc/prot";
pub(crate) const SABAP: &str = "m_bac/sabap";
pub(crate) const USR: &str = "usr_marche/prot";

pub(crate) fn writer(text: &str) -> Writer {
    text.parse().unwrap()
}

/// `2026-11-30 10:00` in UTC.
pub(crate) fn instant(text: &str) -> Timestamp {
    format!("{}:00Z", text.replace(' ', "T")).parse().unwrap()
}

pub(crate) fn now(text: &str) -> LegalNow {
    LegalNow(instant(text))
}

pub(crate) fn id(number: u32) -> MessageId {
    MessageId(Digest::of(&number.to_be_bytes()))
}

pub(crate) fn conference_id() -> ConferenceId {
    format!("{LEAD}/00112233445566778899aabbccddeeff").parse().unwrap()
}

pub(crate) fn invited(body: &str, sensitive: bool) -> Invited {
    Invited {
        body: writer(body),
        acts: vec![RequestedAct { act: "parere".to_owned(), eu_express_act: None }],
        sensitive: if sensitive { vec![SensitiveInterest::CulturalHeritage] } else { Vec::new() },
        seat: None,
        level: None,
    }
}

/// The notice of Monday 30 November 2026: three ordinary bodies and the Soprintendenza; dates for receipt on the same day.
pub(crate) fn notice() -> Notice {
    notice_on(date(2026, 11, 30))
}

pub(crate) fn notice_on(day: Date) -> Notice {
    let called =
        vec![invited(COMUNE, false), invited(PROVINCIA, false), invited(SABAP, true), invited(USR, false)];
    Notice {
        kind: Kind::Decision,
        form: Form::Simplified,
        party_initiated: true,
        started_on: crate::calendar::add_days(day, -3),
        regime_basis_date: day,
        dates: proposed_dates(day, &called).unwrap(),
        sensitive_scope: SensitiveScope::Own,
        invited: called,
        round: 1,
        sector: None,
    }
}

/// European law wants the first act asked of this body express.
pub(crate) fn wanted_express(stated: &mut Notice, body: &str) {
    for called in stated.invited.iter_mut().filter(|called| called.body == writer(body)) {
        called.acts[0].eu_express_act = Some("Dir. 92/43/CEE art. 6".to_owned());
    }
}

pub(crate) fn assent() -> Determination {
    Determination {
        position: Position::Assent,
        round: 1,
        acts: vec!["parere".to_owned()],
        prescriptions: Vec::new(),
    }
}

pub(crate) fn with(position: Position, prescriptions: u16) -> Determination {
    let prescription = |number| Prescription {
        number,
        origin: PrescriptionOrigin::Norm,
        cost_eur: Some("12500.00".to_owned()),
        mitigating: true,
    };
    Determination { position, prescriptions: (1..=prescriptions).map(prescription).collect(), ..assent() }
}

/// A case as the procedente's node lives it.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) conference: Conference,
    pub(crate) events: Vec<Event>,
    next: u32,
}

impl Case {
    pub(crate) fn draft() -> Self {
        Self { conference: Conference::new(conference_id()), events: Vec::new(), next: 1 }
    }

    /// Convened on Monday 30 November 2026 at 10:00 in Rome; nobody has received it yet.
    pub(crate) fn convened() -> Self {
        let mut case = Self::draft();
        case.lead("2026-11-30 09:00", Act::Notice(notice()));
        case
    }

    /// Convened and received by all on the same day.
    pub(crate) fn received() -> Self {
        let mut case = Self::convened();
        case.delivered_to_all();
        case
    }

    fn fresh(&mut self) -> MessageId {
        self.next += 1;
        id(self.next)
    }

    pub(crate) fn push(&mut self, event: Event) {
        evolve(&mut self.conference, &event);
        self.events.push(event);
    }

    pub(crate) fn decide(&self, author: &str, at: &str, act: Act) -> Result<Decided, Refusal> {
        decide(&self.conference, Command::Write { author: writer(author), act }, now(at))
    }

    pub(crate) fn refused(&self, author: &str, at: &str, act: Act) -> Refusal {
        self.decide(author, at, act).expect_err("a refusal")
    }

    pub(crate) fn warnings(&self, author: &str, at: &str, act: Act) -> Vec<Warning> {
        self.decide(author, at, act).expect("no refusal").warnings().to_vec()
    }

    /// The procedente decides, signs and folds.
    pub(crate) fn lead(&mut self, at: &str, act: Act) -> MessageId {
        let decided = self.decide(LEAD, at, act).expect("the procedente may");
        let message = self.fresh();
        let regime = decided.regime().to_owned();
        let event = Event::Lead { message, issued_at: decided.at().0, regime, act: decided.into_act() };
        self.push(event);
        assert_eq!(self.conference.anomalies(), [], "what decide allows, evolve folds");
        message
    }

    /// Another's act comes to the procedente at this instant and is taken in charge.
    pub(crate) fn taken(&mut self, author: &str, at: &str, act: Act) -> MessageId {
        self.taken_seen(author, at, act, &[])
    }

    pub(crate) fn taken_seen(
        &mut self,
        author: &str,
        at: &str,
        act: Act,
        others: &[(&str, &str)],
    ) -> MessageId {
        let message = self.fresh();
        let others = others.iter().map(|(body, at)| (writer(body), instant(at))).collect();
        let evidence = Evidence { others, ..Evidence::at(instant(at)) };
        self.push(Event::Taken { message, author: writer(author), issued_at: instant(at), act, evidence });
        message
    }

    pub(crate) fn determination(&mut self, author: &str, at: &str, given: Determination) -> MessageId {
        self.taken(author, at, Act::Determination(given))
    }

    /// Proof that the body has the message that called it.
    pub(crate) fn delivered(&mut self, body: &str, at: &str) -> Digest {
        let message = self.conference.bodies()[&writer(body)].called_by;
        self.delivered_message(message, body, at)
    }

    /// Proof that all four have what called them, on 30 November.
    pub(crate) fn delivered_to_all(&mut self) {
        for body in [COMUNE, PROVINCIA, SABAP, USR] {
            self.delivered(body, "2026-11-30 10:00");
        }
    }

    pub(crate) fn delivered_message(&mut self, message: MessageId, body: &str, at: &str) -> Digest {
        let receipt = Digest::of(format!("{body} {at}").as_bytes());
        self.push(Event::Delivered { message, body: writer(body), at: instant(at), receipt });
        receipt
    }

    pub(crate) fn term(&self, kind: TermKind, body: Option<&str>) -> Option<Term> {
        let body = body.map(writer);
        terms(&self.conference).into_iter().find(|term| term.kind == kind && term.body == body)
    }

    /// The two dates of a term.
    pub(crate) fn due(&self, kind: TermKind, body: Option<&str>) -> (Date, Date) {
        let term = self.term(kind, body).expect("the term runs");
        (term.strict, term.prudential)
    }

    pub(crate) fn status(&self, body: &str, at: &str) -> BodyStatus {
        self.conference.status_of(&writer(body), now(at)).unwrap()
    }

    pub(crate) fn phase(&self, at: &str) -> Phase {
        self.conference.phase(now(at))
    }

    /// The procedente takes note of a body's silence.
    pub(crate) fn note_silence(&mut self, body: &str, at: &str) -> MessageId {
        let draft = self.conference.implied_assent_of(&writer(body), now(at)).expect("the note may be taken");
        self.lead(at, Act::ImpliedAssent(draft))
    }

    /// The procedente records certified mail: sent to a body (with proof of delivery at that instant), or received from it.
    pub(crate) fn mailed(
        &mut self,
        recorded_at: &str,
        body: &str,
        direction: Direction,
        at: &str,
        about: Option<MessageId>,
    ) -> MessageId {
        self.lead(recorded_at, Act::RecordedExchange(mail(body, direction, at, about)))
    }

    pub(crate) fn decide_for(
        &self,
        at: &str,
        body: &str,
        evidence: MessageId,
        act: Act,
    ) -> Result<Decided, Refusal> {
        let behalf = Behalf { body: writer(body), evidence };
        decide(&self.conference, Command::WriteFor { author: writer(LEAD), behalf, act }, now(at))
    }

    /// The procedente writes an act for a body, signs and folds.
    pub(crate) fn lead_for(&mut self, at: &str, body: &str, evidence: MessageId, act: Act) -> MessageId {
        let decided = self.decide_for(at, body, evidence, act).expect("the procedente may");
        let message = self.fresh();
        let (author, regime) = (decided.author().clone(), decided.regime().to_owned());
        let behalf = decided.behalf().expect("written for a body").clone();
        self.push(Event::OnBehalf { message, author, regime, behalf, act: decided.into_act() });
        assert_eq!(self.conference.anomalies(), [], "what decide allows, evolve folds");
        message
    }

    /// The conclusion that the positions as they stand carry, with this outcome.
    pub(crate) fn conclusion(&self, outcome: Outcome) -> FinalDetermination {
        FinalDetermination {
            outcome,
            round: self.conference.round(),
            positions: self.conference.position_lines(),
            prescriptions: Vec::new(),
            judgements: Vec::new(),
            efficacy: Efficacy::Immediate,
        }
    }

    pub(crate) fn with_applicant(&mut self, at: &str, direction: Direction, about: MessageId) -> MessageId {
        let exchange = RecordedExchange {
            party: Outside::Applicant,
            direction,
            channel: Channel::Pec,
            at: instant(at),
            about: Some(about),
        };
        self.lead(at, Act::RecordedExchange(exchange))
    }
}

/// A suspension on these requests from this day.
pub(crate) fn suspension(requests: Vec<MessageId>, on: Date, days: u16) -> Act {
    Act::Suspension(Suspension { requests, suspended_on: on, days })
}

pub(crate) fn request() -> Act {
    Act::IntegrationRequest(IntegrationRequest { items: 2, facts_of_art_2_c_7: true })
}

/// Minutes of a session without anybody and without an end; instants in UTC.
pub(crate) fn session(meeting: MessageId, number: u16, opened: &str, closed: &str) -> MeetingMinutes {
    MeetingMinutes {
        meeting,
        session: number,
        round: 1,
        opened_at: instant(opened),
        closed_at: instant(closed),
        present: Vec::new(),
        positions: Vec::new(),
        next_on: None,
        applicant_heard: false,
        works_closed: false,
    }
}

pub(crate) fn present(bodies: &[&str]) -> Vec<Present> {
    bodies.iter().map(|body| Present { body: writer(body), appointment: None }).collect()
}

/// A position in session with so many prescriptions, numbered from 1.
pub(crate) fn said(body: &str, position: Position, prescriptions: u16) -> SessionPosition {
    let given = with(position, prescriptions);
    SessionPosition { body: writer(body), position, acts: given.acts, prescriptions: given.prescriptions }
}

/// What the procedente has on record with a body that has no node.
pub(crate) fn mail(body: &str, direction: Direction, at: &str, about: Option<MessageId>) -> RecordedExchange {
    let (party, channel) = (Outside::Body(writer(body)), Channel::Pec);
    RecordedExchange { party, direction, channel, at: instant(at), about }
}
