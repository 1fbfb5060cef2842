//! The law's numbers: a large case folded from its events, and the own time of `concerto terms`.

use concerto_message::{ConferenceId, Digest, MessageId, Writer};
use concerto_procedure::acts::{
    Act, Determination, Form, Invited, Kind, Notice, Position, RequestedAct, SensitiveInterest,
    SensitiveScope,
};
use concerto_procedure::{Event, Evidence, Regime, fold, proposed_dates};
use jiff::civil::{Date, date};
use jiff::{Span, Timestamp};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::settings::Failed;

/// Bodies and messages of the case that is folded.
const BODIES: u32 = 50;
const MESSAGES: u32 = 5_000;
/// Folding it takes less than this.
pub(crate) const REPLAY_MS_MAX: f64 = 50.0;
/// A run of `concerto terms` takes less than this, with its start.
pub(crate) const TERMS_MS_MAX: f64 = 10.0;
/// Runs of each, of which the median counts.
const RUNS: usize = 21;
const NOTICE: Date = date(2026, 11, 30);

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Law {
    /// Median time of a fold.
    pub(crate) replay_ms: f64,
    /// Median time of `concerto terms`, from outside.
    pub(crate) terms_ms: f64,
}

/// Measures both.
pub(crate) fn measure(concerto: &Path) -> Result<Law, Failed> {
    let (id, events) = case()?;
    let replay_ms = median(|| {
        let state = fold(id.clone(), &events);
        let counted = state.determinations().count();
        if state.anomalies().is_empty() && counted > 0 {
            Ok(())
        } else {
            Err("the case does not fold".into())
        }
    })?;
    let terms_ms = median(|| {
        let arguments = ["terms", "--received", "2026-11-30", "--sensitive", "--format", "json"];
        let done = Command::new(concerto).args(arguments).stdout(Stdio::null()).status()?;
        if done.success() { Ok(()) } else { Err("concerto terms failed".into()) }
    })?;
    Ok(Law { replay_ms, terms_ms })
}

fn median(mut run: impl FnMut() -> Result<(), Failed>) -> Result<f64, Failed> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begun = Instant::now();
        run()?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(RUNS / 2).copied().unwrap_or_default())
}

/// A notice to all bodies, a proof of receipt of each, and then determinations, each replacing the one before.
fn case() -> Result<(ConferenceId, Vec<Event>), Failed> {
    let id: ConferenceId = "r_marche/BENCH/00112233445566778899aabbccddeeff".parse()?;
    let bodies: Vec<Writer> =
        (0..BODIES).map(|number| format!("c_b{number:03}/BENCH").parse()).collect::<Result<_, _>>()?;
    let at = |minutes: u32| -> Result<Timestamp, Failed> {
        let begin: Timestamp = "2026-11-30T08:00:00Z".parse()?;
        Ok(begin.checked_add(Span::new().minutes(minutes))?)
    };
    let notice = notice(&bodies, NOTICE)?;
    let lead = message(0);
    let regime = Regime::on(NOTICE)?.id.clone();
    let mut events = vec![Event::Lead { message: lead, issued_at: at(0)?, regime, act: Act::Notice(notice) }];
    for number in 1..MESSAGES {
        let body = bodies.get(number as usize % bodies.len()).ok_or("no body")?.clone();
        let instant = at(number)?;
        events.push(if number <= BODIES {
            Event::Delivered { message: lead, body, at: instant, receipt: Digest::of(&number.to_be_bytes()) }
        } else {
            let evidence = Evidence::at(instant);
            let act = Act::Determination(assent());
            Event::Taken { message: message(number), author: body, issued_at: instant, act, evidence }
        });
    }
    Ok((id, events))
}

pub(crate) fn message(number: u32) -> MessageId {
    MessageId(Digest::of(&number.to_le_bytes()))
}

pub(crate) fn notice(bodies: &[Writer], on: Date) -> Result<Notice, Failed> {
    let call = |(number, body): (usize, &Writer)| Invited {
        body: body.clone(),
        acts: vec![RequestedAct { act: "parere".to_owned(), eu_express_act: None }],
        sensitive: if number % 5 == 0 { vec![SensitiveInterest::Landscape] } else { Vec::new() },
        seat: None,
        level: None,
    };
    let invited: Vec<Invited> = bodies.iter().enumerate().map(call).collect();
    Ok(Notice {
        kind: Kind::Decision,
        form: Form::Simplified,
        party_initiated: true,
        started_on: on,
        regime_basis_date: on,
        dates: proposed_dates(on, &invited).map_err(|refusal| refusal.code())?,
        sensitive_scope: SensitiveScope::Own,
        invited,
        round: 1,
        sector: None,
    })
}

pub(crate) fn assent() -> Determination {
    Determination {
        position: Position::Assent,
        round: 1,
        acts: vec!["parere".to_owned()],
        prescriptions: Vec::new(),
    }
}
