//! `concerto token`: makes, lists and revokes the tokens of the local API. The node need not run, and sees a change at once.

use concerto_api::tokens::{NewToken, SECRET_BYTES, Scope, TokenError, TokenFile};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::api;
use crate::cli;
use crate::home::Home;
use crate::output::{Failure, Output};
use crate::views::rome_text;
use crate::words::cell;

/// Longest life of a token, in days.
const DAYS_MAX: u32 = 3660;

/// Runs one of the commands.
pub(crate) fn run(out: Output, home: &Home, command: &cli::Token) -> Result<(), Failure> {
    let file = TokenFile::new(api::folder(home));
    match command {
        cli::Token::Add(new) => add(out, &file, new, home.clock()?.now()),
        cli::Token::List => list(out, &file),
        cli::Token::Revoke { id } => revoke(out, &file, id),
    }
}

fn add(out: Output, file: &TokenFile, new: &cli::NewToken, now: Timestamp) -> Result<(), Failure> {
    let scopes: Result<Vec<Scope>, _> = new.scopes.iter().map(|text| text.parse()).collect();
    let scopes = scopes.map_err(|_| {
        Failure::usage(
            "token.scope",
            "I permessi sono: read, write, documents, admin.",
            "The scopes are: read, write, documents, admin.",
        )
    })?;
    if !(1..=DAYS_MAX).contains(&new.days) {
        let text = |it: &str| format!("--days: 1-{DAYS_MAX} ({it})");
        return Err(Failure::usage("token.days", text("giorni"), text("days")));
    }
    let expires = now.checked_add(SignedDuration::from_hours(24 * i64::from(new.days))).ok();
    let (mut id, mut secret) = ([0; 6], [0; SECRET_BYTES]);
    for bytes in [id.as_mut_slice(), secret.as_mut_slice()] {
        getrandom::fill(bytes).map_err(|e| Failure::environment("system.random", &e))?;
    }
    let made = NewToken { label: new.label.clone(), scopes, created: now, expires };
    let (token, text) = file.add(made, id, &secret).map_err(|error| failure(&error))?;
    let shown = format!(
        "{text}\n{}",
        out.say(
            "Conservarlo ora: non sarà più mostrato, e il nodo non lo conosce.",
            "Keep it now: it will not be shown again, and the node does not know it."
        )
    );
    out.result(
        &shown,
        &json!({ "token": text, "id": token.id, "scopes": token.scopes, "expires": token.expires }),
    );
    Ok(())
}

fn list(out: Output, file: &TokenFile) -> Result<(), Failure> {
    let tokens = file.list().map_err(|error| failure(&error))?;
    let uses = file.last_uses();
    let (mut text, mut rows): (String, Vec<Value>) = Default::default();
    for token in tokens {
        let used = uses.get(&token.id);
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
        let day = |at: Option<&Timestamp>| at.map_or_else(|| "-".to_owned(), |at| rome_text(*at));
        text.push_str(&format!(
            "{}  {}  {}  {} {}  {} {}\n",
            token.id,
            cell(&token.label, 24),
            cell(&scopes.join(","), 26),
            out.say("fino a", "until"),
            day(token.expires.as_ref()),
            out.say("usato", "used"),
            day(used),
        ));
        rows.push(json!({
            "id": token.id, "label": token.label, "scopes": token.scopes, "created": token.created, "expires": token.expires,
            "last_used": used,
        }));
    }
    if rows.is_empty() {
        text.push_str(out.say("Nessun token.", "No token."));
    }
    out.result(&text, &json!({ "tokens": rows }));
    Ok(())
}

fn revoke(out: Output, file: &TokenFile, id: &str) -> Result<(), Failure> {
    file.revoke(id).map_err(|error| failure(&error))?;
    out.result(out.say("Revocato.", "Revoked."), &json!({ "revoked": id }));
    Ok(())
}

fn failure(error: &TokenError) -> Failure {
    let (it, en) = match error {
        TokenError::File(..) | TokenError::Syntax(..) => return Failure::environment(error.code(), error),
        TokenError::TooMany => {
            ("Ci sono già troppi token: revocarne.", "There are too many tokens already: revoke some.")
        }
        TokenError::Unknown => (
            "Il token non esiste: vedere `concerto token list`.",
            "There is no such token: see `concerto token list`.",
        ),
        TokenError::Label => (
            "L'etichetta ha da 1 a 80 caratteri su una riga.",
            "The label has 1 to 80 characters on one line.",
        ),
        TokenError::NoScope => {
            ("Indicare almeno un permesso (--scope).", "Name at least one scope (--scope).")
        }
    };
    Failure::usage(error.code(), it, en)
}
