//! The lints: what is odd about a file, and how much that matters to whoever wrote the manifest.

use std::collections::BTreeMap;

use super::{Code, Problem, Severity};

/// Declares the lints, and a list of all of them.
macro_rules! lints {
    ($($name:ident = $id:literal;)+) => {
        $(#[doc = concat!("`", $id, "`.")] pub(crate) static $name: Code = Code { id: $id };)+

        /// All of them, sorted by id.
        pub(crate) static ALL: &[&Code] = &[$(&$name),+];
    };
}

lints! {
    CREDENTIAL = "jumpbag::lint::credential";
    ENCODING = "jumpbag::lint::encoding";
    EXECUTABLE_UNSIGNED = "jumpbag::lint::executable_unsigned";
    EXECUTABLE_VERSION = "jumpbag::lint::executable_version";
    HIDDEN_CHARACTERS = "jumpbag::lint::hidden_characters";
    MIXED_LINE_ENDINGS = "jumpbag::lint::mixed_line_endings";
    NAME_CHARACTERS = "jumpbag::lint::name_characters";
    NAME_SPACES = "jumpbag::lint::name_spaces";
    NO_DESCRIPTION = "jumpbag::lint::no_description";
    NOT_RUNNABLE = "jumpbag::lint::not_runnable";
    PARAMETERS_NOT_OFFERED = "jumpbag::lint::parameters_not_offered";
    PARAMETERS_NOT_TAKEN = "jumpbag::lint::parameters_not_taken";
    PARAMETERS_UNKNOWN = "jumpbag::lint::parameters_unknown";
    SHEBANG_MISSING = "jumpbag::lint::shebang_missing";
    SHELL_CRLF = "jumpbag::lint::shell_crlf";
    SIGNATURE_EXPIRED = "jumpbag::lint::signature_expired";
    SIGNATURE_SELF_SIGNED = "jumpbag::lint::signature_self_signed";
    UNSIGNED = "jumpbag::lint::unsigned";
}

/// How much a lint matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Nobody is told.
    Allow,
    /// It is said, and the run goes on.
    #[default]
    Warn,
    /// What it is about is not uploaded.
    Deny,
}

impl Level {
    /// The words for them in a manifest.
    pub(crate) const WORDS: [(&str, Self); 3] = [
        ("allow", Self::Allow),
        ("warn", Self::Warn),
        ("deny", Self::Deny),
    ];

    fn as_str(self) -> &'static str {
        let mut words = Self::WORDS.iter();
        words
            .find(|(_, it)| *it == self)
            .map_or("", |(word, _)| word)
    }

    /// How bad a problem of this level is; `None` where nobody is told.
    pub(crate) fn severity(self) -> Option<Severity> {
        match self {
            Self::Allow => None,
            Self::Warn => Some(Severity::Warning),
            Self::Deny => Some(Severity::Error),
        }
    }
}

/// How much each lint matters: what the manifest says, and otherwise [`Level::Warn`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Levels(BTreeMap<&'static str, Level>);

impl Levels {
    /// Sets the level of the lint `id`.
    pub(crate) fn set(&mut self, id: &str, level: Level) {
        if let Some(code) = ALL.iter().find(|code| code.id == id) {
            self.0.insert(code.id, level);
        }
    }

    /// How much `lint` matters.
    pub(crate) fn of(&self, lint: &Code) -> Level {
        self.0.get(lint.id).copied().unwrap_or_default()
    }

    /// The lints that the manifest says something of, and the words that it says.
    pub(crate) fn set_levels(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|(id, level)| (*id, level.as_str()))
    }

    /// A problem that is as bad as `lint` is here; `None` where nobody is told.
    pub(crate) fn problem(
        &self,
        lint: &'static Code,
        message: impl Into<String>,
    ) -> Option<Problem> {
        let severity = self.of(lint).severity()?;
        Some(Problem {
            severity,
            ..Problem::warning(lint, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_unique() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
    }

    #[test]
    fn a_lint_warns_unless_the_manifest_says_otherwise() {
        let mut levels = Levels::default();
        levels.set(UNSIGNED.id, Level::Deny);
        levels.set(ENCODING.id, Level::Allow);
        levels.set("jumpbag::manifest::empty", Level::Deny);
        let severity = |lint| Some(levels.problem(lint, "odd")?.severity);
        assert_eq!(severity(&UNSIGNED), Some(Severity::Error));
        assert_eq!(severity(&ENCODING), None);
        assert_eq!(severity(&CREDENTIAL), Some(Severity::Warning));
    }
}
