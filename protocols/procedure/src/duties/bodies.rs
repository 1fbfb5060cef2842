//! What the bodies called must and may do (L. 241/1990 art. 14-bis c. 2-4, 14-quinquies).

use concerto_message::{MessageId, Writer};

use super::{Consequence, Due, Duty, Present, Task};
use crate::acts::{Efficacy, TermKind};
use crate::calendar::{Reading, add_days};
use crate::conference::{Body, Conference};
use crate::guards::{may_oppose, opposition_until, settled};
use crate::law::Law;
use crate::legal_time::rome_date;
use crate::regime::Force;
use crate::term::Term;
use crate::timeliness::{counted_of, undecided_of};
use crate::view::Phase;

pub(super) fn add(present: &Present<'_>, duties: &mut Vec<Duty>) {
    if present.is_running() {
        for (writer, body) in present.conference.active_bodies() {
            add_running(present, writer, body, duties);
        }
    }
    if present.phase == Phase::EfficacySuspended {
        add_oppositions(present, duties);
    }
}

fn add_running(present: &Present<'_>, writer: &Writer, body: &Body, duties: &mut Vec<Duty>) {
    let mut has_determination = false;
    for term in present.terms.iter().filter(|term| term.body.as_ref() == Some(writer)) {
        match term.kind {
            TermKind::Determination => {
                has_determination = true;
                duties.extend(determine(present, writer, body, Some(term)));
            }
            TermKind::IntegrationRequests => duties.extend(request(present, writer, body, term)),
            // the procedente's, or no term of one body (lead.rs)
            TermKind::Notice
            | TermKind::Suspension
            | TermKind::Meeting
            | TermKind::FinalDetermination
            | TermKind::EndOfWorks
            | TermKind::Procedure => {}
        }
    }
    if !has_determination && present.silence_assents() {
        duties.extend(determine(present, writer, body, None));
    }
    duties.extend(hearings(present, writer));
}

/// None once the silence was taken note of: what the body could do is over.
fn determine(present: &Present<'_>, writer: &Writer, body: &Body, term: Option<&Term>) -> Option<Duty> {
    let conference = present.conference;
    let undecided = undecided_of(conference, writer);
    let noted = conference.implied_assents().any(|noted| noted.act.body == *writer);
    let done = counted_of(conference, writer).map(|counted| counted.determination());
    if noted && undecided.is_none() && done.is_none() {
        return None;
    }
    let consequence = if undecided.is_some() {
        Consequence::OfficialDecides
    } else if body.eu_express_acts().next().is_some() {
        Consequence::NoAssentBySilence
    } else if present.silence_assents() {
        Consequence::ImpliedAssent
    } else {
        Consequence::Delay
    };
    let duty = Duty::new(Task::Determine, writer, consequence).by(term.map(Due::of));
    Some(Duty {
        messages: undecided.or(done).map(|given| given.message).into_iter().collect(),
        since: Some(body.received_on().unwrap_or(body.called_on)),
        done_on: done.map(|given| rome_date(given.evidence.received_at)),
        ..duty
    })
}

/// Asking again is not forbidden, but what was asked, or decided, needs no reminder.
fn request(present: &Present<'_>, writer: &Writer, body: &Body, term: &Term) -> Option<Duty> {
    let conference = present.conference;
    let asked = conference.integration_requests().iter().any(|request| request.author == *writer);
    let noted = conference.implied_assents().any(|noted| noted.act.body == *writer);
    if asked || noted || counted_of(conference, writer).is_some() {
        return None;
    }
    let duty = Duty::new(Task::RequestIntegration, writer, Consequence::FacultyLost).faculty();
    Some(Duty { since: body.received_on(), ..duty.by(Some(Due::of(term))) })
}

/// The hearings on the prescriptions of others.
fn hearings(present: &Present<'_>, writer: &Writer) -> Vec<Duty> {
    let conference = present.conference;
    let heard = conference.consultations().iter().filter(|consultation| {
        // determinations are of this round: hearings of an earlier one are past
        let heard = &consultation.act.determinations;
        conference.determinations().any(|given| heard.contains(&given.message) && given.author != *writer)
    });
    heard
        .map(|consultation| {
            let until = consultation.act.answer_until;
            let due = Due {
                strict: until,
                prudential: until,
                force: Force::Directory,
                norm: Task::AnswerHearing.norm().to_owned(),
                term: None,
                term_of: None,
            };
            let duty = Duty::new(Task::AnswerHearing, writer, Consequence::FacultyLost).faculty();
            Duty {
                messages: vec![consultation.message],
                since: Some(rome_date(consultation.issued_at)),
                ..duty.by(Some(due))
            }
        })
        .collect()
}

/// Bodies whose dissent was overcome, from when they have the conclusion.
fn add_oppositions(present: &Present<'_>, duties: &mut Vec<Duty>) {
    let conference = present.conference;
    let Some(conclusion) = conference.conclusion() else { return };
    if conclusion.act.efficacy != Efficacy::Suspended {
        return;
    }
    for body in may_oppose(conference, &conclusion.act) {
        let duty = Duty::new(Task::Oppose, body, Consequence::FacultyLost).faculty();
        let due = opposition_dates(conference, body, conclusion.message);
        duties.push(Duty {
            messages: vec![conclusion.message],
            since: Some(rome_date(conclusion.issued_at)),
            ..duty.by(due)
        });
    }
}

/// From the proof that the body has the conclusion; none without.
fn opposition_dates(conference: &Conference, body: &Writer, conclusion: MessageId) -> Option<Due> {
    let prudential = opposition_until(conference, body, conclusion)?;
    let basis = conference.regime_basis()?;
    let opposition = settled(conference).ok()?.opposition;
    let mut deliveries = conference.deliveries().iter();
    let delivery = deliveries.find(|delivery| delivery.message == conclusion && delivery.body == *body)?;
    let last = add_days(rome_date(delivery.at), i64::from(opposition.days));
    let strict = Law::on(basis)?.calendar.roll_forward(last, None, Reading::Strict).date;
    let (force, norm) = (opposition.rule.nature, opposition.rule.norm.clone());
    Some(Due { strict, prudential, force, norm, term: None, term_of: None })
}
