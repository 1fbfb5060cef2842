//! One term from a day, with the norm by which it is counted and what to know about it: `concerto terms days` (RULES T1-T6, T10, T11).

use jiff::civil::Date;

use crate::calendar::{CalendarKind, Confidence, Office};
use crate::counting::{Amount, Counted, count};
use crate::law::Law;
use crate::regime::DayUnit;
use crate::schedule::within;
use crate::schedule_words::{Caution, ScheduleError};

/// Says how days and months are counted where no norm of a case does.
const COUNTING_NORM: &str = "c.c. art. 2963";

/// A counted term with everything that a person needs to check it.
#[derive(Debug, Clone, PartialEq)]
pub struct OneTerm {
    /// Its date and the steps to it.
    pub counted: Counted,
    /// What says how it is counted.
    pub norm: String,
    /// What to know before relying on it.
    pub cautions: Vec<Caution>,
}

/// Counts one term from a day, which is not counted itself.
///
/// # Errors
/// [`ScheduleError::DateOutside`] where a date lies outside the years of the data.
pub fn one_term(law: &Law, from: Date, amount: &Amount, office: &Office) -> Result<OneTerm, ScheduleError> {
    within(law, from)?;
    let calendar = &law.calendar;
    let mut cautions = Vec::new();
    let norm = match (amount.calendar, amount.unit) {
        (CalendarKind::Eu, _) => {
            let (citation, tag) = calendar.eu_source();
            cautions.extend((tag == Confidence::Memory).then(|| Caution::eu_calendar(citation)));
            citation.to_owned()
        }
        (CalendarKind::National, DayUnit::Working) => {
            calendar.working_days_source(office.six_day_week).0.to_owned()
        }
        (CalendarKind::National, _) => COUNTING_NORM.to_owned(),
    };
    let counted = count(calendar, from, amount, &norm, office);
    within(law, counted.due.strict)?;
    within(law, counted.due.prudential)?;
    cautions.extend(Caution::of_counting(calendar, amount.unit, from, &counted, office));
    cautions.extend(office.seat.as_deref().and_then(|seat| Caution::of_seat(calendar, seat)));
    Ok(OneTerm { counted, norm, cautions })
}
