//! What people see of a conference at an instant: phase, bodies, terms, what comes next (RULES D.1).
//!
//! Everything here is computed from the state and the instant; nothing of it is stored or sent. The drafts are acts that the guards
//! would accept as they stand: an official completes, signs and answers for them.

use concerto_message::{ConferenceId, MessageId, Writer};
use jiff::civil::Date;
use serde::Serialize;

use crate::acts::{
    Act, Efficacy, EfficacyStatement, ImpliedAssent, ImpliedGround, MeetingCall, MeetingMode, Outcome,
    Position, PositionLine, Suspension, TermKind,
};
use crate::conference::{Anomaly, Body, Conference};
use crate::guards::{check, considered, is_absent, rebuttal_until, settled, silence_term};
use crate::legal_time::LegalNow;
pub use crate::phase::Phase;
use crate::refusal::Refusal;
use crate::regime::Regime;
use crate::term::{Conflict, Term};
use crate::terms::{Resumption, body_term, terms};
use crate::timeliness::{
    Standing, Timeliness, Weight, judge, judge_given, standing_of, time_is_over, undecided_of, weight,
};

/// How a body stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyStatus {
    /// Nothing proves yet that it has the notice: no term runs.
    AwaitingReceipt,
    /// Its term runs.
    Waiting,
    /// It assented.
    Assent,
    /// It assented under conditions.
    ConditionalAssent,
    /// It dissented, and said what would change that.
    SurmountableDissent,
    /// It dissented.
    Dissent,
    /// An act of it is disputed: an official must decide.
    Disputed,
    /// Its term passed and only late acts came.
    Late,
    /// Its term passed and only acts found non-compliant came.
    NonCompliant,
    /// Its term passed and nothing came; no note was taken yet.
    Silent,
    /// Its term passed without the express act that European law wants: silence is no assent.
    ExpressActMissing,
    /// Note was taken of its implied assent.
    ImpliedAssent,
    /// It takes part no more.
    Released,
}

/// A body in a [`ConferenceView`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BodyView {
    /// The body.
    pub body: Writer,
    /// How it stands.
    pub status: BodyStatus,
    /// Whether it guards a sensitive interest.
    pub sensitive: bool,
    /// The day of its receipt.
    pub received_on: Option<Date>,
    /// Its determination term.
    pub determination_until: Option<Date>,
    /// The same under the prudential reading.
    pub determination_until_prudential: Option<Date>,
    /// What carries its position.
    pub basis: Option<MessageId>,
    /// Its acts, also those that do not count.
    pub determinations: Vec<DeterminationView>,
}

/// A determination in a [`ConferenceView`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeterminationView {
    /// The message.
    pub message: MessageId,
    /// The position it takes.
    pub position: Position,
    /// How it stands to its term.
    pub timeliness: Timeliness,
    /// What it weighs.
    pub weight: Weight,
    /// Codes of the requisites it lacks.
    pub defects: Vec<&'static str>,
    /// The recorded exchange that shows it, where the procedente wrote it for a body without a node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<MessageId>,
}

/// A term where the date stated and the law disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictView {
    /// The term.
    pub term: TermKind,
    /// Whose.
    pub body: Option<Writer>,
    /// How.
    pub conflict: Conflict,
}

/// What the case officer can do, or must wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Convene.
    Convene,
    /// Obtain proof of receipt, by another way if need be.
    ObtainReceipt {
        /// From whom.
        body: Writer,
    },
    /// Consider suspending the terms on these requests.
    ConsiderSuspension {
        /// The requests in term.
        requests: Vec<MessageId>,
    },
    /// Forward the integrations when they come.
    ForwardIntegrations {
        /// The last day of the suspension.
        until: Date,
    },
    /// Decide whether a disputed act came in time.
    DecideDispute {
        /// The act.
        message: MessageId,
    },
    /// Release a body that stated that it lacks competence, or not.
    ConsiderRelease {
        /// The body.
        body: Writer,
        /// Its statement.
        statement: MessageId,
    },
    /// Take note of an implied assent.
    TakeNoteOfSilence {
        /// The facts, ready.
        draft: ImpliedAssent,
    },
    /// Obtain the express act of a body: its silence is no assent.
    ObtainExpressAct {
        /// From whom.
        body: Writer,
    },
    /// Hear the party and the other bodies on prescriptions.
    HearOnPrescriptions {
        /// The determinations not heard on yet.
        determinations: Vec<MessageId>,
    },
    /// Conclude.
    Conclude {
        /// The positions, ready.
        positions: Vec<PositionLine>,
    },
    /// Wait for the applicant's observations.
    AwaitObservations {
        /// Their last day; none until the sending to the applicant is on record.
        until: Option<Date>,
    },
    /// Convene again after the observations.
    ConveneAgain {
        /// The round.
        round: u32,
    },
    /// Call the meeting that follows determinations that do not suffice.
    CallMeeting {
        /// How it is held.
        mode: MeetingMode,
    },
    /// Ask for the single representative of the administrations of the State.
    ObtainRepresentative {
        /// The bodies without one.
        bodies: Vec<Writer>,
    },
    /// Hold the session, and draw up its minutes.
    HoldSession {
        /// The day for which it is called.
        on: Date,
    },
    /// State that the conclusion has effect.
    StateEfficacy {
        /// The conclusion.
        conclusion: MessageId,
    },
}

/// A conference as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConferenceView {
    /// Its identifier.
    pub id: ConferenceId,
    /// The procedente.
    pub lead: Writer,
    /// The regime.
    pub regime: Option<String>,
    /// The round.
    pub round: u32,
    /// Where it stands.
    pub phase: Phase,
    /// The bodies.
    pub bodies: Vec<BodyView>,
    /// The terms.
    pub terms: Vec<Term>,
    /// The next term that somebody must keep.
    pub next_deadline: Option<Term>,
    /// What can be done.
    pub actions: Vec<Action>,
    /// Stated dates that the law does not bear out.
    pub conflicts: Vec<ConflictView>,
    /// Messages without effect.
    pub anomalies: Vec<Anomaly>,
    /// The outcome, once concluded.
    pub outcome: Option<Outcome>,
}

impl Conference {
    /// How one body stands at this instant; none if it was never called.
    pub fn status_of(&self, writer: &Writer, now: LegalNow) -> Option<BodyStatus> {
        self.bodies.get(writer).map(|body| self.body_status(writer, body, now))
    }

    /// The positions as they stand, as the lines of a conclusion; bodies without a position are left out.
    pub fn position_lines(&self) -> Vec<PositionLine> {
        let standing =
            self.active_bodies().filter_map(|(writer, _)| Some((writer, standing_of(self, writer)?)));
        standing
            .map(|(writer, standing)| PositionLine {
                body: writer.clone(),
                position: standing.position(),
                basis: standing.basis(),
            })
            .collect()
    }

    /// The note of a body's implied assent, with the facts that the record gives; or why none may be taken now.
    pub fn implied_assent_of(&self, writer: &Writer, now: LegalNow) -> Result<ImpliedAssent, Refusal> {
        let body = self.active_body(writer).ok_or_else(|| Refusal::BodyUnknown { body: writer.clone() })?;
        let unproven = || Refusal::ReceiptUnproven { body: writer.clone() };
        let proof = body.proof.ok_or_else(unproven)?;
        let term = silence_term(self, writer, now)?;
        let weights: Vec<Weight> = considered(self, writer).map(|given| weight(self, given)).collect();
        let ground = match weights.as_slice() {
            _ if self.meets().is_some() && is_absent(self, writer) => ImpliedGround::Absent,
            [] => ImpliedGround::Silence,
            weights if weights.contains(&Weight::NonCompliant) => ImpliedGround::NonCompliant,
            _ => ImpliedGround::Late,
        };
        let draft = ImpliedAssent {
            body: writer.clone(),
            ground,
            round: self.round(),
            strict: term.strict,
            prudential: term.prudential,
            proof_of_receipt: proof.receipt,
            messages: considered(self, writer).map(|given| given.message).collect(),
        };
        check(self, self.lead(), &Act::ImpliedAssent(draft.clone()), now).map(|_| draft)
    }

    /// Everything that people see at this instant.
    pub fn view(&self, now: LegalNow) -> ConferenceView {
        let terms = terms(self);
        let bodies: Vec<BodyView> =
            self.bodies.iter().map(|(writer, body)| self.body_view(writer, body, now)).collect();
        let phase = self.phase(now);
        let conflicts = terms.iter().flat_map(|term| {
            let of = |conflict| ConflictView { term: term.kind, body: term.body.clone(), conflict };
            term.conflicts().map(of)
        });
        ConferenceView {
            id: self.id.clone(),
            lead: self.lead().clone(),
            regime: self.regime().map(str::to_owned),
            round: self.round(),
            phase,
            conflicts: conflicts.collect(),
            next_deadline: next_deadline(&terms, &bodies, phase, now),
            actions: self.actions(phase, now),
            bodies,
            terms,
            anomalies: self.anomalies.clone(),
            outcome: self.conclusion().map(|conclusion| conclusion.act.outcome),
        }
    }

    pub(crate) fn body_status(&self, writer: &Writer, body: &Body, now: LegalNow) -> BodyStatus {
        if body.released.is_some() {
            return BodyStatus::Released;
        }
        if undecided_of(self, writer).is_some()
            && !matches!(standing_of(self, writer), Some(Standing::Expressed(_)))
        {
            return BodyStatus::Disputed;
        }
        match standing_of(self, writer) {
            Some(Standing::Implied(_)) => return BodyStatus::ImpliedAssent,
            Some(Standing::Expressed(counted)) => {
                return match counted.determination().act.position {
                    Position::Assent => BodyStatus::Assent,
                    Position::ConditionalAssent => BodyStatus::ConditionalAssent,
                    Position::SurmountableDissent => BodyStatus::SurmountableDissent,
                    Position::Dissent => BodyStatus::Dissent,
                };
            }
            None => {}
        }
        match body.proof {
            None => BodyStatus::AwaitingReceipt,
            Some(_) if !time_is_over(self, writer, now) => BodyStatus::Waiting,
            Some(_) if body.eu_express_acts().next().is_some() => BodyStatus::ExpressActMissing,
            Some(_) => {
                let weights: Vec<Weight> =
                    considered(self, writer).map(|given| weight(self, given)).collect();
                match weights.as_slice() {
                    [] => BodyStatus::Silent,
                    weights if weights.contains(&Weight::NonCompliant) => BodyStatus::NonCompliant,
                    _ => BodyStatus::Late,
                }
            }
        }
    }

    fn body_view(&self, writer: &Writer, body: &Body, now: LegalNow) -> BodyView {
        let term = body_term(self, writer, TermKind::Determination, Resumption::AsRecorded);
        let determinations = self.determinations_of(writer).map(|given| DeterminationView {
            message: given.message,
            position: given.act.position,
            timeliness: judge_given(self, given),
            weight: weight(self, given),
            defects: given.defects.clone(),
            evidence: self.evidence_of(given.message).map(|exchange| exchange.message),
        });
        BodyView {
            body: writer.clone(),
            status: self.body_status(writer, body, now),
            sensitive: body.is_sensitive(),
            received_on: body.received_on(),
            determination_until: term.as_ref().map(|term| term.strict),
            determination_until_prudential: term.as_ref().map(|term| term.prudential),
            basis: body
                .released
                .is_none()
                .then(|| standing_of(self, writer))
                .flatten()
                .map(|found| found.basis()),
            determinations: determinations.collect(),
        }
    }

    pub(crate) fn actions(&self, phase: Phase, now: LegalNow) -> Vec<Action> {
        match phase {
            Phase::Draft => vec![Action::Convene],
            Phase::Closed | Phase::ConcludedNegative | Phase::Effective | Phase::GrantedSilently => {
                Vec::new()
            }
            Phase::Negative10Bis if self.observations_came() => {
                vec![Action::ConveneAgain { round: self.round().saturating_add(1) }]
            }
            Phase::Negative10Bis => vec![Action::AwaitObservations { until: rebuttal_until(self) }],
            Phase::ConcludedPositive | Phase::EfficacySuspended => {
                self.efficacy_action(now).into_iter().collect()
            }
            Phase::Suspended => {
                let until = self.suspension.iter().map(|suspension| suspension.ends_at_most());
                let mut actions: Vec<Action> =
                    until.map(|until| Action::ForwardIntegrations { until }).collect();
                actions.extend(self.body_actions(now));
                actions
            }
            Phase::Convened | Phase::ToDecide => {
                let mut actions: Vec<Action> = self.suspension_action(now).into_iter().collect();
                actions.extend(self.body_actions(now));
                if !self.is_fact_finding() {
                    actions.extend(self.meeting_action(now));
                    actions.extend(self.conclusion_actions());
                }
                actions
            }
            Phase::MeetingSet | Phase::SyncConvened | Phase::InSession => {
                let mut actions: Vec<Action> = self.suspension_action(now).into_iter().collect();
                let missing = self.without_state_representative();
                actions.extend(
                    (!missing.is_empty()).then_some(Action::ObtainRepresentative { bodies: missing }),
                );
                actions.extend(self.called_for().map(|on| Action::HoldSession { on }));
                actions.extend(self.body_actions(now));
                actions
            }
            Phase::ToDraft => {
                let mut actions = self.body_actions(now);
                actions.extend(self.meeting_action(now));
                actions.extend(self.conclusion_actions());
                actions
            }
        }
    }

    fn meeting_action(&self, now: LegalNow) -> Option<Action> {
        let mode = match self.meets() {
            None => Regime::named_on(self.regime()?, self.regime_basis()?)?.meeting_mode,
            Some(meets) => meets.mode(),
        };
        let call = MeetingCall { mode, held_on: now.date(), round: self.round(), request: None };
        let allowed = check(self, self.lead(), &Act::MeetingCall(call), now).is_ok();
        allowed.then_some(Action::CallMeeting { mode })
    }

    fn efficacy_action(&self, now: LegalNow) -> Option<Action> {
        let conclusion = self.conclusion()?.message;
        let statement = EfficacyStatement { conclusion, efficacy: Efficacy::Immediate, since: now.date() };
        let allowed = check(self, self.lead(), &Act::EfficacyStatement(statement), now).is_ok();
        allowed.then_some(Action::StateEfficacy { conclusion })
    }

    fn suspension_action(&self, now: LegalNow) -> Option<Action> {
        let timely = self.requests.iter().filter(|request| {
            let judged = judge(self, &request.author, TermKind::IntegrationRequests, &request.evidence);
            matches!(judged, Timeliness::Timely(_))
        });
        let requests: Vec<MessageId> = timely.map(|request| request.message).collect();
        let days = settled(self).ok()?.suspension.days;
        let order = Suspension { requests: requests.clone(), suspended_on: now.date(), days };
        let allowed = check(self, self.lead(), &Act::Suspension(order), now).is_ok();
        allowed.then_some(Action::ConsiderSuspension { requests })
    }

    fn body_actions(&self, now: LegalNow) -> Vec<Action> {
        let mut actions = Vec::new();
        for (writer, body) in self.active_bodies() {
            let undecided = undecided_of(self, writer);
            actions.extend(undecided.map(|disputed| Action::DecideDispute { message: disputed.message }));
            let statement = self.competence_statements.iter().find(|statement| statement.author == *writer);
            actions.extend(statement.map(|statement| Action::ConsiderRelease {
                body: writer.clone(),
                statement: statement.message,
            }));
            match self.body_status(writer, body, now) {
                BodyStatus::AwaitingReceipt => actions.push(Action::ObtainReceipt { body: writer.clone() }),
                BodyStatus::ExpressActMissing => {
                    actions.push(Action::ObtainExpressAct { body: writer.clone() });
                }
                _ => {}
            }
            let note = self.implied_assent_of(writer, now).ok();
            actions.extend(note.map(|draft| Action::TakeNoteOfSilence { draft }));
        }
        actions
    }

    fn conclusion_actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let heard = |message| {
            self.consultations.iter().any(|consultation| consultation.act.determinations.contains(&message))
        };
        let standing = self.active_bodies().filter_map(|(writer, _)| standing_of(self, writer));
        let unheard: Vec<MessageId> = standing
            .filter_map(|standing| match standing {
                Standing::Expressed(counted) => Some(counted.determination()),
                Standing::Implied(_) => None,
            })
            .filter(|given| !given.act.prescriptions.is_empty() && !heard(given.message))
            .map(|given| given.message)
            .collect();
        if !unheard.is_empty() {
            actions.push(Action::HearOnPrescriptions { determinations: unheard });
        }
        let positions = self.position_lines();
        let disputed = self.active_bodies().any(|(writer, _)| undecided_of(self, writer).is_some());
        if !disputed && positions.len() == self.active_bodies().count() && !positions.is_empty() {
            actions.push(Action::Conclude { positions });
        }
        actions
    }
}

/// The first term that somebody must still keep.
fn next_deadline(terms: &[Term], bodies: &[BodyView], phase: Phase, now: LegalNow) -> Option<Term> {
    let open = matches!(phase, Phase::Convened | Phase::Suspended | Phase::ToDecide);
    let meets = matches!(phase, Phase::MeetingSet | Phase::SyncConvened | Phase::InSession | Phase::ToDraft);
    if !open && !meets {
        return None;
    }
    let awaited = |writer: &Writer| {
        bodies.iter().any(|body| body.body == *writer && body.status == BodyStatus::Waiting)
    };
    let open = |term: &&Term| match (term.kind, &term.body) {
        (TermKind::Notice, _) => false,
        (TermKind::Meeting, _) => meets,
        (TermKind::Suspension, _) => phase == Phase::Suspended,
        (TermKind::Determination, Some(body)) => awaited(body),
        _ => true,
    };
    terms.iter().filter(|term| !term.expired(now)).filter(open).min_by_key(|term| term.strict).cloned()
}
