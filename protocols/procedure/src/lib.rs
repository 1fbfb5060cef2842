//! The law of the *conferenza di servizi* (L. 241/1990 artt. 14 ff.), as pure functions: no clock, no files, no randomness.
//!
//! - [`calendar`], [`regime`], [`procedures`]: holidays and numbers of days, as dated data with their citations; [`profile`]: what a
//!   signed local file adds to them.
//! - [`counting`], [`one_term`], [`mod@schedule`]: one term from its start, and the terms of a case from its events, without any conference.
//! - [`conference`]: the state, which [`evolve::evolve`] folds from the events of the procedente's chain; total, never failing.
//! - [`guards`]: one check for each act; [`decide::decide`] asks it before an act is signed, `evolve` when it is folded.
//! - [`mod@terms`], [`timeliness`]: until when, why, and what came in time; computed from the state on demand, never frozen.
//! - [`mod@duties`]: what each administration must or may do, by when.
//! - [`view`]: what people see at an instant. [`refusal`]: every no, with its code, its norm and its words.
//!
//! Conferences that nodes hold, under the regime of the day of their notice: the simplified and the simultaneous *conferenza decisoria* (art.
//! 14-bis, 14-ter), the *istruttoria*, those of the earthquake and of electronic communications. Dates of other kinds of case are
//! computed by `schedule`. Values that the sources leave open are refused by name.

pub mod acts;
pub mod calendar;
pub mod conference;
pub mod counting;
pub mod decide;
pub mod duties;
pub mod evolve;
pub mod guards;
pub mod language;
pub mod law;
pub mod legal_time;
pub mod one_term;
pub mod phase;
pub mod procedures;
pub mod profile;
pub mod refusal;
pub mod regime;
mod sayings;
pub mod schedule;
pub mod schedule_words;
pub mod sittings;
pub mod term;
pub mod terms;
pub mod timeliness;
pub mod view;
pub mod warning;

#[cfg(test)]
mod behalf_stories_tests;
#[cfg(test)]
mod guards_positions_tests;
#[cfg(test)]
mod guards_tests;
#[cfg(test)]
mod meeting_stories_tests;
#[cfg(test)]
mod meeting_walks_tests;
#[cfg(test)]
mod properties_tests;
#[cfg(test)]
mod sector_stories_tests;
#[cfg(test)]
mod stories_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod walks_tests;

pub use conference::{Conference, Evidence};
pub use decide::{Command, Decided, decide};
pub use duties::{Agenda, Duty, agenda, duties};
pub use evolve::{Event, evolve, fold};
pub use guards::{dates_after_integrations, proposed_dates, proposed_dates_in};
pub use language::Lang;
pub use legal_time::{LegalNow, end_of, expired, rome_date};
pub use refusal::{Refusal, Warning};
pub use regime::{Force, Regime};
pub use term::{Term, terms_digest};
pub use terms::{term_of, terms};
pub use timeliness::{Disputed, Late, Timeliness, Timely};
pub use view::{Action, BodyStatus, ConferenceView, Phase};
