//! What an official says of a mail that waits: it is recorded with the mail as evidence, and where it is an act, that is written for the body which sent
//! it (RULES E.4; CAD art. 47, 48). Until then nothing follows from the mail, but that nobody takes note of its body's silence.

use concerto_core::{Case, Fault};
use concerto_message::{Audience, MessageId, Writer};
use concerto_pec::proposal::ProposedAct;
use concerto_procedure::acts::{Act, Behalf, Channel, Direction, Outside};
use concerto_store_sqlite::{MailStore, ReceivedMail};
use serde_json::{Value, json};

use super::commands::{message_of, store, wire};
use super::facts::MailFacts;
use super::queue::{self, Id};
use super::record::{self, Record};
use super::{mailbox, store_path};
use crate::auto::{self, Absent};
use crate::cli::Confirm;
use crate::commands::{give, read_value};
use crate::control::{WireOrder, WireReply};
use crate::failpoint;
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views;

/// Most waiting mails looked at before note is taken of a silence.
const WAITING_MAX: usize = 4096;
/// Longest line of a mail that is quoted, in characters.
const LINE_CHARS_MAX: usize = 300;

/// `concerto pec confirm`.
pub(super) fn confirm(out: Output, home: &Home, options: &Confirm) -> Result<(), Failure> {
    let mut store = store(home)?;
    let mail = queue::came_in(&store, &options.id)?;
    if let Some(decided) = mail.decision.as_deref() {
        return Err(Failure::refused(Fault::new(
            "pec.decided",
            format!("in-{}: è già stato confermato ({decided}).", mail.row),
            format!("in-{}: it was confirmed already ({decided}).", mail.row),
        )));
    }
    let recorded = match options.kind.as_str() {
        "none" => None,
        "other" => Some(record_mail(home, &store, &mail, options)?.0),
        kind => Some(confirm_act(home, &store, &mail, options, act_of(kind)?)?),
    };
    failpoint::hit("pec-confirmed");
    store.decide(mail.row, &options.kind, recorded)?;
    let text = match (recorded, out.italian()) {
        (Some(message), true) => format!("in-{}: registrato, messaggio {message}.", mail.row),
        (Some(message), false) => format!("in-{}: recorded, message {message}.", mail.row),
        (None, true) => format!("in-{}: tolto dalla coda, conservato.", mail.row),
        (None, false) => format!("in-{}: taken from the queue, and kept.", mail.row),
    };
    let id = Id::In(mail.row).to_string();
    out.result(&text, &json!({ "id": id, "kind": options.kind, "recorded": recorded }));
    Ok(())
}

/// Refuses the note of a body's silence while a mail of that body waits to be read (L. 241/1990 art. 14-bis c. 4).
pub(crate) fn nobody_waits(home: &Home, act: &Act, case: &Case) -> Result<(), Failure> {
    let Act::ImpliedAssent(note) = act else { return Ok(()) };
    if !mailbox::is_configured(home) || !store_path(home).exists() {
        return Ok(());
    }
    let store = store(home)?;
    let sent = store.sent_in(case.id())?;
    let theirs = |address: &str| {
        sent.iter().any(|mail| mail.body == note.body && mail.recipient.as_deref() == Some(address))
    };
    let waits = store.waiting(WAITING_MAX)?.into_iter().find(|mail| {
        let here = mail.conference.as_ref().is_none_or(|conference| conference == case.id());
        here && MailFacts::read(mail.facts.as_deref()).sender.is_some_and(|sender| theirs(&sender))
    });
    let Some(mail) = waits.map(|mail| Id::In(mail.row)) else { return Ok(()) };
    let body = &note.body;
    let mut fault = Fault::new(
        "pec.mail.waiting",
        format!(
            "Un messaggio di {body} attende di essere letto: prima di prendere atto del silenzio, `concerto pec show {mail}`."
        ),
        format!(
            "A mail of {body} waits to be read: before taking note of its silence, `concerto pec show {mail}`."
        ),
    );
    fault.norm = Some("L. 241/1990 art. 14-bis c. 4".to_owned());
    Err(Failure::refused(fault))
}

/// The act that a person names, with the type of its message.
fn act_of(kind: &str) -> Result<(ProposedAct, &'static str), Failure> {
    let acts = || ProposedAct::ALL.into_iter().filter_map(|act| Some((act, act.message_type()?)));
    acts().find(|(act, _)| act.name() == kind).ok_or_else(|| {
        let known = acts().map(|(act, _)| act.name()).collect::<Vec<_>>().join("`, `");
        Failure::usage(
            "pec.confirm.kind",
            format!("`{kind}`: i tipi ammessi sono `{known}`, `other` e `none`."),
            format!("`{kind}`: the kinds accepted are `{known}`, `other` and `none`."),
        )
    })
}

/// Records the mail, and writes the act that it is for the body that sent it. Gives the record.
fn confirm_act(
    home: &Home,
    store: &MailStore,
    mail: &ReceivedMail,
    options: &Confirm,
    (act, act_type): (ProposedAct, &'static str),
) -> Result<MessageId, Failure> {
    let facts = facts_of(act, act_type, options)?;
    let text = text_of(act_type, mail, options)?;
    let (evidence, party) = record_mail(home, store, mail, options)?;
    failpoint::hit("pec-confirm-recorded");
    let Outside::Body(body) = party else {
        return Err(Failure::usage(
            "pec.confirm.applicant",
            "Il richiedente non prende posizione: confermare come `other`.",
            "The applicant takes no position: confirm it as `other`.",
        ));
    };
    let conference = mail.conference.as_ref().map(ToString::to_string).unwrap_or_default();
    let case = views::find(home, &conference)?;
    let by_an_earlier_call = case
        .entries()
        .any(|(_, entry)| entry.behalf.as_ref().is_some_and(|behalf| behalf.evidence == evidence));
    if !by_an_earlier_call {
        write_for(home, &case, Behalf { body, evidence }, act_type, facts, text)?;
    }
    Ok(evidence)
}

/// The facts as a person gives them, with the position that it named.
fn facts_of(act: ProposedAct, act_type: &str, options: &Confirm) -> Result<Value, Failure> {
    let mut given = read_value(options.facts.as_deref())?.unwrap_or_else(|| json!({}));
    if act_type != "Determination" {
        return Ok(given);
    }
    let position = given.get("position").and_then(Value::as_str).unwrap_or(act.name());
    if position != act.name() {
        return Err(Failure::usage(
            "pec.confirm.position",
            format!("I fatti dicono `{position}`, non `{}`.", act.name()),
            format!("The facts say `{position}`, not `{}`.", act.name()),
        ));
    }
    if let Some(fields) = given.as_object_mut() {
        fields.insert("position".to_owned(), json!(act.name()));
    }
    Ok(given)
}

/// The text as a person gives it; of a position it may refer to the original.
fn text_of(act_type: &str, mail: &ReceivedMail, options: &Confirm) -> Result<Value, Failure> {
    match read_value(options.body.as_deref())? {
        Some(text) => Ok(text),
        None if act_type == "Determination" => Ok(text_of_original(mail)),
        None => Err(Failure::usage(
            "pec.confirm.body",
            "Manca il testo dell'atto: aggiungere --body FILE.",
            "The text of the act is missing: add --body FILE.",
        )),
    }
}

/// The text of a position that came by mail: what it says stands in the original, which is on record.
fn text_of_original(mail: &ReceivedMail) -> Value {
    let facts = MailFacts::read(mail.facts.as_deref());
    let line =
        |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(LINE_CHARS_MAX).collect() };
    let said = facts.proposal.map(|proposed| proposed.passages).unwrap_or_default();
    let quoted: Vec<String> = said.iter().map(|passage| format!("«{}»", line(passage))).collect();
    let subject = facts.subject.as_deref().map(line).filter(|subject| !subject.is_empty());
    json!({
        "schema": "urn:concerto:schema:body:determination:1",
        "language": "it",
        "subject": subject.unwrap_or_else(|| "Atto pervenuto per posta elettronica".to_owned()),
        "reasons": format!("Come da messaggio originale, registrato. {}", quoted.join(" ")).trim_end(),
        "signatory": {
            "name": "Come da originale", "role": "Come da originale", "power": "Come da originale",
        },
    })
}

fn write_for(
    home: &Home,
    case: &Case,
    behalf: Behalf,
    act_type: &str,
    facts: Value,
    text: Value,
) -> Result<(), Failure> {
    let facts = auto::facts(act_type, facts, case, &behalf.body, home.clock()?.now(), Absent::Compute)?;
    let order = WireOrder::Send {
        conference: case.id().clone(),
        act: auto::act_for(Some(&behalf), act_type, facts)?,
        behalf: Some(behalf),
        body: Some(text),
        body_audience: Audience::ALL,
        documents: Vec::new(),
        wait: false,
    };
    sent(home, order).map(drop)
}

/// Gives an order whose answer is a message.
fn sent(home: &Home, order: WireOrder) -> Result<MessageId, Failure> {
    match give(home, order)? {
        Some(WireReply::Sent { message, .. }) => Ok(message),
        Some(WireReply::Fault { fault }) => Err(Failure::refused(fault)),
        _ => Err(Failure::environment("control.reply", &"an order was answered as another")),
    }
}

/// Records a mail as received, with the mail itself as evidence. Gives the record, and from whom the mail is.
fn record_mail(
    home: &Home,
    store: &MailStore,
    mail: &ReceivedMail,
    options: &Confirm,
) -> Result<(MessageId, Outside), Failure> {
    let facts = MailFacts::read(mail.facts.as_deref());
    let conference = mail.conference.as_ref().ok_or_else(|| {
        Failure::usage(
            "pec.confirm.conference",
            format!(
                "Non si sa a quale conferenza appartiene: `concerto pec link in-{} CONFERENZA`.",
                mail.row
            ),
            format!("Its conference is not known: `concerto pec link in-{} CONFERENCE`.", mail.row),
        )
    })?;
    let case = views::find(home, &conference.to_string())?;
    let address = facts.sender.clone().unwrap_or_default();
    let party = party(store, &case, options.from.as_deref(), &address)?;
    let evidence = store.received_bytes(mail.row)?.ok_or_else(|| {
        Failure::environment(
            "pec.mail.not-given",
            &"the mailbox did not give this mail: its bytes are not here",
        )
    })?;
    let about = options.about.as_deref().map(|text| message_of(&case, text)).transpose()?;
    let audience = match &party {
        Outside::Body(body) => Audience::Only([body.clone()].into()),
        Outside::Applicant => Audience::Only([case.lead().clone()].into()),
    };
    // what no provider certifies is no certified mail, and was received when it was read
    let (channel, at) = match facts.at.filter(|_| facts.counts) {
        Some(certified) => (Channel::Pec, certified),
        None => (Channel::Email, mail.came_at),
    };
    let record = Record {
        conference,
        party: party.clone(),
        direction: Direction::Received,
        channel,
        at,
        about,
        address: &address,
        subject: facts.subject.as_deref().unwrap_or_default(),
        evidence: &evidence,
        why: "",
        audience,
    };
    let recorded = match record.found(&case) {
        Some(found) => found,
        None => sent(home, wire(record.order(home)?)?)?,
    };
    Ok((recorded, party))
}

/// Who sent a mail: as the person says, else the body to whose mailbox something of this conference was sent.
fn party(store: &MailStore, case: &Case, said: Option<&str>, address: &str) -> Result<Outside, Failure> {
    let unknown = || {
        Failure::usage(
            "pec.confirm.from",
            "Non si sa da chi viene: aggiungere --from IPA/AOO, o --from applicant.",
            "It is not known from whom it comes: add --from IPA/AOO, or --from applicant.",
        )
    };
    match said {
        Some("applicant") => Ok(Outside::Applicant),
        Some(text) => {
            let body: Writer = text.parse().map_err(|_| unknown())?;
            case.participants().contains(&body).then_some(Outside::Body(body)).ok_or_else(unknown)
        }
        None => record::body_of(store, case.id(), address)?.map(Outside::Body).ok_or_else(unknown),
    }
}
