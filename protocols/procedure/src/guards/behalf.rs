//! Guards of acts that the procedente writes for bodies without a node (RULES E.4; CAD art. 45, 47, 48; DPR 68/2005 art. 6).
//!
//! Such an act is the body's own: it came with a recorded exchange and counts at the instant of that exchange, whoever wrote it down when.

use concerto_message::Writer;

use super::{Checked, check};
use crate::acts::{Act, Behalf, Channel, RecordedExchange};
use crate::conference::{Conference, Sent};
use crate::legal_time::{LegalNow, rome_date};
use crate::refusal::{Refusal, Warning};

/// Whether `author` may write this act for a body: what it says is asked as of the body itself, at the instant of the exchange.
pub fn check_for(
    conference: &Conference,
    author: &Writer,
    behalf: &Behalf,
    act: &Act,
) -> Result<Checked, Refusal> {
    if author != conference.lead() {
        return Err(Refusal::BehalfNotLead { author: author.clone() });
    }
    if !a_body_writes(act) {
        return Err(Refusal::BehalfKind);
    }
    let exchange = shown(conference, behalf)?;
    let mut checked = check(conference, &behalf.body, act, LegalNow(exchange.act.at))?;
    may_come_so(conference, behalf, &exchange.act)?;
    if exchange.act.channel != Channel::Pec {
        checked.warn(Warning::ProvenanceToEstablish { body: behalf.body.clone() });
    }
    Ok(checked)
}

/// What a body says in a conference; receipts, digests of terms and sealed acts are of nodes.
fn a_body_writes(act: &Act) -> bool {
    matches!(
        act,
        Act::IntegrationRequest(_)
            | Act::SyncModeRequest(_)
            | Act::Determination(_)
            | Act::CompetenceStatement(_)
            | Act::DissentToRepresentative(_)
            | Act::RepresentativeAppointment(_)
    )
}

/// The recorded exchange that shows the act: received, of that body, and not used for another act.
pub(crate) fn shown<'a>(
    conference: &'a Conference,
    behalf: &Behalf,
) -> Result<&'a Sent<RecordedExchange>, Refusal> {
    let evidence = behalf.evidence;
    let exchange = conference.exchange(evidence).ok_or(Refusal::BehalfEvidenceUnknown { evidence })?;
    if exchange.act.received_from() != Some(&behalf.body) {
        return Err(Refusal::BehalfEvidenceOfOther { evidence, body: behalf.body.clone() });
    }
    match conference.on_behalf.get(&evidence) {
        Some(act) => Err(Refusal::BehalfEvidenceUsed { evidence, act: *act }),
        None => Ok(exchange),
    }
}

/// Not before the body was called; and whoever has a node in the case writes by itself, but for certified mail.
fn may_come_so(conference: &Conference, behalf: &Behalf, exchange: &RecordedExchange) -> Result<(), Refusal> {
    let body = &behalf.body;
    let called_on = conference.bodies().get(body).map(|called| called.called_on);
    if let Some(called_on) = called_on.filter(|called_on| rome_date(exchange.at) < *called_on) {
        return Err(Refusal::BehalfBeforeCall { body: body.clone(), called_on });
    }
    if exchange.channel != Channel::Pec && conference.has_node(body) {
        return Err(Refusal::BehalfHasNode { body: body.clone() });
    }
    Ok(())
}
