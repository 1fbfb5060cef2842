//! What is wrong with an export: file, place, a stable code, and what it means in Italian and English.

use concerto_core::Fault;
use serde::Serialize;

/// The first thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Wrong {
    /// The file, relative to the folder.
    pub(crate) file: String,
    /// Where in it, or which message.
    pub(crate) place: String,
    /// A stable code.
    pub(crate) code: &'static str,
    /// What was found, technically.
    pub(crate) what: String,
}

impl Wrong {
    pub(crate) fn new(file: &str, place: &str, code: &'static str, what: impl std::fmt::Display) -> Self {
        Self { file: file.to_owned(), place: place.to_owned(), code, what: what.to_string() }
    }

    /// As people read it.
    pub(crate) fn fault(&self) -> Fault {
        let (it, en) = meaning(self.code);
        let place = if self.place.is_empty() { String::new() } else { format!(", {}", self.place) };
        let text = |meaning: &str| format!("{}{place}: {meaning} ({})", self.file, self.what);
        Fault::new(self.code, text(it), text(en))
    }
}

/// What a code means. Codes of the same family that are not listed share the family's words.
pub(crate) fn meaning(code: &str) -> (&'static str, &'static str) {
    let exact = MEANINGS.iter().find(|(named, ..)| *named == code);
    let family = || FAMILIES.iter().find(|(prefix, ..)| code.starts_with(prefix));
    exact
        .or_else(family)
        .map_or(("l'esportazione non è valida", "the export is not valid"), |(_, it, en)| (*it, *en))
}

type Meaning = (&'static str, &'static str, &'static str);

const MEANINGS: &[Meaning] = &[
    (
        "export.about",
        "il file che descrive l'esportazione manca o non si legge",
        "the file that describes the export is missing or unreadable",
    ),
    (
        "export.format",
        "il formato non è conosciuto da questa versione",
        "this version does not know the format",
    ),
    (
        "export.anchor",
        "le chiavi dell'ancora mancano o non si leggono",
        "the anchor's keys are missing or unreadable",
    ),
    ("export.anchor.other", "le chiavi sono di un'altra federazione", "the keys are another federation's"),
    ("export.file.missing", "il file è elencato e non c'è", "the file is listed and is not here"),
    (
        "export.file.unexpected",
        "il file non appartiene all'esportazione: aggiunto o rinominato",
        "the file does not belong to the export: added or renamed",
    ),
    ("export.file.kind", "non è un file ordinario", "it is not an ordinary file"),
    ("export.file.too-large", "il file supera la misura ammessa", "the file exceeds its allowed size"),
    ("export.file.unreadable", "il file non si legge", "the file cannot be read"),
    (
        "export.order",
        "la numerazione dei messaggi non è quella dell'elenco",
        "the numbering of the messages is not that of the list",
    ),
    (
        "export.link.name",
        "il nome del file non è l'identificatore del messaggio",
        "the file is not named by its message's identifier",
    ),
    ("export.link.twice", "lo stesso messaggio è elencato due volte", "the same message is listed twice"),
    (
        "export.receipt.name",
        "il nome del file non è l'impronta della ricevuta",
        "the file is not named by its receipt's digest",
    ),
    ("export.flattened", "la forma JSON non si legge", "the flattened form cannot be read"),
    (
        "export.flattened.differs",
        "la forma JSON non è quella dei byte firmati",
        "the flattened form is not that of the signed bytes",
    ),
    (
        "export.flattened.certificate",
        "il certificato non è quello della catena di fiducia",
        "the certificate is not that of the trust chain",
    ),
    (
        "export.bundle.unused",
        "nessun messaggio nomina questa catena di fiducia",
        "no message names this trust chain",
    ),
    (
        "message.signature",
        "la firma non corrisponde al contenuto: messaggio alterato, o non di quella chiave",
        "the signature does not match the content: altered, or not by that key",
    ),
    (
        "message.header.forbidden",
        "l'intestazione firmata contiene un nome non ammesso",
        "the signed header holds a name that is not allowed",
    ),
    (
        "message.conference.other",
        "il messaggio è di un'altra conferenza",
        "the message belongs to another conference",
    ),
    (
        "message.federation.other",
        "il messaggio è di un'altra federazione",
        "the message belongs to another federation",
    ),
    ("message.schema", "il contenuto non rispetta il suo schema", "the content breaks its schema"),
    (
        "message.facts",
        "i fatti del messaggio non si leggono come atto",
        "the facts of the message cannot be read as an act",
    ),
    (
        "trust.bundle.unknown",
        "manca la catena di fiducia che il messaggio nomina",
        "the trust chain that the message names is missing",
    ),
    (
        "trust.bundle.digest",
        "il nome del file non è l'impronta della catena di fiducia",
        "the file is not named by its trust chain's digest",
    ),
    (
        "trust.certificate.unreadable",
        "il certificato di una chiave non si legge",
        "the certificate of a key cannot be read",
    ),
    (
        "trust.certificate.other-key",
        "il certificato nomina una chiave diversa da quella della catena di fiducia",
        "the certificate names another key than the trust chain",
    ),
    (
        "trust.certificate.digest",
        "l'impronta del certificato non è quella attesa",
        "the certificate does not have the expected digest",
    ),
    (
        "trust.message-key.unknown",
        "la catena di fiducia non conosce la chiave che ha firmato",
        "the trust chain does not know the signing key",
    ),
    (
        "trust.message-key.writer",
        "la chiave non firma per chi il messaggio dice di essere",
        "the key does not sign for whom the message claims",
    ),
    (
        "trust.chain.not-yet-valid",
        "firmato prima che la catena di fiducia valesse",
        "signed before the trust chain was valid",
    ),
    (
        "trust.chain.expired",
        "firmato quando la catena di fiducia era scaduta",
        "signed when the trust chain had expired",
    ),
    (
        "trust.chain.key",
        "la catena di fiducia non parte dalle chiavi dell'ancora",
        "the trust chain does not begin at the anchor's keys",
    ),
    (
        "chain.gap",
        "alla catena di un'amministrazione manca un messaggio",
        "a message is missing from an administration's chain",
    ),
    (
        "chain.previous",
        "il messaggio non nomina quello che lo precede nella sua catena",
        "the message does not name the one before it in its chain",
    ),
    (
        "chain.fork.unproved",
        "due messaggi nello stesso posto senza la prova della biforcazione",
        "two messages in one place without the proof of the fork",
    ),
    (
        "chain.taken.missing",
        "un messaggio preso in carico dalla procedente non c'è",
        "a message that the lead took in charge is missing",
    ),
    (
        "conference.not-participant",
        "chi scrive non è stato chiamato alla conferenza",
        "its writer was not called to the conference",
    ),
    (
        "receipt.covers.unknown",
        "la ricevuta riguarda un messaggio che non c'è",
        "the receipt covers a message that is not here",
    ),
    (
        "receipt.covers.author",
        "la ricevuta attribuisce il messaggio a un altro autore",
        "the receipt gives the message to another author",
    ),
    (
        "receipt.covers.bytes",
        "la ricevuta è stata data per altri byte",
        "the receipt was given for other bytes",
    ),
    (
        "receipt.head",
        "la ricevuta dice che in quel posto della catena stava un altro messaggio",
        "the receipt says that another message stood in that place of the chain",
    ),
    (
        "receipt.quoted",
        "la procedente cita una ricevuta che non si verifica: non prova nulla",
        "the lead quotes a receipt that does not verify: it proves nothing",
    ),
    (
        "document.missing",
        "il documento elencato non c'è e non è dichiarato assente",
        "the listed document is neither here nor declared absent",
    ),
    (
        "document.present",
        "il documento è dichiarato assente e c'è",
        "the document is declared absent and is here",
    ),
    ("document.unlisted", "nessun messaggio elenca il documento", "no message lists the document"),
    (
        "document.digest",
        "il documento è stato alterato: sale e byte non hanno l'impronta elencata",
        "the document was altered: salt and bytes do not have the listed digest",
    ),
    (
        "document.chunks",
        "il messaggio nomina altri blocchi di quelli del documento",
        "the message names other chunks than those of the document",
    ),
    ("document.size", "il documento non ha la misura elencata", "the document does not have the listed size"),
    (
        "document.meta",
        "i dati del documento non sono quelli del messaggio",
        "the document's data are not those of the message",
    ),
    (
        "document.audience",
        "chi ha esportato non poteva vedere il documento",
        "the exporting node was not of the document's audience",
    ),
    ("body.json", "il testo del messaggio non si legge", "the text of the message cannot be read"),
    (
        "body.schema",
        "il testo del messaggio non rispetta il suo schema",
        "the text of the message breaks its schema",
    ),
    ("fork.proof", "la prova di biforcazione non prova nulla", "the proof of a fork proves nothing"),
    (
        "fork.proof.other",
        "la prova di biforcazione non riguarda messaggi di questa esportazione",
        "the proof of a fork is not about messages of this export",
    ),
    (
        "fold.stopped",
        "lo stato non si può ricalcolare fino in fondo",
        "the state cannot be recomputed to its end",
    ),
];

const FAMILIES: &[Meaning] = &[
    ("message.header.", "l'intestazione firmata non è valida", "the signed header is not valid"),
    (
        "message.key.",
        "la chiave o il certificato non sono quelli della catena di fiducia",
        "key or certificate are not those of the trust chain",
    ),
    ("message.", "il messaggio non si legge", "the message cannot be read"),
    ("trust.chain.", "la catena di fiducia non regge", "the trust chain does not hold"),
    (
        "trust.node.",
        "l'ancora non garantisce per quanto il nodo dice di sé",
        "the anchor does not vouch for what the node says of itself",
    ),
    ("trust.", "la catena di fiducia non si legge", "the trust chain cannot be read"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_code_is_preferred_to_its_family() {
        assert!(meaning("message.signature").1.contains("signature"));
        assert_eq!(meaning("message.times-disagree").1, "the message cannot be read");
        assert_eq!(
            meaning("trust.node.not-vouched").0,
            "l'ancora non garantisce per quanto il nodo dice di sé"
        );
        assert_eq!(meaning("unheard.of").1, "the export is not valid");
    }

    #[test]
    fn no_code_is_listed_twice() {
        let mut codes: Vec<_> = MEANINGS.iter().chain(FAMILIES).map(|(code, ..)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), MEANINGS.len() + FAMILIES.len());
    }

    #[test]
    fn a_fault_names_file_place_and_meaning() {
        let fault = Wrong::new("links/0001-a.jws", "r_x/A #1", "message.signature", "no").fault();
        assert_eq!(fault.code, "message.signature");
        assert!(fault.text_en.starts_with("links/0001-a.jws, r_x/A #1: the signature"));
    }
}
