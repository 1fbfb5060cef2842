//! Guards of the notice and of its extension (L. 241/1990 art. 14 c. 2, art. 14-bis c. 2; RULES A.0, C.1).

use concerto_message::Writer;
use jiff::civil::Date;
use std::collections::BTreeSet;

use super::{Checked, value_missing};
use crate::acts::{
    Direction, Form, Invited, Kind, Notice, Outside, ParticipantAdded, Sector, StatedDates, TermKind,
};
use crate::calendar::{Reading, add_days};
use crate::conference::Conference;
use crate::law::Law;
use crate::legal_time::LegalNow;
use crate::refusal::{Refusal, Warning};
use crate::regime::{Regime, Settled};

/// Acts of assent that a deciding conference needs at least (art. 14 c. 2).
const ACTS_MIN: usize = 2;

pub(super) fn notice(
    conference: &Conference,
    notice: &Notice,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    round(conference, notice, out)?;
    kind(notice)?;
    if notice.started_on > at.date() {
        return Err(Refusal::StartInFuture { started_on: notice.started_on });
    }
    let request = conference.convening_request().filter(|_| notice.round == 1);
    if let Some(request) = request.filter(|request| request.act.received_on != notice.started_on) {
        return Err(Refusal::StartDiffers { recorded: request.act.received_on });
    }
    if request.is_some_and(|request| request.act.sector != notice.sector) {
        return Err(Refusal::SectorDiffers);
    }
    calls(conference.lead(), &notice.invited)?;
    let (law, regime) = regime(notice, at, out)?;
    if notice.kind == Kind::FactFinding {
        return follows(TermKind::Meeting, notice.dates.meeting_on, at.date(), true);
    }
    let settled = regime.settled_in(law, notice.sector).map_err(value_missing)?;
    let acts = notice.invited.iter().map(|invited| invited.acts.len()).sum();
    if acts < ACTS_MIN {
        return Err(Refusal::TooFewActs { acts });
    }
    let administrations: BTreeSet<_> = notice.invited.iter().map(|invited| &invited.body.ipa).collect();
    if administrations.len() == 1 {
        out.warn(Warning::OneAdministration);
    }
    if notice.form == Form::Simultaneous {
        return simultaneous(law, regime, notice, at, out);
    }
    dates(&notice.dates, at.date(), notice.invited.iter().any(is_sensitive))?;
    weigh_dates(notice, &settled, at.date(), out);
    Ok(())
}

/// What a notice may convene: a deciding conference, or one that examines; those of the earthquake deliberate in session.
fn kind(notice: &Notice) -> Result<(), Refusal> {
    let decides = notice.kind == Kind::Decision;
    match notice.sector {
        _ if notice.kind == Kind::Preliminary => Err(Refusal::KindNotCovered),
        Some(sector) if sector.deliberates() && !(decides && notice.form == Form::Simultaneous) => {
            Err(Refusal::SectorForm)
        }
        _ => Ok(()),
    }
}

/// Called directly in the simultaneous form (art. 14-bis c. 7): requests and first session are stated, and by when the works end.
fn simultaneous(
    law: &Law,
    regime: &Regime,
    notice: &Notice,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    let (dates, today) = (&notice.dates, at.date());
    follows(TermKind::IntegrationRequests, dates.integration_until, today, false)?;
    follows(TermKind::Meeting, dates.meeting_on, today, false)?;
    follows(TermKind::EndOfWorks, dates.determination_until, dates.meeting_on, true)?;
    let deliberates = notice.sector.is_some_and(Sector::deliberates);
    if !deliberates {
        let days = |id| {
            let rule = law.sitting_rule(id, notice.sector, Some(regime), notice.regime_basis_date);
            rule.map_err(value_missing)
        };
        let works =
            if notice.invited.iter().any(is_sensitive) { "end_of_works_sensitive" } else { "end_of_works" };
        let limits = [
            (TermKind::Meeting, days("first_meeting")?, today, dates.meeting_on),
            (TermKind::EndOfWorks, days(works)?, dates.meeting_on, dates.determination_until),
        ];
        for (term, rule, start, stated) in limits {
            let most = rule.map(|rule| add_days(start, i64::from(rule.days)));
            let most = most.map(|day| law.calendar.roll_forward(day, None, Reading::Strict).date);
            if let Some(computed) = most.filter(|most| stated > *most) {
                out.warn(Warning::StatedBeyondMaximum { term, stated, computed });
            }
        }
    }
    Ok(())
}

fn round(conference: &Conference, notice: &Notice, out: &mut Checked) -> Result<(), Refusal> {
    let current = conference.round();
    if current > 0 && conference.conclusion().is_none() {
        return Err(Refusal::AlreadyConvened { round: current });
    }
    if notice.round != current.saturating_add(1) {
        return Err(Refusal::WrongRound { given: notice.round, current: current.saturating_add(1) });
    }
    let Some(conclusion) = conference.conclusion() else { return Ok(()) };
    // A new round follows the observations of art. 10-bis (art. 14-bis c. 5).
    let observations = conference.exchanges().iter().map(|exchange| &exchange.act).any(|exchange| {
        exchange.party == Outside::Applicant
            && exchange.direction == Direction::Received
            && exchange.about == Some(conclusion.message)
    });
    if !observations {
        return Err(Refusal::ObservationsMissing);
    }
    if !conference.rebuttals().iter().any(|rebuttal| rebuttal.act.conclusion == conclusion.message) {
        out.warn(Warning::ObservationsNotForwarded);
    }
    let late = super::conclusion::rebuttal_until(conference).filter(|_| !conference.observations_came());
    if let Some(due) = late {
        return Err(Refusal::ObservationsLate { due });
    }
    Ok(())
}

fn regime(
    notice: &Notice,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(&'static Law, &'static Regime), Refusal> {
    let basis = notice.regime_basis_date;
    if basis != at.date() {
        if basis != notice.started_on {
            return Err(Refusal::RegimeBasis { given: basis });
        }
        out.warn(Warning::RegimeByApplication);
    }
    let regime = Regime::on(basis).map_err(|unknown| Refusal::RegimeUnknown { on: unknown.on })?;
    Ok((Law::on(basis).ok_or(Refusal::RegimeUnknown { on: basis })?, regime))
}

fn calls(lead: &Writer, invited: &[Invited]) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for call in invited {
        if call.body == *lead {
            return Err(Refusal::LeadInvited);
        }
        if !seen.insert(&call.body) {
            return Err(Refusal::InvitedTwice { body: call.body.clone() });
        }
        if call.acts.is_empty() {
            return Err(Refusal::NoActAsked { body: call.body.clone() });
        }
        let mut acts = BTreeSet::new();
        if let Some(twice) = call.acts.iter().find(|asked| !acts.insert(&asked.act)) {
            return Err(Refusal::ActAskedTwice { body: call.body.clone(), act: twice.act.clone() });
        }
    }
    Ok(())
}

fn is_sensitive(invited: &Invited) -> bool {
    !invited.sensitive.is_empty()
}

/// The stated dates follow the day of the message and each other.
fn dates(dates: &StatedDates, today: Date, sensitive: bool) -> Result<(), Refusal> {
    if sensitive && dates.sensitive_until.is_none() {
        return Err(Refusal::SensitiveDateMissing);
    }
    follows(TermKind::IntegrationRequests, dates.integration_until, today, false)?;
    follows(TermKind::Determination, dates.determination_until, dates.integration_until, true)?;
    let mut last = dates.determination_until;
    if let Some(longer) = dates.sensitive_until {
        follows(TermKind::Determination, longer, last, true)?;
        last = longer;
    }
    follows(TermKind::Meeting, dates.meeting_on, last, false)
}

/// A stated date comes after another day, or on it where `same` says so.
fn follows(term: TermKind, stated: Date, after: Date, same: bool) -> Result<(), Refusal> {
    if stated > after || (same && stated == after) {
        Ok(())
    } else {
        Err(Refusal::DatesIncoherent { term, stated, after })
    }
}

fn weigh_dates(notice: &Notice, settled: &Settled<'_>, today: Date, out: &mut Checked) {
    let Some(law) = Law::on(notice.regime_basis_date) else { return };
    let due = law.calendar.add_working_days(notice.started_on, settled.notice.days, None);
    if notice.round == 1 && today > due {
        out.warn(Warning::NoticeLate { due });
    }
    let proposed = proposed_dates_with(law, settled, today, &notice.invited);
    let dates = &notice.dates;
    let mut pairs = vec![
        (TermKind::IntegrationRequests, dates.integration_until, proposed.integration_until),
        (TermKind::Determination, dates.determination_until, proposed.determination_until),
    ];
    if let (Some(stated), Some(computed)) = (dates.sensitive_until, proposed.sensitive_until) {
        pairs.push((TermKind::Determination, stated, computed));
    }
    for (term, stated, computed) in pairs {
        compare(law, term, stated, computed, out);
    }
    if dates.meeting_on > proposed.meeting_on {
        let (stated, computed) = (dates.meeting_on, proposed.meeting_on);
        out.warn(Warning::StatedBeyondMaximum { term: TermKind::Meeting, stated, computed });
    }
    let last =
        dates.sensitive_until.map_or(dates.determination_until, |day| day.max(dates.determination_until));
    let concluded = law.calendar.add_working_days(last, settled.final_determination.days, None);
    if let Some(until) = dates.procedure_until.filter(|until| *until < concluded) {
        out.warn(Warning::ProcedureExceeded { until });
    }
}

fn compare(law: &Law, term: TermKind, stated: Date, computed: Date, out: &mut Checked) {
    let rolled = law.calendar.roll_forward(stated, None, Reading::Strict).date;
    if rolled != stated {
        out.warn(Warning::StatedOnHoliday { term, stated });
    }
    if rolled > computed {
        out.warn(Warning::StatedBeyondMaximum { term, stated, computed });
    } else if rolled < computed {
        out.warn(Warning::StatedTooEarly { term, stated, computed });
    }
}

/// The dates that a notice of this day should state if every body receives it the same day: the legal maxima, rolled.
///
/// For whoever drafts a notice. Refused where no regime is known for the day or a value of it is open.
pub fn proposed_dates(day: Date, invited: &[Invited]) -> Result<StatedDates, Refusal> {
    proposed_dates_in(day, invited, Form::Simplified, None)
}

/// The same for a notice of this form and sector: in the simultaneous form the latest first session, and the end of the works counted from
/// it. Refused too where nobody has settled how long the works last.
pub fn proposed_dates_in(
    day: Date,
    invited: &[Invited],
    form: Form,
    sector: Option<Sector>,
) -> Result<StatedDates, Refusal> {
    let regime = Regime::on(day).map_err(|unknown| Refusal::RegimeUnknown { on: unknown.on })?;
    let law = Law::on(day).ok_or(Refusal::RegimeUnknown { on: day })?;
    let settled = regime.settled_in(law, sector).map_err(value_missing)?;
    let dates = proposed_dates_with(law, &settled, day, invited);
    if form == Form::Simplified {
        return Ok(dates);
    }
    let longer = !sector.is_some_and(Sector::deliberates) && invited.iter().any(is_sensitive);
    let after = |id: &str, from: Date| -> Result<Date, Refusal> {
        let rule = law.sitting_rule(id, sector, Some(regime), day).map_err(value_missing)?;
        let days = rule.map_or(0, |rule| i64::from(rule.days));
        Ok(law.calendar.roll_forward(add_days(from, days), None, Reading::Strict).date)
    };
    let meeting_on = after("first_meeting", day)?;
    let end = after(if longer { "end_of_works_sensitive" } else { "end_of_works" }, meeting_on)?;
    Ok(StatedDates {
        determination_until: end,
        sensitive_until: dates.sensitive_until.map(|_| end),
        meeting_on,
        ..dates
    })
}

fn proposed_dates_with(law: &Law, settled: &Settled<'_>, day: Date, invited: &[Invited]) -> StatedDates {
    let after = |start, days: u16| {
        law.calendar.roll_forward(add_days(start, i64::from(days)), None, Reading::Strict).date
    };
    let sensitive = invited.iter().any(is_sensitive);
    let short = after(day, settled.determination.days);
    let long = after(day, settled.determination_sensitive.days);
    let last = if sensitive { short.max(long) } else { short };
    StatedDates {
        integration_until: after(day, settled.integration_requests.days),
        determination_until: short,
        sensitive_until: sensitive.then_some(long),
        meeting_on: after(last, settled.meeting.days),
        procedure_until: None,
    }
}

pub(super) fn extension(
    conference: &Conference,
    extension: &ParticipantAdded,
    at: LegalNow,
    out: &mut Checked,
) -> Result<(), Refusal> {
    if extension.added.is_empty() && extension.released.is_empty() {
        return Err(Refusal::NothingChanged);
    }
    // who is called after the works could neither take a position nor be taken to assent
    if !extension.added.is_empty() && conference.meets().is_some() && conference.works_are_over(at) {
        return Err(Refusal::WorksClosed);
    }
    calls(conference.lead(), &extension.added)?;
    for call in &extension.added {
        if conference.active_body(&call.body).is_some() {
            return Err(Refusal::AlreadyInvited { body: call.body.clone() });
        }
    }
    match &extension.dates {
        Some(dates) if extension.added.iter().any(is_sensitive) && dates.sensitive_until.is_none() => {
            return Err(Refusal::SensitiveDateMissing);
        }
        None if !extension.added.is_empty() => out.warn(Warning::AddedWithoutDates),
        _ => {}
    }
    for released in &extension.released {
        if conference.active_body(&released.body).is_none() {
            return Err(Refusal::BodyUnknown { body: released.body.clone() });
        }
        let stated = conference
            .competence_statements()
            .iter()
            .any(|statement| statement.message == released.statement && statement.author == released.body);
        if !stated {
            return Err(Refusal::StatementMissing { body: released.body.clone() });
        }
    }
    Ok(())
}
