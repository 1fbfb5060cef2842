//! Times, sizes and counts that nothing here exceeds.

use std::time::Duration;

/// Longest time to make a connection, and again for its TLS handshake.
pub const CONNECT_TIME_MAX: Duration = Duration::from_secs(20);
/// Longest time for the server's next answer (shorter in this crate's own tests).
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 60 });
/// Longest time for handing over a mail, from its first byte to the answer (RFC 5321 section 4.5.3.2), beside the time of
/// [`SUBMISSION_BYTES_PER_SECOND`] (shorter in this crate's own tests).
pub const SUBMISSION_TIME_MAX: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 600 });
/// Least speed at which a mail is expected to leave.
pub const SUBMISSION_BYTES_PER_SECOND: u64 = 16 * 1024;
/// Longest time in one IDLE, after which servers end it (RFC 2177: 29 minutes).
pub const IDLE_TIME_MAX: Duration = Duration::from_secs(20 * 60);
/// Time before the next attempt after a first failure; it doubles.
pub const RETRY_TIME_MIN: Duration = Duration::from_secs(5);
/// Longest time before the next attempt.
pub const RETRY_TIME_MAX: Duration = Duration::from_secs(15 * 60);
/// Most mails asked for in one command.
pub const BATCH_MAILS_MAX: usize = 200;
/// Most bytes of mails asked for in one command, unless one alone has more.
pub const BATCH_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Fewest and most numbers (UIDs) asked about in one command; where many are missing it doubles.
pub const WINDOW: (u32, u32) = (64, 262_144);
/// Bytes that a server may send beside the mails asked for, in one answer to a command.
pub const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How often one mail may fail, alone and while the server works, before it is told as unreadable and passed over.
pub const UNREADABLE_AFTER: u8 = 5;
/// Longest text of a server's reply that is kept, in characters.
pub const REPLY_CHARS_MAX: usize = 300;
/// Longest password, in bytes.
pub const PASSWORD_BYTES_MAX: u64 = 1024;
/// Most files that a folder of mails may have.
pub const FOLDER_FILES_MAX: usize = 1_000_000;
/// A file younger than this may still be written, and is read the next time.
pub const FILE_SETTLED: Duration = Duration::from_secs(2);
