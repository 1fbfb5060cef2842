//! After something that was held was put aside as damaged, or a journal was made anew: looking through everything that is left, for what
//! is to be fetched again.
//!
//! Missing links are found by comparing heads as ever. Here come the rest: documents that this node may see and does not hold are wanted
//! again; own messages whose receipts are not all held go out again, and who receipted them gives the same receipt.

use concerto_message::{ConferenceId, MessageId, ReceiptKind, Writer};
use concerto_port::{Alarm, JournalError, JournalRead, Write};
use std::collections::BTreeSet;

use crate::node::Node;
use crate::step::{Step, World};

/// Name of the journal's value that tells what was done to it.
pub const REBUILT: &str = "rebuilt";
/// Its value after the journal was made anew.
pub const MADE_ANEW: &[u8] = &[1];
/// Its value after documents were put aside while the node did not run.
pub const PUT_ASIDE: &[u8] = &[2];
/// Conferences looked through in one step.
const PAGE: usize = 8;

/// How far the look through has come.
#[derive(Debug, Default)]
pub(crate) struct Relook {
    after: Option<ConferenceId>,
}

/// Whether the journal was made anew from a damaged one and not looked through since.
pub(crate) fn is_rebuilt(journal: &dyn JournalRead) -> Result<bool, JournalError> {
    Ok(journal.meta(REBUILT)?.is_some_and(|value| value == MADE_ANEW))
}

impl Node {
    /// When a node starts on a journal that was made anew: it cannot prove that it holds its own latest head.
    pub(crate) fn begin_after_rebuild(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
    ) -> Result<(), JournalError> {
        if is_rebuilt(world.journal)? {
            self.renewal_due = true;
            step.commit.push(Write::Alarm(rebuilt_alarm(world.now)));
        }
        if world.journal.meta(REBUILT)?.is_some_and(|value| !value.is_empty()) {
            self.relook = Some(Relook::default());
        }
        Ok(())
    }

    /// Begins to look through everything, also after the next start if this one ends before it is done.
    pub(crate) fn look_again(&mut self, world: &World<'_>, step: &mut Step) {
        let rebuilt = is_rebuilt(world.journal).unwrap_or(true);
        if !rebuilt {
            step.commit.push(Write::Meta { name: REBUILT, value: PUT_ASIDE.to_vec() });
        }
        self.relook = Some(Relook::default());
    }

    /// Looks through the next few conferences, if that is under way.
    pub(crate) fn relook(&mut self, world: &World<'_>, step: &mut Step) -> Result<(), JournalError> {
        let Some(Relook { after }) = self.relook.take() else { return Ok(()) };
        let page = world.journal.conferences(after.as_ref(), PAGE)?;
        let Some(last) = page.last().cloned() else {
            step.commit.push(Write::Meta { name: REBUILT, value: Vec::new() });
            return Ok(());
        };
        for conference in &page {
            self.relook_at(world, step, conference)?;
        }
        self.relook = Some(Relook { after: Some(last) });
        Ok(())
    }

    fn relook_at(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        conference: &ConferenceId,
    ) -> Result<(), JournalError> {
        self.load_case(world, conference)?;
        let Some(case) = self.cases.get(conference) else { return Ok(()) };
        for (id, entry) in case.entries() {
            for attachment in entry.attachments() {
                self.want(world, step, case, (*id, &entry.author), attachment);
            }
        }
        let me = &self.identity.writer;
        let receipted: BTreeSet<(&Writer, MessageId)> = case
            .receipts()
            .filter(|(_, noted)| noted.kind == ReceiptKind::Accepted)
            .flat_map(|(_, noted)| noted.messages.iter().map(|id| (&noted.issuer, *id)))
            .collect();
        let own: Vec<MessageId> = case.chain(me).map(|chain| chain.all().collect()).unwrap_or_default();
        for peer in case.participants().iter().filter(|peer| self.members.contains_key(*peer)) {
            for message in own.iter().filter(|id| !receipted.contains(&(peer, **id))) {
                step.commit.push(Write::Enqueue { peer: peer.clone(), message: *message, at: world.now });
            }
        }
        Ok(())
    }
}

fn rebuilt_alarm(at: jiff::Timestamp) -> Alarm {
    Alarm {
        conference: None,
        code: "store.rebuilt".into(),
        subject: at.to_string(),
        at,
        text: "L'archivio di questo nodo era danneggiato ed è stato rifatto da ciò che era integro; il resto si riprende dagli altri nodi. \
               Il file danneggiato è nella cartella `quarantine`. Controllare il disco."
            .into(),
    }
}
