//! What a node watches for without being asked: messages that nobody takes in charge, and notes of silence that a held act contradicts.

use concerto_message::MessageId;
use concerto_port::{Alarm, Write};
use concerto_procedure::acts::{Act, ImpliedGround};
use concerto_procedure::law::Law;
use concerto_procedure::{LegalNow, rome_date};
use jiff::Timestamp;
use jiff::civil::Date;
use std::time::Duration;

use crate::case::{Case, Entry};
use crate::node::Node;
use crate::step::{Step, World};

/// Time between two looks at all cases in memory.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Working days after which a message not taken in charge raises an alarm (protocols/PROTOCOL.md, "Messages").
const TAKING_WORKING_DAYS: u16 = 1;

impl Node {
    /// Looks at the cases in memory now and then, and whenever the day changes.
    pub(crate) fn watch(&mut self, world: &World<'_>, step: &mut Step) {
        let today = rome_date(world.now);
        if self.watched_on == Some(today) && world.monotonic < self.watch_again_at {
            return;
        }
        self.watched_on = Some(today);
        self.watch_again_at = world.monotonic + LOOK_EVERY;
        for case in self.cases.values() {
            step.commit.extend(alarms(case, world.now).into_iter().map(Write::Alarm));
        }
    }
}

/// The alarms that a case gives at an instant. Each is told once: the journal keeps one of a kind.
fn alarms(case: &Case, now: Timestamp) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    for (id, entry) in case.pending() {
        if last_day_to_take(entry).is_some_and(|day| LegalNow(now).date() > day) {
            alarms.push(not_taken(case, id, entry, now));
        }
    }
    for (note, entry) in case.entries() {
        let Ok(Act::ImpliedAssent(implied)) = &entry.act else { continue };
        let contradicts = |(id, held): &(&MessageId, &Entry)| {
            held.author == implied.body
                && case.is_determination(**id)
                && (!implied.messages.contains(*id) || implied.ground == ImpliedGround::Silence)
                && !case.is_taken(**id)
        };
        if let Some((act, _)) = case.entries().find(contradicts) {
            alarms.push(contested(case, *note, *act, now));
        }
    }
    alarms
}

/// The last day on which the procedente takes a message in charge without an alarm; none if the law's data cannot be read.
fn last_day_to_take(entry: &Entry) -> Option<Date> {
    let calendar = &Law::embedded()?.calendar;
    Some(calendar.add_working_days(rome_date(entry.received_at), TAKING_WORKING_DAYS, None))
}

fn not_taken(case: &Case, message: MessageId, entry: &Entry, at: Timestamp) -> Alarm {
    Alarm {
        conference: Some(case.id().clone()),
        code: "act.not-taken".into(),
        subject: message.to_string(),
        at,
        text: format!(
            "Il messaggio {} di {} è ricevuto da più di un giorno lavorativo e la procedente {} non lo ha preso in carico: \
             contattarla; finché non lo fa l'atto non ha effetto.",
            message.short(),
            entry.author,
            case.lead()
        ),
    }
}

fn contested(case: &Case, note: MessageId, act: MessageId, at: Timestamp) -> Alarm {
    Alarm {
        conference: Some(case.id().clone()),
        code: "implied-assent.contested".into(),
        subject: format!("{note} {act}"),
        at,
        text: format!(
            "La procedente prende atto di un silenzio ({}), ma questo nodo conserva una determinazione della stessa \
             amministrazione ({}) non presa in carico: il silenzio assenso è contestato.",
            note.short(),
            act.short()
        ),
    }
}
