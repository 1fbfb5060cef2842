//! The types of PEC messages (RFC 6109 sections 2.1 and 3) and the closed words of the certification data (section 4.4).

use std::fmt;

/// What a mail says it is, in its own top-level header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PecType {
    /// The sender's provider took the mail for delivery (RFC 6109 section 3.1.4): proof of sending.
    #[doc(alias = "accettazione")]
    Acceptance,
    /// The sender's provider did not take it: a formal error or a virus (3.1.2, 3.1.3).
    #[doc(alias = "non-accettazione")]
    NonAcceptance,
    /// Between providers (3.2.1); of no value for the user.
    #[doc(alias = "presa-in-carico")]
    TakenInCharge,
    /// The mail is in the recipient's certified mailbox (3.3.2), read or not: proof of delivery.
    #[doc(alias = "avvenuta-consegna")]
    Delivery,
    /// It could not be delivered (3.3.3), or a virus was found (3.2.4).
    #[doc(alias = "errore-consegna")]
    DeliveryError,
    /// No answer of the recipient's provider after 12 hours, or after 24, with which it ends (3.1.6).
    #[doc(alias = "preavviso-errore-consegna")]
    DelayNotice,
    /// Between providers: a virus was found (3.2.3).
    #[doc(alias = "rilevazione-virus")]
    VirusDetected,
    /// The transport envelope that carries a certified mail to its recipient (3.1.5).
    #[doc(alias = "posta-certificata")]
    Envelope,
    /// An envelope around a mail that is not certified (3.2.2): it certifies nothing.
    #[doc(alias = "anomalia")]
    Anomaly,
    /// Any other mail.
    Mail,
}

impl PecType {
    /// The name that PEC gives it; `mail` for any other mail.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acceptance => "accettazione",
            Self::NonAcceptance => "non-accettazione",
            Self::TakenInCharge => "presa-in-carico",
            Self::Delivery => "avvenuta-consegna",
            Self::DeliveryError => "errore-consegna",
            Self::DelayNotice => "preavviso-errore-consegna",
            Self::VirusDetected => "rilevazione-virus",
            Self::Envelope => "posta-certificata",
            Self::Anomaly => "anomalia",
            Self::Mail => "mail",
        }
    }

    /// What a field `X-Ricevuta` names; nothing for a word that RFC 6109 does not have.
    pub fn of_receipt_field(value: &str) -> Option<Self> {
        let receipts = [
            Self::Acceptance,
            Self::NonAcceptance,
            Self::TakenInCharge,
            Self::Delivery,
            Self::DeliveryError,
            Self::DelayNotice,
            Self::VirusDetected,
        ];
        receipts.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(value.trim()))
    }

    /// What a field `X-Trasporto` names: `posta-certificata`, or `errore` for an anomaly.
    pub fn of_transport_field(value: &str) -> Option<Self> {
        let value = value.trim();
        if value.eq_ignore_ascii_case("posta-certificata") {
            Some(Self::Envelope)
        } else {
            value.eq_ignore_ascii_case("errore").then_some(Self::Anomaly)
        }
    }

    /// Whether it is a receipt or notice about a mail that somebody sent.
    pub fn is_receipt(self) -> bool {
        !matches!(self, Self::Envelope | Self::Anomaly | Self::Mail)
    }

    /// Whether RFC 6109 gives it certification data.
    pub fn is_certified(self) -> bool {
        !matches!(self, Self::Anomaly | Self::Mail)
    }
}

impl fmt::Display for PecType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much of the mail a delivery receipt gives back (RFC 6109 sections 3.3.2.1 to 3.3.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptForm {
    /// The whole original.
    #[doc(alias = "completa")]
    Complete,
    /// The original with each attachment replaced by its SHA-1.
    #[doc(alias = "breve")]
    Brief,
    /// Certification data alone.
    #[doc(alias = "sintetica")]
    Concise,
}

impl ReceiptForm {
    /// Reads PEC's word.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        [Self::Complete, Self::Brief, Self::Concise]
            .into_iter()
            .find(|form| form.as_str().eq_ignore_ascii_case(word))
    }

    /// PEC's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "completa",
            Self::Brief => "breve",
            Self::Concise => "sintetica",
        }
    }
}

/// The attribute `errore` of the certification data.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorWord {
    /// `nessuno`, also where the attribute is missing.
    None,
    /// `no-dest`: the recipient does not exist.
    NoRecipient,
    /// `no-dominio`: the recipient's domain does not exist.
    NoDomain,
    /// `virus`.
    Virus,
    /// `altro`: what it was is in `errore-esteso`. Providers also use it for a recipient that does not exist.
    Other,
    /// A word that RFC 6109 does not have, as it stands.
    Unknown(String),
}

impl ErrorWord {
    pub(crate) fn parse(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "" | "nessuno" => Self::None,
            "no-dest" => Self::NoRecipient,
            "no-dominio" => Self::NoDomain,
            "virus" => Self::Virus,
            "altro" => Self::Other,
            _ => Self::Unknown(word.trim().to_owned()),
        }
    }

    /// PEC's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "nessuno",
            Self::NoRecipient => "no-dest",
            Self::NoDomain => "no-dominio",
            Self::Virus => "virus",
            Self::Other => "altro",
            Self::Unknown(word) => word,
        }
    }
}
