//! A document stream between two nodes in memory: the ports and the pure protocol of real ones, without anything that takes time.

use concerto_exchange::transfer::{Ask, FetchFailure, PIECE_BYTES, Sending, TransferError};
use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Digest, Listed, MessageId};
use concerto_port::memory::MemoryDocuments;
use concerto_port::{DocumentError, DocumentStore};

/// Brings a document from one store into another, from where it was broken off, by at most `most` bytes.
///
/// # Errors
/// [`FetchFailure`], as a node is told it.
pub fn stream(
    source: &MemoryDocuments,
    asker: &MemoryDocuments,
    document: &Listed,
    most: u64,
) -> Result<(), FetchFailure> {
    let gone = || FetchFailure::Refused { code: "document.unavailable".into(), reason: "gone".into() };
    let mut reader = source.open(document.digest).unwrap().ok_or_else(gone)?;
    let (salt, list) = (reader.held().salt, reader.list().clone());
    let resumed = asker.resume(document).map_err(failure)?;
    let mut staged = match resumed {
        Some(staged) => staged,
        None => asker.stage(document, salt, list).map_err(failure)?,
    };
    let from = staged.size();
    let ask = Ask { message: MessageId(Digest([0; 32])), digest: document.digest, from, list: from == 0 };
    let mut sending = Sending::new(&ask, document.size)?;
    let mut chunk = Vec::new();
    while !sending.done() {
        if sending.place() - from >= most {
            return Err(FetchFailure::Interrupted);
        }
        let (index, within) = (sending.place() / CHUNK_BYTES as u64, sending.place() % CHUNK_BYTES as u64);
        reader.chunk(index, &mut chunk).unwrap();
        let left = (most - (sending.place() - from)).min(sending.room()).min(PIECE_BYTES as u64);
        let piece: Vec<u8> = chunk[within as usize..].iter().take(left as usize).copied().collect();
        sending.sent(piece.len() as u64);
        staged.append(&piece).map_err(failure)?;
        sending.kept(staged.size().to_be_bytes())?;
    }
    staged.finish().map_err(failure)
}

fn failure(error: DocumentError) -> FetchFailure {
    match error {
        DocumentError::Streamed(wrong) => TransferError::from(wrong).into(),
        DocumentError::Busy(_) => FetchFailure::Busy,
        full if full.is_no_room() => FetchFailure::NoRoom(full.to_string()),
        other => FetchFailure::Store(other.to_string()),
    }
}
