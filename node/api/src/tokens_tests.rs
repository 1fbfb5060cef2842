//! Tokens: catches a secret that is kept in clear, a scope that includes others, an end that is not observed, a revocation that needs a
//! restart, and a list that is readable by others.

use super::*;
use std::os::unix::fs::PermissionsExt;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn new(label: &str, scopes: &[Scope], expires: Option<Timestamp>) -> NewToken {
    NewToken { label: label.into(), scopes: scopes.to_vec(), created: at(0), expires }
}

#[test]
fn a_token_admits_for_its_scopes_until_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::new(folder.path().join("api"));
    let (token, text) =
        file.add(new("protocollo", &[Scope::Read, Scope::Read], Some(at(100))), [1; 6], &[7; 32]).unwrap();
    assert_eq!(token.scopes, [Scope::Read]);
    let tokens = Tokens::new(file.clone());
    let header = format!("Bearer {text}");
    let admit = |header: &str, scope, now| tokens.admit(Some(header), scope, at(now));
    assert_eq!(admit(&header, Scope::Read, 99).unwrap().token, token.id);
    for scope in [Scope::Write, Scope::Documents, Scope::Admin] {
        assert_eq!(admit(&header, scope, 99), Err(Denied::Scope), "{scope:?}");
    }
    assert_eq!(admit(&header, Scope::Read, 100), Err(Denied::Invalid), "it has ended");
    assert_eq!(tokens.admit(None, Scope::Read, at(1)), Err(Denied::Missing));
    assert_eq!(admit(&format!("Basic {text}"), Scope::Read, 1), Err(Denied::Missing));
    let wrong = header.replace(&text[text.len() - 4..], "AAAA");
    assert_eq!(admit(&wrong, Scope::Read, 1), Err(Denied::Invalid));
    assert_eq!(admit("Bearer concerto_", Scope::Read, 1), Err(Denied::Invalid));
    assert_eq!(tokens.all()[0].1, Some(at(100).min(at(99))), "the last use is known");

    let path = folder.path().join("api/tokens.json");
    let written = fs::read_to_string(&path).unwrap();
    let secret = text.rsplit('_').next().unwrap();
    assert!(!written.contains(secret), "the secret is kept nowhere");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_revoked_token_admits_no_more_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::new(folder.path());
    let tokens = Tokens::new(file.clone());
    let (token, text) = file.add(new("uno", &[Scope::Admin], None), [2; 6], &[8; 32]).unwrap();
    let header = format!("bearer {text}");
    assert!(tokens.admit(Some(&header), Scope::Admin, at(0)).is_ok());
    file.revoke(&token.id).unwrap();
    let until = Instant::now() + Duration::from_secs(5);
    while tokens.admit(Some(&header), Scope::Admin, at(0)).is_ok() {
        assert!(Instant::now() < until, "a revoked token is still admitted");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(matches!(file.revoke(&token.id), Err(TokenError::Unknown)));
}

#[test]
fn the_list_is_bounded_and_what_is_no_token_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = TokenFile::new(folder.path());
    assert!(matches!(file.add(new("", &[Scope::Read], None), [0; 6], &[0; 32]), Err(TokenError::Label)));
    assert!(matches!(file.add(new("a\nb", &[Scope::Read], None), [0; 6], &[0; 32]), Err(TokenError::Label)));
    assert!(matches!(file.add(new("x", &[], None), [0; 6], &[0; 32]), Err(TokenError::NoScope)));
    let (sample, _) = file.add(new("x", &[Scope::Read], None), [0; 6], &[0; 32]).unwrap();
    let full = vec![sample; TOKENS_MAX];
    replace(&file.path(), &serde_json::to_vec(&full).unwrap()).unwrap();
    assert!(matches!(file.add(new("x", &[Scope::Read], None), [0; 6], &[0; 32]), Err(TokenError::TooMany)));
    replace(&file.path(), b"not a list").unwrap();
    assert_eq!(
        Tokens::new(file).admit(Some("Bearer concerto_000000000000_AA"), Scope::Read, at(0)),
        Err(Denied::Invalid)
    );
}
