//! The export of a conference as one file (scope `documents`): the folder of `concerto conference export`, in a ZIP archive.
//!
//! It is written beside the journal first, so that a failure is told before the first byte leaves, and removed when it was sent.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use concerto_core::Fault;
use http::{HeaderValue, header};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::app::App;
use crate::problem::Problem;

/// Exports that are made at one time; others are told to come again.
const EXPORTS_MAX: usize = 2;
/// Bytes that are handed on at one time.
const PIECE_BYTES: usize = 64 * 1024;

static PLACES: Semaphore = Semaphore::const_new(EXPORTS_MAX);
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder that is removed when it is no longer needed.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // the next start removes what is left
    }
}

/// Removes what exports left behind when the node ended.
pub(crate) fn tidy(folder: &FilePath) {
    let _ = fs::remove_dir_all(folder.join("exports")); // there may be none
}

pub(crate) async fn export(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let place = PLACES.try_acquire().map_err(|_| Problem::new("node.busy"))?;
    let (conference, scratch) = app
        .read(move |app, journal| {
            let case = app.find(journal, &name)?;
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let scratch = Scratch(app.folder.join("exports").join(number.to_string()));
            DirBuilder::new().recursive(true).mode(0o700).create(&scratch.0).map_err(failed)?;
            let folder = scratch.0.join("export");
            app.node.export(case.id(), &folder).map_err(Problem::of)?;
            pack(&folder, &scratch.0.join("export.zip")).map_err(failed)?;
            fs::remove_dir_all(folder).map_err(failed)?;
            Ok((case.id().nonce().to_string(), scratch))
        })
        .await?;
    drop(place);
    let file = tokio::fs::File::open(scratch.0.join("export.zip")).await.map_err(failed)?;
    let length = file.metadata().await.map_err(failed)?.len();
    let mut response = stream(file, scratch).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(named) = HeaderValue::from_str(&format!("attachment; filename=\"{conference}.zip\"")) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    Ok(response)
}

/// The file in pieces; its folder goes with the last of them.
fn stream(file: tokio::fs::File, scratch: Scratch) -> Body {
    let pieces = futures::stream::unfold(Some((file, scratch)), |state| async move {
        let (mut file, scratch) = state?;
        let mut piece = vec![0; PIECE_BYTES];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(Bytes::from(piece)), Some((file, scratch))))
            }
            Err(error) => Some((Err(error), None)),
        }
    });
    Body::from_stream(pieces)
}

/// Packs a folder, names sorted, without compression: what is signed is compared byte for byte, and PDF does not shrink.
fn pack(folder: &FilePath, archive: &FilePath) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(archive)?;
    let mut zip = zip::ZipWriter::new(io::BufWriter::new(file));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for path in files(folder)? {
        let name = path.strip_prefix(folder).map_err(io::Error::other)?.to_string_lossy().into_owned();
        zip.start_file(name, options.large_file(path.metadata()?.len() > u64::from(u32::MAX)))?;
        io::copy(&mut File::open(&path)?, &mut zip)?;
    }
    zip.finish()?;
    Ok(())
}

fn files(folder: &FilePath) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

fn failed(error: io::Error) -> Problem {
    tracing::warn!(%error, "an export could not be written");
    match error.kind() {
        io::ErrorKind::StorageFull => Problem::new("document.full"),
        _ => Problem::of(vec![Fault::technical("document.medium", &error.kind())]),
    }
}
