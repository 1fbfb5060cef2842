//! The documents of a case: those built into the program, or a folder of the user's.

use concerto_message::limits::SMALL_DOCUMENT_BYTES_MAX;
use std::path::{Component, Path, PathBuf};

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../demo/documents/", $name)))),*]
    };
}

/// The documents of the built-in case; a test compares this list with the folder.
const BUILT_IN: &[(&str, &[u8])] = built_in![
    "01-istanza.pdf",
    "02-relazione-tecnica.pdf",
    "03-planimetria.pdf",
    "04-prospetto.pdf",
    "05-indizione.pdf",
    "06-ricevuta-indizione.pdf",
    "07-richiesta-integrazioni.pdf",
    "08-sospensione.pdf",
    "09-ricevuta-sospensione.pdf",
    "10-relazione-geologica.pdf",
    "11-trasmissione-integrazioni.pdf",
    "12-determinazione-provincia.pdf",
    "13-determinazione-comune.pdf",
    "14-determinazione-soprintendenza.pdf",
    "15-carta-archeologica.pdf",
    "16-presa-atto.pdf",
    "17-consultazione-prescrizioni.pdf",
    "18-risposta-richiedente.pdf",
    "19-determinazione-conclusiva.pdf",
    "20-ricevuta-conclusione.pdf",
    "21-nomina-rappresentante-unico.txt",
];

/// Where the documents of a case are.
#[derive(Debug, Clone)]
pub(crate) enum Documents {
    /// In the program.
    BuiltIn,
    /// In a folder.
    Folder(PathBuf),
}

/// Why a document cannot be used; Italian and English.
pub(crate) type Unusable = (String, String);

impl Documents {
    /// The bytes of a document.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Unusable> {
        let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
        if !plain || name.is_empty() {
            return Err((
                format!("`{name}` non è un file nella cartella dei documenti"),
                format!("`{name}` is no file in the documents folder"),
            ));
        }
        let bytes = match self {
            Self::BuiltIn => BUILT_IN
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, bytes)| bytes.to_vec())
                .ok_or_else(|| {
                    (format!("il documento `{name}` non esiste"), format!("there is no document `{name}`"))
                })?,
            Self::Folder(folder) => std::fs::read(folder.join(name)).map_err(|error| {
                let path = folder.join(name);
                (
                    format!("il documento {} non si legge: {error}", path.display()),
                    format!("the document {} cannot be read: {error}", path.display()),
                )
            })?,
        };
        let (size, most) = (bytes.len() as u64, SMALL_DOCUMENT_BYTES_MAX);
        if size > most {
            return Err((
                format!("il documento `{name}` ha {size} byte, più dei {most} ammessi"),
                format!("the document `{name}` has {size} bytes, more than the {most} allowed"),
            ));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_folder_is_built_in_byte_for_byte() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/documents");
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
        for name in names {
            assert_eq!(
                Documents::BuiltIn.read(&name).unwrap(),
                Documents::Folder(folder.clone()).read(&name).unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_name_that_leaves_the_folder_is_refused() {
        let folder = Documents::Folder(Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/documents"));
        for name in ["../case.toml", "/etc/hostname", "", "./../case.toml"] {
            assert!(folder.read(name).is_err(), "{name}");
        }
    }
}
