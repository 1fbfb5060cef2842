//! Posta elettronica certificata (PEC): receipts and envelopes as data, whether they count, and what they prove (RFC 6109; DPR 68/2005;
//! CAD artt. 45, 47, 48).
//!
//! [`examine`] is the only way in: it takes the bytes of a mail and a [`CmsCheck`], and says what the mail claims, what was tolerated, and
//! every reason against it. [`Examination::consult`] asks the directory of providers; only then [`Examination::verified`] gives a
//! [`Verified`] receipt or envelope. [`Delivery`] follows a mail that was sent, for each recipient. Nothing here has input or output,
//! a clock or cryptography. A free mail is tied to its case by [`tie`] and read for what it may be by [`proposal`]. Sending and reading mailboxes is the work of `adapters/pec-mail`; what may leave is an [`OutgoingMail`].
//!
//! ```text
//!   bytes -> examine(cms port) -> Examination -> consult(directory) -> Verified<Certified> -> Delivery::take -> state of each recipient
//! ```

mod address;
mod carried;
mod cms;
mod content;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod daticert;
mod delivery;
mod directory;
mod examine;
mod forwarded;
mod header;
mod kind;
pub mod limits;
mod mime;
mod note;
mod outgoing;
mod parts;
pub mod proposal;
mod receipt;
mod refusal;
mod sending;
pub mod tie;
mod verified;
mod xml;

pub use address::{Address, MailId};
pub use carried::{Carried, CarriedDocument, LINK_TYPE, SaltFile, carried, link_name, salt_file_name};
pub use cms::{ChainError, CmsCheck, CmsError, DigestAlgorithm, SignedData, SignerCertificate};
pub use content::{Content, Original, PartFacts};
pub use daticert::{Daticert, DaticertError, Recipient};
pub use delivery::{Delivery, FINAL_NOTICE_AFTER, NOTICES_APART, RecipientState, Submission, Taken};
pub use directory::{Directory, DirectoryError, Manages, Provider};
pub use examine::{Examination, Header, SignatureForm, TimeSource, examine};
pub use forwarded::forwarded;
pub use header::HeaderError;
pub use kind::{ErrorWord, PecType, ReceiptForm};
pub use mime::MimeError;
pub use note::{NOTES_MAX, Note, Notes};
pub use outgoing::{OutgoingError, OutgoingMail, REPEATED_FIELD};
pub use parts::{MailPart, answered, attachments, text};
pub use receipt::{Certified, Envelope, Outcome, Reason, Receipt, outcomes};
pub use refusal::{Refusal, Unreadable};
pub use sending::{ACCEPTANCE_WAITED_FOR, AttemptEnd, Sending, SendingStep};
pub use verified::Verified;
pub use xml::XmlError;
