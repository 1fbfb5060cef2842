//! What is recorded in the conference: a delivery that is proved, a message of a node that came by PEC, and what an official confirmed. The evidence is
//! the mail itself, the first document of the record (CAD art. 48; RULES T8, T9).

use concerto_core::{Case, Content, Fault, NewDocument, Order};
use concerto_crypto_openssl::OpensslRandom;
use concerto_message::limits::{CHUNK_BYTES, SMALL_DOCUMENT_BYTES_MAX};
use concerto_message::{Audience, ConferenceId, Digest, MessageId, Salt, Writer};
use concerto_port::{DocumentStore, Random};
use concerto_procedure::acts::{Act, Channel, Direction, Outside, RecordedExchange};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::home::Home;
use crate::output::Failure;
use crate::views;

/// The media type of a mail.
const MAIL_TYPE: &str = "message/rfc822";

/// What is to be recorded.
pub(crate) struct Record<'a> {
    pub(crate) conference: &'a ConferenceId,
    pub(crate) party: Outside,
    pub(crate) direction: Direction,
    pub(crate) channel: Channel,
    /// The certified time; of what nobody certifies, when it was read.
    pub(crate) at: Timestamp,
    /// The message that it carries or answers.
    pub(crate) about: Option<MessageId>,
    /// The address of the party.
    pub(crate) address: &'a str,
    /// The subject of the mail.
    pub(crate) subject: &'a str,
    /// The mail that is the evidence.
    pub(crate) evidence: &'a [u8],
    /// Why it went by PEC (`outgoing::Reason`); empty where it came in.
    pub(crate) why: &'a str,
    /// Who may see it.
    pub(crate) audience: Audience,
}

impl Record<'_> {
    fn act(&self) -> RecordedExchange {
        RecordedExchange {
            party: self.party.clone(),
            direction: self.direction,
            channel: self.channel,
            at: self.at,
            about: self.about,
        }
    }

    /// The record of it that stands in the conference already, if one does: an order that was given before and whose answer was lost.
    pub(crate) fn found(&self, case: &Case) -> Option<MessageId> {
        let act = self.act();
        case.state().exchanges().iter().find(|exchange| exchange.act == act).map(|exchange| exchange.message)
    }

    /// The order; its key is the evidence, so that it has its effect once.
    pub(crate) fn order(&self, home: &Home) -> Result<Order, Failure> {
        let (content, stored) = self.content(home)?;
        let document =
            NewDocument { media_type: MAIL_TYPE.to_owned(), audience: self.audience.clone(), content };
        let act = self.act();
        let key = Digest::of_parts(&[b"pec/record/", Digest::of(self.evidence).0.as_slice()]);
        let facts = serde_json::to_vec(&act).unwrap_or_default();
        let order = Order::Send {
            conference: self.conference.clone(),
            act: Act::RecordedExchange(act),
            behalf: None,
            body: Some(self.body(home)),
            body_audience: Audience::ALL,
            documents: vec![document],
            wait: false,
        };
        let request = Digest::of_parts(&[b"pec/record/", &facts, if stored { b"+" } else { b"-" }]);
        Ok(Order::Once { key, request, order: Box::new(order) })
    }

    /// A small mail goes with the order; a larger one is stored first, as documents of any size are.
    fn content(&self, home: &Home) -> Result<(Content, bool), Failure> {
        if self.evidence.len() <= CHUNK_BYTES && (CHUNK_BYTES as u64) <= SMALL_DOCUMENT_BYTES_MAX {
            return Ok((Content::Bytes(self.evidence.to_vec()), false));
        }
        let salt = Salt(OpensslRandom.nonce());
        let size = self.evidence.len() as u64;
        let added = home.documents()?.add(salt, MAIL_TYPE, size, &mut &*self.evidence);
        let held = added.map_err(|error| Failure::environment(error.code(), &error))?;
        Ok((Content::Held(held.digest), true))
    }

    fn body(&self, home: &Home) -> Value {
        let name = match &self.party {
            Outside::Applicant => "Richiedente".to_owned(),
            Outside::Body(body) => views::name_of(home, body),
        };
        let (subject, description, evidence) = match self.direction {
            Direction::Sent => (
                "Consegna per posta elettronica certificata",
                "Il messaggio indicato è stato consegnato nella casella PEC del destinatario.",
                "Ricevuta di avvenuta consegna (primo documento)",
            ),
            Direction::Received if self.channel == Channel::Pec => (
                "Ricezione per posta elettronica certificata",
                "Messaggio ricevuto per posta elettronica certificata.",
                "Messaggio originale con la busta del gestore (primo documento)",
            ),
            Direction::Received => (
                "Ricezione per posta elettronica ordinaria",
                "Messaggio ricevuto per posta elettronica: nessun gestore ne certifica mittente e ora.",
                "Messaggio originale (primo documento)",
            ),
        };
        let said: String = self.subject.chars().filter(|c| !c.is_control()).take(300).collect();
        json!({
            "schema": "urn:concerto:schema:body:recorded-exchange:1",
            "language": "it",
            "subject": subject,
            "counterpart": { "name": name, "address": self.address },
            "description": format!("{description}{} Oggetto: «{said}».", reason(self.why)),
            "evidence": evidence,
        })
    }
}

/// Why a message went by PEC, for whoever reads the record.
fn reason(why: &str) -> &'static str {
    match why {
        "no-node" => " È andato per PEC perché il destinatario non ha un nodo.",
        "no-receipt" => {
            " È andato per PEC perché il nodo del destinatario non ne ha dato ricevuta nel tempo previsto."
        }
        "term-ending" => " È andato per PEC perché il termine scadeva e nessuna ricevuta era giunta.",
        "on-demand" => " È andato per PEC perché un funzionario lo ha chiesto.",
        _ => "",
    }
}

/// The body whose certified mailbox an address is, among those of a conference.
pub(crate) fn body_of(
    store: &concerto_store_sqlite::MailStore,
    conference: &ConferenceId,
    address: &str,
) -> Result<Option<Writer>, Failure> {
    let sent = store.sent_in(conference)?;
    let found = sent.into_iter().find(|mail| mail.recipient.as_deref() == Some(address));
    Ok(found.map(|mail| mail.body))
}

/// A fault of an order as why a person must look.
pub(crate) fn why(fault: &Fault) -> super::facts::Why {
    super::facts::Why { code: fault.code.clone(), text: fault.text.clone(), text_en: fault.text_en.clone() }
}
