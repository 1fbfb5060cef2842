//! What one sentence says: a yes, a no, a request, and whether it says so now and for its author.

use super::Doubt;
use super::phrase::{all, find, has, matched};
use super::text::{Sentence, Word};
use super::{cues, doubts};
use std::ops::Range;

/// What a sentence says, of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing.
    Nothing,
    /// Its author says so, now.
    Firmly,
    /// The words are there, and something speaks against taking them so.
    Doubtfully(Doubt),
}

/// A sentence with its words as they are compared.
pub(super) struct Reading<'a> {
    sentence: &'a Sentence,
    words: Vec<&'a str>,
    /// The same without what looks like doubt and is none.
    sober: Vec<&'a str>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(sentence: &'a Sentence) -> Self {
        let words = sentence.norms();
        let mut harmless = all(&words, doubts::HARMLESS);
        harmless.extend(no_obstacle(&words));
        let sober = without(&words, &harmless);
        Self { sentence, words, sober }
    }

    /// Whether it assents. A condition does not change that it assents; [`Self::conditions`] says whether there is one.
    pub(super) fn assent(&self) -> Said {
        let Some(cue) = self.assent_cue() else {
            return if has(&self.words, cues::ASSENT_NAMES) {
                Said::Doubtfully(self.why_only_named())
            } else {
                Said::Nothing
            };
        };
        // what a condition after the assent denies (*purché non si superi…*) denies no assent; the condition itself is seen apart
        let after = self.sober.get(cue.end..).unwrap_or_default();
        let until = find(after, doubts::CONDITIONS).map_or(self.sober.len(), |found| cue.end + found.start);
        let free = self.sober.get(..until).unwrap_or_default();
        if has(free, doubts::NEGATIONS) || free.iter().any(|word| glued_negation(word)) {
            return Said::Doubtfully(Doubt::Negated);
        }
        if has(&self.words, doubts::OTHER_MATTER)
            || self.sentence.question
            || has(free, doubts::NOT_NOW)
            || self.future_until(cue.end)
        {
            return Said::Doubtfully(Doubt::NotNow);
        }
        if self.quoted(&cue) || self.told_until(&cue, doubts::TOLD, until) {
            return Said::Doubtfully(Doubt::Told);
        }
        Said::Firmly
    }

    fn assent_cue(&self) -> Option<Range<usize>> {
        let given = cues::assent_given();
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let said = find(&self.words, &given).or_else(|| find(&self.words, cues::ASSENT_SAID));
        said.or_else(|| no_obstacle(&self.words).into_iter().next()).or_else(|| self.headless())
    }

    fn headless(&self) -> Option<Range<usize>> {
        let start = self.words.iter().position(|word| !cues::BEFORE_HEADLESS.contains(word))?;
        let rest = self.words.get(start..)?;
        let length = cues::ASSENT_HEADLESS.iter().find_map(|phrase| matched(rest, phrase))?;
        Some(start..start + length)
    }

    fn why_only_named(&self) -> Doubt {
        if has(&self.sober, doubts::NEGATIONS) {
            Doubt::Negated
        } else if has(&self.words, doubts::TOLD) {
            Doubt::Told
        } else {
            Doubt::NotNow
        }
    }

    /// Whether it dissents.
    pub(super) fn dissent(&self) -> Said {
        let mut denied = all(&self.words, doubts::DISSENT_NOT);
        denied.extend(no_obstacle(&self.words));
        let left = without(&self.words, &denied);
        let Some(cue) = find(&left, cues::DISSENT_SAID) else { return Said::Nothing };
        if self.sentence.question
            || has(self.words.get(..cue.end).unwrap_or_default(), doubts::DISSENT_NOT_NOW)
            || self.future_until(cue.end)
        {
            return Said::Doubtfully(Doubt::NotNow);
        }
        if self.quoted(&cue) || self.told(&cue, doubts::TOLD) {
            return Said::Doubtfully(Doubt::Told);
        }
        if self.assents_beside(&cue) {
            return Said::Doubtfully(Doubt::Negated);
        }
        Said::Firmly
    }

    /// Whether an assent is given in the same sentence, apart from the words of the dissent.
    fn assents_beside(&self, dissent: &Range<usize>) -> bool {
        let Some(assent) = self.assent_cue() else { return false };
        let before = self.words.get(assent.start.saturating_sub(3)..assent.start).unwrap_or_default();
        let apart = assent.end <= dissent.start || dissent.end <= assent.start;
        apart && !before.contains(&"non")
    }

    /// Whether it names what would lead from a dissent to an assent.
    pub(super) fn surmountable(&self) -> bool {
        has(&self.words, cues::SURMOUNTABLE)
    }

    /// Whether it only says that nothing can be said yet.
    pub(super) fn nothing_yet(&self) -> bool {
        has(&self.words, cues::DISSENT_WEAK)
    }

    /// Whether it says that its author is not competent.
    pub(super) fn no_competence(&self) -> Said {
        let named = without(&self.words, &all(&self.words, cues::COMPETENCE_ASIDE));
        if has(&named, cues::NO_COMPETENCE) { self.plain(cues::NO_COMPETENCE, &[]) } else { Said::Nothing }
    }

    /// Whether it asks for integrations.
    pub(super) fn integration(&self) -> Said {
        self.plain(cues::INTEGRATION_ASKED, cues::INTEGRATION_NOT)
    }

    /// Whether it asks for the synchronous form.
    pub(super) fn sync(&self) -> Said {
        self.plain(cues::SYNC_ASKED, cues::SYNC_NOT)
    }

    /// Whether it acknowledges that something came.
    pub(super) fn acknowledged(&self) -> bool {
        has(&self.words, cues::ACKNOWLEDGED)
    }

    /// Whether it sets a condition.
    pub(super) fn conditions(&self) -> bool {
        has(&self.sober, doubts::CONDITIONS)
    }

    /// Whether it has a reserve that may be a condition, or may be nothing.
    pub(super) fn reserves(&self) -> bool {
        has(&self.sober, doubts::RESERVES) || self.sentence.words.iter().any(|word| word.future)
    }

    /// Whether it can follow an assent without saying more.
    pub(super) fn closes(&self) -> bool {
        self.words.len() <= doubts::CLOSING_WORDS_MAX || has(&self.words, doubts::CLOSING)
    }

    /// Whether a sentence that is no evidence says more than an assent all the same.
    pub(super) fn shouts(&self) -> bool {
        has(&self.sober, doubts::SHOUTED)
    }

    fn plain(&self, cues: &[&str], not: &[&str]) -> Said {
        let Some(cue) = find(&self.words, cues) else { return Said::Nothing };
        if has(&self.words, not) {
            return Said::Doubtfully(Doubt::Negated);
        }
        if self.quoted(&cue) || self.told(&cue, doubts::REQUEST_TOLD) {
            return Said::Doubtfully(Doubt::Told);
        }
        Said::Firmly
    }

    fn future_until(&self, end: usize) -> bool {
        self.sentence.words.iter().take(end).any(|word| word.future)
    }

    fn quoted(&self, cue: &Range<usize>) -> bool {
        self.sentence.words.get(cue.clone()).is_some_and(|words| words.iter().any(|word| word.in_quotes))
    }

    /// Whether the part of the sentence around the end of the cue, or the beginning of the next part, tells of others or of earlier.
    fn told(&self, cue: &Range<usize>, tellings: &[&str]) -> bool {
        self.told_until(cue, tellings, self.words.len())
    }

    fn told_until(&self, cue: &Range<usize>, tellings: &[&str], until: usize) -> bool {
        if has(self.words.get(..cue.end).unwrap_or_default(), doubts::TOLD_BEFORE) {
            return true;
        }
        let ends = |word: &Word| word.ends_part;
        let last = cue.end.saturating_sub(1);
        let before = self.sentence.words.get(..cue.start).unwrap_or_default();
        let start = before.iter().rposition(ends).map_or(0, |at| at + 1);
        let after = self.sentence.words.get(last..).unwrap_or_default();
        let end = after.iter().position(ends).map_or(self.words.len(), |at| last + at + 1).min(until);
        let looked_at = all(&self.words, doubts::LOOKED_AT);
        let words = without(&self.words, &looked_at);
        let next = words.get(end..until).unwrap_or_default();
        let in_part = has(words.get(start..end).unwrap_or_default(), tellings);
        in_part || tellings.iter().any(|phrase| matched(next, phrase).is_some())
    }
}

/// The words, with nothing in the places named.
fn without<'a>(words: &[&'a str], places: &[Range<usize>]) -> Vec<&'a str> {
    let gone = |at: usize| places.iter().any(|place| place.contains(&at));
    words.iter().enumerate().map(|(at, word)| if gone(at) { "" } else { *word }).collect()
}

fn no_obstacle(words: &[&str]) -> Vec<Range<usize>> {
    let unbroken = |place: &Range<usize>| {
        !has(words.get(place.start + 1..place.end).unwrap_or_default(), cues::NO_OBSTACLE_BROKEN)
    };
    all(words, cues::NO_OBSTACLE).into_iter().filter(unbroken).collect()
}

/// *nonsi*, *nonesprime*: a not that lost its space.
fn glued_negation(word: &str) -> bool {
    const WORDS: [&str; 6] = ["nonche", "nonostante", "nono", "nona", "nonni", "nonno"];
    word.len() > 3 && word.starts_with("non") && !WORDS.iter().any(|known| word.starts_with(known))
}
