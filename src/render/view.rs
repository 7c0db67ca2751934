//! What every form of a plan shows of a change: which of them, with which symbol, and what differs. How it
//! looks is the form's business.

use std::collections::BTreeMap;

use super::contents::{Contents, changed_content};
use super::diff::{ContentDiff, diff};
use super::escape::{is_right_to_left, quoted, quoted_last};
use super::fold::{common_start, fold};
use super::size::{size, sizes, thousands};
use crate::model::{Attribute, File, Name};
use crate::plan::{Action, Change, Drift, LibraryPlan, Reason, Refusal, Warning};

/// What a reader sees a change as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Refused,
    Delete,
    Update,
    Rename,
    Create,
    Adopt,
    Forget,
    Unchanged,
}

impl Kind {
    /// The symbol before a change's name.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Refused => "!",
            Self::Delete => "-",
            Self::Update => "~",
            Self::Rename => "→",
            Self::Create => "+",
            Self::Adopt | Self::Forget | Self::Unchanged => "=",
        }
    }

    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Delete => "delete",
            Self::Update => "update",
            Self::Rename => "rename",
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Forget => "forget",
            Self::Unchanged => "unchanged",
        }
    }
}

/// The `warnings`, each with whether the one before it has the same code and help, which need not be repeated.
pub(super) fn with_likeness(warnings: &[Warning]) -> impl Iterator<Item = (&Warning, bool)> {
    let mut before: Option<&Warning> = None;
    warnings.iter().map(move |warning| {
        let last = before.replace(warning);
        let is_like = last.is_some_and(|it| it.code == warning.code && it.help == warning.help);
        (warning, is_like)
    })
}

/// A change as it is shown, and everything that it is shown from: two that are equal look the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct View<'a> {
    pub(super) change: &'a Change,
    pub(super) kind: Kind,
    /// Why it must not be made; empty unless it is refused.
    pub(super) refusals: Vec<&'a Refusal>,
    /// What there is before, of a rename under the other name.
    pub(super) before: Option<&'a File>,
    /// What somebody did to a file that is then deleted or renamed, so that it is said beside that.
    pub(super) drift: Option<&'a Drift>,
    /// Of a rename, the delete that goes with it.
    pub(super) source: Option<&'a Change>,
}

/// The changes of `library` that are shown, in the order of the plan. Files for which nothing is done are not,
/// and a delete that is half of a rename is shown with the other half.
pub(super) fn views(library: &LibraryPlan) -> impl Iterator<Item = View<'_>> {
    let mut refusals: BTreeMap<&Name, Vec<&Refusal>> = BTreeMap::new();
    for refusal in &library.refusals {
        if let Some(name) = refusal.name() {
            refusals.entry(name).or_default().push(refusal);
        }
    }
    let of_action = |action| {
        let changes = library.changes.iter();
        let changes = changes.filter(move |change| change.action == action);
        changes
            .map(|change| (&change.name, change))
            .collect::<BTreeMap<_, _>>()
    };
    let (creates, deletes) = (of_action(Action::Create), of_action(Action::Delete));
    library.changes.iter().filter_map(move |change| {
        let refusals = refusals.remove(&change.name).unwrap_or_default();
        let is_shown = !refusals.is_empty()
            || change.action != Action::None && !is_half_of_rename(change, &creates);
        if !is_shown {
            return None;
        }
        let from = change.renamed_from.as_ref();
        let source = from.and_then(|from| deletes.get(from).copied());
        let before = change
            .before
            .as_ref()
            .or(source.and_then(|source| source.before.as_ref()));
        let drift = match source {
            Some(source) => source.drifted.as_ref(),
            None if change.action == Action::Delete => change.drifted.as_ref(),
            None => None,
        };
        Some(View {
            change,
            kind: kind(change, !refusals.is_empty()),
            refusals,
            before,
            drift,
            source,
        })
    })
}

fn is_half_of_rename(change: &Change, creates: &BTreeMap<&Name, &Change>) -> bool {
    change.action == Action::Delete
        && change.reasons.iter().any(|reason| {
            matches!(reason, Reason::RenamedTo(name) if creates
                .get(name)
                .is_some_and(|create| create.renamed_from.as_ref() == Some(&change.name)))
        })
}

fn kind(change: &Change, is_refused: bool) -> Kind {
    match change.action {
        _ if is_refused => Kind::Refused,
        Action::Create if change.renamed_from.is_some() => Kind::Rename,
        Action::Create => Kind::Create,
        Action::Update => Kind::Update,
        Action::Delete => Kind::Delete,
        Action::Adopt => Kind::Adopt,
        Action::Forget => Kind::Forget,
        Action::None => Kind::Unchanged,
    }
}

impl<'a> View<'a> {
    /// The size, before and after where the content changes; empty where nobody knows it.
    pub(super) fn size(&self) -> String {
        match (self.before, self.change.after.as_ref()) {
            (Some(before), Some(after)) if before.sha256 != after.sha256 => {
                match (before.size, after.size) {
                    (Some(old), Some(new)) => sizes(old, new),
                    (None, Some(new)) => format!("? → {}", size(new)),
                    (Some(old), None) => format!("{} → ?", size(old)),
                    (None, None) => String::new(),
                }
            }
            (before, Some(file)) | (before @ Some(file), None) => {
                let known = file.size.or(before.and_then(|before| before.size));
                known.map(size).unwrap_or_default()
            }
            (None, None) => String::new(),
        }
    }

    /// The short digest, before and after where the content changes.
    pub(super) fn hash(&self) -> String {
        match (self.before, self.change.after.as_ref()) {
            (Some(before), Some(after)) if before.sha256 != after.sha256 => {
                format!("{} → {}", before.sha256.short(), after.sha256.short())
            }
            (_, Some(file)) | (Some(file), None) => file.sha256.short(),
            (None, None) => String::new(),
        }
    }

    /// The attributes but the content: of a new file those that it has, of a changed one those that differ.
    pub(super) fn attributes(&self) -> Vec<AttributeView<'a>> {
        let Some(after) = self.change.after.as_ref() else {
            return Vec::new();
        };
        let attributes = Attribute::ALL.into_iter();
        let attributes = attributes.filter(|attribute| *attribute != Attribute::Content);
        attributes
            .map(|attribute| AttributeView {
                attribute,
                old: self.before.map(|before| Value::of(before, attribute)),
                new: Value::of(after, attribute),
            })
            .filter(|view| match view.old {
                Some(old) => old != view.new,
                None => !matches!(view.new, Value::Flag(false) | Value::Text(None)),
            })
            .collect()
    }

    /// How the content changes.
    pub(super) fn content(&self, contents: &Contents) -> ContentView {
        let Some((before, after)) = changed_content(self.change) else {
            return ContentView::Same;
        };
        match (contents.get(before), contents.get(after)) {
            (None, _) => ContentView::OldNotAtHand,
            (_, None) => ContentView::NewNotAtHand,
            (Some(old), Some(new)) => {
                let name = self.change.name.as_str();
                ContentView::Diff(diff(name, (before, old), (after, new)))
            }
        }
    }
}

/// What can be shown of a content that changes.
pub(super) enum ContentView {
    /// It does not change, or the change is not one from one content to another.
    Same,
    /// What there is before is not known.
    OldNotAtHand,
    /// What comes is not known.
    NewNotAtHand,
    /// Both are known.
    Diff(ContentDiff),
}

/// An attribute that is set or changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct AttributeView<'a> {
    pub(super) attribute: Attribute,
    /// `None` for a new file.
    pub(super) old: Option<Value<'a>>,
    pub(super) new: Value<'a>,
}

impl AttributeView<'_> {
    /// Whether both values can stand in one line: text that is written from right to left would reorder it.
    pub(super) fn fits_one_line(&self) -> bool {
        let values = [self.old, Some(self.new)].into_iter().flatten();
        !values.into_iter().any(
            |value| matches!(value, Value::Text(Some(text)) if text.contains(is_right_to_left)),
        )
    }

    /// Both values as [`Value::shown`], folded so that their first difference is in sight.
    pub(super) fn shown(&self) -> (Option<String>, String) {
        let focus = match (self.old, self.new) {
            (Some(Value::Text(Some(old))), Value::Text(Some(new))) => common_start(old, new),
            _ => 0,
        };
        (self.old.map(|old| old.shown(focus)), self.new.shown(focus))
    }
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Flag(bool),
    Text(Option<&'a str>),
}

impl<'a> Value<'a> {
    fn of(file: &'a File, attribute: Attribute) -> Self {
        match attribute {
            Attribute::HasParameters => Self::Flag(file.has_parameters),
            Attribute::Description => Self::Text(file.description.as_deref()),
            Attribute::ParametersDescription => Self::Text(file.parameters_description.as_deref()),
            Attribute::Content => Self::Text(None),
        }
    }

    /// Quoted where it is a text, and folded so that the byte `focus` is in it.
    fn shown(self, focus: usize) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Text(None) => "none".to_owned(),
            Self::Text(Some(text)) => {
                let folded = fold(text, focus.min(text.len().saturating_sub(1)));
                // Something of ours follows a text that is cut.
                let quoted = if folded.after > 0 {
                    quoted
                } else {
                    quoted_last
                };
                let shown = quoted(text.get(folded.shown).unwrap_or_default());
                let start = match folded.before {
                    0 => String::new(),
                    before => format!("({} more characters) … ", thousands(before as u64)),
                };
                let end = match folded.after {
                    0 => String::new(),
                    after => format!(" … ({} more characters)", thousands(after as u64)),
                };
                format!("{start}{shown}{end}")
            }
        }
    }
}
