//! Guards of what bodies say, of their silence, and of what officials find about both (art. 14-bis c. 3-4; RULES C.2, C.3).

use concerto_message::{MessageId, Writer};
use std::collections::BTreeSet;

use super::{Checked, if_sent, not_suspended, representatives, same_round, settled};
use crate::acts::{
    Determination, Finding, ImpliedAssent, ImpliedGround, IntegrationRequest, LateOrInvalidActNotice,
    Position, Prescription, TermKind,
};
use crate::conference::{Body, Conference, Received};
use crate::counting::Due;
use crate::legal_time::{LegalNow, rome_date};
use crate::refusal::{Refusal, Warning};
use crate::sittings::Meets;
use crate::terms::{Resumption, body_term};
use crate::timeliness::{
    Timeliness, Weight, counted_of, is_contribution, judge, judge_given, time_is_over, undecided_of, weight,
};

pub(super) fn request(
    conference: &Conference,
    author: &Writer,
    request: &IntegrationRequest,
    at: LegalNow,
    out: &mut Checked,
) {
    sync_request(conference, author, at, out);
    if !request.facts_of_art_2_c_7 {
        out.warn(Warning::RequestOutsideArt2C7);
    }
}

/// A request of the synchronous form has the term of the integration requests (art. 14-bis c. 7).
pub(super) fn sync_request(conference: &Conference, author: &Writer, at: LegalNow, out: &mut Checked) {
    if let Some(until) = missed(&if_sent(conference, author, TermKind::IntegrationRequests, at)) {
        out.warn(Warning::RequestLate { until });
    }
}

fn missed(timeliness: &Timeliness) -> Option<jiff::civil::Date> {
    match timeliness {
        Timeliness::Timely(_) => None,
        Timeliness::Disputed(disputed) => Some(disputed.until()),
        Timeliness::Late(late) => Some(late.until()),
    }
}

pub(super) fn determination(
    conference: &Conference,
    author: &Writer,
    determination: &Determination,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    same_round(conference, determination.round)?;
    representatives::may_speak(conference, author, at)?;
    if conference.is_fact_finding() || conference.deliberates() {
        out.warn(Warning::ContributionOnly);
    }
    if let Some(until) = missed(&if_sent(conference, author, TermKind::Determination, at)) {
        out.warn(Warning::DeterminationLate { until });
    }
    if let Some(earlier) = conference.latest_determination_of(author) {
        out.warn(Warning::ReplacesEarlier { message: earlier.message });
    }
    if determination.position == Position::Dissent && determination.prescriptions.is_empty() {
        out.warn(Warning::DissentWithoutChanges);
    }
    out.defects = defects(conference, author, determination)?;
    Ok(())
}

/// The requisites that a determination lacks.
pub(super) fn defects(
    conference: &Conference,
    author: &Writer,
    determination: &Determination,
) -> Result<Vec<Refusal>, Refusal> {
    let mut out = Checked::default();
    let prescriptions = &determination.prescriptions;
    match determination.position {
        Position::Assent if !prescriptions.is_empty() => {
            out.defects.push(Refusal::PrescriptionsWithAssent);
        }
        Position::ConditionalAssent | Position::SurmountableDissent if prescriptions.is_empty() => {
            out.defects.push(Refusal::PrescriptionsMissing);
        }
        _ => {}
    }
    if !conference.is_fact_finding() {
        prescription_defects(prescriptions, settled(conference)?.costs_of_prescriptions, &mut out);
    }
    act_defects(conference, author, determination, &mut out);
    Ok(out.defects)
}

fn prescription_defects(prescriptions: &[Prescription], costs: bool, out: &mut Checked) {
    let mut numbers = BTreeSet::new();
    for prescription in prescriptions {
        let number = prescription.number;
        if number == 0 || !numbers.insert(number) {
            out.defects.push(Refusal::PrescriptionNumbers);
        }
        match &prescription.cost_eur {
            None if costs => out.defects.push(Refusal::CostMissing { number }),
            Some(cost) if !is_amount(cost) => out.defects.push(Refusal::CostMalformed { number }),
            _ => {}
        }
    }
}

/// An amount in euro with two decimals: `0.00`, `12500.00`.
fn is_amount(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(euro, cents)| {
        digits(euro) && digits(cents) && cents.len() == 2 && (euro.len() == 1 || !euro.starts_with('0'))
    })
}

/// One body, one position, on everything that was asked of it.
fn act_defects(conference: &Conference, author: &Writer, determination: &Determination, out: &mut Checked) {
    let Some(body) = conference.active_body(author) else { return };
    let asked: BTreeSet<&str> = body.invited.acts.iter().map(|asked| asked.act.as_str()).collect();
    let answered: BTreeSet<&str> = determination.acts.iter().map(String::as_str).collect();
    for act in answered.difference(&asked) {
        out.defects.push(Refusal::ActNotAsked { act: (*act).to_owned() });
    }
    for act in asked.difference(&answered) {
        out.defects.push(Refusal::ActUnanswered { act: (*act).to_owned() });
    }
}

pub(super) fn implied_assent(
    conference: &Conference,
    implied: &ImpliedAssent,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    not_suspended(conference, at)?;
    same_round(conference, implied.round)?;
    let writer = &implied.body;
    let body = conference.active_body(writer).ok_or_else(|| Refusal::BodyUnknown { body: writer.clone() })?;
    let unproven = || Refusal::ReceiptUnproven { body: writer.clone() };
    let proof = body.proof.ok_or_else(unproven)?;
    if implied.ground == ImpliedGround::Absent && !conference.was_called_to_sessions(writer) {
        return Err(unproven());
    }
    if let Some(act) = body.eu_express_acts().next() {
        return Err(Refusal::EuExpressAct { body: writer.clone(), act: act.to_owned() });
    }
    if let Some(counted) = counted_of(conference, writer) {
        let message = counted.determination().message;
        let absent = implied.ground == ImpliedGround::Absent && conference.works_are_over(at);
        if !absent || counted.determination().in_session {
            return Err(Refusal::PositionHeld { body: writer.clone(), message });
        }
        out.warn(Warning::AbsentAfterPosition { message });
    }
    if let Some(disputed) = undecided_of(conference, writer) {
        return Err(Refusal::DisputeOpen { message: disputed.message });
    }
    let term = silence_term(conference, writer, at)?;
    if let Some(already) = conference.implied_assents().find(|already| already.act.body == *writer) {
        return Err(Refusal::AlreadyImplied { message: already.message });
    }
    if (implied.strict, implied.prudential) != (term.strict, term.prudential) {
        return Err(Refusal::TermFactsDiffer { strict: term.strict, prudential: term.prudential });
    }
    if implied.proof_of_receipt != proof.receipt {
        return Err(Refusal::ProofDiffers);
    }
    if let Some(message) = unread(conference, writer) {
        out.warn(Warning::ExchangeWithoutAct { body: writer.clone(), message });
    }
    ground(conference, implied)
}

/// What the body wrote by mail since it was called, where no act was made of it and it carries none.
fn unread(conference: &Conference, writer: &Writer) -> Option<MessageId> {
    let called_on = conference.active_body(writer)?.called_on;
    let unread = conference.exchanges().iter().find(|exchange| {
        exchange.act.received_from() == Some(writer)
            && rome_date(exchange.act.at) >= called_on
            && !conference.on_behalf.contains_key(&exchange.message)
            && !exchange.act.about.is_some_and(|about| conference.acts_of(writer).any(|act| act == about))
    });
    unread.map(|exchange| exchange.message)
}

/// The term that a silent body let pass: that of its determination, or the works of the conference that met.
pub(crate) fn silence_term(conference: &Conference, writer: &Writer, at: LegalNow) -> Result<Due, Refusal> {
    if conference.is_fact_finding() {
        return Err(Refusal::NoDecision);
    }
    let meets = conference.meets();
    if meets == Some(Meets::Directly) && conference.sessions().next().is_none() {
        return Err(Refusal::NoSessionHeld);
    }
    if meets.is_some() && conference.works_are_over(at) && !conference.works_bind(writer) {
        return Err(Refusal::ReceiptUnproven { body: writer.clone() });
    }
    let closing = conference.closing_for(writer).filter(|_| meets.is_some());
    let closed = closing.map(|minutes| rome_date(minutes.act.closed_at));
    let term = body_term(conference, writer, TermKind::Determination, Resumption::AsRecorded);
    let due = match (term, closed) {
        (Some(term), None) => Due { strict: term.strict, prudential: term.prudential },
        (_, Some(closed)) => Due::on(closed),
        (None, None) if meets.is_some() => return Err(Refusal::WorksOpen),
        (None, None) => return Err(Refusal::ReceiptUnproven { body: writer.clone() }),
    };
    if !time_is_over(conference, writer, at) {
        return Err(if meets.is_some() {
            Refusal::WorksOpen
        } else {
            Refusal::TermRunning { body: writer.clone(), until: due.prudential }
        });
    }
    Ok(due)
}

/// The ground is what the record shows: nothing came, or only acts that do not count, and these are named.
fn ground(conference: &Conference, implied: &ImpliedAssent) -> Result<(), Refusal> {
    let came: Vec<_> = considered(conference, &implied.body).collect();
    let held: BTreeSet<MessageId> = came.iter().map(|determination| determination.message).collect();
    let named: BTreeSet<MessageId> = implied.messages.iter().copied().collect();
    let any = |sought| came.iter().any(|determination| weight(conference, determination) == sought);
    let shown = match implied.ground {
        ImpliedGround::Silence => came.is_empty() && !is_absent(conference, &implied.body),
        ImpliedGround::Late => any(Weight::Late),
        ImpliedGround::NonCompliant => any(Weight::NonCompliant),
        ImpliedGround::Absent => is_absent(conference, &implied.body),
    };
    if shown && held == named {
        Ok(())
    } else {
        Err(Refusal::GroundContradicted { body: implied.body.clone() })
    }
}

/// The determinations of a body that a note of its silence has to name: all but contributions to a conference that deliberates.
pub(crate) fn considered<'a>(
    conference: &'a Conference,
    body: &'a Writer,
) -> impl Iterator<Item = &'a Received<Determination>> {
    conference.determinations_of(body).filter(|given| !is_contribution(conference, given))
}

/// Whether sessions were held and the body was at none of them.
pub(crate) fn is_absent(conference: &Conference, body: &Writer) -> bool {
    conference.sessions().next().is_some() && !conference.was_present(body)
}

pub(super) fn finding(conference: &Conference, notice: &LateOrInvalidActNotice) -> Result<(), Refusal> {
    let message = notice.message;
    let given = conference.determinations.iter().filter(|given| given.message == message);
    let mut given = given.filter(|given| notice.body.as_ref().is_none_or(|body| given.author == *body));
    let timeliness = if let Some(determination) = given.next() {
        if given.next().is_some() {
            return Err(Refusal::MessageUnknown { message }); // minutes with several positions: whose is not said
        }
        if notice.finding == Finding::ExpressAct && !gives_express_act(conference, determination) {
            return Err(Refusal::NoExpressAct { message });
        }
        judge_given(conference, determination)
    } else if let Some(request) = named(&conference.requests, message) {
        not_about_content(notice)?;
        judge(conference, &request.author, TermKind::IntegrationRequests, &request.evidence)
    } else if let Some(request) = named(&conference.sync_requests, message) {
        not_about_content(notice)?;
        judge(conference, &request.author, TermKind::IntegrationRequests, &request.evidence)
    } else {
        return Err(Refusal::MessageUnknown { message });
    };
    match (notice.finding, timeliness) {
        // A late act stays late (art. 2 c. 8-bis) and a timely one timely: an official decides what is disputed.
        (Finding::Timely, Timeliness::Late(_))
        | (Finding::Late, Timeliness::Timely(_))
        | (Finding::ExpressAct, Timeliness::Timely(_) | Timeliness::Disputed(_)) => {
            Err(Refusal::FindingContradicted { message })
        }
        _ => Ok(()),
    }
}

/// Whether it gives an act of its body for which European law wants an express one.
fn gives_express_act(conference: &Conference, given: &Received<Determination>) -> bool {
    let wanted =
        |body: &Body| body.eu_express_acts().any(|act| given.act.acts.iter().any(|given| given == act));
    conference.active_body(&given.author).is_some_and(wanted)
}

fn not_about_content(notice: &LateOrInvalidActNotice) -> Result<(), Refusal> {
    if matches!(notice.finding, Finding::NonCompliant | Finding::ExpressAct) {
        return Err(Refusal::FindingMisplaced { message: notice.message });
    }
    Ok(())
}

fn named<T>(received: &[Received<T>], message: MessageId) -> Option<&Received<T>> {
    received.iter().find(|received| received.message == message)
}
