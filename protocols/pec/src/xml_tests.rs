//! XML within bounds: what attacks need is refused by its own code. It would catch a parser that expands entities, follows a DTD, or recurses.

use super::*;

#[test]
fn elements_attributes_text_and_character_references_are_read() {
    let root =
        parse("<?xml version='1.0'?><!-- c --><x:a b='1&lt;2'>t &amp; &#xe8;<c/><![CDATA[<d>]]></x:a>\n")
            .unwrap();
    assert_eq!((root.name.as_str(), root.attribute("b")), ("a", Some("1<2")));
    assert_eq!(root.text, "t & è<d>");
    assert_eq!(root.inside.len(), 1);
}

#[test]
fn what_certification_data_never_needs_is_refused() {
    for (xml, error) in [
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", XmlError::Doctype),
        ("<!DOCTYPE a [<!ENTITY x SYSTEM 'http://127.0.0.1/'>]><a>&x;</a>", XmlError::Doctype),
        ("<a>&x;</a>", XmlError::Entity),
        ("<a b='&x;'/>", XmlError::Entity),
        ("<?xml-stylesheet href='x'?><a/>", XmlError::Instruction),
        ("<a>", XmlError::Malformed),
        ("<a></b>", XmlError::Malformed),
        ("<a/><b/>", XmlError::Malformed),
        ("<a/>text", XmlError::Malformed),
        ("<a b='1' b='2'/>", XmlError::Malformed),
        ("<a>&#0;</a>", XmlError::Malformed),
        ("<a>&#x1;</a>", XmlError::Malformed),
        ("", XmlError::Malformed),
    ] {
        assert_eq!(parse(xml).unwrap_err(), error, "{xml}");
    }
}

#[test]
fn the_bounds_hold() {
    let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    assert!(parse(&nested(XML_DEPTH_MAX)).is_ok());
    assert_eq!(parse(&nested(XML_DEPTH_MAX + 1)).unwrap_err(), XmlError::TooDeep);
    assert_eq!(parse(&nested(100_000)).unwrap_err(), XmlError::TooDeep);
    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
    assert!(parse(&wide(XML_ELEMENTS_MAX - 1)).is_ok());
    assert_eq!(parse(&wide(XML_ELEMENTS_MAX)).unwrap_err(), XmlError::TooMany);
    assert_eq!(
        parse(&format!("<a>{}</a>", "x".repeat(XML_TEXT_BYTES_MAX + 1))).unwrap_err(),
        XmlError::TooMany
    );
    let attributes: String = (0..=XML_ATTRIBUTES_MAX).map(|n| format!(" a{n}='1'")).collect();
    assert_eq!(parse(&format!("<a{attributes}/>")).unwrap_err(), XmlError::TooMany);
}
