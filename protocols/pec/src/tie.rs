//! Ties a free mail to its case: by identifiers of mails (RFC 5322 section 3.6.4), by the reference that our own mails carry, by protocol numbers, and at last by the subject.
//!
//! Strong clues must agree: where they name two cases, the mail is tied to none and waits for a person. The subject is asked only where no other clue
//! is there. A protocol number counts with its date or year alone; numbers of other registers look the same, so it is likely, never certain.

use jiff::civil::Date;
use std::collections::BTreeSet;

use crate::address::MailId;
use crate::header::Fields;
use crate::limits::{FREE_TEXT_BYTES_MAX, TIE_IDS_MAX};
use concerto_message::ConferenceId;

/// A number in the register of an administration (DPR 445/2000 art. 53).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Protocol {
    /// The number, without leading zeros.
    pub number: u64,
    /// The day of the registration.
    pub on: Date,
}

/// What is known of a case that a mail may belong to.
#[derive(Debug, Clone)]
pub struct KnownCase {
    /// The case.
    pub case: ConferenceId,
    /// The identifiers of the mails that were sent or taken in it: our own, and those that providers gave them.
    pub mails: BTreeSet<MailId>,
    /// Numbers under which its acts were registered, here or by those who wrote.
    pub protocols: Vec<Protocol>,
    /// The subject of our mails.
    pub subject: String,
}

/// How sure a tie is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sure {
    /// A subject that agrees: a person should look.
    Possible,
    /// A protocol number with its day or year.
    Likely,
    /// Something that nobody writes by chance.
    Certain,
}

/// What ties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TiedBy {
    /// `In-Reply-To`, `References` or `X-Riferimento-Message-ID` names a mail of the case.
    Mail(MailId),
    /// The text or the subject has the reference that our mails carry.
    Reference,
    /// The text or the subject has a protocol number of the case.
    Protocol(Protocol),
    /// The subject is that of the case.
    Subject,
}

impl TiedBy {
    /// How sure it makes.
    pub fn sure(&self) -> Sure {
        match self {
            Self::Mail(_) | Self::Reference => Sure::Certain,
            Self::Protocol(_) => Sure::Likely,
            Self::Subject => Sure::Possible,
        }
    }

    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Mail(_) => "tie.mail",
            Self::Reference => "tie.reference",
            Self::Protocol(_) => "tie.protocol",
            Self::Subject => "tie.subject",
        }
    }
}

/// A case, and all that ties the mail to it, the surest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The case.
    pub case: ConferenceId,
    /// What ties.
    pub by: Vec<TiedBy>,
}

impl Tie {
    /// How sure the tie is: as its surest clue.
    pub fn sure(&self) -> Sure {
        self.by.iter().map(TiedBy::sure).max().unwrap_or(Sure::Possible)
    }
}

/// What a mail says of where it belongs.
#[derive(Debug, Clone, Default)]
pub struct Clues {
    /// The mails that it names, in order: at most [`TIE_IDS_MAX`].
    pub mails: Vec<MailId>,
    /// The subject, decoded.
    pub subject: String,
    /// The text, quoted parts too: they are ours as a rule, and say which case it is.
    pub text: String,
}

impl Clues {
    /// Reads the header of a mail; `text` as [`crate::proposal::FreeMail`] has it.
    pub fn read(mail: &[u8], text: &str) -> Self {
        let Ok(fields) = Fields::split(mail) else {
            return Self { text: text.to_owned(), ..Self::default() };
        };
        let names = ["X-Riferimento-Message-ID", "In-Reply-To", "References"];
        let values: Vec<String> = names.iter().filter_map(|name| fields.text(name).once()).collect();
        let ids = values.iter().flat_map(|value| value.split_whitespace()).filter_map(MailId::parse);
        Self {
            mails: ids.take(TIE_IDS_MAX).collect(),
            subject: fields.decoded("Subject").unwrap_or_default(),
            text: text.to_owned(),
        }
    }
}

/// The reference that our own mails carry in subject and text.
pub fn reference(case: &ConferenceId) -> String {
    format!("[CdS {case}]")
}

/// The one case that the mail belongs to; none where nothing ties, or where what ties names several.
pub fn tie(clues: &Clues, known: &[KnownCase]) -> Option<Tie> {
    let cut = (0..=FREE_TEXT_BYTES_MAX).rev().find_map(|at| clues.text.get(..at.min(clues.text.len())));
    let said = format!("{}\n{}", clues.subject, cut.unwrap_or_default());
    let protocols = protocols_in(&said);
    // a reference may be broken by a line, or lose its brackets
    let squeezed: String = said.chars().filter(|c| !c.is_whitespace() && *c != '>').collect();
    let strong = |case: &KnownCase| {
        let mails =
            clues.mails.iter().filter(|id| case.mails.contains(*id)).take(1).cloned().map(TiedBy::Mail);
        let named = squeezed.contains(&case.case.to_string()).then_some(TiedBy::Reference);
        let registered = case.protocols.iter().filter(|known| protocols.iter().any(|said| said.is(known)));
        mails.chain(named).chain(registered.take(1).copied().map(TiedBy::Protocol)).collect::<Vec<_>>()
    };
    let mut ties = ties(known, strong);
    if ties.is_empty() {
        let subject = bare(&clues.subject);
        let same = |case: &KnownCase| {
            let fits = subject.chars().count() >= SUBJECT_CHARS_MIN && bare(&case.subject) == subject;
            if fits { vec![TiedBy::Subject] } else { Vec::new() }
        };
        ties = self::ties(known, same);
    }
    if ties.len() == 1 { ties.pop() } else { None }
}

/// Shortest subject that ties, in characters: *Conferenza di servizi* alone is none.
const SUBJECT_CHARS_MIN: usize = 30;

fn ties(known: &[KnownCase], by: impl Fn(&KnownCase) -> Vec<TiedBy>) -> Vec<Tie> {
    let tie = |case: &KnownCase| Tie { case: case.case.clone(), by: by(case) };
    known.iter().map(tie).filter(|tie| !tie.by.is_empty()).collect()
}

/// A subject without the marks of answers and of PEC, in lower case, white space as one space.
fn bare(subject: &str) -> String {
    const MARKS: [&str; 11] = [
        "r:",
        "re:",
        "i:",
        "fw:",
        "fwd:",
        "rif:",
        "risp:",
        "posta certificata:",
        "anomalia messaggio:",
        "avvenuta consegna:",
        "risposta:",
    ];
    let lower = subject.to_lowercase();
    let mut rest = lower.trim();
    while let Some(after) = MARKS.iter().find_map(|mark| rest.strip_prefix(mark)) {
        rest = after.trim_start();
    }
    rest.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A protocol number as a text gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    number: u64,
    year: i16,
    on: Option<Date>,
}

impl Said {
    fn is(&self, known: &Protocol) -> bool {
        self.number == known.number && self.on.map_or(self.year == known.on.year(), |on| on == known.on)
    }
}

/// *prot. n. 12345 del 03/02/2027*, *protocollo 0012345/2027*, and the segnatura in one line *c_x|AOO|0012345|03/02/2027*.
fn protocols_in(text: &str) -> Vec<Said> {
    let lower = text.to_lowercase();
    let mut found = Vec::new();
    for (at, _) in lower.match_indices("prot") {
        let after = lower.get(at..).unwrap_or_default();
        let digits = after
            .char_indices()
            .take(NUMBER_CHARS_MAX)
            .find(|(_, c)| c.is_ascii_digit())
            .map(|(place, _)| place);
        let (gap, number) = digits.and_then(|digits| after.split_at_checked(digits)).unwrap_or_default();
        if gap.split(|c: char| !c.is_alphabetic()).all(|word| word.is_empty() || GAP_WORDS.contains(&word)) {
            found.extend(said(number));
        }
    }
    for (at, _) in lower.match_indices('|') {
        found.extend(lower.get(at + 1..).and_then(said));
    }
    found
}

/// What may stand between, and before, a protocol and its number.
const GAP_WORDS: [&str; 13] = [
    "prot",
    "protocollo",
    "protocolli",
    "n",
    "nr",
    "num",
    "numero",
    "gen",
    "generale",
    "interno",
    "uscita",
    "ingresso",
    "informatico",
];
/// How far from *prot* its number may begin, in characters: all words of the gap fit, each once or twice.
const NUMBER_CHARS_MAX: usize = 96;
/// How far from the number its date may begin: ` in data `, ` del giorno `.
const DATE_GAP_BYTES_MAX: usize = 14;

/// A number at the beginning of a text, and the date or year that follows it.
fn said(text: &str) -> Option<Said> {
    let (number, rest) = leading_number(text)?;
    if let Some(year) =
        rest.strip_prefix('/').and_then(leading_number).map(|(year, _)| year).filter(|year| is_year(*year))
    {
        return Some(Said { number, year: i16::try_from(year).ok()?, on: None });
    }
    let digits = rest.find(|c: char| c.is_ascii_digit()).filter(|digits| *digits <= DATE_GAP_BYTES_MAX)?;
    let on = date(rest.get(digits..)?)?;
    Some(Said { number, year: on.year(), on: Some(on) })
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

fn is_year(year: u64) -> bool {
    (2000..2100).contains(&year)
}

/// `03/02/2027`, `3.2.2027`, `3-2-27` or `2027-02-03`.
fn date(text: &str) -> Option<Date> {
    let (first, rest) = leading_number(text)?;
    let (second, rest) = leading_number(rest.strip_prefix(['/', '.', '-'])?)?;
    let (third, _) = leading_number(rest.strip_prefix(['/', '.', '-'])?)?;
    let (year, day) =
        if is_year(first) { (first, third) } else { (if third < 100 { third + 2000 } else { third }, first) };
    Date::new(i16::try_from(year).ok()?, i8::try_from(second).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
#[path = "tie_tests.rs"]
mod tests;
