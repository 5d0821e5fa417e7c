//! Names as modellers write them, compared as their tools compare them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A name of a variable, subscript, element, function or macro.
///
/// Two names are equal when their keys are: letter case, quotation marks, and the difference between
/// spaces, underscores and line breaks do not count, as in Vensim and Stella. The display text keeps
/// the spelling of the first definition.
#[derive(Clone, Debug)]
pub struct Name {
    text: Arc<str>,
    key: Arc<str>,
}

impl Name {
    /// Builds a name from its text, without surrounding quotation marks.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let mut key = String::with_capacity(text.len());
        let mut gap = false;
        for character in text.chars() {
            if character.is_whitespace() || character == '_' || character == '\u{a0}' {
                gap = true;
                continue;
            }
            if gap && !key.is_empty() {
                key.push(' ');
            }
            gap = false;
            key.extend(character.to_lowercase());
        }
        if key.is_empty() && !text.is_empty() {
            key.push_str(text); // a name of underscores alone is still a name
        }
        Name { text: text.into(), key: key.into() }
    }

    /// The spelling to show.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The form in which names are compared.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Name::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn case_spaces_and_underscores_do_not_count() {
        assert_eq!(Name::new("Dry  Powder"), Name::new("dry_powder"));
        assert_eq!(Name::new("dry\n powder").key(), "dry powder");
        assert_ne!(Name::new("drypowder"), Name::new("dry powder"));
    }
}
