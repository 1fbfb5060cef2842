//! What `concerto-bench` is told on its command line.

use std::path::PathBuf;
use std::time::Duration;

/// Whatever kept a measurement from being made.
pub(crate) type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What the command line may say.
pub(crate) const USAGE: &str = "\
concerto-bench [OPTIONS]: the speed of two nodes on this machine, beside what the machine allows
  --concerto PATH   the program to measure (else the one beside this program)
  --folder PATH     where the nodes work (else a temporary folder beside the program, on its disk)
  --seconds N       how long each measurement lasts (5)
  --idle N          seconds before the memory of idle nodes is read (10)
  --only PART       law: only a large case folded, and concerto terms; api: only the reads of the local API;
                    document: only the large document
  --document-mib N  size of the large document, in MiB; 0: none (1024)
  --conferences N   conferences of the node whose local API is read; 0: none (10000)
  --format FORMAT   text (for people, the default) or json
  --help            this text";

/// The only part to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Only {
    /// A large case folded, and `concerto terms`.
    Law,
    /// The reads of the local API.
    Api,
    /// The large document.
    Document,
}

/// The settings of one run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) concerto: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seconds: Duration,
    pub(crate) idle: Duration,
    pub(crate) document_mib: usize,
    pub(crate) json: bool,
    pub(crate) conferences: usize,
    pub(crate) only: Option<Only>,
}

impl Settings {
    /// Reads the arguments; none where only help was asked.
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>, Failed> {
        let own = std::env::current_exe()?;
        let beside = own.parent().ok_or("this program lies in no folder")?;
        let mut settings = Self {
            concerto: beside.join("concerto"),
            folder: beside.to_path_buf(),
            seconds: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            document_mib: 1024,
            json: false,
            conferences: 10_000,
            only: None,
        };
        while let Some(name) = arguments.next() {
            if name == "--help" {
                println!("{USAGE}");
                return Ok(None);
            }
            let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--concerto" => settings.concerto = value.into(),
                "--folder" => settings.folder = value.into(),
                "--seconds" => settings.seconds = Duration::from_secs(value.parse::<u64>()?.max(1)),
                "--document-mib" => settings.document_mib = value.parse()?,
                "--idle" => settings.idle = Duration::from_secs(value.parse()?),
                "--only" if value == "law" => settings.only = Some(Only::Law),
                "--only" if value == "api" => settings.only = Some(Only::Api),
                "--only" if value == "document" => settings.only = Some(Only::Document),
                "--conferences" => settings.conferences = value.parse()?,
                "--format" if value == "json" || value == "text" => settings.json = value == "json",
                _ => return Err(format!("{name} {value} is not understood").into()),
            }
        }
        if !settings.concerto.is_file() {
            return Err(format!("there is no program {}", settings.concerto.display()).into());
        }
        Ok(Some(settings))
    }

    /// A temporary folder on the disk that is measured; it goes with the value.
    pub(crate) fn scratch(&self) -> Result<tempfile::TempDir, Failed> {
        Ok(tempfile::Builder::new().prefix("concerto-bench-").tempdir_in(&self.folder)?)
    }

    /// Says what is measured now.
    pub(crate) fn progress(&self, what: &str) {
        if !self.json {
            eprintln!("measuring: {what}");
        }
    }
}
