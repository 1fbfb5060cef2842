//! The law of the *conferenza di servizi* (L. 241/1990 artt. 14 ff.), as pure functions.

pub mod acts;
pub mod calendar;
pub mod law;
pub mod legal_time;
pub mod regime;
