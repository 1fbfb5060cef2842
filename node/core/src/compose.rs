//! Writing: an order becomes a signed link on this node's chain, or a refusal that names the norm.

use concerto_exchange::hello::Greeting;
use concerto_message::ids::Nonce;
use concerto_message::jose::{ContentType, Header, SerializationType};
use concerto_message::limits::{BODY_BYTES_MAX, SMALL_DOCUMENT_BYTES_MAX};
use concerto_message::link::{LINK_VERSION, Represented, UnsignedLink};
use concerto_message::receipt::{Covered, RECEIPT_SCHEMA, ReceiptPayload, Refusal, UnsignedReceipt};
use concerto_message::{
    Attachment, Audience, ConferenceId, Digest, Link, Payload, Receipt, ReceiptKind, Salt, Verified, Writer,
};
use concerto_port::{ContentStatus, JournalError, Write};
use concerto_procedure::acts::{Act, Behalf};
use concerto_procedure::decide::{Command, decide};
use concerto_procedure::language::Lang;
use concerto_procedure::legal_time::LegalNow;
use concerto_procedure::refusal::Warning;
use serde_json::Value;

use crate::case::Case;
use crate::caution;
use crate::continuity::Mark;
use crate::fault::Fault;
use crate::node::Node;
use crate::step::{Content, NewDocument, Reply, Step, World, store_full};

/// Code of a fault that passes when the key can be used again.
pub(crate) const SIGNER_UNAVAILABLE: &str = "signer.unavailable";

/// An act with its text and documents, before it is signed.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) act: Act,
    pub(crate) behalf: Option<Behalf>,
    pub(crate) body: Option<Value>,
    pub(crate) body_audience: Audience,
    pub(crate) documents: Vec<NewDocument>,
}

/// What a receipt of this node will say.
#[derive(Debug, Clone)]
pub(crate) struct NewReceipt {
    pub(crate) kind: ReceiptKind,
    pub(crate) messages: Vec<Covered>,
    pub(crate) received_at: jiff::Timestamp,
    pub(crate) refusal: Option<Refusal>,
}

impl Node {
    /// The protected header of everything this node signs.
    pub(crate) fn header(&self, world: &World<'_>, cty: ContentType) -> Header {
        Header {
            alg: world.signer.algorithm(),
            cty,
            iat: world.now.as_second(),
            kid: world.signer.kid().to_owned(),
            trust: world.signer.trust(),
            typ: SerializationType::Jose,
            x5t_s256: world.signer.certificate().to_owned(),
        }
    }

    pub(crate) fn open(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        act: Act,
        body: Option<Value>,
        documents: Vec<NewDocument>,
    ) -> Result<Result<Reply, Fault>, JournalError> {
        let id = ConferenceId::new(self.identity.writer.clone(), Nonce(world.random.nonce()));
        let draft = Draft { act, behalf: None, body, body_audience: Audience::ALL, documents };
        self.write(world, step, Case::new(id), draft)
    }

    pub(crate) fn send(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        conference: &ConferenceId,
        draft: Draft,
    ) -> Result<Result<Reply, Fault>, JournalError> {
        self.load_case(world, conference)?;
        match self.cases.remove(conference) {
            Some(case) => self.write(world, step, case, draft),
            None => Ok(Err(Fault::new(
                "conference.unknown",
                format!(
                    "La conferenza {conference} non è conosciuta da questo nodo. Vedere `concerto conference list`."
                ),
                format!("This node does not know conference {conference}. See `concerto conference list`."),
            ))),
        }
    }

    /// Decides, signs and enqueues. The case goes back into memory whatever happens.
    pub(crate) fn write(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        mut case: Case,
        draft: Draft,
    ) -> Result<Result<Reply, Fault>, JournalError> {
        let conference = case.id().clone();
        let known = case.entries().next().is_some();
        if let Some(fault) = self.closed(world) {
            if known {
                self.keep_case(case);
            }
            return Ok(Err(fault));
        }
        let before = case.participants().clone();
        let result = self.write_in(world, step, &mut case, draft);
        if known || result.is_ok() {
            self.keep_case(case);
        }
        let (link, warnings) = match result {
            Ok(done) => done,
            Err(fault) => return Ok(Err(fault)),
        };
        self.enqueue_own(world, step, &conference, &link)?;
        let called = self.cases.get(&conference).map(Case::participants);
        let joined: Vec<Writer> =
            called.into_iter().flatten().filter(|p| !before.contains(*p)).cloned().collect();
        // the link that calls a body goes to it first: by the earlier ones alone it could not know that it is called
        self.enqueue_for_new(world, step, &conference, &joined);
        Ok(Ok(Reply::Sent { conference, message: link.id(), warnings }))
    }

    fn write_in(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        case: &mut Case,
        draft: Draft,
    ) -> Result<(Verified<Link>, Vec<Fault>), Fault> {
        let me = self.identity.writer.clone();
        let now = LegalNow(world.now);
        let command = match draft.behalf {
            None => Command::Write { author: me, act: draft.act },
            Some(behalf) => Command::WriteFor { author: me, behalf, act: draft.act },
        };
        let decided = decide(case.state(), command, now).map_err(|r| refusal_fault(&r))?;
        let mut warnings: Vec<Fault> = decided.warnings().iter().map(warning_fault).collect();
        warnings.extend(caution::check(case, decided.act())?);
        caution::original(decided.act(), &draft.documents)?;
        let regime = decided.regime().to_owned();
        let behalf = decided.behalf().cloned();
        let act = decided.into_act();
        let body = match draft.body {
            Some(value) => Some(store_body(world, act_type(&act)?.0.as_str(), &value, draft.body_audience)?),
            None => None,
        };
        let mut documents = Vec::with_capacity(draft.documents.len());
        for document in draft.documents {
            documents.push(store_document(world, document)?);
        }
        if self.renewal_due {
            let lives = case.chain(&self.identity.writer).map(|c| c.incarnations().map(|i| i.counter).max());
            self.reincarnate(world, step, lives.flatten().unwrap_or(0));
        }
        let payload = self.payload(world, case, (&act, behalf.as_ref()), regime, body, documents)?;
        let link = self.sign_link(world, payload)?;
        step.mark = Some(Mark { incarnation: self.incarnation, last: Some(link.id()) });
        self.clock.dated(world.now, step);
        case.insert(&link, world.now, true, &ContentStatus::Valid);
        step.commit.push(Write::Link {
            link: link.clone(),
            received_at: world.now,
            own: true,
            content: ContentStatus::Valid,
        });
        Ok((link, warnings))
    }

    fn payload(
        &self,
        world: &World<'_>,
        case: &Case,
        (act, behalf): (&Act, Option<&Behalf>),
        regime: String,
        body: Option<Attachment>,
        documents: Vec<Attachment>,
    ) -> Result<Payload, Fault> {
        let me = &self.identity.writer;
        let (message_type, facts) = act_type(act)?;
        let schema = concerto_schemas::schema_urn_for_type(&message_type)
            .ok_or_else(|| Fault::technical("message.schema.unknown", &message_type))?;
        let lane = case.chain(me).and_then(|c| c.lane_head(&self.incarnation));
        let previous = lane.or_else(|| case.head(me)).map(|h| h.id);
        Ok(Payload {
            link: LINK_VERSION,
            schema: schema.to_owned(),
            legal_basis: crate::basis::legal_basis(act, behalf, &regime),
            message_type,
            federation: self.identity.federation.clone(),
            conference: case.id().clone(),
            writer: me.clone(),
            incarnation: self.incarnation,
            sequence: lane.map_or(0, |h| h.sequence) + 1,
            previous,
            observed: case.changed_heads(me),
            issued_at: world.now,
            on_behalf_of: behalf.map(|behalf| Represented::body(&behalf.body, behalf.evidence)),
            regime,
            facts,
            body,
            documents,
        })
    }

    fn sign_link(&self, world: &World<'_>, payload: Payload) -> Result<Verified<Link>, Fault> {
        let header = self.header(world, ContentType::Link);
        let unsigned = UnsignedLink::new(header, payload).map_err(|e| Fault::technical(e.code(), &e))?;
        let signature = world
            .signer
            .sign(unsigned.signing_input().as_bytes())
            .map_err(|e| Fault::technical(SIGNER_UNAVAILABLE, &e))?;
        Ok(unsigned.signed(&signature))
    }

    /// Puts an own link into the outbox of every participant with a node.
    pub(crate) fn enqueue_own(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        conference: &ConferenceId,
        link: &Verified<Link>,
    ) -> Result<(), JournalError> {
        let Some(case) = self.cases.get(conference) else { return Ok(()) };
        let peers: Vec<Writer> =
            case.participants().iter().filter(|p| self.members.contains_key(*p)).cloned().collect();
        for peer in peers {
            step.commit.push(Write::Enqueue { peer, message: link.id(), at: world.now });
        }
        Ok(())
    }

    /// A receipt of this node, signed.
    pub(crate) fn sign_receipt(
        &self,
        world: &World<'_>,
        case: &Case,
        author: &Writer,
        new: NewReceipt,
    ) -> Result<Verified<Receipt>, Fault> {
        let payload = ReceiptPayload {
            receipt: 1,
            schema: RECEIPT_SCHEMA.to_owned(),
            federation: self.identity.federation.clone(),
            conference: case.id().clone(),
            issuer: self.identity.writer.clone(),
            author: author.clone(),
            kind: new.kind,
            messages: new.messages,
            received_at: new.received_at,
            head: case.head(author),
            terms: case.terms_statement(),
            registration: None,
            refusal: new.refusal,
        };
        let header = self.header(world, ContentType::Receipt);
        let unsigned = UnsignedReceipt::new(header, payload).map_err(|e| Fault::technical(e.code(), &e))?;
        let signature = world
            .signer
            .sign(unsigned.signing_input().as_bytes())
            .map_err(|e| Fault::technical(SIGNER_UNAVAILABLE, &e))?;
        Ok(unsigned.signed(&signature))
    }

    /// This node's greeting for one connection.
    pub(crate) fn sign_hello(&self, world: &World<'_>, greeting: &Greeting) -> Result<String, Fault> {
        let header = self.header(world, ContentType::Hello);
        let input = concerto_exchange::hello::signing_input(&header, greeting)
            .map_err(|e| Fault::technical(e.code(), &e))?;
        let signature =
            world.signer.sign(input.as_bytes()).map_err(|e| Fault::technical(SIGNER_UNAVAILABLE, &e))?;
        Ok(concerto_message::jose::with_signature(input, &signature))
    }
}

/// The type of an act as links name it, and its facts as JSON.
fn act_type(act: &Act) -> Result<(String, Value), Fault> {
    let mut value = serde_json::to_value(act).map_err(|e| Fault::technical("message.facts", &e))?;
    let message_type = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let facts = value.get_mut("facts").map(Value::take).unwrap_or_default();
    Ok((message_type, facts))
}

fn store_body(world: &World<'_>, act: &str, body: &Value, audience: Audience) -> Result<Attachment, Fault> {
    if let Some(urn) = concerto_schemas::body_urn_for_type(act) {
        concerto_schemas::check_body(urn, body).map_err(|e| Fault::technical("message.body.schema", &e))?;
    }
    let bytes = serde_json::to_vec(body).map_err(|e| Fault::technical("message.body", &e))?;
    if bytes.len() as u64 > BODY_BYTES_MAX {
        return Err(too_large(bytes.len(), BODY_BYTES_MAX));
    }
    let content = Content::Bytes(bytes);
    store_document(world, NewDocument { media_type: "application/json".into(), audience, content })
}

fn store_document(world: &World<'_>, document: NewDocument) -> Result<Attachment, Fault> {
    let NewDocument { media_type, audience, content } = document;
    let bytes = match content {
        Content::Bytes(bytes) => bytes,
        Content::Held(digest) => {
            let held = world.documents.describe(digest).map_err(|e| Fault::technical(e.code(), &e))?;
            return held.map(|held| held.attachment(media_type, audience)).ok_or_else(|| not_held(digest));
        }
    };
    if bytes.len() as u64 > SMALL_DOCUMENT_BYTES_MAX {
        return Err(too_large(bytes.len(), SMALL_DOCUMENT_BYTES_MAX));
    }
    let salt = Salt(world.random.nonce());
    let attachment = Attachment::new(&salt, &bytes, media_type, audience);
    world
        .documents
        .put(attachment.digest, salt, &bytes)
        .map_err(|e| if e.is_no_room() { store_full() } else { Fault::technical(e.code(), &e) })?;
    Ok(attachment)
}

fn not_held(digest: Digest) -> Fault {
    Fault::new(
        "document.not-held",
        format!(
            "Il documento {digest} non è nell'archivio di questo nodo: aggiungerlo con `concerto document add`."
        ),
        format!("Document {digest} is not in this node's store: add it with `concerto document add`."),
    )
}

fn too_large(found: usize, limit: u64) -> Fault {
    Fault::new(
        "document.too-large",
        format!(
            "Il testo o documento ha {found} byte, più dei {limit} ammessi dentro un ordine: usare `concerto document add`."
        ),
        format!(
            "The text or document has {found} bytes, more than the {limit} allowed inside an order: use `concerto document add`."
        ),
    )
}

/// A lawful refusal as officials see it.
pub(crate) fn refusal_fault(refusal: &concerto_procedure::Refusal) -> Fault {
    Fault {
        code: refusal.code().to_owned(),
        text: refusal.text(Lang::It),
        text_en: refusal.text(Lang::En),
        norm: refusal.norm().map(str::to_owned),
    }
}

fn warning_fault(warning: &Warning) -> Fault {
    Fault {
        code: warning.code().to_owned(),
        text: warning.text(Lang::It),
        text_en: warning.text(Lang::En),
        norm: warning.norm().map(str::to_owned),
    }
}
