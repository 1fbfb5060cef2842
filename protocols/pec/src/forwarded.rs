//! Mails that came inside another one, forwarded whole (`message/rfc822`, RFC 2046 section 5.2.1): an office whose register product reads the mailbox may have
//! copies forwarded to a second one.
//!
//! Whoever forwarded them proves nothing and need not: a forwarded receipt counts by its own signature alone, exactly as if it had come
//! directly. Mails inside a PEC message (`postacert.eml`) are not forwarded copies, and are never looked for here.

use std::borrow::Cow;

use crate::header::Fields;
use crate::limits::MAIL_BYTES_MAX;
use crate::mime::Part;

/// The mails attached whole to an ordinary one, in order; none for a PEC message, or for what cannot be read.
pub fn forwarded(mail: &[u8]) -> Vec<Cow<'_, [u8]>> {
    if mail.len() > MAIL_BYTES_MAX {
        return Vec::new();
    }
    inside(mail).unwrap_or_default()
}

fn inside(mail: &[u8]) -> Option<Vec<Cow<'_, [u8]>>> {
    let fields = Fields::split(mail).ok()?;
    if fields.any_begins("X-Ricevuta") || fields.any_begins("X-Trasporto") {
        return None;
    }
    let outer = Part::read(mail).ok()?;
    if outer.media_type() == "message/rfc822" {
        return outer.decoded(MAIL_BYTES_MAX).ok().map(|whole| vec![whole]);
    }
    if !outer.is_multipart() {
        return None;
    }
    let children = outer.children().ok()?.0;
    let parts = children.into_iter().filter_map(|child| Part::read(child).ok());
    let attached = parts.filter(|part| part.media_type() == "message/rfc822");
    Some(attached.filter_map(|part| part.decoded(MAIL_BYTES_MAX).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIPT: &str = "X-Ricevuta: accettazione\r\nSubject: ACCETTAZIONE\r\n\r\ncorpo\r\n";

    fn forward(field: &str, part_head: &str, part: &str) -> String {
        format!(
            "{field}Subject: I: ACCETTAZIONE\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nInoltro.\r\n\
             --b\r\nContent-Type: message/rfc822\r\n{part_head}\r\n{part}\r\n--b--\r\n"
        )
    }

    #[test]
    fn a_forwarded_copy_comes_out_as_it_went_in() {
        assert_eq!(forwarded(forward("", "", RECEIPT).as_bytes()), [RECEIPT.as_bytes()]);
        let encoded = data_encoding::BASE64.encode(RECEIPT.as_bytes());
        let mail = forward("", "Content-Transfer-Encoding: base64\r\n", &encoded);
        assert_eq!(forwarded(mail.as_bytes()), [RECEIPT.as_bytes()]);
    }

    #[test]
    fn what_a_pec_message_carries_was_not_forwarded() {
        for field in ["X-Ricevuta: avvenuta-consegna\r\n", "x-trasporto: posta-certificata\r\n"] {
            assert!(forwarded(forward(field, "", RECEIPT).as_bytes()).is_empty());
        }
        for nothing in ["", "Subject: x\r\n\r\ny", "Content-Type: multipart/mixed\r\n\r\n--b"] {
            assert!(forwarded(nothing.as_bytes()).is_empty());
        }
    }
}
