//! What the case officer can do next, in words.

use concerto_message::Writer;
use concerto_procedure::language::date_text;
use concerto_procedure::view::Action;
use jiff::civil::Date;

use crate::home::Home;
use crate::output::Output;
use crate::views::{lang, name_of};

/// An action in one line.
pub(crate) fn text(out: Output, home: &Home, action: &Action) -> String {
    let who = |w: &Writer| name_of(home, w);
    let day = |d: &Date| date_text(*d, lang(out));
    let (it, en, what) = match action {
        Action::Convene => ("indire la conferenza", "convene the conference", String::new()),
        Action::ObtainReceipt { body } => {
            ("ottenere la prova di ricezione da", "obtain proof of receipt from", who(body))
        }
        Action::ConsiderSuspension { requests } => (
            "valutare la sospensione; richieste di integrazioni:",
            "consider suspending; requests for integrations:",
            requests.len().to_string(),
        ),
        Action::ForwardIntegrations { until } => (
            "trasmettere le integrazioni quando arrivano; la sospensione termina",
            "forward the integrations when they come; the suspension ends",
            day(until),
        ),
        Action::DecideDispute { message } => (
            "decidere se è tempestivo l'atto contestato",
            "decide whether the disputed act came in time:",
            message.short(),
        ),
        Action::ConsiderRelease { body, .. } => (
            "valutare la declaratoria di non competenza di",
            "consider the competence statement of",
            who(body),
        ),
        Action::TakeNoteOfSilence { draft } => {
            ("prendere atto del silenzio di", "take note of the silence of", who(&draft.body))
        }
        Action::ObtainExpressAct { body } => (
            "ottenere l'atto espresso (il silenzio non vale) da",
            "obtain the express act (silence is no assent) from",
            who(body),
        ),
        Action::HearOnPrescriptions { .. } => {
            ("sentire le parti sulle prescrizioni", "hear the parties on the prescriptions", String::new())
        }
        Action::Conclude { .. } => {
            ("adottare la determinazione conclusiva", "adopt the final determination", String::new())
        }
        Action::AwaitObservations { until } => (
            "attendere le osservazioni del richiedente fino a",
            "await the applicant's observations until",
            until.as_ref().map_or_else(|| "-".to_owned(), day),
        ),
        Action::ConveneAgain { .. } => {
            ("indire di nuovo dopo le osservazioni", "convene again after the observations", String::new())
        }
        Action::CallMeeting { .. } => ("convocare la riunione", "call the meeting", String::new()),
        Action::ObtainRepresentative { bodies } => (
            "ottenere la nomina del rappresentante unico per",
            "obtain the appointment of the single representative for",
            bodies.iter().map(who).collect::<Vec<_>>().join(", "),
        ),
        Action::HoldSession { on } => {
            ("tenere la seduta e redigere il verbale:", "hold the session and draw up its minutes:", day(on))
        }
        Action::StateEfficacy { .. } => ("attestare l'efficacia", "state the efficacy", String::new()),
    };
    format!("{} {what}", out.say(it, en)).trim_end().to_owned()
}
