//! Words that decide, written with one slip of the pen (*favorevle*, *prescrzioni*): read as what was meant.

/// The words that are restored. One that is itself a word of the list, or begins with one, stays as it is.
const WORDS: [&str; 23] = [
    "favorevole",
    "favorevoli",
    "sfavorevole",
    "sfavorevoli",
    "contrario",
    "negativo",
    "positivo",
    "prescrizione",
    "prescrizioni",
    "condizione",
    "condizioni",
    "condizionato",
    "subordinato",
    "integrazione",
    "integrazioni",
    "chiarimenti",
    "competente",
    "competenza",
    "competenze",
    "competenti",
    "dissenso",
    "esprime",
    "richiede",
];

/// Shortest word that is looked at, in characters.
const LEAST_CHARS: usize = 6;

/// The word, or the one that it differs from by one slip.
pub(super) fn corrected(word: String) -> String {
    let count = word.chars().count();
    if count < LEAST_CHARS || WORDS.iter().any(|known| word.starts_with(known)) {
        return word;
    }
    let meant = WORDS.iter().find(|known| {
        count.abs_diff(known.len()) <= 1 && known.len() > LEAST_CHARS && one_slip(&word, known)
    });
    meant.map_or(word, |known| (*known).to_owned())
}

/// Whether one letter is missing, too many, another one, or two neighbours changed places. The first letter must be right.
fn one_slip(word: &str, known: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    if same == 0 {
        return false;
    }
    let rest = |letters: &[char], from: usize| letters.get(from..).unwrap_or_default().to_vec();
    let swapped = a.get(same) == b.get(same + 1)
        && a.get(same + 1) == b.get(same)
        && rest(&a, same + 2) == rest(&b, same + 2);
    match a.len().cmp(&b.len()) {
        std::cmp::Ordering::Equal => {
            swapped && a.len() == b.len() || rest(&a, same + 1) == rest(&b, same + 1)
        }
        std::cmp::Ordering::Less => rest(&a, same) == rest(&b, same + 1),
        std::cmp::Ordering::Greater => rest(&a, same + 1) == rest(&b, same),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_read_as_what_was_meant_and_no_opposite_as_its_opposite() {
        for (written, meant) in [
            ("favorevle", "favorevole"),
            ("favroevole", "favorevole"),
            ("favorevolle", "favorevole"),
            ("prescizioni", "prescrizioni"),
            ("sfavorevle", "sfavorevole"),
            ("sfavorevole", "sfavorevole"),
            ("esprime", "esprime"),
            ("esprimera", "esprimera"),
            ("contratto", "contratto"),
            ("costruzione", "costruzione"),
            ("favorevolmente", "favorevolmente"),
        ] {
            assert_eq!(corrected(written.to_owned()), meant, "{written}");
        }
    }
}
