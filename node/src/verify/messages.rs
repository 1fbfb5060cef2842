//! Links and receipts: each read, verified and folded as it is read; then chains, receipts and proofs of forks against the whole.

use concerto_core::Case;
use concerto_message::chain::EquivocationProof;
use concerto_message::jades::Flattened;
use concerto_message::link::Observed;
use concerto_message::{
    Attachment, Digest, Incarnation, Link, MessageId, Receipt, ReceiptKind, Verified, Writer,
};
use concerto_port::ContentStatus;
use concerto_procedure::acts::{Act, TakenInCharge};
use std::collections::{BTreeMap, BTreeSet};

use super::folder::{FLATTENED_BYTES_MAX, Folder};
use super::trust::Trust;
use super::wrong::Wrong;
use crate::export::layout::{self, ForkFile, Row};

/// A link that was verified, without its text.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) file: String,
    pub(super) author: Writer,
    pub(super) message_type: String,
    pub(super) body: Option<Attachment>,
    pub(super) documents: Vec<Attachment>,
    incarnation: Incarnation,
    sequence: u64,
    previous: Option<MessageId>,
    bytes: Digest,
    observed: Vec<Observed>,
    taken: Vec<(MessageId, Writer)>,
}

impl Known {
    pub(super) fn place(&self) -> String {
        format!("{} #{}", self.author, self.sequence)
    }
}

/// A receipt with where it stands.
struct Given {
    file: String,
    place: String,
    receipt: Verified<Receipt>,
}

/// Something that is not wrong and should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) code: &'static str,
    pub(super) it: String,
    pub(super) en: String,
}

/// One place of a chain.
type Place = (Writer, Incarnation, u64);

/// Everything that was read.
pub(super) struct Messages {
    pub(super) links: BTreeMap<MessageId, Known>,
    pub(super) case: Case,
    pub(super) remarks: Vec<Remark>,
    pub(super) receipts: usize,
    pub(super) quoted: usize,
    places: BTreeMap<Place, Vec<MessageId>>,
    given: Vec<Given>,
    /// Messages whose content a receiver refused, signed.
    refused: BTreeSet<MessageId>,
}

impl Messages {
    /// Reads receipts and links, verifies each and folds the case.
    pub(super) fn read(folder: &Folder, trust: &mut Trust) -> Result<Self, Wrong> {
        let mut messages = Self {
            links: BTreeMap::new(),
            case: Case::new(folder.about.conference.clone()),
            remarks: Vec::new(),
            receipts: folder.receipts.len(),
            quoted: 0,
            places: BTreeMap::new(),
            given: Vec::new(),
            refused: BTreeSet::new(),
        };
        for digest in &folder.receipts {
            let file = layout::receipt_file(*digest);
            let text = folder.receipt(&file)?;
            let receipt = messages.receipt(folder, trust, &file, "", &text)?;
            if receipt.digest() != *digest {
                return Err(Wrong::new(&file, "", "export.receipt.name", receipt.digest()));
            }
            messages.keep_receipt(&file, "", receipt);
        }
        for (n, row) in folder.about.links.iter().enumerate() {
            messages.read_link(folder, trust, n + 1, row)?;
        }
        Ok(messages)
    }

    /// Chains, what was taken in charge, receipts and proofs of forks.
    pub(super) fn check(&mut self, folder: &Folder, trust: &mut Trust) -> Result<(), Wrong> {
        self.check_chains(folder)?;
        self.check_participants()?;
        self.check_taken()?;
        self.check_receipts()?;
        self.check_forks(folder, trust)?;
        self.note_observed();
        Ok(())
    }

    fn receipt(
        &self,
        folder: &Folder,
        trust: &mut Trust,
        file: &str,
        place: &str,
        text: &str,
    ) -> Result<Verified<Receipt>, Wrong> {
        let receipt = trust.receipt(file, place, text)?;
        if receipt.payload().conference != folder.about.conference {
            return Err(Wrong::new(file, place, "message.conference.other", &receipt.payload().conference));
        }
        Ok(receipt)
    }

    fn keep_receipt(&mut self, file: &str, place: &str, receipt: Verified<Receipt>) {
        if receipt.payload().kind == ReceiptKind::Refused {
            self.refused.extend(receipt.payload().messages.iter().map(|covered| covered.id));
        }
        self.case.insert_receipt(&receipt);
        self.given.push(Given { file: file.to_owned(), place: place.to_owned(), receipt });
    }

    fn read_link(
        &mut self,
        folder: &Folder,
        trust: &mut Trust,
        number: usize,
        row: &Row,
    ) -> Result<(), Wrong> {
        let (file, id) = (row.file.as_str(), row.id);
        let text = folder.link(file)?;
        let link = trust.link(file, &text)?;
        let payload = link.payload();
        let place = format!("{} #{}", payload.writer, payload.sequence);
        if link.id() != id {
            return Err(Wrong::new(
                file,
                &place,
                "export.link.name",
                format!("the message is {}", link.id()),
            ));
        }
        if payload.conference != folder.about.conference {
            return Err(Wrong::new(file, &place, "message.conference.other", &payload.conference));
        }
        check_flattened(folder, trust, number, &link)?;
        let content = self.content(file, &place, &link)?;
        let taken = taken_in_charge(&link, &content);
        for (what, text) in taken.iter().flat_map(quoted_receipts) {
            let quoted =
                self.receipt(folder, trust, file, &format!("{place}, {what}"), text).map_err(|wrong| {
                    Wrong { what: format!("{}: {}", wrong.code, wrong.what), code: "receipt.quoted", ..wrong }
                })?;
            self.quoted += 1;
            self.keep_receipt(file, &format!("{place}, {what}"), quoted);
        }
        self.case.insert(&link, row.received_at, payload.writer == folder.about.exported_by, &content);
        if let (ContentStatus::Valid, Some(Err(status))) = (&content, self.case.entry(id).map(|e| &e.act)) {
            return Err(Wrong::new(file, &place, "message.facts", format!("{status:?}")));
        }
        self.keep_link(file, &link, taken);
        Ok(())
    }

    fn keep_link(&mut self, file: &str, link: &Link, taken: Option<TakenInCharge>) {
        let payload = link.payload();
        let known = Known {
            file: file.to_owned(),
            author: payload.writer.clone(),
            message_type: payload.message_type.clone(),
            body: payload.body.clone(),
            documents: payload.documents.clone(),
            incarnation: payload.incarnation,
            sequence: payload.sequence,
            previous: payload.previous,
            bytes: link.bytes_digest(),
            observed: payload.observed.clone(),
            taken: taken.into_iter().flat_map(|t| t.messages).map(|m| (m.message, m.author)).collect(),
        };
        let place = (known.author.clone(), known.incarnation, known.sequence);
        self.places.entry(place).or_default().push(link.id());
        self.links.insert(link.id(), known);
    }

    /// A content that breaks its schema is wrong, unless a receiver refused it in a signed receipt: then it never counted.
    fn content(&mut self, file: &str, place: &str, link: &Link) -> Result<ContentStatus, Wrong> {
        match link.check_schema() {
            Ok(()) => Ok(ContentStatus::Valid),
            Err(concerto_schemas::SchemaError::Unknown(urn)) => {
                self.remarks.push(Remark {
                    code: "message.schema.unknown",
                    it: format!(
                        "{file}: schema {urn} più recente di questa versione: contenuto non giudicato"
                    ),
                    en: format!("{file}: schema {urn} is newer than this version: its content is not judged"),
                });
                Ok(ContentStatus::UnknownSchema)
            }
            Err(error) if self.refused.contains(&link.id()) => {
                self.remarks.push(Remark {
                    code: "message.refused",
                    it: format!("{file}: contenuto rifiutato da chi l'ha ricevuto, senza effetto"),
                    en: format!("{file}: its content was refused by a receiver and has no effect"),
                });
                Ok(ContentStatus::Refused { code: "message.schema".into(), reason: error.to_string() })
            }
            Err(error) => Err(Wrong::new(file, place, "message.schema", error)),
        }
    }

    /// Per writer and incarnation: sequences from 1 without a gap, each link names one in the place before, each fork is proved.
    fn check_chains(&self, folder: &Folder) -> Result<(), Wrong> {
        let proved: BTreeSet<_> = folder.forks.iter().collect();
        for ((writer, incarnation, sequence), ids) in &self.places {
            let before = match sequence.checked_sub(1) {
                Some(n) if n > 0 => self.places.get(&(writer.clone(), *incarnation, n)),
                _ => None,
            };
            for known in ids.iter().filter_map(|id| self.links.get(id)) {
                if *sequence > 1 && before.is_none() {
                    let what =
                        format!("number {} of incarnation {} is not here", sequence - 1, incarnation.counter);
                    return Err(Wrong::new(&known.file, &known.place(), "chain.gap", what));
                }
                if !self.follows(known, before) {
                    let named = known.previous.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
                    return Err(Wrong::new(
                        &known.file,
                        &known.place(),
                        "chain.previous",
                        format!("it names {named}"),
                    ));
                }
            }
            let mut sorted = ids.clone();
            sorted.sort();
            for pair in sorted.windows(2) {
                if let [a, b] = pair
                    && !proved.contains(&(*a, *b))
                {
                    let file = layout::fork_file(*a, *b);
                    return Err(Wrong::new(
                        &file,
                        &format!("{writer} #{sequence}"),
                        "chain.fork.unproved",
                        "not here",
                    ));
                }
            }
        }
        Ok(())
    }

    /// The first link of a life names nothing, or the last link its node knew of an earlier one.
    fn follows(&self, known: &Known, before: Option<&Vec<MessageId>>) -> bool {
        match (known.previous, before) {
            (Some(previous), Some(before)) => before.contains(&previous),
            (None, Some(_)) => false,
            (None, None) => true,
            (Some(previous), None) => self
                .links
                .get(&previous)
                .is_some_and(|p| p.author == known.author && p.incarnation != known.incarnation),
        }
    }

    fn check_participants(&self) -> Result<(), Wrong> {
        let stranger = self.links.values().find(|known| !self.case.participants().contains(&known.author));
        match stranger {
            Some(known) => {
                Err(Wrong::new(&known.file, &known.place(), "conference.not-participant", &known.author))
            }
            None => Ok(()),
        }
    }

    fn check_taken(&self) -> Result<(), Wrong> {
        for known in self.links.values() {
            for (id, author) in &known.taken {
                if self.links.get(id).is_none_or(|taken| taken.author != *author) {
                    return Err(Wrong::new(
                        &known.file,
                        &known.place(),
                        "chain.taken.missing",
                        format!("{id} of {author}"),
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_receipts(&mut self) -> Result<(), Wrong> {
        let mut remarks = Vec::new();
        for Given { file, place, receipt } in &self.given {
            let payload = receipt.payload();
            for covered in &payload.messages {
                let link = self
                    .links
                    .get(&covered.id)
                    .ok_or_else(|| Wrong::new(file, place, "receipt.covers.unknown", covered.id))?;
                if link.author != payload.author {
                    let what = format!("{} is by {}, not {}", covered.id, link.author, payload.author);
                    return Err(Wrong::new(file, place, "receipt.covers.author", what));
                }
                if link.bytes != covered.bytes {
                    return Err(Wrong::new(file, place, "receipt.covers.bytes", covered.id));
                }
            }
            let Some(head) = payload.head else { continue };
            match self.places.get(&(payload.author.clone(), head.incarnation, head.sequence)) {
                Some(ids) if !ids.contains(&head.id) => {
                    let what = format!("{} at {} #{}", head.id, payload.author, head.sequence);
                    return Err(Wrong::new(file, place, "receipt.head", what));
                }
                Some(_) => {}
                None => remarks.push(Remark {
                    code: "chain.behind",
                    it: format!(
                        "{file}: {} aveva già scritto il messaggio #{}, che qui non c'è",
                        payload.author, head.sequence
                    ),
                    en: format!(
                        "{file}: {} had written message #{} already, which is not here",
                        payload.author, head.sequence
                    ),
                }),
            }
        }
        self.remarks.append(&mut remarks);
        Ok(())
    }

    fn check_forks(&mut self, folder: &Folder, trust: &mut Trust) -> Result<(), Wrong> {
        for (first, second) in &folder.forks {
            let file = layout::fork_file(*first, *second);
            let proof: ForkFile = folder.json(&file, 2 * FLATTENED_BYTES_MAX, "fork.proof")?;
            let pair = [&proof.first, &proof.second].map(|text| trust.link(&file, text));
            let [a, b] = pair;
            let proof = EquivocationProof::new(a?, b?)
                .ok_or_else(|| Wrong::new(&file, "", "fork.proof", "not two links of one place"))?;
            for (link, named) in [(&proof.first, first), (&proof.second, second)] {
                let held = self.links.get(named).filter(|known| known.bytes == link.bytes_digest());
                if link.id() != *named || held.is_none() {
                    return Err(Wrong::new(&file, "", "fork.proof.other", link.id()));
                }
            }
            let (author, sequence) = (&proof.first.payload().writer, proof.first.payload().sequence);
            self.remarks.push(Remark {
                code: "chain.fork",
                it: format!(
                    "{file}: {author} ha scritto due messaggi diversi al posto #{sequence} della sua catena"
                ),
                en: format!(
                    "{file}: {author} wrote two different messages in place #{sequence} of its chain"
                ),
            });
        }
        Ok(())
    }

    /// Heads that a writer had seen and that are not here: nothing depends on them, but the export was made before they came.
    fn note_observed(&mut self) {
        let missing: BTreeSet<(Writer, MessageId)> = self
            .links
            .values()
            .flat_map(|known| &known.observed)
            .filter(|seen| !self.links.contains_key(&seen.head))
            .map(|seen| (seen.writer.clone(), seen.head))
            .collect();
        self.remarks.extend(missing.into_iter().map(|(writer, head)| Remark {
            code: "chain.observed",
            it: format!("un messaggio di {writer} visto da altri non c'è: {head}"),
            en: format!("a message of {writer} that others had seen is not here: {head}"),
        }));
    }
}

/// The flattened form is the same signature, with the certificates of the chain.
fn check_flattened(folder: &Folder, trust: &Trust, number: usize, link: &Link) -> Result<(), Wrong> {
    let file = layout::flattened_file(number, link.id());
    let flattened: Flattened = folder.json(&file, FLATTENED_BYTES_MAX, "export.flattened")?;
    if flattened.to_compact() != link.text() {
        return Err(Wrong::new(&file, "", "export.flattened.differs", "protected, payload or signature"));
    }
    if flattened.header.x5c != trust.certificates(link.header()) {
        return Err(Wrong::new(&file, "header.x5c", "export.flattened.certificate", "x5c differs"));
    }
    if !flattened.header.etsi_u.is_empty() {
        return Err(Wrong::new(
            &file,
            "header.etsiU",
            "export.flattened",
            "this version writes no unsigned properties",
        ));
    }
    Ok(())
}

fn taken_in_charge(link: &Link, content: &ContentStatus) -> Option<TakenInCharge> {
    let payload = link.payload();
    if *content != ContentStatus::Valid || payload.writer != *payload.conference.lead() {
        return None;
    }
    let value = serde_json::json!({ "type": payload.message_type, "facts": payload.facts });
    match serde_json::from_value(value) {
        Ok(Act::TakenInCharge(taken)) => Some(taken),
        _ => None,
    }
}

/// The receipts that a link quotes, each with the name of its place.
fn quoted_receipts(taken: &TakenInCharge) -> impl Iterator<Item = (String, &String)> {
    let of_messages = taken.messages.iter().enumerate().flat_map(|(m, message)| {
        let receipts = message.receipts.iter().enumerate();
        receipts.map(move |(r, text)| (format!("facts.messages[{m}].receipts[{r}]"), text))
    });
    let deliveries = taken.deliveries.iter().enumerate();
    of_messages.chain(deliveries.map(|(d, text)| (format!("facts.deliveries[{d}]"), text)))
}
