//! Guards of the conclusion: hearing, decision tree, efficacy (art. 14-bis c. 5, 14-quater c. 3; RULES C.4, C.6).
//!
//! The tree is never walked by the program: a person chooses the outcome and answers the questions that the law leaves to persons. The
//! guards see to it that the record supports the choice. No position is ever counted against another.

use concerto_message::{MessageId, Writer};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

use super::{Checked, not_suspended, same_round, settled};
use crate::acts::{
    Direction, Efficacy, EfficacyStatement, FinalDetermination, MeetingMinutes, Outcome, Outside, Position,
    PrescriptionConsultation, Question, TermKind,
};
use crate::calendar::{Reading, add_days};
use crate::conference::{Body, Conference, Sent};
use crate::law::Law;
use crate::legal_time::{LegalNow, expired, rome_date};
use crate::refusal::{Refusal, Warning};
use crate::term::Term;
use crate::terms::{Resumption, body_term, terms};
use crate::timeliness::{Standing, Weight, standing_of, time_is_over, undecided_of, weight};

pub(super) fn consultation(
    conference: &Conference,
    consultation: &PrescriptionConsultation,
    at: LegalNow,
) -> Result<(), Refusal> {
    if consultation.determinations.is_empty() {
        return Err(Refusal::NothingToHear);
    }
    for message in &consultation.determinations {
        // minutes carry the positions of several bodies
        let of_message = || conference.determinations().filter(|given| given.message == *message);
        let prescribing = of_message().find(|given| !given.act.prescriptions.is_empty());
        let found = prescribing.or_else(|| of_message().next());
        let determination = found.ok_or(Refusal::MessageUnknown { message: *message })?;
        if determination.act.prescriptions.is_empty() {
            return Err(Refusal::NothingToHear);
        }
        if weight(conference, determination) != Weight::Counts {
            let (body, basis) = (determination.author.clone(), *message);
            return Err(Refusal::BasisNotCounted { body, basis });
        }
    }
    if consultation.answer_until < at.date() {
        return Err(Refusal::AnswerDatePast { given: consultation.answer_until });
    }
    Ok(())
}

pub(super) type Positions<'a> = BTreeMap<&'a Writer, Standing<'a>>;

pub(super) fn final_determination(
    conference: &Conference,
    conclusion: &FinalDetermination,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    not_suspended(conference, at)?;
    same_round(conference, conclusion.round)?;
    if conference.meets().is_some() && !conference.works_are_over(at) {
        return Err(Refusal::WorksOpen);
    }
    let unanimous = conclusion.outcome == Outcome::Positive;
    if conference.meets().is_some() && !unanimous && conference.sessions().next().is_none() {
        return Err(Refusal::NoSessionHeld);
    }
    let positions = standing_positions(conference, at)?;
    lines(conclusion, &positions)?;
    judgements(conclusion)?;
    outcomes_known(conclusion, &positions)?;
    match conclusion.outcome {
        Outcome::Positive => positive(conference, &positions)?,
        Outcome::PositiveWithPrescriptions => {
            positive_with_prescriptions(conference, conclusion, &positions, at, out)?;
        }
        Outcome::Negative => negative(conference, conclusion, &positions)?,
        Outcome::PositiveOverDissent => over_dissent(conference, conclusion, &positions)?,
    }
    majority(conference, conclusion.outcome)?;
    stated_efficacy(conference, conclusion, &positions, out)?;
    for standing in positions.values() {
        if let Standing::Expressed(counted) = standing
            && !counted.determination().defects.is_empty()
        {
            out.warn(Warning::DeterminationDefective { message: counted.determination().message });
        }
    }
    // a conference that meets concludes within the works (art. 14-ter c. 7)
    let last = |term: &Term| matches!(term.kind, TermKind::FinalDetermination | TermKind::EndOfWorks);
    let late = terms(conference).into_iter().find(last);
    if let Some(term) = late.filter(|term| term.expired(at)) {
        out.warn(Warning::ConclusionLate { due: term.strict });
    }
    Ok(())
}

/// Where the law of a sector wants a majority of those present, the outcome is what that majority says (DL 189/2016 art. 16).
fn majority(conference: &Conference, outcome: Outcome) -> Result<(), Refusal> {
    if !conference.deliberates() {
        return Ok(());
    }
    let vote = conference.vote().ok_or(Refusal::WorksOpen)?;
    let (in_favour, present) = (vote.in_favour, vote.present);
    match (outcome == Outcome::Negative, vote.carried()) {
        (true, true) => Err(Refusal::MajorityInFavour { in_favour, present }),
        (false, false) => Err(Refusal::MajorityAgainst { in_favour, present }),
        _ => Ok(()),
    }
}

/// The position of every body; refused while one may still express itself or is disputed.
pub(super) fn standing_positions(conference: &Conference, at: LegalNow) -> Result<Positions<'_>, Refusal> {
    let mut positions = BTreeMap::new();
    for (writer, body) in conference.active_bodies() {
        if let Some(disputed) = undecided_of(conference, writer) {
            return Err(Refusal::DisputeOpen { message: disputed.message });
        }
        match standing_of(conference, writer) {
            Some(standing) => positions.insert(writer, standing),
            None => return Err(awaited(conference, writer, body, at)),
        };
    }
    if positions.is_empty() {
        return Err(Refusal::NobodyTakesPart);
    }
    Ok(positions)
}

fn awaited(conference: &Conference, writer: &Writer, body: &Body, at: LegalNow) -> Refusal {
    let named = writer.clone();
    if body.proof.is_none() {
        return Refusal::ReceiptUnproven { body: named };
    }
    let term = body_term(conference, writer, TermKind::Determination, Resumption::AsRecorded);
    match term.filter(|_| !time_is_over(conference, writer, at)) {
        Some(term) => Refusal::TermRunning { body: named, until: term.prudential },
        None => match body.eu_express_acts().next() {
            Some(act) => Refusal::EuExpressActMissing { body: named, act: act.to_owned() },
            None => Refusal::PositionAwaited { body: named },
        },
    }
}

/// One line for every body, resting on what carries its position.
fn lines(conclusion: &FinalDetermination, positions: &Positions<'_>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for line in &conclusion.positions {
        let body = line.body.clone();
        if !seen.insert(&line.body) {
            return Err(Refusal::LineTwice { body });
        }
        let Some(standing) = positions.get(&line.body) else { return Err(Refusal::BodyUnknown { body }) };
        if standing.basis() != line.basis {
            return Err(Refusal::BasisNotCounted { body, basis: line.basis });
        }
        if standing.position() != line.position {
            return Err(Refusal::PositionDiffers { body });
        }
    }
    match positions.keys().find(|writer| !seen.contains(**writer)) {
        Some(missing) => Err(Refusal::LineMissing { body: (*missing).clone() }),
        None => Ok(()),
    }
}

fn judgements(conclusion: &FinalDetermination) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    let twice = conclusion.judgements.iter().find(|judgement| !seen.insert(judgement.question));
    twice.map_or(Ok(()), |twice| Err(Refusal::JudgementTwice { question: twice.question }))
}

fn judged(conclusion: &FinalDetermination, question: Question) -> Result<(), Refusal> {
    let yes =
        conclusion.judgements.iter().any(|judgement| judgement.question == question && judgement.answer);
    if yes { Ok(()) } else { Err(Refusal::JudgementMissing { question }) }
}

/// Every prescription of the determinations that stand, by determination and number.
fn prescribed(positions: &Positions<'_>) -> BTreeSet<(MessageId, u16)> {
    let expressed = positions.values().filter_map(|standing| match standing {
        Standing::Expressed(counted) => Some(counted.determination()),
        Standing::Implied(_) => None,
    });
    expressed
        .flat_map(|determination| {
            determination
                .act
                .prescriptions
                .iter()
                .map(|prescription| (determination.message, prescription.number))
        })
        .collect()
}

fn outcomes_known(conclusion: &FinalDetermination, positions: &Positions<'_>) -> Result<(), Refusal> {
    let prescribed = prescribed(positions);
    let mut seen = BTreeSet::new();
    for outcome in &conclusion.prescriptions {
        let named = (outcome.determination, outcome.number);
        if !prescribed.contains(&named) || !seen.insert(named) {
            let (message, number) = named;
            return Err(Refusal::OutcomeUnknown { message, number });
        }
    }
    Ok(())
}

/// C.4, first branch: every assent is unconditional.
fn positive(conference: &Conference, positions: &Positions<'_>) -> Result<(), Refusal> {
    express_acts_present(conference, positions)?;
    if let Some(told) = conference.qualified_dissents().next() {
        return Err(Refusal::DissentStands { body: told.author.clone() });
    }
    let conditional = positions.iter().find(|(_, standing)| standing.position() != Position::Assent);
    if let Some((writer, _)) = conditional {
        return Err(Refusal::ConditionsStand { body: (*writer).clone() });
    }
    match prescribed(positions).into_iter().next() {
        Some((message, number)) => Err(Refusal::OutcomeMissing { message, number }),
        None => Ok(()),
    }
}

/// C.4, second branch: conditions that a person, having heard the party and the others, finds acceptable, all of them.
fn positive_with_prescriptions(
    conference: &Conference,
    conclusion: &FinalDetermination,
    positions: &Positions<'_>,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    express_acts_present(conference, positions)?;
    let dissent = positions.iter().find(|(_, standing)| standing.position() == Position::Dissent);
    if let Some((writer, _)) = dissent {
        return Err(Refusal::DissentStands { body: (*writer).clone() });
    }
    let prescribed = prescribed(positions);
    if prescribed.is_empty() {
        return Err(Refusal::NothingPrescribed);
    }
    for (message, number) in &prescribed {
        let (message, number) = (*message, *number);
        let outcome = conclusion
            .prescriptions
            .iter()
            .find(|outcome| (outcome.determination, outcome.number) == (message, number));
        match outcome {
            None => return Err(Refusal::OutcomeMissing { message, number }),
            Some(outcome) if !outcome.accepted => {
                return Err(Refusal::PrescriptionRejected { message, number });
            }
            Some(_) => {}
        }
    }
    judged(conclusion, Question::PrescriptionsAcceptable)?;
    if conference.meets().is_some() {
        // the others were heard in session; the applicant, where the minutes say so or something on record does
        let heard = |minutes: &Sent<MeetingMinutes>| {
            minutes.act.applicant_heard || with_applicant(conference, minutes.message)
        };
        if !conference.sessions().any(heard) {
            out.warn(Warning::ApplicantNotHeard);
        }
        return Ok(());
    }
    let determinations: BTreeSet<MessageId> = prescribed.into_iter().map(|(message, _)| message).collect();
    heard(conference, &determinations, at, out)
}

/// Whether something about this message went to the applicant, or came from it.
fn with_applicant(conference: &Conference, about: MessageId) -> bool {
    let mut exchanges = conference.exchanges().iter().map(|exchange| &exchange.act);
    exchanges.any(|exchange| exchange.party == Outside::Applicant && exchange.about == Some(about))
}

/// The party and the other bodies were heard on every one of these determinations.
fn heard(
    conference: &Conference,
    determinations: &BTreeSet<MessageId>,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    for message in determinations {
        let consultations = || {
            conference
                .consultations()
                .iter()
                .filter(move |consultation| consultation.act.determinations.contains(message))
        };
        if consultations().next().is_none() {
            return Err(Refusal::ConsultationMissing { message: *message });
        }
        if !consultations().any(|consultation| with_applicant(conference, consultation.message)) {
            out.warn(Warning::ApplicantNotHeard);
        }
        let until = consultations().map(|consultation| consultation.act.answer_until).min();
        if let Some(until) = until.filter(|until| !expired(*until, at)) {
            out.warn(Warning::AnswersAwaited { until });
        }
    }
    Ok(())
}

/// C.4, third branch: a dissent that a person finds impossible to overcome; where the law of a sector wants a majority, that decides.
fn negative(
    conference: &Conference,
    conclusion: &FinalDetermination,
    positions: &Positions<'_>,
) -> Result<(), Refusal> {
    if !positions.values().any(|standing| standing.position().is_dissent()) {
        return Err(Refusal::NoDissent);
    }
    if conference.deliberates() { Ok(()) } else { judged(conclusion, Question::DissentNotSuperable) }
}

/// C.5, after a meeting: a dissent or a condition is overcome by the prevailing positions, which the procedente judges and nobody counts.
/// Where the law of a sector wants a majority, that is asked instead.
fn over_dissent(
    conference: &Conference,
    conclusion: &FinalDetermination,
    positions: &Positions<'_>,
) -> Result<(), Refusal> {
    express_acts_present(conference, positions)?;
    let told = conference.qualified_dissents().next().map(|told| &told.author);
    let opposed = positions.iter().find(|(_, standing)| standing.position() != Position::Assent);
    let Some(body) = told.or(opposed.map(|(writer, _)| *writer)) else {
        return Err(Refusal::MeetingNotNeeded);
    };
    if conference.meets().is_none() {
        return Err(Refusal::DissentStands { body: body.clone() });
    }
    let said = |(message, number): &(MessageId, u16)| {
        let mut outcomes = conclusion.prescriptions.iter();
        outcomes.any(|outcome| (outcome.determination, outcome.number) == (*message, *number))
    };
    if let Some((message, number)) = prescribed(positions).into_iter().find(|named| !said(named)) {
        return Err(Refusal::OutcomeMissing { message, number });
    }
    if conference.deliberates() { Ok(()) } else { judged(conclusion, Question::PrevailingPositions) }
}

/// No positive conclusion without each act for which European law wants an express one.
fn express_acts_present(conference: &Conference, positions: &Positions<'_>) -> Result<(), Refusal> {
    for (writer, body) in conference.active_bodies() {
        if let Some(act) = express_acts_missing(body, positions.get(writer).copied()).next() {
            return Err(Refusal::EuExpressActMissing { body: writer.clone(), act: act.to_owned() });
        }
    }
    Ok(())
}

/// The acts that European law wants express and that the position of the body as it stands does not give.
pub(super) fn express_acts_missing<'a>(
    body: &'a Body,
    standing: Option<Standing<'a>>,
) -> impl Iterator<Item = &'a str> {
    let given = match standing {
        Some(Standing::Expressed(counted)) => counted.determination().act.acts.as_slice(),
        _ => &[],
    };
    body.eu_express_acts().filter(move |act| !given.iter().any(|given| given == act))
}

/// Efficacy is immediate where nobody dissented. Where a dissent was overcome, whether it was a qualified one (art. 14-quinquies; a list
/// of its own, wider than that of sensitive interests) is for a person to say.
fn stated_efficacy(
    conference: &Conference,
    conclusion: &FinalDetermination,
    positions: &Positions<'_>,
    out: &mut Checked,
) -> Result<(), Refusal> {
    let told = conference.qualified_dissents().next().map(|told| &told.author);
    let opposed =
        positions.iter().find(|(_, standing)| standing.position().is_dissent()).map(|(writer, _)| *writer);
    let positive = conclusion.outcome != Outcome::Negative && !conference.deliberates();
    match (told.or(opposed).filter(|_| positive), conclusion.efficacy) {
        (Some(_), Efficacy::Immediate) if told.is_some() => Err(Refusal::EfficacyContradicted),
        (Some(writer), _) => {
            out.warn(Warning::EfficacyToWeigh { body: writer.clone() });
            Ok(())
        }
        (None, Efficacy::Suspended) => Err(Refusal::EfficacyContradicted),
        (None, Efficacy::Immediate) => Ok(()),
    }
}

pub(super) fn efficacy(
    conference: &Conference,
    statement: &EfficacyStatement,
    at: LegalNow,
) -> Result<(), Refusal> {
    let conclusion = conference
        .conclusion()
        .filter(|conclusion| conclusion.act.outcome != Outcome::Negative)
        .ok_or(Refusal::NotConcluded)?;
    if conclusion.message != statement.conclusion {
        return Err(Refusal::OtherConclusion { given: statement.conclusion });
    }
    let (given, until) = (statement.since, at.date());
    let mut from = rome_date(conclusion.issued_at);
    match (conclusion.act.efficacy, statement.efficacy) {
        (Efficacy::Immediate, Efficacy::Suspended) => return Err(Refusal::EfficacyContradicted),
        (Efficacy::Suspended, Efficacy::Immediate) => {
            for body in may_oppose(conference, &conclusion.act) {
                let passed = opposition_until(conference, body, conclusion.message)
                    .filter(|until| expired(*until, at))
                    .ok_or_else(|| Refusal::OppositionOpen { body: body.clone() })?;
                from = from.max(add_days(passed, 1));
            }
        }
        _ => {}
    }
    if given < from || given > until {
        return Err(Refusal::EfficacyDate { given, from, until });
    }
    Ok(())
}

/// Who may oppose a conclusion: whoever dissented, in its position or to the single representative; whoever assented under conditions has
/// nothing to oppose.
pub(crate) fn may_oppose<'a>(
    conference: &'a Conference,
    conclusion: &'a FinalDetermination,
) -> BTreeSet<&'a Writer> {
    let lines = conclusion.positions.iter().filter(|line| line.position.is_dissent()).map(|line| &line.body);
    lines.chain(conference.qualified_dissents().map(|told| &told.author)).collect()
}

/// Until when a body may oppose: its term from the proof that it has the conclusion. None without proof.
pub(crate) fn opposition_until(
    conference: &Conference,
    body: &Writer,
    conclusion: MessageId,
) -> Option<Date> {
    let delivery = conference
        .deliveries()
        .iter()
        .find(|delivery| delivery.message == conclusion && delivery.body == *body)?;
    let days = settled(conference).ok()?.opposition.days;
    prudential_after(conference, rome_date(delivery.at), days)
}

/// Until when the applicant may send observations on a negative conclusion (art. 10-bis), from when it reached it. None without a record.
pub(crate) fn rebuttal_until(conference: &Conference) -> Option<Date> {
    let conclusion = conference.conclusion()?;
    let sent = conference.exchanges().iter().map(|exchange| &exchange.act).find(|exchange| {
        exchange.party == Outside::Applicant
            && exchange.direction == Direction::Sent
            && exchange.about == Some(conclusion.message)
    })?;
    let days = settled(conference).ok()?.rebuttal.days;
    prudential_after(conference, rome_date(sent.at), days)
}

fn prudential_after(conference: &Conference, start: Date, days: u16) -> Option<Date> {
    let calendar = &Law::on(conference.regime_basis()?)?.calendar;
    Some(calendar.roll_forward(add_days(start, i64::from(days)), None, Reading::Prudential).date)
}
