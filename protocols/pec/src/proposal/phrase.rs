//! Phrases, as the rules write them: words with one space between; `stem*` any word that begins so; `a|b` one of them; `~3` up to three words of
//! any kind. Each is tried at each word, and fails at the first word that differs.

use std::ops::Range;

/// Most words that a phrase spans; longer reaches would tie together what does not belong together.
const SPAN_WORDS_MAX: usize = 40;

/// The first place where one of the phrases stands.
pub(super) fn find(words: &[&str], phrases: &[&str]) -> Option<Range<usize>> {
    places(words, phrases).next()
}

/// Whether one of the phrases stands anywhere.
pub(super) fn has(words: &[&str], phrases: &[&str]) -> bool {
    find(words, phrases).is_some()
}

/// All places where one of the phrases begins, in order of their beginning.
pub(super) fn all(words: &[&str], phrases: &[&str]) -> Vec<Range<usize>> {
    places(words, phrases).collect()
}

/// The places where one of the phrases begins; where several do, the longest.
fn places<'a>(words: &'a [&str], phrases: &'a [&str]) -> impl Iterator<Item = Range<usize>> + 'a {
    (0..words.len()).filter_map(move |start| {
        let rest = words.get(start..).unwrap_or_default();
        phrases.iter().filter_map(|phrase| matched(rest, phrase)).max().map(|length| start..start + length)
    })
}

/// How many words the phrase takes at the beginning of `words`: the fewest, where it may reach differently far.
pub(super) fn matched(words: &[&str], phrase: &str) -> Option<usize> {
    let (head, rest) = phrase.split_once(' ').unwrap_or((phrase, ""));
    if let Some(gap) = head.strip_prefix('~') {
        let most = gap.parse::<usize>().unwrap_or(0).min(SPAN_WORDS_MAX);
        return (0..=most).find_map(|skipped| Some(skipped + matched(words.get(skipped..)?, rest)?));
    }
    let word = words.first()?;
    if !head.split('|').any(|one| fits(word, one)) {
        return None;
    }
    if rest.is_empty() { Some(1) } else { Some(1 + matched(words.get(1..)?, rest)?) }
}

fn fits(word: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => word.starts_with(stem),
        None => word == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split(' ').collect()
    }

    #[test]
    fn stems_choices_and_gaps() {
        let text = words("si esprime per quanto di competenza parere molto favorevole");
        assert_eq!(find(&text, &["esprim*|rilasci* ~6 parere ~2 favorevol*"]), Some(1..9));
        assert_eq!(find(&text, &["esprim* ~3 parere"]), None);
        assert_eq!(find(&text, &["favorevole"]), Some(8..9));
        assert!(!has(&text, &["favorevol", "esprim", "parere favorevol*"]));
        assert!(!has(&[], &["~3 x"]));
    }
}
