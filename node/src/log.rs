//! The log of a node: to the error output, and no more than so many lines a minute from each place in the program, whatever peers do.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracing::callsite::Identifier;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

/// What is told unless `CONCERTO_LOG` says otherwise. The libraries below the transport write a line for each stream that a peer
/// begins and should not: only their errors.
const DEFAULT: &str = "warn,libp2p_swarm=error,libp2p_request_response=error,libp2p_yamux=error,yamux=error,multistream_select=error";
/// Most lines from one place in the program within [`WINDOW`].
const LINES_MAX: u32 = 200;
/// The time in which lines are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Sets the log up; `CONCERTO_LOG` chooses what is told (see the tracing-subscriber filter syntax).
pub(crate) fn to_stderr(json: bool) {
    let filter = EnvFilter::try_from_env("CONCERTO_LOG").unwrap_or_else(|_| EnvFilter::new(DEFAULT));
    let registry = tracing_subscriber::registry().with(filter).with(Thrifty::default());
    let lines = fmt::layer().with_writer(std::io::stderr);
    if json { registry.with(lines.json()).init() } else { registry.with(lines).init() }
}

/// Counts the lines of each place; those beyond the bound are not written.
#[derive(Debug, Default)]
struct Thrifty(Mutex<HashMap<Identifier, Place>>);

#[derive(Debug)]
struct Place {
    since: Instant,
    lines: u32,
}

impl Thrifty {
    fn may_write(&self, place: Identifier, now: Instant) -> bool {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(place).or_insert(Place { since: now, lines: 0 });
        if now.duration_since(place.since) >= WINDOW {
            *place = Place { since: now, lines: 0 };
        }
        place.lines = place.lines.saturating_add(1);
        place.lines <= LINES_MAX
    }
}

impl<S: Subscriber> Layer<S> for Thrifty {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.may_write(event.metadata().callsite(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Callsite;

    /// It would catch a bound that is never lifted again.
    #[test]
    fn a_place_is_silent_beyond_its_bound_and_speaks_again_later() {
        let place = || {
            static CALLSITE: tracing::callsite::DefaultCallsite = {
                static META: tracing::Metadata<'static> = tracing::metadata! {
                    name: "place", target: "test", level: tracing::Level::WARN, fields: &[],
                    callsite: &CALLSITE, kind: tracing::metadata::Kind::EVENT
                };
                tracing::callsite::DefaultCallsite::new(&META)
            };
            CALLSITE.metadata().callsite()
        };
        let (thrifty, now) = (Thrifty::default(), Instant::now());
        for _ in 0..LINES_MAX {
            assert!(thrifty.may_write(place(), now));
        }
        assert!(!thrifty.may_write(place(), now + WINDOW / 2));
        assert!(thrifty.may_write(place(), now + WINDOW));
    }
}
