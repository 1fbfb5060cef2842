//! The messages of RFC 6109, each in the forms that real providers use.
//!
//! [`Facts`] is what happened, [`Draft`] how it is written: a test changes one thing and signs. Real providers differ in the order of parts,
//! the encoding of `daticert.xml`, the protocol's name, HTML beside text, and character sets; all of these are fields here.

use concerto_pec::{PecType, ReceiptForm};
use jiff::Timestamp;
use jiff::tz::Offset;
use openssl::base64::encode_block;

use super::authority::Identity;
use super::cms::{Md, Signing};
use super::instant;

/// What happened.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The mailbox that sent the original.
    pub sender: String,
    /// Its recipients; `true` for a certified mailbox.
    pub recipients: Vec<(String, bool)>,
    /// The sender's Message-ID, without brackets.
    pub message_id: Option<String>,
    /// The provider's identifier.
    pub identifier: String,
    /// When.
    pub at: Timestamp,
    /// Distance of local time from UTC, in hours.
    pub zone_hours: i8,
    /// Subject of the original.
    pub subject: String,
    /// `errore`.
    pub error: Option<String>,
    /// `errore-esteso`.
    pub error_detail: Option<String>,
    /// `ricevuta`.
    pub form: Option<ReceiptForm>,
    /// `consegna`.
    pub delivered_to: Option<String>,
    /// `ricezione`.
    pub taken_for: Vec<String>,
    /// How the provider names itself.
    pub provider: String,
}

impl Facts {
    /// A mail of a region to a municipality, delivered on 30 November 2026 at 10:15 in Rome.
    pub fn ordinary() -> Self {
        Self {
            sender: "protocollo@pec.regione.example".to_owned(),
            recipients: vec![("protocollo@pec.comune.example".to_owned(), true)],
            message_id: Some("conf-1.0001@pec.regione.example".to_owned()),
            identifier: "opec21001.20261130101500.00001.42.1.1@pec.gestore-uno.example".to_owned(),
            at: instant("2026-11-30T09:15:00Z"),
            zone_hours: 1,
            subject: "Indizione della conferenza di servizi – via Esempio 1, Camerino".to_owned(),
            error: None,
            error_detail: None,
            form: Some(ReceiptForm::Complete),
            delivered_to: Some("protocollo@pec.comune.example".to_owned()),
            taken_for: vec!["protocollo@pec.comune.example".to_owned()],
            provider: "Gestore Uno S.p.A.".to_owned(),
        }
    }

    /// The certification data of a type.
    pub fn daticert(&self, kind: PecType) -> String {
        let error = self.error.as_deref().unwrap_or("nessuno");
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<postacert tipo=\"{kind}\" errore=\"{error}\">\n  <intestazione>\n"
        );
        let mut line = |text: String| xml.push_str(&format!("    {text}\n"));
        line(format!("<mittente>{}</mittente>", escaped(&self.sender)));
        for (address, certified) in &self.recipients {
            let what = if *certified { "certificato" } else { "esterno" };
            line(format!("<destinatari tipo=\"{what}\">{}</destinatari>", escaped(address)));
        }
        line(format!("<risposte>{}</risposte>", escaped(&self.sender)));
        line(format!("<oggetto>{}</oggetto>", escaped(&self.subject)));
        line("</intestazione><dati>".to_owned());
        line(format!("<gestore-emittente>{}</gestore-emittente>", escaped(&self.provider)));
        let local = Offset::from_hours(self.zone_hours).unwrap().to_datetime(self.at);
        line(format!(
            "<data zona=\"{:+03}00\"><giorno>{}</giorno><ora>{}</ora></data>",
            self.zone_hours,
            local.strftime("%d/%m/%Y"),
            local.strftime("%H:%M:%S")
        ));
        line(format!("<identificativo>{}</identificativo>", escaped(&self.identifier)));
        if let Some(id) = &self.message_id {
            line(format!("<msgid>&lt;{}&gt;</msgid>", escaped(id)));
        }
        if let Some(form) = self.form.filter(|_| matches!(kind, PecType::Delivery | PecType::Envelope)) {
            line(format!("<ricevuta tipo=\"{}\"/>", form.as_str()));
        }
        let for_one = matches!(
            kind,
            PecType::Delivery | PecType::DeliveryError | PecType::DelayNotice | PecType::VirusDetected
        );
        if let Some(to) = self.delivered_to.as_ref().filter(|_| for_one) {
            line(format!("<consegna>{}</consegna>", escaped(to)));
        }
        for to in self.taken_for.iter().filter(|_| kind == PecType::TakenInCharge) {
            line(format!("<ricezione>{}</ricezione>", escaped(to)));
        }
        if let Some(detail) = &self.error_detail {
            line(format!("<errore-esteso>{}</errore-esteso>", escaped(detail)));
        }
        xml.push_str("  </dati>\n</postacert>\n");
        xml
    }

    /// The original mail as the provider passes it on: its Message-ID replaced by the provider's identifier.
    pub fn original(&self) -> Vec<u8> {
        let to: Vec<&str> = self.recipients.iter().map(|(address, _)| address.as_str()).collect();
        let reference = self.message_id.as_deref().unwrap_or("none@pec.regione.example");
        format!(
            "From: {}\r\nTo: {}\r\nSubject: {}\r\nMessage-ID: <{}>\r\nX-Riferimento-Message-ID: <{reference}>\r\n\
             MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
             Si indice la conferenza di servizi.\r\n-- \r\nUfficio di prova\r\n",
            self.sender,
            to.join(", "),
            encoded_word(&self.subject),
            self.identifier
        )
        .into_bytes()
    }
}

/// How `daticert.xml` is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Base64, as most do.
    Base64,
    /// Quoted-printable.
    QuotedPrintable,
    /// As it is.
    Plain,
}

/// How a message is written, before it is signed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Fields of the top-level header, in order.
    pub fields: Vec<String>,
    /// Bytes of `daticert.xml`, if it is there.
    pub daticert: Option<Vec<u8>>,
    /// Its encoding.
    pub daticert_encoding: Encoding,
    /// Its name.
    pub daticert_name: String,
    /// `postacert.eml`.
    pub original: Option<Vec<u8>>,
    /// Whether the original stands before the certification data.
    pub original_first: bool,
    /// Whether the text has an HTML version, mislabelled as one provider does.
    pub html: bool,
    /// Parts added by the provider, whole.
    pub more_parts: Vec<Vec<u8>>,
    /// Whether the signature's protocol is written with `x-`.
    pub x_protocol: bool,
    /// The digest of the signature.
    pub digest: Md,
    /// Whether the signature's outer lengths are indefinite.
    pub indefinite: bool,
    /// `signingTime`.
    pub signing_time: Option<Timestamp>,
    /// What makes the boundaries of this message its own; an original inside has others.
    pub boundary: String,
}

impl Draft {
    /// A message of a type as RFC 6109 section 3 writes it.
    pub fn of(kind: PecType, facts: &Facts) -> Self {
        let with_original = match kind {
            PecType::Envelope | PecType::Anomaly => true,
            PecType::Delivery => facts.form != Some(ReceiptForm::Concise),
            _ => false,
        };
        Self {
            fields: fields(kind, facts),
            daticert: (kind != PecType::Anomaly).then(|| facts.daticert(kind).into_bytes()),
            daticert_encoding: Encoding::Base64,
            daticert_name: "daticert.xml".to_owned(),
            original: with_original.then(|| facts.original()),
            original_first: false,
            html: false,
            more_parts: Vec::new(),
            x_protocol: false,
            digest: Md::Sha256,
            indefinite: false,
            signing_time: Some(facts.at),
            boundary: "1".to_owned(),
        }
    }

    /// Removes every field of that name and, where there is a value, puts the new one first.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let prefix = format!("{}:", name.to_ascii_lowercase());
        self.fields.retain(|field| !field.to_ascii_lowercase().starts_with(&prefix));
        if let Some(value) = value {
            self.fields.insert(0, format!("{name}: {value}"));
        }
    }

    /// The part that is signed: `multipart/mixed`, with CRLF.
    pub fn content(&self) -> Vec<u8> {
        let inner = format!("----=_Parti_{}", self.boundary);
        let mut parts = vec![text_part(self.html)];
        let daticert = self.daticert.as_ref().map(|xml| self.daticert_part(xml));
        let original = self.original.as_ref().map(|mail| {
            let head = "Content-Type: message/rfc822; name=\"postacert.eml\"\r\n\
                        Content-Disposition: attachment; filename=\"postacert.eml\"\r\n\r\n";
            [head.as_bytes(), mail].concat()
        });
        let pair = if self.original_first { [original, daticert] } else { [daticert, original] };
        parts.extend(pair.into_iter().flatten());
        parts.extend(self.more_parts.iter().cloned());
        let mut out = format!("Content-Type: multipart/mixed; boundary=\"{inner}\"\r\n\r\n").into_bytes();
        out.extend(joined(&inner, &parts));
        out
    }

    /// The mail with the signature of a provider.
    pub fn sign(&self, provider: &Identity) -> Vec<u8> {
        let signing = Signing {
            digest: self.digest,
            at: self.signing_time,
            indefinite: self.indefinite,
            ..Signing::by(provider)
        };
        self.signed_with(&signing.sign(&self.content()))
    }

    /// The mail with some bytes as its signature.
    pub fn signed_with(&self, signature: &[u8]) -> Vec<u8> {
        let outer = format!("----=_Firma_{}", self.boundary);
        let x = if self.x_protocol { "x-" } else { "" };
        let micalg = if self.digest == Md::Sha1 { "sha1" } else { "sha-256" };
        let head = format!(
            "Content-Type: application/{x}pkcs7-signature; name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        );
        let signature = [head.as_bytes(), wrapped(signature).as_bytes()].concat();
        let content_type = format!(
            "multipart/signed; protocol=\"application/{x}pkcs7-signature\"; micalg={micalg};\r\n boundary=\"{outer}\""
        );
        let body = joined(&outer, &[self.content(), signature]);
        [self.head(&content_type), body].concat()
    }

    /// The mail as `application/pkcs7-mime`, content and signature in one.
    pub fn sign_opaque(&self, provider: &Identity) -> Vec<u8> {
        let signing = Signing { inside: true, at: self.signing_time, ..Signing::by(provider) };
        let content_type = "application/pkcs7-mime; smime-type=signed-data; name=\"smime.p7m\"\r\n\
                            Content-Transfer-Encoding: base64";
        [self.head(content_type), wrapped(&signing.sign(&self.content())).into_bytes()].concat()
    }

    /// The mail as it is, without any signature.
    pub fn unsigned(&self) -> Vec<u8> {
        let body = self.content();
        let head = format!("{}\r\nMIME-Version: 1.0\r\n", self.fields.join("\r\n"));
        [head.as_bytes(), &body].concat()
    }

    fn head(&self, content_type: &str) -> Vec<u8> {
        format!("{}\r\nMIME-Version: 1.0\r\nContent-Type: {content_type}\r\n\r\n", self.fields.join("\r\n"))
            .into_bytes()
    }

    fn daticert_part(&self, xml: &[u8]) -> Vec<u8> {
        let (encoding, body) = match self.daticert_encoding {
            Encoding::Base64 => ("base64", wrapped(xml).into_bytes()),
            Encoding::QuotedPrintable => ("quoted-printable", quoted_printable(xml)),
            // with CRLF, the form in which a signer takes text (RFC 8551 section 3.1.1)
            Encoding::Plain => ("8bit", String::from_utf8_lossy(xml).replace('\n', "\r\n").into_bytes()),
        };
        let name = &self.daticert_name;
        let head = format!(
            "Content-Type: application/xml; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n"
        );
        [head.as_bytes(), &body].concat()
    }
}

fn fields(kind: PecType, facts: &Facts) -> Vec<String> {
    let virus = facts.error.as_deref() == Some("virus");
    let prefix = match kind {
        PecType::Acceptance => "ACCETTAZIONE",
        PecType::NonAcceptance if virus => "AVVISO DI NON ACCETTAZIONE PER VIRUS",
        PecType::NonAcceptance => "AVVISO DI NON ACCETTAZIONE",
        PecType::TakenInCharge => "PRESA IN CARICO",
        PecType::Delivery => "CONSEGNA",
        PecType::DeliveryError if virus => "AVVISO DI MANCATA CONSEGNA PER VIRUS",
        PecType::DeliveryError => "AVVISO DI MANCATA CONSEGNA",
        PecType::DelayNotice => "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO",
        PecType::VirusDetected => "PROBLEMA DI SICUREZZA",
        PecType::Envelope => "POSTA CERTIFICATA",
        PecType::Anomaly => "ANOMALIA MESSAGGIO",
        PecType::Mail => "",
    };
    let provider = match kind {
        PecType::Delivery | PecType::TakenInCharge | PecType::DeliveryError | PecType::VirusDetected => {
            "posta-certificata@pec.gestore-due.example"
        }
        _ => "posta-certificata@pec.gestore-uno.example",
    };
    let mut fields = match kind {
        PecType::Envelope => vec!["X-Trasporto: posta-certificata".to_owned()],
        PecType::Anomaly => vec!["X-Trasporto: errore".to_owned()],
        PecType::Mail => Vec::new(),
        _ => vec![format!("X-Ricevuta: {kind}")],
    };
    let enveloped = matches!(kind, PecType::Envelope | PecType::Anomaly);
    fields.push(if enveloped {
        format!("From: \"Per conto di: {}\"\r\n <{provider}>", facts.sender)
    } else {
        format!("From: {provider}")
    });
    let to = if enveloped { &facts.recipients[0].0 } else { &facts.sender };
    fields.push(format!("To: {to}"));
    fields.push(format!("Subject: {}", encoded_word(&format!("{prefix}: {}", facts.subject))));
    fields.push(format!("Message-ID: <{}.{}@pec.gestore.example>", kind.as_str(), facts.identifier.len()));
    if let Some(id) = facts.message_id.as_ref().filter(|_| kind != PecType::Anomaly) {
        fields.push(format!("X-Riferimento-Message-ID: <{id}>"));
    }
    if let Some(form) = facts.form.filter(|_| kind == PecType::Envelope) {
        fields.push(format!("X-TipoRicevuta: {}", form.as_str()));
    }
    if virus && matches!(kind, PecType::NonAcceptance | PecType::DeliveryError) {
        fields.push("X-VerificaSicurezza: errore".to_owned());
    }
    fields
}

fn text_part(html: bool) -> Vec<u8> {
    let text = "Content-Type: text/plain; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
                Il messaggio =EF=BF=BD stato elaborato. =E8 un avviso.\r\n";
    if !html {
        return text.as_bytes().to_vec();
    }
    let html =
        "Content-Type: text/html; charset=\"iso-8859-1\"\r\n\r\n<html><body><p>Avviso</p></body></html>";
    let head = b"Content-Type: multipart/alternative; boundary=\"alt\"\r\n\r\n".to_vec();
    [head, joined("alt", &[text.as_bytes().to_vec(), html.as_bytes().to_vec()])].concat()
}

fn joined(boundary: &str, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    out
}

/// Base64 in lines of 76 characters.
pub fn wrapped(bytes: &[u8]) -> String {
    // a multiple of three, so that no block but the last is padded
    let lines = bytes.chunks(57).map(encode_block);
    lines.collect::<Vec<_>>().join("\r\n")
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = String::new();
    for line in String::from_utf8_lossy(bytes).lines() {
        let mut column = 0;
        for byte in line.bytes() {
            let plain = (33..=126).contains(&byte) && byte != b'=';
            let piece = if plain { char::from(byte).to_string() } else { format!("={byte:02X}") };
            if column + piece.len() > 75 {
                out.push_str("=\r\n");
                column = 0;
            }
            column += piece.len();
            out.push_str(&piece);
        }
        out.push_str("\r\n");
    }
    out.into_bytes()
}

/// A subject in encoded words of UTF-8, folded (RFC 2047).
pub fn encoded_word(text: &str) -> String {
    let words = text.chars().collect::<Vec<_>>();
    let words = words.chunks(14).map(|piece| {
        let piece: String = piece.iter().collect();
        format!("=?utf-8?B?{}?=", encode_block(piece.as_bytes()))
    });
    words.collect::<Vec<_>>().join("\r\n ")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
