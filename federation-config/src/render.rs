//! Writes values into a commented file: the defaults are the template, so that comments and keys never drift apart.

/// A TOML value as text.
pub(crate) struct Rendered(String);

impl Rendered {
    pub(crate) fn text(value: &str) -> Self {
        Self(toml::Value::String(value.to_owned()).to_string())
    }

    pub(crate) fn list(values: impl IntoIterator<Item = String>) -> Self {
        let items: Vec<String> = values.into_iter().map(|v| Self::text(&v).0).collect();
        Self(format!("[{}]", items.join(", ")))
    }

    pub(crate) fn number(value: u64) -> Self {
        Self(value.to_string())
    }

    pub(crate) fn flag(value: bool) -> Self {
        Self(value.to_string())
    }
}

/// One `key = value` line.
pub(crate) fn line(key: &str, value: &Rendered) -> String {
    format!("{key} = {}\n", value.0)
}

/// Replaces the value of each `key = value` line of a template by what `value` gives for its section and key.
pub(crate) fn fill(template: &str, value: impl Fn(&str, &str) -> Option<Rendered>) -> String {
    let mut section = "";
    let mut filled = String::with_capacity(template.len());
    for row in template.lines() {
        if let Some(name) = row.strip_prefix('[').and_then(|r| r.strip_suffix(']')) {
            section = name;
        }
        let key = row.split_once(" = ").map(|(key, _)| key).filter(|_| !row.starts_with('#'));
        match key.and_then(|key| value(section, key).map(|v| (key, v))) {
            Some((key, value)) => filled.push_str(&line(key, &value)),
            None => {
                filled.push_str(row);
                filled.push('\n');
            }
        }
    }
    filled
}
