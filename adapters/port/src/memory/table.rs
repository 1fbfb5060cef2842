//! An ordered table that can take back what was changed since the last commit.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::RangeBounds;

/// Rows by key, and the former value of each row changed since the last commit.
#[derive(Debug, Clone)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    undo: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), undo: Vec::new() }
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.rows.get(key)
    }
    pub(super) fn has(&self, key: &K) -> bool {
        self.rows.contains_key(key)
    }
    pub(super) fn range(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.rows.range(range)
    }
    /// Sets a row; a row that stands there is replaced.
    pub(super) fn set(&mut self, key: K, value: V) {
        let former = self.rows.insert(key.clone(), value);
        self.undo.push((key, former));
    }
    /// Takes a row out.
    pub(super) fn take(&mut self, key: &K) -> Option<V> {
        let former = self.rows.remove(key)?;
        self.undo.push((key.clone(), Some(former.clone())));
        Some(former)
    }
    /// Changes since the last commit.
    pub(super) fn changes(&self) -> usize {
        self.undo.len()
    }
    pub(super) fn commit(&mut self) {
        self.undo.clear();
    }
    pub(super) fn rollback(&mut self) {
        while let Some((key, former)) = self.undo.pop() {
            match former {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
    }
}

impl<V: Clone> Table<u64, V> {
    /// Appends a row after the last one; rows start at 1. For tables from which nothing is taken.
    pub(super) fn append(&mut self, value: V) -> u64 {
        let row = self.rows.last_key_value().map_or(1, |(last, _)| last + 1);
        self.set(row, value);
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollback_restores_replaced_added_and_taken_rows() {
        let mut table = Table::default();
        assert_eq!(table.append("a"), 1);
        assert_eq!(table.append("b"), 2);
        table.commit();
        let before = table.rows.clone();
        table.set(1, "A");
        table.set(1, "AA");
        table.append("c");
        assert_eq!(table.take(&2), Some("b"));
        table.set(2, "B");
        table.take(&3);
        table.rollback();
        assert_eq!(table.rows, before);
        table.rollback();
        assert_eq!(table.rows, before);
    }
}
