//! What the procedente must and may do (L. 241/1990 artt. 2, 10-bis, 14-bis, 14-quater), and what a missing value keeps anybody from doing.

use concerto_message::Writer;
use jiff::civil::Date;

use super::{Consequence, Due, Duty, Present, Task, Undated};
use crate::acts::{Direction, Efficacy, Finding, Outside, Position, Sector, TermKind};
use crate::guards::may_oppose;
use crate::law::Law;
use crate::legal_time::rome_date;
use crate::refusal::Refusal;
use crate::regime::{Force, MissingValue};
use crate::term::terms_digest;
use crate::timeliness::{Standing, Timeliness, Weight, judge, standing_of, weight};
use crate::view::{Action, Phase};

pub(super) fn add(present: &Present<'_>, duties: &mut Vec<Duty>) {
    let actions = present.conference.actions(present.phase, present.now);
    for action in &actions {
        duties.extend(of_action(present, action));
    }
    if present.is_running() {
        let can_conclude = actions.iter().any(|action| matches!(action, Action::Conclude { .. }));
        add_running(present, can_conclude, duties);
    }
    if present.phase == Phase::EfficacySuspended {
        add_conclusion_receipts(present, duties);
    }
    add_differences(present, duties);
}

/// The duty that stands behind something that can be done; none where another duty says it, or somebody else acts.
fn of_action(present: &Present<'_>, action: &Action) -> Option<Duty> {
    let new = |task, consequence| Duty::new(task, present.lead(), consequence);
    Some(match action {
        Action::Convene => convene(present),
        Action::ObtainReceipt { body } => receipt_of(present, body),
        Action::ConsiderSuspension { requests } => {
            let duty = new(Task::OrderSuspension, Consequence::FacultyLost).faculty();
            Duty { messages: requests.clone(), ..duty.by(first_open_determination(present)) }
        }
        Action::ForwardIntegrations { .. } => {
            let suspension = present.conference.suspension();
            let duty = new(Task::ForwardIntegrations, Consequence::TermsResume);
            Duty {
                since: suspension.map(|suspension| suspension.suspended_on),
                messages: suspension.map(|suspension| suspension.message).into_iter().collect(),
                ..duty.by(present.due(TermKind::Suspension, None))
            }
        }
        Action::DecideDispute { message } => {
            Duty { messages: vec![*message], ..new(Task::DecideDispute, Consequence::NoConclusion) }
        }
        Action::ConsiderRelease { body, statement } => Duty {
            messages: vec![*statement],
            ..new(Task::ConsiderRelease, Consequence::NoConclusion).about(body)
        },
        Action::TakeNoteOfSilence { draft } => {
            let duty = new(Task::RecordSilence, Consequence::NoConclusion).about(&draft.body);
            Duty {
                since: Some(crate::calendar::add_days(draft.prudential, 1)),
                messages: draft.messages.clone(),
                ..before_conclusion(present, duty)
            }
        }
        Action::ObtainExpressAct { body } => {
            new(Task::ObtainExpressAct, Consequence::NoAssentBySilence).about(body)
        }
        Action::HearOnPrescriptions { determinations } => {
            let duty = new(Task::HearOnPrescriptions, Consequence::NoConclusion);
            Duty { messages: determinations.clone(), ..before_conclusion(present, duty) }
        }
        Action::Conclude { .. } | Action::AwaitObservations { until: Some(_) } => return None,
        Action::AwaitObservations { until: None } => Duty {
            messages: present
                .conference
                .conclusion()
                .map(|conclusion| conclusion.message)
                .into_iter()
                .collect(),
            ..new(Task::NotifyApplicant, Consequence::NoTermRuns)
        },
        Action::CallMeeting { .. } | Action::HoldSession { .. } | Action::ObtainRepresentative { .. } => {
            return of_meeting(present, action);
        }
        Action::ConveneAgain { .. } => new(Task::ConveneAgain, Consequence::Delay),
        Action::StateEfficacy { conclusion } => {
            Duty { messages: vec![*conclusion], ..new(Task::StateEfficacy, Consequence::NoEfficacy) }
        }
    })
}

fn receipt_of(present: &Present<'_>, body: &Writer) -> Duty {
    let called = present.conference.active_body(body);
    Duty {
        since: called.map(|called| called.called_on),
        messages: called.map(|called| called.called_by).into_iter().collect(),
        ..Duty::new(Task::ObtainReceipt, present.lead(), Consequence::NoTermRuns).about(body)
    }
}

/// The duties of sessions.
fn of_meeting(present: &Present<'_>, action: &Action) -> Option<Duty> {
    let new = |task, consequence| Duty::new(task, present.lead(), consequence);
    match action {
        // told with the term of the meeting, as far as it is needed
        Action::CallMeeting { .. } => None,
        Action::HoldSession { on } => {
            let norm = Task::HoldSession.norm().to_owned();
            let force = Force::Directory;
            let due = Due { strict: *on, prudential: *on, force, norm, term: None, term_of: None };
            Some(new(Task::HoldSession, Consequence::Delay).by(Some(due)))
        }
        Action::ObtainRepresentative { .. } => {
            Some(new(Task::ObtainRepresentative, Consequence::NoConclusion))
        }
        _ => None,
    }
}

/// What has no term of its own and must be done for the conclusion has that of the conclusion.
fn before_conclusion(present: &Present<'_>, duty: Duty) -> Duty {
    match present.due(TermKind::FinalDetermination, None) {
        Some(due) => duty.by(Some(due)),
        None => duty,
    }
}

/// A suspension brings back no term that has ended: it reaches everybody only before the first one does.
fn first_open_determination(present: &Present<'_>) -> Option<Due> {
    let running = present.terms.iter().filter(|term| term.kind == TermKind::Determination);
    running.filter(|term| !term.expired(present.now)).min_by_key(|term| term.strict).map(Due::of)
}

/// Convening: counted from the application, where a record of it stands before the notice.
fn convene(present: &Present<'_>) -> Duty {
    let duty = Duty::new(Task::Convene, present.lead(), Consequence::Delay);
    let received = present.conference.exchanges().iter().map(|exchange| &exchange.act);
    let application = received
        .filter(|exchange| exchange.party == Outside::Applicant && exchange.direction == Direction::Received);
    let request = present.conference.convening_request().map(|request| &request.act);
    let recorded = request.map(|request| request.received_on);
    let started = recorded.or_else(|| application.map(|exchange| rome_date(exchange.at)).min());
    let missing = open_value(present.now.date(), request.and_then(|request| request.sector));
    let Some(started) = started else { return Duty { undated: Some(Undated::NotStarted), missing, ..duty } };
    match notice_due(started) {
        Ok(due) => Duty { since: Some(started), missing, ..duty.by(Some(due)) },
        Err(value) => {
            let missing = value.or(missing);
            Duty { since: Some(started), undated: Some(Undated::ValueMissing), missing, ..duty }
        }
    }
}

fn notice_due(started: Date) -> Result<Due, Option<MissingValue>> {
    let law = Law::on(started).ok_or(None)?;
    let regime = law.regime_on(started).ok_or(None)?;
    let rule = &regime.terms.notice;
    let days = regime.days("terms.notice", rule).map_err(Some)?;
    let until = law.calendar.add_working_days(started, days, None);
    let (force, norm) = (rule.nature, rule.norm.clone());
    Ok(Due { strict: until, prudential: until, force, norm, term: Some(TermKind::Notice), term_of: None })
}

/// The first value that keeps a notice of this day from being given.
fn open_value(day: Date, sector: Option<Sector>) -> Option<MissingValue> {
    let law = Law::on(day)?;
    law.regime_on(day)?.settled_in(law, sector).err()
}

fn add_running(present: &Present<'_>, can_conclude: bool, duties: &mut Vec<Duty>) {
    let conference = present.conference;
    let lead = present.lead();
    if !conference.is_fact_finding() {
        let duty = Duty::new(Task::Conclude, lead, Consequence::Delay);
        let due = present.due(TermKind::FinalDetermination, None);
        duties.push(Duty { ready: can_conclude, ..duty.by(due) });
    }
    for term in &present.terms {
        match term.kind {
            TermKind::Meeting => duties.extend(meeting(present, Due::of(term))),
            TermKind::Procedure => {
                let duty = Duty::new(Task::EndProcedure, lead, Consequence::Delay);
                duties.push(Duty { ready: can_conclude, ..duty.by(Some(Due::of(term))) });
            }
            // convened already; the bodies' (bodies.rs); told by its action; above
            TermKind::Notice
            | TermKind::IntegrationRequests
            | TermKind::Determination
            | TermKind::Suspension
            | TermKind::EndOfWorks
            | TermKind::FinalDetermination => {}
        }
    }
    add_late_and_disputed(present, duties);
}

/// The meeting is needed where not all assent without conditions; whether the conclusion can do without it, a person judges (art. 14-bis
/// c. 5-6). So it is a faculty until then, and shown once a position asks for that judgement.
fn meeting(present: &Present<'_>, due: Due) -> Option<Duty> {
    let standing =
        present.conference.active_bodies().filter_map(|(writer, _)| standing_of(present.conference, writer));
    let conditional: Vec<_> = standing
        .filter(|standing| standing.position() != Position::Assent || prescribes(standing))
        .map(|standing| standing.basis())
        .collect();
    if conditional.is_empty() {
        return None;
    }
    let duty = Duty::new(Task::ConveneMeeting, present.lead(), Consequence::Delay).faculty();
    Some(Duty { messages: conditional, ..duty.by(Some(due)) })
}

fn prescribes(standing: &Standing<'_>) -> bool {
    match standing {
        Standing::Expressed(counted) => !counted.determination().act.prescriptions.is_empty(),
        Standing::Implied(_) => false,
    }
}

/// Disputed requests (disputed determinations are actions), and late determinations of which nothing was said yet.
fn add_late_and_disputed(present: &Present<'_>, duties: &mut Vec<Duty>) {
    let conference = present.conference;
    for request in conference.integration_requests() {
        let judged = judge(conference, &request.author, TermKind::IntegrationRequests, &request.evidence);
        let open = conference.suspension().is_none() && request.time_finding.is_none();
        if open && matches!(judged, Timeliness::Disputed(_)) {
            let duty = Duty::new(Task::DecideDispute, present.lead(), Consequence::OfficialDecides);
            duties.push(Duty { messages: vec![request.message], ..duty.about(&request.author) });
        }
    }
    for given in conference.determinations() {
        let noted = conference.implied_assents().any(|noted| noted.act.messages.contains(&given.message));
        let found = given
            .time_finding
            .is_some_and(|(finding, _)| matches!(finding, Finding::Late | Finding::ExpressAct));
        if weight(conference, given) == Weight::Late && !noted && !found {
            let duty = Duty::new(Task::AnswerLateAct, present.lead(), Consequence::LateStays).faculty();
            let since = Some(rome_date(given.evidence.received_at));
            duties.push(Duty { messages: vec![given.message], since, ..duty.about(&given.author) });
        }
    }
}

/// The opposition runs from when a body has the conclusion.
fn add_conclusion_receipts(present: &Present<'_>, duties: &mut Vec<Duty>) {
    let conference = present.conference;
    let Some(conclusion) = conference.conclusion() else { return };
    if conclusion.act.efficacy != Efficacy::Suspended {
        return;
    }
    for body in may_oppose(conference, &conclusion.act) {
        let has = |delivery: &crate::conference::Delivery| {
            delivery.message == conclusion.message && delivery.body == *body
        };
        if !conference.deliveries().iter().any(has) {
            let duty = Duty::new(Task::ObtainReceipt, present.lead(), Consequence::NoTermRuns);
            let since = Some(rome_date(conclusion.issued_at));
            duties.push(Duty { messages: vec![conclusion.message], since, ..duty.about(body) });
        }
    }
}

/// Other nodes that compute other terms, until a correction or their agreement (RULES E.3, E.28).
fn add_differences(present: &Present<'_>, duties: &mut Vec<Duty>) {
    let conference = present.conference;
    if !present.is_running() {
        return;
    }
    let others = conference.term_digests().iter().filter(|(writer, _)| *writer != conference.lead());
    let mut mine = None;
    for (writer, stated) in others {
        if stated.act.digest != *mine.get_or_insert_with(|| terms_digest(&present.terms)) {
            let duty = Duty::new(Task::CorrectTerms, present.lead(), Consequence::DatesDiffer);
            let since = Some(rome_date(stated.issued_at));
            duties.push(Duty { messages: vec![stated.message], since, ..duty.about(writer) });
        }
    }
}

/// A notice that this node cannot fold because its own data lack a value: nothing of the conference has a date here until they have it.
pub(super) fn add_missing(present: &Present<'_>, me: &Writer, duties: &mut Vec<Duty>) {
    let conference = present.conference;
    let code =
        Refusal::ValueMissing { regime: String::new(), value: String::new(), source_norm: String::new() }
            .code();
    let unfolded = conference.anomalies().iter().filter(|anomaly| anomaly.code == code);
    let messages: Vec<_> = unfolded.map(|anomaly| anomaly.message).collect();
    let running_without = conference.notice().is_some() && present.terms.is_empty();
    if (messages.is_empty() || conference.notice().is_some()) && !running_without {
        return;
    }
    let basis = conference.regime_basis().unwrap_or_else(|| present.now.date());
    let duty = Duty::new(Task::SettleValues, me, Consequence::NothingComputed);
    duties.push(Duty {
        messages,
        missing: open_value(basis, conference.sector()),
        undated: Some(Undated::ValueMissing),
        ..duty
    });
}
