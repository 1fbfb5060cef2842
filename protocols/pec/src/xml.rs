//! XML read into a small tree, strictly and within bounds (XML 1.0): no DTD, no entity but the five of XML, no processing instruction.
//!
//! Certification data needs none of these, and each has a use in attacks (external entities, expansion). Nothing outside the bytes given
//! is ever looked at.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::limits::{XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_ELEMENTS_MAX, XML_TEXT_BYTES_MAX};

/// Why XML was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well-formed.
    #[error("the XML is not well-formed")]
    Malformed,
    /// A document type definition: never needed, and the way to external entities.
    #[error("the XML has a DOCTYPE, which is refused")]
    Doctype,
    /// An entity that XML itself does not define.
    #[error("the XML uses an entity of its own, which is refused")]
    Entity,
    /// A processing instruction.
    #[error("the XML has a processing instruction, which is refused")]
    Instruction,
    /// Deeper than [`XML_DEPTH_MAX`].
    #[error("the XML is nested deeper than {XML_DEPTH_MAX}")]
    TooDeep,
    /// More than [`XML_ELEMENTS_MAX`] elements, [`XML_ATTRIBUTES_MAX`] attributes or [`XML_TEXT_BYTES_MAX`] bytes of text.
    #[error("the XML has more elements, attributes or text than allowed")]
    TooMany,
}

/// One element: name without prefix, attributes, text of its own, and elements inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
    pub(crate) inside: Vec<Element>,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.inside.iter().filter(move |element| element.name == name)
    }

    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }
}

/// Reads one document.
pub(crate) fn parse(text: &str) -> Result<Element, XmlError> {
    let mut reader = Reader::from_str(text);
    let mut tree = Tree::default();
    loop {
        match reader.read_event().map_err(|_| XmlError::Malformed)? {
            Event::Start(start) => tree.open(&start)?,
            Event::Empty(start) => {
                tree.open(&start)?;
                tree.close()?;
            }
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(&resolve(&reference)?)?,
            Event::Comment(_) | Event::Decl(_) => {}
            Event::PI(_) => return Err(XmlError::Instruction),
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof => return tree.finish(),
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    if reference.is_char_ref() {
        let found = reference.resolve_char_ref().map_err(|_| XmlError::Malformed)?;
        let legal = found.filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'));
        return legal.map(String::from).ok_or(XmlError::Malformed);
    }
    resolve_xml_entity(reference).map(str::to_owned).ok_or(XmlError::Entity)
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), XmlError> {
        if self.open.len() >= XML_DEPTH_MAX {
            return Err(XmlError::TooDeep);
        }
        self.elements += 1;
        if self.elements > XML_ELEMENTS_MAX {
            return Err(XmlError::TooMany);
        }
        if self.root.is_some() {
            return Err(XmlError::Malformed);
        }
        let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| XmlError::Malformed)?;
            if element.attributes.len() >= XML_ATTRIBUTES_MAX || attribute.value.len() > XML_TEXT_BYTES_MAX {
                return Err(XmlError::TooMany);
            }
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0);
            let value = value.map_err(|_| XmlError::Entity)?.into_owned();
            element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let element = self.open.pop().ok_or(XmlError::Malformed)?;
        match self.open.last_mut() {
            Some(outer) => outer.inside.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        let Some(element) = self.open.last_mut() else {
            let blank = text.chars().all(|c| c.is_ascii_whitespace() || c == '\u{feff}');
            return if blank { Ok(()) } else { Err(XmlError::Malformed) };
        };
        if element.text.len() + text.len() > XML_TEXT_BYTES_MAX {
            return Err(XmlError::TooMany);
        }
        element.text.push_str(text);
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        if self.open.is_empty() { self.root.ok_or(XmlError::Malformed) } else { Err(XmlError::Malformed) }
    }
}

#[cfg(test)]
#[path = "xml_tests.rs"]
mod tests;
