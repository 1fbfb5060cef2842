//! The part of `node.toml` about the local API: where it is served, and the webhooks.
//!
//! Without TLS the API is served on loopback only, and webhooks go to loopback or to private addresses of the office's own network
//! (RFC 1918, RFC 4193), written as numbers: a name could be moved to another host, and what is posted must not leave the office in
//! clear.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crate::address::Wrong;
use crate::field::{Reading, Section, read_path, value_error};
use crate::problem::text;
use crate::render::{self, Rendered};

/// Most webhooks.
pub const WEBHOOKS_MAX: usize = 16;
/// Longest path of a webhook, in characters.
const PATH_CHARS_MAX: usize = 1024;
/// The kinds of events.
const EVENTS: [&str; 4] = ["link", "receipt", "alarm", "documents"];

/// The local API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Api {
    /// Where it is served, a loopback address; none where it is not.
    pub listen: Option<SocketAddr>,
    /// Where events are posted.
    pub webhooks: Vec<WebhookFile>,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookFile {
    /// Its name.
    pub name: String,
    /// Where to post.
    pub url: WebhookUrl,
    /// The file of its secret, relative to the node's folder.
    pub secret: PathBuf,
    /// Which events; all if empty.
    pub events: Vec<String>,
}

/// `http://`, a loopback or private address, a port, a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    /// The address.
    pub address: SocketAddr,
    /// Path and query, beginning with `/`.
    pub path: String,
}

impl std::fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}{}", self.address, self.path)
    }
}

impl Api {
    pub(crate) fn rendered_listen(&self) -> Rendered {
        Rendered::text(&self.listen.map(|address| address.to_string()).unwrap_or_default())
    }

    /// The webhooks as they stand at the end of the file.
    pub(crate) fn rendered_webhooks(&self) -> String {
        let mut written = String::new();
        for hook in &self.webhooks {
            written.push_str("\n[[webhook]]\n");
            written.push_str(&render::line("name", &Rendered::text(&hook.name)));
            written.push_str(&render::line("url", &Rendered::text(&hook.url.to_string())));
            written.push_str(&render::line("secret", &Rendered::text(&hook.secret.to_string_lossy())));
            written.push_str(&render::line("events", &Rendered::list(hook.events.iter().cloned())));
        }
        written
    }
}

pub(crate) fn read(reading: &mut Reading<'_>, root: &mut Section<'_, '_>) -> Option<Api> {
    let mut api = root.section(reading, "api");
    let listen = api.read(reading, "listen", Some(None), read_listen);
    api.finish(reading);
    let mut webhooks = Some(Vec::new());
    let sections = root.sections(reading, "webhook");
    for (number, mut section) in sections.into_iter().enumerate() {
        let span = section.span();
        let hook = read_webhook(reading, &mut section);
        section.finish(reading);
        if number >= WEBHOOKS_MAX {
            let wrong = value_error(
                text(
                    format!("ci sono più di {WEBHOOKS_MAX} webhook"),
                    format!("there are more than {WEBHOOKS_MAX} webhooks"),
                ),
                text("Toglierne", "Remove some"),
            );
            reading.push("[[webhook]]", span, wrong);
            return None;
        }
        match (&mut webhooks, hook) {
            (Some(list), Some(hook)) if list.iter().any(|other: &WebhookFile| other.name == hook.name) => {
                let wrong = value_error(
                    text(
                        format!("due webhook si chiamano `{}`", hook.name),
                        format!("two webhooks are called `{}`", hook.name),
                    ),
                    text("Dare a ciascuno un nome suo", "Give each a name of its own"),
                );
                reading.push("[[webhook]].name", span, wrong);
                webhooks = None;
            }
            (Some(list), Some(hook)) => list.push(hook),
            _ => webhooks = None,
        }
    }
    Some(Api { listen: listen?.value, webhooks: webhooks? })
}

fn read_webhook(reading: &mut Reading<'_>, section: &mut Section<'_, '_>) -> Option<WebhookFile> {
    let name = section.read(reading, "name", None, read_hook_name);
    let url = section.read(reading, "url", None, read_hook_url);
    let secret = section.read(reading, "secret", None, read_path);
    let events = section.read_list(reading, "events", read_event);
    Some(WebhookFile {
        name: name?.value,
        url: url?.value,
        secret: secret?.value,
        events: events?.into_iter().map(|event| event.value).collect(),
    })
}

fn read_listen(written: &str) -> Result<Option<SocketAddr>, Wrong> {
    if written.is_empty() {
        return Ok(None);
    }
    let address: SocketAddr = written.parse().map_err(|_| {
        value_error(
            text("non è un indirizzo IP con una porta", "it is no IP address with a port"),
            text(
                "Scrivere \"127.0.0.1:4080\", o \"\" per non servire l'API",
                "Write \"127.0.0.1:4080\", or \"\" to serve no API",
            ),
        )
    })?;
    if address.ip().is_loopback() {
        return Ok(Some(address));
    }
    Err(value_error(
        text(
            format!(
                "{address} non è un indirizzo di questa sola macchina: l'API non ha TLS e i token viaggerebbero in chiaro"
            ),
            format!(
                "{address} is not an address of this machine alone: the API has no TLS and tokens would travel in clear"
            ),
        ),
        text(
            "Scrivere \"127.0.0.1:4080\"; per altre macchine mettere davanti un proxy con TLS su questa",
            "Write \"127.0.0.1:4080\"; for other machines put a proxy with TLS in front of it on this one",
        ),
    ))
}

fn read_hook_name(written: &str) -> Result<String, Wrong> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=40).contains(&written.len()) && written.bytes().all(good) {
        return Ok(written.to_owned());
    }
    Err(value_error(
        text(
            "il nome non è di lettere minuscole, cifre e trattini, da 1 a 40",
            "the name is not of lower-case letters, digits and hyphens, 1 to 40",
        ),
        text("Scrivere un nome come \"protocollo\"", "Write a name such as \"protocollo\""),
    ))
}

fn read_hook_url(written: &str) -> Result<WebhookUrl, Wrong> {
    let form = || {
        value_error(
            text(
                "non è http://, un indirizzo IP, una porta e un percorso",
                "it is not http://, an IP address, a port and a path",
            ),
            text(
                "Scrivere \"http://127.0.0.1:8090/eventi\"; i nomi non sono ammessi",
                "Write \"http://127.0.0.1:8090/events\"; names are not accepted",
            ),
        )
    };
    let rest = written.strip_prefix("http://").ok_or_else(form)?;
    let at = rest.find('/').unwrap_or(rest.len());
    let (address, path) = (rest.get(..at).unwrap_or_default(), rest.get(at..).unwrap_or_default());
    let path = if path.is_empty() { "/" } else { path };
    let visible = path.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    let address: SocketAddr = address.parse().map_err(|_| form())?;
    if !visible || path.len() > PATH_CHARS_MAX || address.port() == 0 {
        return Err(form());
    }
    if !within_the_office(address.ip()) {
        return Err(value_error(
            text(
                format!(
                    "{} non è di questa macchina né di una rete privata: gli eventi uscirebbero in chiaro",
                    address.ip()
                ),
                format!(
                    "{} is neither of this machine nor of a private network: events would leave in clear",
                    address.ip()
                ),
            ),
            text(
                "Scrivere un indirizzo di loopback o privato (10/8, 172.16/12, 192.168/16, fc00::/7)",
                "Write a loopback or private address (10/8, 172.16/12, 192.168/16, fc00::/7)",
            ),
        ));
    }
    Ok(WebhookUrl { address, path: path.to_owned() })
}

/// Loopback or private; never link-local, where the machine's own services for the cloud live.
fn within_the_office(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local(),
    }
}

fn read_event(written: &str) -> Result<String, Wrong> {
    if EVENTS.contains(&written) {
        return Ok(written.to_owned());
    }
    let all = EVENTS.join(", ");
    Err(value_error(
        text("l'evento non esiste", "there is no such event"),
        text(format!("Scrivere uno di: {all}"), format!("Write one of: {all}")),
    ))
}

#[cfg(test)]
#[path = "api_file_tests.rs"]
mod tests;
