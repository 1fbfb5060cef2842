//! What the procedente's own node knows beyond the state, and holds against an act that would follow from a silence.
//!
//! The state is the fold of the procedente's chain alone; this node may hold more: a determination not taken in charge yet, a fork of
//! an author, a receipt that says documents could not be had (protocols/PROTOCOL.md, "Messages").

use concerto_message::{ReceiptKind, Writer};
use concerto_procedure::acts::{Act, Channel};

use crate::case::Case;
use crate::fault::Fault;
use crate::step::NewDocument;

/// Media type of a mail (RFC 5322 as RFC 2046 names it).
const MAIL: &str = "message/rfc822";

/// Refuses an act that something held here contradicts; else what the official should know.
///
/// # Errors
/// A [`Fault`] that names what is held.
pub(crate) fn check(case: &Case, act: &Act) -> Result<Vec<Fault>, Fault> {
    match act {
        Act::ImpliedAssent(implied) => {
            nothing_pending(case, |author| *author == implied.body)?;
            Ok(documents_unavailable(case, &implied.body))
        }
        Act::FinalDetermination(_) => nothing_pending(case, |_| true).map(|()| Vec::new()),
        _ => Ok(Vec::new()),
    }
}

/// Certified mail with a body moves terms: its record holds the original mail, whose signature anybody can check.
pub(crate) fn original(act: &Act, documents: &[NewDocument]) -> Result<(), Fault> {
    let Act::RecordedExchange(exchange) = act else { return Ok(()) };
    let proves = exchange.channel == Channel::Pec && exchange.with_body().is_some();
    let held = documents.first().is_some_and(|first| first.media_type == MAIL);
    if held || !proves {
        return Ok(());
    }
    Err(Fault {
        norm: Some("DPR 68/2005 art. 6".to_owned()),
        ..Fault::new(
            "exchange.original-missing",
            "La registrazione di una PEC con una amministrazione ha per primo documento il messaggio originale del gestore \
             (message/rfc822, file .eml): la busta ricevuta, o la ricevuta di avvenuta consegna. Allegarlo e ripetere.",
            "The record of certified mail with a body has the provider's original message as its first document (message/rfc822, an .eml \
             file): the envelope received, or the delivery receipt. Attach it and try again.",
        )
    })
}

/// No determination waits to be taken in charge, and no author concerned has an open fork.
fn nothing_pending(case: &Case, concerns: impl Fn(&Writer) -> bool) -> Result<(), Fault> {
    let waiting =
        case.pending().into_iter().find(|(id, e)| concerns(&e.author) && case.is_determination(*id));
    if let Some((id, entry)) = waiting {
        return Err(Fault::new(
            "act.pending",
            format!(
                "È conservata una determinazione di {} ({}) non ancora presa in carico: attendere o risolvere prima la sua biforcazione.",
                entry.author,
                id.short()
            ),
            format!(
                "A determination of {} ({}) is held and not taken in charge yet: wait, or resolve its fork first.",
                entry.author,
                id.short()
            ),
        ));
    }
    let forked = case.chains().find(|(writer, chain)| concerns(writer) && !chain.open_forks().is_empty());
    match forked {
        Some((writer, _)) => Err(Fault::new(
            "chain.fork",
            format!(
                "La catena di {writer} è biforcata: nulla segue dai suoi messaggi o dal suo silenzio finché non si decide (ForkResolved)."
            ),
            format!(
                "The chain of {writer} forks: nothing follows from its messages or its silence until that is decided (ForkResolved)."
            ),
        )),
        None => Ok(()),
    }
}

/// A body that told that documents could not be had, and not since that it has them: a person decides about its silence.
fn documents_unavailable(case: &Case, body: &Writer) -> Vec<Fault> {
    let told = |kind: ReceiptKind| {
        case.receipts()
            .filter(move |(_, n)| n.issuer == *body && n.kind == kind)
            .flat_map(|(_, n)| n.messages.iter().copied())
    };
    let open = told(ReceiptKind::DocumentsUnavailable)
        .find(|id| told(ReceiptKind::DocumentsComplete).all(|complete| complete != *id));
    open.map(|id| {
        Fault::new(
            "documents.unavailable",
            format!("{body} ha dichiarato di non aver potuto avere i documenti di {}: valutare se il suo silenzio può valere assenso.", id.short()),
            format!("{body} told that it could not have the documents of {}: consider whether its silence can be an assent.", id.short()),
        )
    })
    .into_iter()
    .collect()
}
