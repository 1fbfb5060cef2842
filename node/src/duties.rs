//! `concerto duties`: what is to be done, by when, from the index of the running node or from the store.

use concerto_api::duties::{Duties, DutyPage, DutyRow, Wanted};
use concerto_federation_config::Language;
use concerto_procedure::LegalNow;
use concerto_procedure::duties::{Nature, Standing};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::cli;
use crate::control::{self, WireOrder, WireReply};
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views;
use crate::words::{cell, day, line, sentence, short};

/// What is asked, as it crosses the control socket.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) everything: bool,
    pub(crate) days: Option<u16>,
    pub(crate) limit: usize,
    pub(crate) english: bool,
}

/// The index of a running node, with what its answers need.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) home: Home,
    pub(crate) index: Arc<Duties>,
}

impl Desk {
    pub(crate) fn new(home: &Home) -> Self {
        Self { home: home.clone(), index: Arc::new(Duties::new(home.node.writer.clone())) }
    }

    /// The answer to an order over the control socket.
    pub(crate) fn answer(&self, asked: Asked) -> WireReply {
        match self.list(asked) {
            Ok((text, value)) => WireReply::Duties { text, value },
            Err(failure) => {
                let fault = failure.faults.into_iter().next();
                WireReply::Fault {
                    fault: fault.unwrap_or_else(|| concerto_core::Fault::technical("store.failed", &"")),
                }
            }
        }
    }

    fn list(&self, asked: Asked) -> Result<(String, Value), Failure> {
        let home = &self.home;
        let out = Output {
            json: false,
            language: if asked.english { Language::English } else { Language::Italian },
        };
        if !home.journal_path().exists() {
            return Ok((nothing(out).to_owned(), json!({ "duties": [], "complete": true })));
        }
        let now = LegalNow(home.clock()?.now());
        let wanted = Wanted { everything: asked.everything, days: asked.days };
        let reader = views::reader(home)?;
        let documents = home.documents()?;
        let page =
            self.index.page(&reader, &documents, now, (wanted, views::lang(out)), (None, asked.limit))?;
        let value = serde_json::to_value(&page).unwrap_or_default();
        Ok((text(out, home, &page), value))
    }

    /// Fills the index before anybody asks.
    pub(crate) fn warm(&self) {
        let done = views::reader(&self.home).and_then(|reader| {
            let now = LegalNow(self.home.clock()?.now());
            Ok(self.index.with(&reader, now, |_, _| ())?)
        });
        if let Err(failure) = done {
            tracing::warn!(faults = ?failure.faults, "the index of duties is filled when somebody asks");
        }
    }
}

/// `concerto duties`.
pub(crate) fn run(out: Output, home: &Home, command: &cli::Duties) -> Result<(), Failure> {
    let asked =
        Asked { everything: command.all, days: command.days, limit: command.limit, english: !out.italian() };
    let (text, value) = match control::call(&home.socket_path(), &WireOrder::Duties { asked })? {
        Some(WireReply::Duties { text, value }) => (text, value),
        Some(WireReply::Fault { fault }) => return Err(Failure::refused(fault)),
        _ => Desk::new(home).list(asked)?,
    };
    out.result(&text, &value);
    Ok(())
}

fn nothing(out: Output) -> &'static str {
    out.say("Nessun adempimento.", "Nothing is to be done.")
}

fn text(out: Output, home: &Home, page: &DutyPage) -> String {
    let mut text: String = page.duties.iter().map(|row| row_text(out, home, row)).collect();
    if text.is_empty() {
        text.push_str(nothing(out));
    }
    if page.next.is_some() {
        text.push_str(out.say("… e altri: usare --limit.\n", "… and more: use --limit.\n"));
    }
    if !page.complete {
        text.push_str(out.say(
            "Attenzione: le conferenze sono più di quante l'indice ne contenga; l'elenco non è completo.\n",
            "Beware: there are more conferences than the index holds; the list is not complete.\n",
        ));
    }
    text
}

fn row_text(out: Output, home: &Home, row: &DutyRow) -> String {
    let (duty, lang) = (&row.duty, views::lang(out));
    let mark = match row.standing {
        Standing::Overdue => "!",
        Standing::BetweenReadings => "?",
        Standing::Done => "=",
        Standing::Lapsed => "-",
        Standing::Open => " ",
    };
    let date = duty.due.as_ref().map_or_else(|| cell("-", 14), |due| day(lang, due.strict));
    let head = format!("{mark} {date}  {}  ", short(&row.conference.nonce().to_string()));
    let mut what = sentence(&row.what);
    if duty.who != home.node.writer {
        what = format!("{}: {}", views::name_of(home, &duty.who), row.what);
    }
    if let Some(body) = &duty.body {
        what.push_str(&format!(" – {}", views::name_of(home, body)));
    }
    if let Some(reference) = &row.reference {
        what.push_str(&format!(" · {} {reference}", out.say("rif.", "ref.")));
    }
    if duty.nature == Nature::Faculty {
        what.push_str(&format!(" · {}", duty.nature.text(lang)));
    }
    if row.standing != Standing::Open {
        what.push_str(&format!(" · {}", row.standing.text(lang).to_uppercase()));
    }
    if let Some(due) = duty.due.as_ref().filter(|due| due.prudential != due.strict) {
        what.push_str(&format!(" ({} {})", out.say("prudenziale", "prudential"), day(lang, due.prudential)));
    }
    what.extend(row.undated.iter().map(|why| format!(" ({why})")));
    let norm = duty.due.as_ref().map_or(duty.norm, |due| due.norm.as_str());
    let mut text = line(&head, &format!("{what} [{norm}]"));
    let consequence = match &row.consequence_norm {
        Some(norm) => format!("{} [{norm}]", row.consequence),
        None => row.consequence.clone(),
    };
    if !matches!(row.standing, Standing::Done | Standing::Lapsed) {
        text.push_str(&line(&" ".repeat(head.chars().count()), &consequence));
    }
    text
}
