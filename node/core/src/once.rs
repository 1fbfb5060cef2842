//! Orders that are carried out once: an order with a key is answered from the journal when its key comes again.
//!
//! The answer is kept in the transaction of the act itself, so that a node that dies between commit and answer gives, when the same
//! order comes again, the answer that it owed; nothing happens twice. A refusal has no effect and is not kept: the same order is judged
//! again. The idea is that of the `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header).

use concerto_message::{ConferenceId, Digest, MessageId};
use concerto_port::{Answered, JournalError, Write};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::node::Node;
use crate::step::{Order, Reply, Step, World};

/// How long an answer is kept at least, by the node's clock.
pub const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(72);
/// Code of the fault when a key comes again with another order.
pub const KEY_REUSED: &str = "idempotency.reused";

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    conference: ConferenceId,
    message: MessageId,
    warnings: Vec<Fault>,
}

/// The answer owed to an order that came with this key before; none if it never came, or was refused.
///
/// # Errors
/// The fault for a key that was used for another order.
pub fn owed(answered: Option<Answered>, request: Digest) -> Result<Option<Reply>, Fault> {
    let Some(answered) = answered else { return Ok(None) };
    if answered.request != request {
        return Err(Fault::new(
            KEY_REUSED,
            "Questa chiave di idempotenza è già servita per un'altra richiesta: usarne una nuova.",
            "This idempotency key was used for another request: use a new one.",
        ));
    }
    let Kept { conference, message, warnings } =
        serde_json::from_slice(&answered.answer).map_err(|e| Fault::technical("idempotency.answer", &e))?;
    Ok(Some(Reply::Sent { conference, message, warnings }))
}

impl Node {
    /// Carries out an order, once if it has a key. Tells also whether the reply must wait for receipts.
    pub(crate) fn order_once(
        &mut self,
        world: &World<'_>,
        step: &mut Step,
        order: Order,
    ) -> Result<(Result<Reply, Fault>, bool), JournalError> {
        let Order::Once { key, request, order } = order else {
            let wait = matches!(order, Order::Send { wait: true, .. });
            return Ok((self.order(world, step, order)?, wait));
        };
        match owed(world.journal.answered(key)?, request) {
            // given before: whoever waited for receipts then has asked again, and is told at once
            Ok(Some(reply)) => return Ok((Ok(reply), false)),
            Ok(None) => {}
            Err(fault) => return Ok((Err(fault), false)),
        }
        let wait = matches!(*order, Order::Send { wait: true, .. });
        let result = self.order(world, step, *order)?;
        if let Ok(Reply::Sent { conference, message, warnings }) = &result {
            let (conference, message, warnings) = (conference.clone(), *message, warnings.clone());
            let answer = serde_json::to_vec(&Kept { conference, message, warnings }).unwrap_or_default();
            if let Ok(before) = world.now.checked_sub(ANSWERS_KEPT) {
                step.commit.push(Write::ForgetAnswers { before });
            }
            step.commit.push(Write::Answer { key, answered: Answered { request, answer }, at: world.now });
        }
        Ok((result, wait))
    }
}
