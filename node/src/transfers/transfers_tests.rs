//! Document streams over a pipe in memory, with real stores: honest, broken at any byte, and hostile at either end.
//!
//! They catch: bytes of the wrong document kept, an interruption that costs more than one chunk, a source that runs ahead, a peer
//! that is waited for without end, the blame put on the wrong side.

use super::*;
use concerto_exchange::transfer::{AHEAD_BYTES_MAX, Ask, Opening, TransferError, encode_head};
use concerto_message::limits::CHUNK_BYTES;
use concerto_message::{Chunks, Salt, StreamedError};
use concerto_port::memory::MemoryDocuments;
use concerto_port::{DocumentStore, Room};
use fetch::Fetching;
use serve::{ServeError, Serving};
use throttle::Throttle;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const SALT: Salt = Salt([0x42; 16]);
const PIPE: usize = 128 * 1024;
const SHORT: Patience = Patience {
    opening: Duration::from_millis(400),
    silence: Duration::from_millis(400),
    chunk: Duration::from_millis(1500),
};

fn message() -> MessageId {
    MessageId(Digest([9; 32]))
}

fn peer() -> Writer {
    "c_b474/TEST002".parse().unwrap()
}

/// A store that holds one document of so many bytes.
fn source(size: usize) -> (Arc<MemoryDocuments>, Listed, Vec<u8>) {
    let bytes: Vec<u8> = (0..size).map(|n| (n % 247) as u8).collect();
    let store = MemoryDocuments::default();
    let held = store.add(SALT, "application/pdf", size as u64, &mut bytes.as_slice()).unwrap();
    let listed = Listed { digest: held.digest, size: held.size, chunks: held.chunks.unwrap() };
    (Arc::new(store), listed, bytes)
}

async fn fetch_over(
    store: &Arc<MemoryDocuments>,
    listed: &Listed,
    stream: impl Duplex,
) -> Result<(), FetchFailure> {
    let mut fetching = Fetching::begin(store.clone(), message(), *listed, SHORT).await?;
    let tracked = Progress::default().begin(listed, &peer(), fetching.held());
    fetching.run(stream, &Throttle::new(0), &tracked).await
}

/// Serves one stream honestly.
fn serve(store: Arc<MemoryDocuments>, listed: Listed, mut stream: DuplexStream) {
    tokio::spawn(async move {
        let serving = Serving { documents: store, throttle: Arc::new(Throttle::new(0)), patience: SHORT };
        let ask = serve::read_ask(&mut stream, SHORT).await.unwrap();
        let _ = serving.answer(stream, ask, Ok(listed)).await; // tests that look at this end await it themselves
    });
}

#[tokio::test]
async fn a_document_crosses_whole() {
    for size in [CHUNK_BYTES + 1, 5 * CHUNK_BYTES, 7 * CHUNK_BYTES + 12_345] {
        let (from, listed, bytes) = source(size);
        let to = Arc::new(MemoryDocuments::default());
        let (here, there) = tokio::io::duplex(PIPE);
        serve(from, listed, there);
        fetch_over(&to, &listed, here).await.unwrap();
        assert_eq!(to.get(listed.digest).unwrap(), Some((SALT, bytes)));
    }
}

/// Passes at most `most` bytes of the source, then breaks; gives the number passed.
async fn broken_pipe(mut near: DuplexStream, mut far: DuplexStream, most: u64) -> u64 {
    let (mut from_source, mut to_source) = tokio::io::split(&mut far);
    let (mut from_asker, mut to_asker) = tokio::io::split(&mut near);
    let mut limited = (&mut from_source).take(most);
    let there = tokio::io::copy(&mut limited, &mut to_asker);
    let back = tokio::io::copy(&mut from_asker, &mut to_source);
    tokio::select! { passed = there => passed.unwrap(), _ = back => 0 }
}

#[tokio::test]
async fn an_interruption_anywhere_costs_at_most_one_chunk() {
    let (from, listed, bytes) = source(6 * CHUNK_BYTES + 999);
    let to = Arc::new(MemoryDocuments::default());
    let (mut passed, mut breaks) = (0, 0);
    for most in [90, 3_000, 700_001, 1_500_000, 1_048_576, 65_537, 2_000_000, u64::MAX] {
        let (asker, near) = tokio::io::duplex(PIPE);
        let (far, server) = tokio::io::duplex(PIPE);
        serve(from.clone(), listed, server);
        let pipe = tokio::spawn(broken_pipe(near, far, most));
        let result = fetch_over(&to, &listed, asker).await;
        passed += pipe.await.unwrap();
        if result.is_ok() {
            break;
        }
        assert_eq!(result, Err(FetchFailure::Interrupted), "{most}");
        breaks += 1;
    }
    assert_eq!(to.get(listed.digest).unwrap(), Some((SALT, bytes)));
    assert_eq!(breaks, 7);
    let heads = 8 * 400; // opening and list of each stream
    assert!(passed <= listed.size + breaks * AHEAD_BYTES_MAX + heads, "{passed}");
}

#[tokio::test]
async fn a_source_sends_one_chunk_ahead_and_no_more() {
    let (from, listed, _) = source(8 * CHUNK_BYTES);
    let (mut here, there) = tokio::io::duplex(16 * CHUNK_BYTES);
    serve(from, listed, there);
    let ask = Ask { message: message(), digest: listed.digest, from: 0, list: false };
    here.write_all(&encode_head(&ask).unwrap()).await.unwrap();
    let mut came = 0;
    let mut buffer = vec![0; 65_536];
    while let Ok(Ok(read @ 1..)) =
        tokio::time::timeout(Duration::from_millis(200), here.read(&mut buffer)).await
    {
        came += read as u64;
    }
    assert!((AHEAD_BYTES_MAX..AHEAD_BYTES_MAX + 200).contains(&came), "{came}");
}

/// A source that answers with any bytes.
async fn fetch_from(
    listed: &Listed,
    answer: Vec<u8>,
    hold_open: bool,
) -> (Result<(), FetchFailure>, Arc<MemoryDocuments>) {
    let to = Arc::new(MemoryDocuments::default());
    let (here, mut there) = tokio::io::duplex(PIPE);
    let playing = tokio::spawn(async move {
        let _ = serve::read_ask(&mut there, SHORT).await;
        let (mut input, mut output) = tokio::io::split(there);
        let reading = tokio::spawn(async move { tokio::io::copy(&mut input, &mut tokio::io::sink()).await });
        let _ = output.write_all(&answer).await;
        if hold_open {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        // it ends here and goes on hearing: only so everything that it said is read
        let _ = output.shutdown().await;
        let _ = tokio::time::timeout(Duration::from_secs(60), reading).await;
    });
    let result = fetch_over(&to, listed, here).await;
    playing.abort();
    (result, to)
}

fn opening() -> Vec<u8> {
    encode_head(&Opening::document(&SALT)).unwrap()
}

#[tokio::test]
async fn hostile_sources_end_with_their_code_and_leave_nothing_wrong() {
    let (_, listed, bytes) = source(3 * CHUNK_BYTES + 5);
    let list = Chunks::of(&SALT, &bytes).to_bytes();
    let mut wrong_list = list.clone();
    wrong_list[40] ^= 1;
    let mut wrong_chunk = bytes.clone();
    wrong_chunk[CHUNK_BYTES + 1] ^= 1;
    let other_salt = encode_head(&Opening::document(&Salt([0; 16]))).unwrap();
    let short_salt = encode_head(&Opening::Document { salt: "00".into() }).unwrap();
    let endless = [&opening()[..], &list, &vec![0x55; 8 * CHUNK_BYTES]].concat();
    let cases: Vec<(&str, Vec<u8>, bool, &str, u64)> = vec![
        ("head too large", vec![0xff; 64], true, "transfer.head.too-large", 0),
        ("head of nonsense", [&4_u32.to_be_bytes()[..], b"nope"].concat(), true, "transfer.head", 0),
        ("salt that is none", short_salt, true, "transfer.head", 0),
        ("another salt", [&other_salt[..], &list, &bytes].concat(), true, "document.chunks", 0),
        ("another list", [&opening()[..], &wrong_list, &bytes].concat(), true, "document.chunks", 0),
        (
            "bad chunk",
            [&opening()[..], &list, &wrong_chunk].concat(),
            true,
            "document.chunk",
            CHUNK_BYTES as u64,
        ),
        ("endless bytes", endless, true, "document.chunk", 0),
        ("silence at once", Vec::new(), true, "transfer.slow", 0),
        (
            "silence in the midst",
            [&opening()[..], &list, &bytes[..CHUNK_BYTES]].concat(),
            true,
            "transfer.slow",
            CHUNK_BYTES as u64,
        ),
        ("end at once", Vec::new(), false, "transfer.interrupted", 0),
        (
            "end in the midst",
            [&opening()[..], &list, &bytes[..2 * CHUNK_BYTES]].concat(),
            false,
            "transfer.interrupted",
            2 * CHUNK_BYTES as u64,
        ),
        (
            "refused",
            encode_head(&Opening::refused("document.unavailable", "no")).unwrap(),
            false,
            "document.unavailable",
            0,
        ),
    ];
    for (what, answer, hold_open, code, kept) in cases {
        let (result, to) = fetch_from(&listed, answer, hold_open).await;
        assert_eq!(result.unwrap_err().code(), code, "{what}");
        assert!(!to.has(listed.digest).unwrap(), "{what}");
        assert_eq!(to.staged_bytes(listed.digest).unwrap_or(0), kept, "{what}");
    }
}

#[tokio::test]
async fn a_link_that_contradicts_itself_is_told_from_a_source_that_cheats() {
    let (_, listed, bytes) = source(2 * CHUNK_BYTES);
    let liar = Listed { digest: Digest([1; 32]), ..listed };
    let answer = [&opening()[..], &Chunks::of(&SALT, &bytes).to_bytes(), &bytes].concat();
    let (result, to) = fetch_from(&liar, answer, true).await;
    assert_eq!(result, Err(FetchFailure::Inconsistent));
    assert_eq!(to.staged_bytes(liar.digest), None);
}

#[tokio::test]
async fn a_source_that_drips_is_given_up() {
    let (_, listed, bytes) = source(2 * CHUNK_BYTES);
    let to = Arc::new(MemoryDocuments::default());
    let (here, mut there) = tokio::io::duplex(PIPE);
    let head = [&opening()[..], &Chunks::of(&SALT, &bytes).to_bytes()].concat();
    let dripping = tokio::spawn(async move {
        let _ = serve::read_ask(&mut there, SHORT).await;
        there.write_all(&head).await.unwrap();
        // never silent for long, and never done
        while there.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let result = tokio::time::timeout(Duration::from_secs(20), fetch_over(&to, &listed, here)).await;
    assert_eq!(result.expect("given up"), Err(FetchFailure::Slow));
    dripping.abort();
}

#[tokio::test]
async fn bytes_of_an_earlier_source_are_not_the_next_ones_fault() {
    let (from, listed, bytes) = source(3 * CHUNK_BYTES);
    let list = Chunks::of(&SALT, &bytes);
    let to = Arc::new(MemoryDocuments::default());
    let mut staged = to.stage(&listed, SALT, list).unwrap();
    staged.append(&[0xee; 1000]).unwrap(); // the middle of a chunk, by a source that then broke off
    drop(staged);
    for expected in [Err(FetchFailure::Damaged), Ok(())] {
        let (here, there) = tokio::io::duplex(PIPE);
        serve(from.clone(), listed, there);
        assert_eq!(fetch_over(&to, &listed, here).await, expected);
    }
    assert_eq!(to.get(listed.digest).unwrap(), Some((SALT, bytes)));
}

#[tokio::test]
async fn no_room_is_known_before_anything_is_asked() {
    let (_, listed, _) = source(3 * CHUNK_BYTES);
    let room = Room { quota_bytes: Some(CHUNK_BYTES as u64), reserve_bytes: 0 };
    let to = Arc::new(MemoryDocuments::with_room(room, 1 << 30));
    let (here, mut there) = tokio::io::duplex(PIPE);
    assert!(matches!(fetch_over(&to, &listed, here).await, Err(FetchFailure::NoRoom(_))));
    let mut asked = Vec::new();
    there.read_to_end(&mut asked).await.unwrap();
    assert!(asked.is_empty());
}

/// How an honest source ends before an asker that sends these bytes.
async fn serve_asker(
    listed: Listed,
    from: Arc<MemoryDocuments>,
    asked: Vec<u8>,
    close: bool,
) -> Result<(), ServeError> {
    let (mut here, mut there) = tokio::io::duplex(4 * CHUNK_BYTES);
    here.write_all(&asked).await.unwrap();
    let here = (!close).then_some(here);
    let ask = serve::read_ask(&mut there, SHORT).await?;
    let serving = Serving { documents: from, throttle: Arc::new(Throttle::new(0)), patience: SHORT };
    let result = serving.answer(there, ask, Ok(listed)).await;
    drop(here);
    result
}

#[tokio::test]
async fn hostile_askers_end_with_a_typed_error() {
    let (from, listed, _) = source(3 * CHUNK_BYTES);
    let ask = |place| {
        encode_head(&Ask { message: message(), digest: listed.digest, from: place, list: true }).unwrap()
    };
    let claims = |said: u64| [&ask(0)[..], &said.to_be_bytes()].concat();
    let result = serve_asker(listed, from.clone(), vec![0xff; 8], false).await;
    assert!(matches!(result, Err(ServeError::Misbehaved(TransferError::HeadTooLarge { .. }))), "{result:?}");
    let result = serve_asker(listed, from.clone(), [&2_u32.to_be_bytes()[..], b"{}"].concat(), false).await;
    assert!(matches!(result, Err(ServeError::Misbehaved(TransferError::BadHead(_)))), "{result:?}");
    let result = serve_asker(listed, from.clone(), ask(listed.size + 1), false).await;
    assert!(matches!(result, Err(ServeError::Misbehaved(TransferError::BadPlace { .. }))), "{result:?}");
    let result = serve_asker(listed, from.clone(), claims(u64::MAX), false).await;
    assert!(matches!(result, Err(ServeError::Misbehaved(TransferError::BadKept { .. }))), "{result:?}");
    let result = serve_asker(listed, from.clone(), ask(0), false).await;
    assert!(matches!(result, Err(ServeError::Slow)), "an asker that takes and says nothing: {result:?}");
    let result = serve_asker(listed, from.clone(), ask(0), true).await;
    assert!(matches!(result, Err(ServeError::Stream(_))), "{result:?}");
    let result = serve_asker(listed, from, ask(0)[..9].to_vec(), false).await;
    assert!(matches!(result, Err(ServeError::Slow)), "half a head: {result:?}");
}

#[tokio::test]
async fn a_damaged_document_is_refused_or_broken_off_and_never_sent_as_good() {
    let (_, listed, _) = source(3 * CHUNK_BYTES);
    let result = serve_asker(
        Listed { chunks: Digest([3; 32]), ..listed },
        source(3 * CHUNK_BYTES).0,
        encode_head(&Ask { message: message(), digest: listed.digest, from: 0, list: true }).unwrap(),
        false,
    );
    assert!(matches!(result.await, Err(ServeError::Refused("document.unavailable"))));
    assert_eq!(FetchFailure::from(TransferError::from(StreamedError::List)).code(), "document.chunks");
}

#[tokio::test]
async fn a_throttle_lets_through_what_it_says() {
    let throttle = Throttle::new(1_000_000);
    let begun = tokio::time::Instant::now();
    for _ in 0..15 {
        throttle.spend(20_000).await;
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(290), "{took:?}");
}

#[tokio::test]
async fn progress_is_told_while_it_lasts() {
    let (_, listed, _) = source(2 * CHUNK_BYTES);
    let progress = Progress::default();
    let tracked = progress.begin(&listed, &peer(), 10);
    tracked.held(500_000);
    let told = progress.all().remove(0);
    assert_eq!((told.digest, told.size, told.held, told.active), (listed.digest, listed.size, 500_000, true));
    assert!(told.bytes_per_second > 0);
    drop(tracked);
    let told = progress.all().remove(0);
    assert!(!told.active && told.held == 500_000, "an interrupted one stays visible");
    progress.begin(&listed, &peer(), 500_000).done();
    assert!(progress.all().is_empty());
}
