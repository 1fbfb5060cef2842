//! Where a conference stands at an instant (RULES D.1, D.2, D.4, D.7).

use concerto_message::MessageId;
use serde::Serialize;

use crate::acts::{Direction, Efficacy, Outcome, Outside};
use crate::conference::Conference;
use crate::guards::{is_rebuttable, rebuttal_until};
use crate::legal_time::{LegalNow, expired, rome_date};
use crate::sittings::Meets;
use crate::view::BodyStatus;

/// Where a conference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the notice.
    Draft,
    /// Terms run, positions are awaited.
    Convened,
    /// The terms stand still.
    Suspended,
    /// Every body expressed itself or let its term pass: the procedente decides.
    ToDecide,
    /// A negative conclusion stands as notice of art. 10-bis.
    #[serde(rename = "negative_10bis")]
    Negative10Bis,
    /// Concluded positively; its efficacy is not yet stated.
    ConcludedPositive,
    /// Concluded negatively.
    ConcludedNegative,
    /// The positive conclusion has effect.
    Effective,
    /// The positive conclusion awaits the time of the opposition.
    EfficacySuspended,
    /// Ended without a decision.
    Closed,
    /// The determinations do not suffice: the one telematic meeting is called.
    MeetingSet,
    /// The simultaneous conference is called; its first session was not held yet.
    SyncConvened,
    /// The works of the simultaneous conference go on from session to session.
    InSession,
    /// The works are closed: the procedente drafts its conclusion.
    ToDraft,
    /// The application was granted by silence, and that is certified.
    GrantedSilently,
}

impl Conference {
    /// Where it stands at this instant.
    pub fn phase(&self, now: LegalNow) -> Phase {
        if self.certificate.is_some() {
            return Phase::GrantedSilently;
        }
        if self.notice.is_none() {
            return Phase::Draft;
        }
        if self.closure.is_some() {
            return Phase::Closed;
        }
        if let Some(conclusion) = self.conclusion() {
            return match conclusion.act.outcome {
                Outcome::Negative => self.phase_after_negative(now),
                _ => self.phase_after_positive(conclusion.message, conclusion.act.efficacy),
            };
        }
        if self.suspension.as_ref().is_some_and(|suspension| suspension.stands_on(now.date())) {
            return Phase::Suspended;
        }
        if let Some(met) = self.phase_of_meeting(now) {
            return met;
        }
        let complete = |status| !matches!(status, BodyStatus::AwaitingReceipt | BodyStatus::Waiting);
        let statuses = || self.active_bodies().map(|(writer, body)| self.body_status(writer, body, now));
        let express = statuses().any(|status| status == BodyStatus::ExpressActMissing);
        if !express && statuses().all(complete) { Phase::ToDecide } else { Phase::Convened }
    }

    /// Where a conference that meets stands, or one that examines and so never decides; none for the others.
    fn phase_of_meeting(&self, now: LegalNow) -> Option<Phase> {
        if self.is_fact_finding() {
            return Some(if self.sessions().next().is_some() { Phase::InSession } else { Phase::Convened });
        }
        let meets = self.meets()?;
        let held = self.sessions().next().is_some();
        Some(match meets {
            _ if held && self.works_are_over(now) => Phase::ToDraft,
            Meets::Once => Phase::MeetingSet,
            _ if held => Phase::InSession,
            _ => Phase::SyncConvened,
        })
    }

    fn phase_after_negative(&self, now: LegalNow) -> Phase {
        let lapsed = rebuttal_until(self).is_some_and(|until| expired(until, now));
        if is_rebuttable(self) && (!lapsed || self.observations_came()) {
            Phase::Negative10Bis
        } else {
            Phase::ConcludedNegative
        }
    }

    fn phase_after_positive(&self, conclusion: MessageId, stated: Efficacy) -> Phase {
        let last = self.efficacy.iter().rfind(|statement| statement.act.conclusion == conclusion);
        match (last.map(|statement| statement.act.efficacy), stated) {
            (Some(Efficacy::Immediate), _) => Phase::Effective,
            (Some(Efficacy::Suspended), _) | (None, Efficacy::Suspended) => Phase::EfficacySuspended,
            (None, Efficacy::Immediate) => Phase::ConcludedPositive,
        }
    }

    /// Whether observations of the applicant on the conclusion came in their days (art. 14-bis c. 5).
    pub(crate) fn observations_came(&self) -> bool {
        let about = self.conclusion().map(|conclusion| conclusion.message);
        let until = rebuttal_until(self);
        self.exchanges.iter().any(|exchange| {
            exchange.act.party == Outside::Applicant
                && exchange.act.direction == Direction::Received
                && exchange.act.about.is_some()
                && exchange.act.about == about
                && until.is_none_or(|until| rome_date(exchange.act.at) <= until)
        })
    }
}
