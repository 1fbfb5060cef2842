//! What came by certified mail: links and documents, taken exactly as if the node of their author had delivered them (protocols/PROTOCOL.md, "By
//! certified mail").
//!
//! The mail gives no right: a link counts by its signature, a bundle by its chain, a document by the digest under which a link lists it. Receipts are
//! kept as always, and told to the author when its node and this one speak again.

use concerto_message::{Digest, MessageId, ParsedLink, Salt};
use concerto_port::{JournalError, Write};

use crate::fault::Fault;
use crate::ingest::Ingested;
use crate::node::Node;
use crate::step::{Reply, Step, World, store_full};

impl Node {
    /// Takes a link, with the trust bundle that its header names if it came along.
    pub(crate) fn take_mailed(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        link: &str,
        bundle: Option<&[u8]>,
    ) -> Result<Result<Reply, Fault>, JournalError> {
        let parsed = match ParsedLink::parse(link) {
            Ok(parsed) => parsed,
            Err(error) => return Ok(Err(Fault::technical(error.code(), &error))),
        };
        let author = parsed.payload().writer.clone();
        if let Some(bytes) = bundle {
            self.take_bundle(world, step, parsed.header().trust, bytes)?;
        }
        match self.ingest(world, step, &author, link, true)? {
            Ingested::Retry { code, reason } => Ok(Err(not_taken(code, &reason))),
            Ingested::Held { conference, id, new, .. } => {
                self.receipts_for(world, step, &author, &[(conference.clone(), id, new)])?;
                self.heal(world, step, &author, &conference)?;
                Ok(Ok(Reply::Held { conference, message: id, new }))
            }
        }
    }

    /// Keeps a bundle whose chain ends at the anchor; any other one is left aside, and the link is judged without it.
    fn take_bundle(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        named: Digest,
        bytes: &[u8],
    ) -> Result<(), JournalError> {
        if world.journal.bundle(named)?.is_some() || self.closed(world).is_some() {
            return Ok(());
        }
        match self.keyring.admit_named(bytes, named, world.check) {
            Ok(()) => step.commit.push(Write::Bundle { digest: named, bytes: bytes.to_vec() }),
            Err(error) => {
                tracing::warn!(%named, code = error.code(), "a trust bundle in a mail was refused");
            }
        }
        Ok(())
    }

    /// Takes a body or document of a link that is held, if this node may see it.
    pub(crate) fn take_mailed_document(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        message: MessageId,
        (digest, salt, bytes): (Digest, Salt, &[u8]),
    ) -> Result<Result<Reply, Fault>, JournalError> {
        let Some(stored) = world.journal.link(message)? else { return Ok(Ok(Reply::Done)) };
        let payload = stored.link.payload();
        let for_me = payload
            .attachments()
            .any(|a| a.digest == digest && a.audience.admits(&payload.writer, &self.identity.writer));
        if !for_me || world.documents.has(digest).unwrap_or(false) {
            return Ok(Ok(Reply::Done));
        }
        match world.documents.put(digest, salt, bytes) {
            Ok(()) => self.document_held(world, step, message, digest).map(|()| Ok(Reply::Done)),
            Err(error) if error.is_no_room() => Ok(Err(store_full())),
            Err(error) => Ok(Err(Fault::technical(error.code(), &error))),
        }
    }
}

fn not_taken(code: &str, reason: &str) -> Fault {
    Fault::new(
        code,
        format!("Il messaggio arrivato per posta non è stato accolto: {reason}."),
        format!("The message that came by mail was not taken: {reason}."),
    )
}
