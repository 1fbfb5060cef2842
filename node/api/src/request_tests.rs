//! Requests: catches a key that two tokens share, a cursor taken on trust, an entity tag that never matches, and a body without bound.

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect()
}

#[test]
fn keys_belong_to_a_token_and_have_a_form() {
    let key = |text: &str, token| order_key(&headers(&[("idempotency-key", text)]), token);
    assert_eq!(key("a", "one").unwrap(), key("a", "one").unwrap());
    assert_ne!(key("a", "one").unwrap(), key("a", "two").unwrap());
    assert_ne!(key("a", "one").unwrap(), key("b", "one").unwrap());
    for wrong in ["", "a b", &"x".repeat(KEY_CHARS_MAX + 1)] {
        assert_eq!(key(wrong, "one").unwrap_err().status(), StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert!(order_key(&HeaderMap::new(), "one").is_err());
    assert_ne!(request_digest("POST", "/a", b"b"), request_digest("POST", "/ab", b""));
}

#[test]
fn a_cursor_comes_back_as_it_was_given() {
    let page = |cursor: &str| Page { limit: 1, cursor: Some(cursor.to_owned()) };
    assert_eq!(page(&cursor(&7_u64)).after::<u64>().unwrap(), Some(7));
    for wrong in ["", "!", "bnVsbA", &cursor(&"text")] {
        assert!(page(wrong).after::<u64>().is_err(), "{wrong}");
    }
}

#[test]
fn what_the_caller_holds_is_not_sent_again() {
    let first = tagged(&HeaderMap::new(), &[1, 2]).unwrap();
    let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(first.status(), StatusCode::OK);
    let again = tagged(&headers(&[("if-none-match", &format!("\"x\", W/{tag}"))]), &[1, 2]).unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let other = tagged(&headers(&[("if-none-match", &tag)]), &[1, 3]).unwrap();
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn json_bodies_have_a_type_a_form_and_a_size() {
    let typed = headers(&[("content-type", "application/json; charset=utf-8")]);
    let read = |headers: HeaderMap, text: &str| {
        let body = Body::from(text.to_owned());
        async move { json::<Vec<u8>>(&headers, body).await.map(|(value, _)| value).map_err(|p| p.status()) }
    };
    assert_eq!(read(typed.clone(), "[1]").await, Ok(vec![1]));
    assert_eq!(read(HeaderMap::new(), "[1]").await, Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    assert_eq!(read(typed.clone(), "{").await, Err(StatusCode::BAD_REQUEST));
    let large = format!("[{}]", "1,".repeat(JSON_BYTES_MAX / 2));
    assert_eq!(read(typed, &large).await, Err(StatusCode::PAYLOAD_TOO_LARGE));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let endless = futures::stream::pending::<Result<Bytes, std::io::Error>>();
    let mut incoming = Incoming::new(Body::from_stream(endless));
    assert_eq!(incoming.next().await.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
}
