//! How well proposals do on the mails of `conformance-tests/mails`: the confusion matrix, precision and recall of each act, and what may never happen.
//!
//! It would catch rules that take a dissent, a condition, or an assent that is denied, quoted, told or to come for an assent; and rules so careful that they
//! propose nothing. *Known* mails made the rules, *held out* ones were written before the first rule, *fresh* ones after the last and were read once; the numbers
//! demanded are what was reached.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests stop at the first surprise")]

use concerto_pec::proposal::{FreeMail, Passage, ProposedAct, Reason, plain_from_html, propose};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    mail: Vec<Labelled>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Labelled {
    name: String,
    act: String,
    subject: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    html: Option<String>,
    #[serde(default)]
    attachments: Vec<String>,
}

impl Labelled {
    fn mail(&self) -> FreeMail {
        let reduced = self.html.as_deref().map(plain_from_html);
        FreeMail {
            subject: self.subject.clone(),
            plain: self.text.clone(),
            doubtful: reduced.as_ref().is_some_and(|reduced| reduced.doubtful),
            html: reduced.map(|reduced| reduced.text),
            attachments: self.attachments.clone(),
        }
    }

    fn act(&self) -> ProposedAct {
        let known = ProposedAct::ALL.into_iter().find(|act| act.name() == self.act);
        known.unwrap_or_else(|| panic!("{}: no act `{}`", self.name, self.act))
    }
}

fn read(file: &str) -> Vec<Labelled> {
    let path = format!("{}/../../conformance-tests/mails/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    toml::from_str::<File>(&text).unwrap().mail
}

/// How often each act was proposed for each act that it is.
struct Matrix(BTreeMap<(ProposedAct, ProposedAct), usize>);

impl Matrix {
    fn of(title: &str, mails: &[Labelled]) -> Self {
        let mut counts = BTreeMap::new();
        println!("\n{title}: {} mails", mails.len());
        for labelled in mails {
            let (truth, proposed) = (labelled.act(), propose(&labelled.mail()));
            *counts.entry((truth, proposed.act)).or_default() += 1;
            if truth != proposed.act {
                let reasons: Vec<&str> = proposed.reasons.iter().map(|reason| reason.code()).collect();
                println!(
                    "  {}: {} proposed as {} ({})",
                    labelled.name,
                    truth.name(),
                    proposed.act.name(),
                    reasons.join(", ")
                );
            }
        }
        let matrix = Self(counts);
        matrix.print();
        matrix
    }

    fn count(&self, fits: impl Fn(ProposedAct, ProposedAct) -> bool) -> usize {
        self.0.iter().filter(|((truth, proposed), _)| fits(*truth, *proposed)).map(|(_, count)| count).sum()
    }

    fn recall(&self, act: ProposedAct) -> f64 {
        ratio(
            self.count(|truth, proposed| truth == act && proposed == act),
            self.count(|truth, _| truth == act),
        )
    }

    fn precision(&self, act: ProposedAct) -> f64 {
        ratio(
            self.count(|truth, proposed| truth == act && proposed == act),
            self.count(|_, proposed| proposed == act),
        )
    }

    fn print(&self) {
        println!(
            "{:>22} {}  recall  precision",
            "is \\ proposed as",
            ProposedAct::ALL.map(|act| format!("{:>6.6}", act.name())).join(" ")
        );
        for truth in ProposedAct::ALL {
            let row = ProposedAct::ALL
                .map(|proposed| format!("{:>6}", self.count(|t, p| (t, p) == (truth, proposed))))
                .join(" ");
            println!(
                "{:>22} {row}  {:>6.2}  {:>9.2}",
                truth.name(),
                self.recall(truth),
                self.precision(truth)
            );
        }
    }

    fn check(&self, least: &[(ProposedAct, f64, f64)]) {
        let wrong =
            self.count(|truth, proposed| proposed == ProposedAct::Assent && truth != ProposedAct::Assent);
        assert_eq!(wrong, 0, "mails that are no assent are proposed as assent");
        for (act, recall, precision) in least {
            assert!(self.recall(*act) >= *recall, "recall of {}: {:.2}", act.name(), self.recall(*act));
            assert!(
                self.precision(*act) >= *precision,
                "precision of {}: {:.2}",
                act.name(),
                self.precision(*act)
            );
        }
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[test]
fn mails_that_the_rules_were_made_with() {
    let mails = read("known.toml");
    assert!(mails.len() >= 100);
    Matrix::of("Known", &mails).check(&[
        (ProposedAct::Assent, 0.96, 1.0),
        (ProposedAct::ConditionalAssent, 1.0, 1.0),
        (ProposedAct::Dissent, 0.94, 1.0),
        (ProposedAct::SurmountableDissent, 1.0, 1.0),
        (ProposedAct::CompetenceStatement, 0.85, 1.0),
        (ProposedAct::IntegrationRequest, 1.0, 1.0),
        (ProposedAct::SyncModeRequest, 1.0, 1.0),
        (ProposedAct::Acknowledgement, 1.0, 1.0),
        (ProposedAct::Other, 1.0, 0.9),
    ]);
}

#[test]
fn mails_held_out() {
    let mails = read("held_out.toml");
    assert!(mails.len() >= 40);
    let all = ProposedAct::ALL.map(|act| (act, 1.0, 1.0));
    Matrix::of("Held out", &mails).check(&all);
}

#[test]
fn mails_that_no_rule_has_seen() {
    let mails = read("fresh.toml");
    assert!(mails.len() >= 20);
    Matrix::of("Fresh", &mails).check(&[
        (ProposedAct::Assent, 1.0, 1.0),
        (ProposedAct::ConditionalAssent, 0.5, 1.0),
        (ProposedAct::Dissent, 0.33, 1.0),
        (ProposedAct::CompetenceStatement, 1.0, 1.0),
        (ProposedAct::IntegrationRequest, 1.0, 1.0),
        (ProposedAct::Other, 1.0, 0.55),
    ]);
}

/// What takes an assent away, or sets a condition, wherever it stands.
const UNDOING: [&str; 22] = [
    "Non",
    "Non si ritiene che",
    "Contrariamente a quanto atteso, non",
    "Mai",
    "Senza che ciò significhi che",
    "A condizione che sia realizzato il drenaggio,",
    "Purché i lavori siano sospesi in primavera,",
    "Subordinatamente alla stipula della convenzione,",
    "Fatto salvo il rispetto delle distanze,",
    "Con le prescrizioni di seguito elencate,",
    "Qualora la variante sia approvata,",
    "Solo se il progetto viene modificato,",
    "Previa presentazione della fideiussione,",
    "Nel rispetto delle prescrizioni del regolamento,",
    "Ci si riserva di dire se",
    "In attesa delle integrazioni,",
    "Il Comune aveva comunicato nel 2019 che",
    "Si chiede se",
    "Si trasmette la nota con cui",
    "Parere contrario:",
    "NON",
    "Non e' vero che",
];

/// Sentences that set a condition, or dissent.
const CONDITIONS: [&str; 8] = [
    "Il parere è condizionato al rispetto delle distanze.",
    "Prescrizioni: vedi sotto.",
    "Dovrà essere realizzata la vasca di prima pioggia.",
    "Quanto sopra subordinatamente alla voltura.",
    "Si esprime parere contrario per la sola tettoia.",
    "Fatto salvo quanto di competenza del Genio civile.",
    "Ci si riserva di formulare condizioni.",
    "PURCHE' SI RISPETTINO LE ALTEZZE.",
];

/// Conditions and dissents in a sentence of their own undo an assent at whichever line they stand in what the author wrote.
#[test]
fn a_condition_at_any_line_is_never_an_assent() {
    let mut tried = 0;
    for labelled in PLAIN_ASSENTS.iter() {
        let text = own_part(labelled);
        for place in std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)) {
            for condition in CONDITIONS {
                let altered = format!("{}\n{condition}\n{}", &text[..place], &text[place..]);
                let act = propose(&FreeMail::of_text("", &altered)).act;
                assert_ne!(act, ProposedAct::Assent, "{altered}");
                tried += 1;
            }
        }
    }
    assert!(tried > 500, "only {tried} tried");
}

/// A not, an if or a telling at the beginning of the sentence that assents undoes it.
#[test]
fn an_assent_after_a_not_or_an_if_is_never_an_assent() {
    let mut tried = 0;
    for labelled in PLAIN_ASSENTS.iter() {
        let text = labelled.text.clone().unwrap_or_default();
        let assenting = |passage: &Passage| passage.reason == Reason::Says(ProposedAct::Assent);
        let passages: Vec<Passage> =
            propose(&labelled.mail()).passages.into_iter().filter(assenting).collect();
        for undoing in UNDOING {
            // in all sentences that assent: one that is left alone would still assent
            let mut altered = text.clone();
            for passage in passages.iter().rev() {
                altered.insert_str(passage.range.start, &format!(" {undoing} "));
            }
            let act = propose(&FreeMail::of_text("", &altered)).act;
            assert_ne!(act, ProposedAct::Assent, "{altered}");
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried} tried");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No text of any kind makes the rules fail.
    #[test]
    fn any_text_is_read(text in "(?s).{0,400}", html in "(<|>|&|;|/|#|p|s|blockquote|!--|-->|script|style|é|\\n| ){0,60}") {
        let reduced = plain_from_html(&html);
        let mail = FreeMail { subject: text.clone(), plain: Some(text), html: Some(reduced.text), ..FreeMail::default() };
        for passage in propose(&mail).passages {
            prop_assert!(mail.texts().any(|text| text.get(passage.range.clone()) == Some(&passage.text)));
        }
        FreeMail::read(html.as_bytes());
    }
}

/// The mails without HTML that are proposed as assent.
static PLAIN_ASSENTS: LazyLock<Vec<Labelled>> = LazyLock::new(|| {
    let all = read("known.toml").into_iter().chain(read("held_out.toml"));
    let plain = |mail: &Labelled| mail.html.is_none() && propose(&mail.mail()).act == ProposedAct::Assent;
    all.filter(plain).collect()
});

/// What the author wrote: the lines before anything quoted, signature or notice.
fn own_part(mail: &Labelled) -> String {
    let text = mail.text.clone().unwrap_or_default();
    let ends = ["\n>", "\n--", "\nDa:", "\nIl giorno", "\nQuesto messaggio", "\nAVVISO"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    text[..ends.unwrap_or(text.len())].to_owned()
}
