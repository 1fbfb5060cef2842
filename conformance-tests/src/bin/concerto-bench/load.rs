//! The load: as many connections as exchanges are to be in flight, each giving its next order when the last is receipted.

use concerto_message::{ConferenceId, MessageId};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::control::Control;
use crate::federation::Serving;
use crate::report::Exchanges;
use crate::settings::Failed;

/// One measurement.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) in_flight: usize,
    /// Whether each message lists a small document that the other body then fetches.
    pub(crate) with_document: bool,
    /// Orders before this time are given but not counted.
    pub(crate) warm_up: Duration,
    pub(crate) time: Duration,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Run {
    /// Every message whose receipt was seen, also those of the warm-up.
    pub(crate) messages: Vec<MessageId>,
    /// Time from order to receipt of each counted exchange, in order of length.
    taken: Vec<Duration>,
    /// What the counted exchanges took together.
    elapsed: Duration,
}

impl Run {
    pub(crate) fn measured(&self, in_flight: usize) -> Exchanges {
        Exchanges {
            in_flight,
            count: self.taken.len(),
            per_second: self.taken.len() as f64 / self.elapsed.as_secs_f64(),
            p50_ms: self.percentile(50),
            p99_ms: self.percentile(99),
        }
    }

    fn percentile(&self, percent: usize) -> f64 {
        let place = (self.taken.len() * percent / 100).min(self.taken.len().saturating_sub(1));
        self.taken.get(place).map_or(0.0, |taken| taken.as_secs_f64() * 1e3)
    }
}

/// Gives orders for the time of the plan.
pub(crate) fn run(lead: &Serving, conference: &ConferenceId, plan: &Plan) -> Result<Run, Failed> {
    let order = order(conference, plan.with_document).to_string().into_bytes();
    let counted_from = Instant::now() + plan.warm_up;
    let until = counted_from + plan.time;
    let connection = || -> Result<(Vec<MessageId>, Vec<Duration>), Failed> {
        let mut control = Control::open(&lead.socket)?;
        let (mut messages, mut taken) = (Vec::new(), Vec::new());
        loop {
            let begun = Instant::now();
            if begun >= until {
                return Ok((messages, taken));
            }
            let reply = control.order(&order)?;
            messages.push(serde_json::from_value(reply.get("message").cloned().unwrap_or_default())?);
            let ended = Instant::now();
            // what ends within the time counted, so that count and time belong together
            if ended >= counted_from && ended < until {
                taken.push(ended - begun);
            }
        }
    };
    let mut run = Run { messages: Vec::new(), taken: Vec::new(), elapsed: plan.time };
    std::thread::scope(|scope| {
        let connections: Vec<_> = (0..plan.in_flight).map(|_| scope.spawn(connection)).collect();
        for connection in connections {
            let (messages, taken) = connection.join().map_err(|_| "a connection's thread failed")??;
            run.messages.extend(messages);
            run.taken.extend(taken);
        }
        Ok::<(), Failed>(())
    })?;
    run.taken.sort();
    Ok(run)
}

/// A message that the lead may write as often as it wants: without a document the digest of its terms, which is all facts; with
/// one the record of a communication, with its evidence.
fn order(conference: &ConferenceId, with_document: bool) -> Value {
    let zeros = "0".repeat(64);
    let term = json!({ "term": "notice", "strict": "2026-11-30", "prudential": "2026-11-30" });
    let (act, documents) = if with_document {
        let facts = json!({ "party": "applicant", "direction": "sent", "channel": "pec", "at": "2026-01-02T03:04:05Z" });
        let document = json!({ "media_type": "text/plain", "audience": "participants", "bytes": "cHJvdmE=" });
        (json!({ "type": "RecordedExchange", "facts": facts }), json!([document]))
    } else {
        let facts = json!({ "lead_head": zeros, "digest": zeros, "terms": [term] });
        (json!({ "type": "TermDigest", "facts": facts }), json!([]))
    };
    json!({
        "order": "send", "conference": conference, "act": act, "body": null, "body_audience": "participants",
        "documents": documents, "wait": true,
    })
}
