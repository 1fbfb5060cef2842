//! Facts of an act that follow from the record, so that nobody has to copy them: dates, rounds, references, proofs.
//!
//! Only what the law or the chain determines is computed here (L. 241/1990 art. 14-bis; RULES B, C). Positions, outcomes, findings,
//! judgements and the acceptance of prescriptions are a person's, and never are. A value that is written stays as it is written.

use concerto_core::{Case, Fault};
use concerto_message::ids::Nonce;
use concerto_message::link::{LINK_VERSION, Represented};
use concerto_message::{ConferenceId, Incarnation, Payload, Writer};
use concerto_procedure::acts::{
    Act, Behalf, Channel, Direction, Efficacy, Form, Invited, Outside, StatedDates, TermKind,
};
use concerto_procedure::conference::{Body, Conference};
use concerto_procedure::timeliness::judge;
use concerto_procedure::{
    Lang, LegalNow, Refusal, Regime, Timeliness, dates_after_integrations, proposed_dates_in, rome_date,
    terms,
};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::output::{Exit, Failure};

/// The word that stands for a value to be computed.
pub(crate) const AUTO: &str = "@auto";

/// What a field that is not written means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// The same as `"@auto"`, where it can be computed.
    Compute,
    /// That it is absent.
    Leave,
}

/// Reads type and facts as an act of this node; every problem names its field.
pub(crate) fn act(type_name: &str, facts: Value) -> Result<Act, Failure> {
    act_for(None, type_name, facts)
}

/// Reads type and facts as an act of this node, or of a body for which it writes: that is written as it came, with what it lacks.
pub(crate) fn act_for(behalf: Option<&Behalf>, type_name: &str, facts: Value) -> Result<Act, Failure> {
    let Some(urn) = concerto_schemas::schema_urn_for_type(type_name) else {
        let known = concerto_schemas::known_types().collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(
            "act.type",
            format!("Il tipo di atto `{type_name}` non esiste. Tipi: {known}."),
            format!("There is no type of act `{type_name}`. Types: {known}."),
        ));
    };
    let problems = fact_problems(urn, type_name, behalf, &facts);
    if !problems.is_empty() {
        let fault = |(at, what): (String, String)| {
            Fault::new(
                "act.facts",
                format!("{type_name}, fatti, `{at}`: {what}"),
                format!("{type_name}, facts, `{at}`: {what}"),
            )
        };
        return Err(Failure { exit: Exit::Usage, faults: problems.into_iter().map(fault).collect() });
    }
    serde_json::from_value(json!({ "type": type_name, "facts": facts })).map_err(|e| {
        Failure::usage("act.facts", format!("{type_name}, fatti: {e}"), format!("{type_name}, facts: {e}"))
    })
}

/// What the schema of this type says of these facts: place and problem.
pub(crate) fn fact_problems(
    urn: &str,
    type_name: &str,
    behalf: Option<&Behalf>,
    facts: &Value,
) -> Vec<(String, String)> {
    let Some(link) = sample_link(urn, type_name, behalf, facts) else { return Vec::new() };
    let found = concerto_schemas::check(urn, &link);
    let Err(error) = found else { return Vec::new() };
    let place = |at: &str| at.strip_prefix("/facts").map(|rest| rest.trim_start_matches('/').to_owned());
    error.problems().iter().filter_map(|p| Some((place(&p.at)?, p.what.clone()))).collect()
}

/// A link around these facts, to ask the schema, which is one for envelope and facts.
fn sample_link(urn: &str, type_name: &str, behalf: Option<&Behalf>, facts: &Value) -> Option<Value> {
    let writer: Writer = "ipa/AOO".parse().ok()?;
    let payload = Payload {
        link: LINK_VERSION,
        schema: urn.to_owned(),
        message_type: type_name.to_owned(),
        federation: "https://federation.example".parse().ok()?,
        conference: ConferenceId::new(writer.clone(), Nonce([0; 16])),
        writer,
        incarnation: Incarnation { counter: 1, nonce: Nonce([0; 16]) },
        sequence: 1,
        previous: None,
        observed: Vec::new(),
        issued_at: Timestamp::UNIX_EPOCH,
        on_behalf_of: behalf.map(|behalf| Represented::body(&behalf.body, behalf.evidence)),
        legal_basis: Vec::new(),
        regime: "R1b".to_owned(),
        facts: facts.clone(),
        body: None,
        documents: Vec::new(),
    };
    serde_json::to_value(payload).ok()
}

/// The facts of a conference's first notice.
pub(crate) fn notice(facts: Value, now: Timestamp, absent: Absent) -> Result<Value, Failure> {
    let mut fill = Fill::new("Notice", facts, absent)?;
    notice_fields(&mut fill, 1, now)?;
    fill.finish()
}

/// The facts of an act of `me` in a conference, as its record stands.
pub(crate) fn facts(
    type_name: &str,
    facts: Value,
    case: &Case,
    me: &Writer,
    now: Timestamp,
    absent: Absent,
) -> Result<Value, Failure> {
    let conference = case.state();
    let round = conference.round();
    let mut fill = Fill::new(type_name, facts, absent)?;
    match type_name {
        "Notice" => notice_fields(&mut fill, round + 1, now)?,
        "Suspension" => {
            fill.put("suspended_on", || Some(rome_date(now)))?;
            fill.put("requests", || Some(timely_requests(conference)))?;
        }
        "IntegrationDelivered" => {
            fill.put("suspension", || Some(conference.suspension()?.message))?;
            let received: Option<Date> = fill.read("received_on");
            fill.put("dates", || dates_after_integrations(conference, received?, LegalNow(now)))?;
        }
        "Determination" => {
            fill.put("round", || Some(round))?;
            fill.put("acts", || Some(asked_of(conference.active_body(me)?)))?;
        }
        "ImpliedAssent" => implied_assent(&mut fill, conference, now)?,
        "FinalDetermination" => {
            fill.put("round", || Some(round))?;
            fill.put("positions", || Some(conference.position_lines()))?;
            fill.put("efficacy", || efficacy(conference))?;
        }
        "EfficacyStatement" => fill.put("conclusion", || Some(conference.conclusion()?.message))?,
        "TermCorrection" => {
            let kind: Option<TermKind> = fill.read("term");
            let body: Option<Writer> = fill.read("body");
            fill.put("from", || {
                let found = terms(conference).into_iter().find(|t| Some(t.kind) == kind && t.body == body)?;
                Some(found.strict)
            })?;
        }
        // of certified mail with a body the provider says when, and terms count from it
        "RecordedExchange" if certified(&fill) => {}
        "RecordedExchange" => fill.put("at", || Some(now))?,
        "MeetingCall" | "DissentToRepresentative" => fill.put("round", || Some(round))?,
        "MeetingMinutes" => {
            fill.put("round", || Some(round))?;
            fill.put("session", || u16::try_from(conference.sessions().count() + 1).ok())?;
            fill.put("meeting", || called_by(conference))?;
        }
        "SilentGrantCertificate" => {
            fill.put("application", || Some(conference.convening_request()?.message))?;
        }
        "RebuttalForwarded" => {
            fill.put("conclusion", || Some(conference.conclusion()?.message))?;
            fill.put("observations", || observations(conference))?;
        }
        _ => {}
    }
    fill.finish()
}

fn certified(exchange: &Fill) -> bool {
    let with_body = exchange.read("party").is_some_and(|party: Outside| party != Outside::Applicant);
    with_body && exchange.read("channel") == Some(Channel::Pec)
}

fn notice_fields(fill: &mut Fill, round: u32, now: Timestamp) -> Result<(), Failure> {
    let today = rome_date(now);
    fill.put("regime_basis_date", || Some(today))?;
    fill.put("round", || Some(round))?;
    let basis: Date = fill.read("regime_basis_date").unwrap_or(today);
    fill.put("sensitive_scope", || Some(Regime::on(basis).ok()?.sensitive_scope))?;
    if fill.wants("dates") {
        let invited: Vec<Invited> = fill.read("invited").ok_or_else(|| fill.unavailable("dates"))?;
        let form = fill.read("form").unwrap_or(Form::Simplified);
        let dates: StatedDates = proposed_dates_in(today, &invited, form, fill.read("sector"))
            .map_err(|refusal| refused(&refusal))?;
        fill.put("dates", || Some(dates))?;
    }
    Ok(())
}

fn refused(refusal: &Refusal) -> Failure {
    Failure::refused(Fault {
        code: refusal.code().to_owned(),
        text: refusal.text(Lang::It),
        text_en: refusal.text(Lang::En),
        norm: refusal.norm().map(str::to_owned),
    })
}

/// What calls the next session: the last call, else the notice.
fn called_by(conference: &Conference) -> Option<concerto_message::MessageId> {
    let call = conference.last_call().map(|call| call.message);
    call.or_else(|| conference.notice().map(|notice| notice.message))
}

/// The record of the applicant's observations on the conclusion that stands.
fn observations(conference: &Conference) -> Option<concerto_message::MessageId> {
    let about = Some(conference.conclusion()?.message);
    let came = conference.exchanges().iter().find(|exchange| {
        let act = &exchange.act;
        act.party == Outside::Applicant && act.direction == Direction::Received && act.about == about
    });
    came.map(|exchange| exchange.message)
}

/// The integration requests that came in time.
fn timely_requests(conference: &Conference) -> Vec<concerto_message::MessageId> {
    let requests = conference.integration_requests().iter();
    let timely = requests.filter(|request| {
        let kind = TermKind::IntegrationRequests;
        matches!(judge(conference, &request.author, kind, &request.evidence), Timeliness::Timely(_))
    });
    timely.map(|request| request.message).collect()
}

fn asked_of(body: &Body) -> Vec<String> {
    body.invited.acts.iter().map(|asked| asked.act.clone()).collect()
}

/// The note as the record gives it; where the law does not allow one, its refusal says why.
fn implied_assent(fill: &mut Fill, conference: &Conference, now: Timestamp) -> Result<(), Failure> {
    const FIELDS: [&str; 6] = ["ground", "round", "strict", "prudential", "proof_of_receipt", "messages"];
    let Some(body) = fill.read::<Writer>("body").filter(|_| FIELDS.iter().any(|field| fill.wants(field)))
    else {
        return Ok(());
    };
    let draft = conference.implied_assent_of(&body, LegalNow(now)).map_err(|refusal| refused(&refusal))?;
    let draft = serde_json::to_value(draft).map_err(|e| Failure::environment("act.facts", &e))?;
    for field in FIELDS {
        fill.put(field, || draft.get(field).cloned())?;
    }
    Ok(())
}

/// Immediate where nobody dissented; where a dissent was overcome a person must say (art. 14-quater c. 3).
fn efficacy(conference: &Conference) -> Option<Efficacy> {
    let dissent = conference.position_lines().iter().any(|line| line.position.is_dissent());
    (!dissent).then_some(Efficacy::Immediate)
}

/// Facts being completed.
struct Fill {
    type_name: String,
    facts: Map<String, Value>,
    absent: Absent,
}

impl Fill {
    fn new(type_name: &str, facts: Value, absent: Absent) -> Result<Self, Failure> {
        match facts {
            Value::Object(facts) => Ok(Self { type_name: type_name.to_owned(), facts, absent }),
            _ => Err(Failure::usage(
                "act.facts",
                format!("{type_name}: i fatti non sono un oggetto JSON o una tabella TOML."),
                format!("{type_name}: the facts are no JSON object or TOML table."),
            )),
        }
    }

    /// Whether a field is to be computed.
    fn wants(&self, field: &str) -> bool {
        match self.facts.get(field) {
            None => self.absent == Absent::Compute,
            Some(value) => value == AUTO,
        }
    }

    /// A field as written or computed so far; none where it is absent or has another form.
    fn read<T: DeserializeOwned>(&self, field: &str) -> Option<T> {
        serde_json::from_value(self.facts.get(field)?.clone()).ok()
    }

    /// Computes a field if it is wanted. One that was asked for by name and cannot be had is an error.
    fn put<T: Serialize>(&mut self, field: &str, compute: impl FnOnce() -> Option<T>) -> Result<(), Failure> {
        if !self.wants(field) {
            return Ok(());
        }
        match compute().and_then(|value| serde_json::to_value(value).ok()) {
            Some(value) => {
                self.facts.insert(field.to_owned(), value);
                Ok(())
            }
            None if self.facts.contains_key(field) => Err(self.unavailable(field)),
            None => Ok(()),
        }
    }

    fn unavailable(&self, field: &str) -> Failure {
        let name = &self.type_name;
        Failure::usage(
            "act.auto",
            format!("{name}, `{field}`: il fascicolo non basta per calcolarlo; scrivere il valore."),
            format!("{name}, `{field}`: the record does not suffice to compute it; write the value."),
        )
    }

    /// The facts; a computed value asked for where none can be is an error.
    fn finish(self) -> Result<Value, Failure> {
        match self.facts.iter().find(|(_, value)| *value == AUTO) {
            Some((field, _)) => Err(self.unavailable(field)),
            None => Ok(Value::Object(self.facts)),
        }
    }
}
