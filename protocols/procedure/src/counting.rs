//! Counting one term from its start (RULES T1-T3, T6, T10, T11, S3, S5): its date under both readings, and the steps that a person
//! can follow. Both the terms of a conference ([`mod@crate::terms`]) and those of a case that no node knows ([`crate::schedule`])
//! are counted here.

use jiff::civil::Date;

use crate::calendar::{Calendar, CalendarKind, Office, Reading, Rolled, add_days, add_months, days_between};
use crate::regime::DayUnit;
use crate::term::{StartEvent, Step};

/// A day before rolling, under both readings (they part where a suspension finds one still open and the other not).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Raw {
    pub(crate) strict: Date,
    pub(crate) prudential: Date,
}

/// A day under both readings, rolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// Saturday is a day like any other.
    pub strict: Date,
    /// The most favourable reading: nothing automatic happens before this day has passed.
    pub prudential: Date,
}

impl Due {
    /// A day that both readings give.
    pub fn on(day: Date) -> Self {
        Self { strict: day, prudential: day }
    }

    /// The later of two, reading by reading.
    pub fn later(self, other: Self) -> Self {
        Self { strict: self.strict.max(other.strict), prudential: self.prudential.max(other.prudential) }
    }
}

/// The days on which terms stand still (art. 2 c. 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standstill {
    /// From.
    pub(crate) from: Date,
    /// They run again from.
    pub(crate) until: Date,
    /// Nothing came yet: the most days possible are assumed.
    pub(crate) projected: bool,
}

/// How much is counted, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub number: u16,
    /// Of what.
    pub unit: DayUnit,
    /// Towards the past (T10).
    pub backward: bool,
    /// By which calendar.
    pub calendar: CalendarKind,
}

impl Amount {
    /// So many, forwards, by the national calendar.
    pub fn forward(number: u16, unit: DayUnit) -> Self {
        Self { number, unit, backward: false, calendar: CalendarKind::National }
    }
}

/// A counted term.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// Its date.
    pub due: Due,
    /// How it came about.
    pub derivation: Vec<Step>,
}

impl Counted {
    /// The names of the days on which it could not end under the strict reading.
    pub fn skipped(&self) -> impl Iterator<Item = &str> {
        skipped(&self.derivation)
    }
}

/// The names of the days on which a term could not end under the strict reading.
pub fn skipped(derivation: &[Step]) -> impl Iterator<Item = &str> {
    let days = derivation.iter().flat_map(|step| match step {
        Step::Rolled { skipped, .. } | Step::RolledBack { skipped, .. } => skipped.as_slice(),
        _ => &[],
    });
    days.map(|skipped| skipped.holiday.as_str())
}

/// Counts one term from a day, without suspension: `concerto terms days`.
pub fn count(calendar: &Calendar, from: Date, amount: &Amount, norm: &str, office: &Office) -> Counted {
    let counting = Counting { calendar, standstill: None };
    let mut counted = counting.after(Due::on(from), amount, norm, office, Moves::default());
    counted.derivation.insert(0, Step::Start { event: StartEvent::GivenDay, on: from });
    counted
}

/// What moves a term besides its own days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moves {
    /// The suspension moves it.
    pub(crate) stands_still: bool,
    /// Holidays move its last day.
    pub(crate) rolled: bool,
}

impl Default for Moves {
    fn default() -> Self {
        Self { stands_still: false, rolled: true }
    }
}

/// The calendar and the suspension by which terms are counted.
pub(crate) struct Counting<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) standstill: Option<Standstill>,
}

impl Counting<'_> {
    /// The term that counts so much from `start`.
    pub(crate) fn after(
        &self,
        start: Due,
        amount: &Amount,
        norm: &str,
        office: &Office,
        moves: Moves,
    ) -> Counted {
        let seat = office.seat.as_deref();
        let raw = Raw {
            strict: self.added(start.strict, amount, office),
            prudential: self.added(start.prudential, amount, office),
        };
        let (days, unit, norm) = (amount.number, amount.unit, norm.to_owned());
        let mut derivation = vec![if amount.backward {
            Step::Subtracted { days, unit, norm, to: raw.strict }
        } else {
            Step::Added { days, unit, norm, to: raw.strict }
        }];
        let moved = if moves.stands_still { self.moved(raw, start.strict, seat) } else { raw };
        derivation.extend(self.stood_still_step(raw.strict, moved.strict, start.strict));
        if !moves.rolled {
            return Counted { due: Due { strict: moved.strict, prudential: moved.prudential }, derivation };
        }
        let roll = |day, start, reading| self.rolled_as(day, start, amount, seat, reading);
        let strict = roll(moved.strict, start.strict, Reading::Strict);
        let due = Due {
            strict: strict.date,
            prudential: roll(moved.prudential, start.prudential, Reading::Prudential).date,
        };
        if !strict.skipped.is_empty() {
            let (skipped, to) = (strict.skipped, strict.date);
            derivation.push(if amount.backward {
                Step::RolledBack { skipped, to }
            } else {
                Step::Rolled { skipped, to }
            });
        }
        if due.prudential != due.strict {
            let from_strict = roll(due.strict, start.strict, Reading::Prudential);
            let skipped = if from_strict.date == due.prudential { from_strict.skipped } else { Vec::new() };
            derivation.push(Step::Prudential { skipped, to: due.prudential });
        }
        Counted { due, derivation }
    }

    /// The day that so much after `start` is, before holidays move it.
    fn added(&self, start: Date, amount: &Amount, office: &Office) -> Date {
        let signed = if amount.backward { -i32::from(amount.number) } else { i32::from(amount.number) };
        match amount.unit {
            DayUnit::Calendar => add_days(start, i64::from(signed)),
            DayUnit::Months => add_months(start, signed),
            DayUnit::Working => self.calendar.working_days_of(office, start, amount.number, amount.backward),
        }
    }

    fn rolled_as(
        &self,
        day: Date,
        start: Date,
        amount: &Amount,
        seat: Option<&str>,
        reading: Reading,
    ) -> Rolled {
        let still = || Rolled { date: day, skipped: Vec::new() };
        match (amount.calendar, amount.backward) {
            (CalendarKind::National, false) => self.calendar.roll_forward(day, seat, reading),
            (CalendarKind::National, true) => self.calendar.roll_backward(day, seat, reading),
            // Art. 3 par. 4: it "shall not apply to periods calculated retroactively"; the Saturday is settled, so both readings agree.
            (CalendarKind::Eu, true) if !self.calendar.eu_rolls_backward() => still(),
            (CalendarKind::Eu, true) => self.calendar.roll_backward(day, seat, Reading::Prudential),
            (CalendarKind::Eu, false) if amount.unit == DayUnit::Calendar => {
                self.calendar.roll_eu(day, start, amount.number, seat)
            }
            (CalendarKind::Eu, false) => self.calendar.roll_eu(day, start, 0, seat),
        }
    }

    /// S3: moves what was still open on the day of the suspension by the days for which it stood still.
    pub(crate) fn moved(&self, raw: Raw, from: Date, seat: Option<&str>) -> Raw {
        let Some(standstill) = self.standstill else { return raw };
        let days = days_between(standstill.from.max(from), standstill.until).max(0);
        let due = self.roll(raw, seat);
        let moved = |raw, due| if due >= standstill.from { add_days(raw, days) } else { raw };
        Raw { strict: moved(raw.strict, due.strict), prudential: moved(raw.prudential, due.prudential) }
    }

    pub(crate) fn stood_still_step(&self, raw: Date, moved: Date, from: Date) -> Option<Step> {
        let standstill = self.standstill?;
        (moved != raw).then(|| Step::StoodStill {
            from: standstill.from.max(from),
            resumed: standstill.until,
            days: days_between(raw, moved),
            projected: standstill.projected,
            to: moved,
        })
    }

    pub(crate) fn rolled_step(&self, raw: Date, seat: Option<&str>) -> Option<Step> {
        let rolled = self.calendar.roll_forward(raw, seat, Reading::Strict);
        (!rolled.skipped.is_empty()).then_some(Step::Rolled { skipped: rolled.skipped, to: rolled.date })
    }

    pub(crate) fn prudential_step(&self, due: Due, seat: Option<&str>) -> Option<Step> {
        let rolled = self.calendar.roll_forward(due.strict, seat, Reading::Prudential);
        let skipped = if rolled.date == due.prudential { rolled.skipped } else { Vec::new() };
        (due.prudential != due.strict).then_some(Step::Prudential { skipped, to: due.prudential })
    }

    pub(crate) fn roll(&self, raw: Raw, seat: Option<&str>) -> Due {
        Due {
            strict: self.calendar.roll_forward(raw.strict, seat, Reading::Strict).date,
            prudential: self.calendar.roll_forward(raw.prudential, seat, Reading::Prudential).date,
        }
    }
}
