//! One-step changes of the law's data: each number, date and policy of the three files, one at a time.
//!
//! Names, words and citations are no constants. A term without a number (nobody has settled it) is changed once, by giving it one. A
//! feast of the calendar comes once a year, so the first year in which it is kept is changed by a year.

use jiff::Span;
use jiff::civil::Date;
use toml::{Table, Value};

use crate::vectors::LETTERS;

/// Keys whose values are names, words or citations.
const WORDS: [&str; 12] = [
    "id",
    "name",
    "kind",
    "it",
    "en",
    "citation",
    "citations",
    "norm",
    "note_it",
    "note_en",
    "version",
    "rules_note",
];
/// What a policy may say instead, by its key: the next in the row, and the first after the last.
const ROWS: [(&str, &[&str]); 14] = [
    ("unit", &["calendar", "working"]),
    ("nature", &["peremptory", "directory"]),
    ("bound", &["maximum", "fixed"]),
    ("layer", &["base", "optional", "mandatory"]),
    ("sensitive_scope", &["own", "all"]),
    ("effect", &["moves_terms", "not_working"]),
    ("seat", &["roma", "napoli", "torino", "bolzano"]),
    ("weekly", &["sunday", "monday"]),
    ("start", &["application", "receipt", "communication", "first_meeting"]),
    ("applies", &["ordinary", "sensitive"]),
    ("on_request", &["suspends", "restarts"]),
    ("regime_rule", &["notice", "integration_requests", "determination", "rebuttal", "opposition"]),
    ("longer_rule", &["determination", "rebuttal"]),
    ("weekdays", &["saturday", "friday"]),
];

/// One changed file.
pub(crate) struct Mutant {
    /// Where, and from what to what.
    pub(crate) name: String,
    /// The text of the file with the change.
    pub(crate) text: String,
}

/// Every one-step change of a file.
pub(crate) fn of(file: &str, text: &str) -> Result<Vec<Mutant>, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut changes = Vec::new();
    walk(&Value::Table(table), file, "", &mut changes);
    changes
        .into_iter()
        .map(|(name, value)| {
            Ok(Mutant { name, text: toml::to_string(&value).map_err(|error| error.to_string())? })
        })
        .collect()
}

/// Collects the whole value with each single change inside it, named by its place.
fn walk(value: &Value, place: &str, key: &str, out: &mut Vec<(String, Value)>) {
    match value {
        Value::Table(table) if table.contains_key("unit") && !table.contains_key("days") => {
            let mut given = table.clone();
            given.insert("days".to_owned(), Value::Integer(10));
            out.push((format!("{place}.days: none -> 10"), Value::Table(given)));
        }
        Value::Table(table) => {
            for (key, inner) in table.iter().filter(|(key, _)| !WORDS.contains(&key.as_str())) {
                let mut changes = Vec::new();
                walk(inner, &format!("{place}.{key}"), key, &mut changes);
                for (name, changed) in changes {
                    let mut whole = table.clone();
                    whole.insert(key.clone(), changed);
                    out.push((name, Value::Table(whole)));
                }
            }
        }
        Value::Array(list) if list.iter().all(Value::is_str) => shorter_and_longer(list, place, key, out),
        Value::Array(list) => {
            for (number, inner) in list.iter().enumerate() {
                let label = name_of(inner).map_or_else(|| number.to_string(), str::to_owned);
                let mut changes = Vec::new();
                walk(inner, &format!("{place}[{label}]"), key, &mut changes);
                for (name, changed) in changes {
                    let mut whole = list.clone();
                    if let Some(slot) = whole.get_mut(number) {
                        *slot = changed;
                    }
                    out.push((name, Value::Array(whole)));
                }
            }
        }
        leaf => {
            for changed in steps(leaf, place, key) {
                out.push((format!("{place}: {leaf} -> {changed}"), changed));
            }
        }
    }
}

fn name_of(value: &Value) -> Option<&str> {
    let table = value.as_table()?;
    table.get("id").or_else(|| table.get("kind"))?.as_str()
}

fn shorter_and_longer(list: &[Value], place: &str, key: &str, out: &mut Vec<(String, Value)>) {
    for (number, gone) in list.iter().enumerate() {
        let mut shorter = list.to_vec();
        shorter.remove(number);
        out.push((format!("{place}: without {gone}"), Value::Array(shorter)));
    }
    let row = ROWS.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, row)| row);
    let more = row.iter().find(|word| !list.iter().any(|known| known.as_str() == Some(**word)));
    if let Some(more) = more {
        let mut longer = list.to_vec();
        longer.push(Value::String((*more).to_owned()));
        out.push((format!("{place}: with {more}"), Value::Array(longer)));
    }
}

/// What a single value becomes by one step.
fn steps(value: &Value, place: &str, key: &str) -> Vec<Value> {
    match value {
        Value::Integer(number) => vec![Value::Integer(number + 1), Value::Integer(number - 1)],
        Value::Boolean(policy) => vec![Value::Boolean(!policy)],
        Value::String(text) => strings(text, place, key).into_iter().map(Value::String).collect(),
        _ => Vec::new(),
    }
}

fn strings(text: &str, place: &str, key: &str) -> Vec<String> {
    let moved = |span: Span| {
        text.parse::<Date>().ok().and_then(|day| day.checked_add(span).ok()).map(|day| day.to_string())
    };
    match key {
        "from" | "until" if place.contains("holiday[") => {
            [Span::new().years(1), Span::new().years(-1)].into_iter().filter_map(moved).collect()
        }
        "from" | "until" => {
            [Span::new().days(1), Span::new().days(-1)].into_iter().filter_map(moved).collect()
        }
        "fixed" => [1, -1].into_iter().filter_map(|days| month_day(text, days)).collect(),
        "tag" if place.starts_with("holidays") => {
            // there, only whether it was read in a text at all shows
            vec![if text == "M" { "S" } else { "M" }.to_owned()]
        }
        "tag" => {
            next(&LETTERS.map(concerto_procedure::calendar::Confidence::letter), text).into_iter().collect()
        }
        _ => {
            let row = ROWS.iter().find(|(name, _)| *name == key).map_or(&[][..], |(_, row)| row);
            next(row, text).into_iter().collect()
        }
    }
}

/// The next in a row; the first for one that is not in it.
fn next(row: &[&str], text: &str) -> Option<String> {
    let place = row.iter().position(|word| *word == text).map_or(0, |place| place + 1);
    row.get(place).or_else(|| row.first()).filter(|word| **word != text).map(|word| (*word).to_owned())
}

fn month_day(text: &str, days: i64) -> Option<String> {
    // a year with a 29 February
    let day: Date = format!("2000-{text}").parse().ok()?;
    day.checked_add(Span::new().days(days)).ok().map(|day| day.strftime("%m-%d").to_string())
}
