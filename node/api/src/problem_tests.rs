//! Problems: catches a status that is taken from the wrong table, a language header read as a list of equals, and codes written twice.

use super::*;

#[test]
fn statuses_follow_the_code_and_the_law_refuses_with_422() {
    assert_eq!(Problem::new("token.scope").status(), StatusCode::FORBIDDEN);
    assert_eq!(Problem::new("store.full").status(), StatusCode::INSUFFICIENT_STORAGE);
    let lawful =
        Fault { norm: Some("L. 241/1990 art. 2 c. 7".into()), ..Fault::new("procedure.any", "no", "no") };
    let problem = Problem::of(vec![lawful, Fault::new("token.scope", "", "")]);
    assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY, "the first fault decides");
    let body = problem.body(Lang::En);
    assert_eq!((body.problems.len(), body.norm.as_deref()), (2, Some("L. 241/1990 art. 2 c. 7")));
    assert_eq!(body.kind, "urn:concerto:problem:procedure.any");
}

#[test]
fn codes_are_told_once_and_have_a_status_of_their_kind() {
    for (at, code) in CODES.iter().enumerate() {
        assert!(CODES.iter().skip(at + 1).all(|other| other.code != code.code), "{} twice", code.code);
        assert!((400..=599).contains(&code.status), "{}", code.code);
        assert!(!code.it.is_empty() && !code.en.is_empty());
    }
}

#[test]
fn the_language_with_the_greatest_weight_counts() {
    let lang = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_str(text).unwrap());
        language(&headers)
    };
    assert_eq!(language(&HeaderMap::new()), Lang::It);
    assert_eq!(lang("en"), Lang::En);
    assert_eq!(lang("en-GB,en;q=0.9,it;q=0.5"), Lang::En);
    assert_eq!(lang("en;q=0.2, it-IT;q=0.8"), Lang::It);
    assert_eq!(lang("de, fr;q=0.9"), Lang::It);
    assert_eq!(lang("it;q=0, en;q=0.1"), Lang::En);
}
