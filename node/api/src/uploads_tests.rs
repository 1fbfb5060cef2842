//! Uploads: catches bytes kept beyond the limit, a file left behind by an upload that was given up, and a changed file that is used.

use super::*;
use http::StatusCode;

#[test]
fn an_upload_is_named_by_its_bytes_and_used_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = Uploads::open(folder.path()).unwrap();
    let mut incoming = uploads.begin().unwrap();
    incoming.write(b"relazione ").unwrap();
    incoming.write(b"tecnica").unwrap();
    let (digest, size) = uploads.finish(incoming).unwrap();
    assert_eq!((digest, size), (Digest::of(b"relazione tecnica"), 17));
    let used = uploads.document(digest, "text/plain".into(), Audience::ALL).unwrap();
    assert_eq!(used.content, Content::Bytes(b"relazione tecnica".to_vec()));
    fs::write(folder.path().join(digest.to_string()), b"another").unwrap();
    assert_eq!(
        uploads.document(digest, "text/plain".into(), Audience::ALL).unwrap_err().status(),
        StatusCode::INTERNAL_SERVER_ERROR
    );
    let unknown = uploads.document(Digest([0; 32]), String::new(), Audience::ALL).unwrap_err();
    assert_eq!(unknown.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[test]
fn what_is_too_large_or_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let uploads = Uploads::open(folder.path()).unwrap();
    let mut incoming = uploads.begin().unwrap();
    let mebibyte = vec![0; 1024 * 1024];
    for _ in 0..UPLOAD_BYTES_MAX / 1024 / 1024 {
        incoming.write(&mebibyte).unwrap();
    }
    assert_eq!(incoming.write(b"x").unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
    drop(incoming);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(folder.path().join("9.part"), b"left by a crash").unwrap();
    Uploads::open(folder.path()).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
