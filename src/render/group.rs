//! Which libraries have the same change, so that a reviewer reads it once.
//!
//! Two changes are the same only where everything that they are shown from is equal, down to who changed a file, and
//! when: what a reviewer reads of many libraries has to be what happens in each of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::view::{View, views};
use super::words;
use crate::model::Name;
use crate::plan::{Action, Change, Drift, LibraryPlan, Plan, Reason, Refusal};

/// A plan in the sections in which it is shown.
pub(super) struct Grouped<'a> {
    /// What libraries share, the largest set of them first; then what each has to itself, in the order of the plan.
    pub(super) sections: Vec<Section<'a>>,
    /// The libraries that have changes. Empty, as [`Self::unchanged`] is, where no two libraries share anything: then
    /// every section says all about its library.
    pub(super) changing: Vec<Member<'a>>,
    /// Those without any.
    pub(super) unchanged: Vec<Member<'a>>,
}

/// A library, and where its part of the plan is shown.
pub(super) struct Member<'a> {
    pub(super) library: &'a LibraryPlan,
    /// The numbers of its sections, counted from 1.
    pub(super) sections: Vec<usize>,
}

/// What is shown together.
pub(super) struct Section<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) notes: Vec<String>,
    pub(super) refusals: Vec<&'a Refusal>,
    pub(super) drift: Vec<(&'a Name, &'a Drift)>,
    pub(super) views: Vec<View<'a>>,
    pub(super) unmanaged: &'a [Name],
    /// How many files are as they should be, and will only be recorded.
    pub(super) agreeing: usize,
}

/// Which libraries a section is about.
pub(super) enum Scope<'a> {
    /// One, and the section holds all of it.
    Whole(&'a LibraryPlan),
    /// One, and the section holds what it shares with no other.
    Own {
        library: &'a LibraryPlan,
        /// How many of its changes are in other sections.
        elsewhere: usize,
    },
    /// Two or more, in the order of the plan, and the section holds what exactly these share.
    Shared(Vec<&'a LibraryPlan>),
}

/// Something that is shown of a library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Item<'a> {
    Note(String),
    Refusal(&'a Refusal),
    Drift(&'a Name, &'a Drift),
    Change(View<'a>),
    Agreeing(Vec<&'a Change>),
    Unmanaged(&'a [Name]),
}

/// An item, and how often the library has it before: what it has twice is shown twice.
type Key<'i, 'a> = (&'i Item<'a>, usize);
/// The libraries that have something in common, by their place in the plan.
type Set = Vec<usize>;

/// `plan` in sections.
pub(super) fn group(plan: &Plan) -> Grouped<'_> {
    let items: Vec<_> = plan.libraries.iter().map(items).collect();
    let keys: Vec<_> = items.iter().map(|items| keys(items)).collect();
    let sets = sets(&keys);
    let shares = |(key, set): (&Key<'_, '_>, &Set)| {
        // A note is about how the plan was made, which is the same for all of its libraries.
        set.len() > 1 && !matches!(key.0, Item::Note(_))
    };
    let unchanged = items
        .iter()
        .filter(|items| !items.iter().any(Item::is_change));
    if !sets.iter().any(shares) && unchanged.count() < 2 {
        return Grouped {
            sections: whole(plan, items),
            changing: Vec::new(),
            unchanged: Vec::new(),
        };
    }
    let sections = sections(&keys, &sets);
    let (mut changing, mut unchanged) = (Vec::new(), Vec::new());
    for (place, (library, items)) in plan.libraries.iter().zip(&items).enumerate() {
        let numbers = (1..).zip(sections.keys());
        let numbers = numbers.filter(|(_, (_, set))| set.binary_search(&place).is_ok());
        let member = Member {
            library,
            sections: numbers.map(|(number, _)| number).collect(),
        };
        if items.iter().any(Item::is_change) {
            changing.push(member);
        } else {
            unchanged.push(member);
        }
    }
    let sections = sections.into_iter().map(|((_, set), items)| {
        let libraries = set.iter().filter_map(|place| plan.libraries.get(*place));
        Section::of(Scope::of(libraries.collect(), &items), items)
    });
    Grouped {
        sections: sections.collect(),
        changing,
        unchanged,
    }
}

/// Everything that is shown of `library`, but its place and its counts.
fn items(library: &LibraryPlan) -> Vec<Item<'_>> {
    let changes = || library.changes.iter();
    let agrees = |change: &&Change| {
        change.action == Action::None && change.reasons.contains(&Reason::Agrees)
    };
    let mut items: Vec<_> = words::notes(library).into_iter().map(Item::Note).collect();
    items.extend(library.refusals.iter().map(Item::Refusal));
    items.extend(changes().filter_map(|change| {
        let drift = change.drifted.as_ref()?;
        Some(Item::Drift(&change.name, drift))
    }));
    items.extend(views(library).map(Item::Change));
    let agreeing: Vec<_> = changes().filter(agrees).collect();
    if !agreeing.is_empty() {
        items.push(Item::Agreeing(agreeing));
    }
    if !library.unmanaged.is_empty() {
        items.push(Item::Unmanaged(&library.unmanaged));
    }
    items
}

fn keys<'i, 'a>(items: &'i [Item<'a>]) -> Vec<Key<'i, 'a>> {
    let mut seen: BTreeMap<&Item<'_>, usize> = BTreeMap::new();
    let key = |item| {
        let times = seen.entry(item).or_default();
        let key = (item, *times);
        *times += 1;
        key
    };
    items.iter().map(key).collect()
}

/// Who has what.
fn sets<'i, 'a>(keys: &[Vec<Key<'i, 'a>>]) -> BTreeMap<Key<'i, 'a>, Set> {
    let mut sets: BTreeMap<_, Set> = BTreeMap::new();
    for (place, keys) in keys.iter().enumerate() {
        for key in keys {
            sets.entry(*key).or_default().push(place);
        }
    }
    sets
}

/// What each set of libraries has in common, in the order of its first library; the largest set first.
fn sections<'s, 'i: 's, 'a>(
    keys: &[Vec<Key<'i, 'a>>],
    sets: &'s BTreeMap<Key<'i, 'a>, Set>,
) -> BTreeMap<(Reverse<usize>, &'s Set), Vec<Item<'a>>> {
    let mut sections: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (place, keys) in keys.iter().enumerate() {
        for key in keys {
            if let Some(set) = sets.get(key)
                && set.first() == Some(&place)
            {
                let section = sections.entry((Reverse(set.len()), set));
                section.or_default().push(key.0.clone());
            }
        }
    }
    sections
}

/// A section for each library.
fn whole<'a>(plan: &'a Plan, items: Vec<Vec<Item<'a>>>) -> Vec<Section<'a>> {
    let libraries = plan.libraries.iter().zip(items);
    libraries
        .map(|(library, items)| Section::of(Scope::Whole(library), items))
        .collect()
}

impl Item<'_> {
    /// Whether it makes a library one that has changes.
    fn is_change(&self) -> bool {
        matches!(self, Self::Change(_) | Self::Refusal(_))
    }
}

impl<'a> Scope<'a> {
    /// The scope of what exactly `libraries` share, which is `items`.
    fn of(libraries: Vec<&'a LibraryPlan>, items: &[Item<'_>]) -> Self {
        match libraries.as_slice() {
            [library] => {
                let own = items.iter().filter(|it| matches!(it, Item::Change(_)));
                Self::Own {
                    library,
                    elsewhere: views(library).count().saturating_sub(own.count()),
                }
            }
            _ => Self::Shared(libraries),
        }
    }

    /// The libraries, in the order of the plan.
    pub(super) fn libraries(&self) -> &[&'a LibraryPlan] {
        match self {
            Self::Whole(library) | Self::Own { library, .. } => std::slice::from_ref(library),
            Self::Shared(libraries) => libraries,
        }
    }
}

impl<'a> Section<'a> {
    fn of(scope: Scope<'a>, items: Vec<Item<'a>>) -> Self {
        let mut section = Self {
            scope,
            notes: Vec::new(),
            refusals: Vec::new(),
            drift: Vec::new(),
            views: Vec::new(),
            unmanaged: &[],
            agreeing: 0,
        };
        for item in items {
            match item {
                Item::Note(note) => section.notes.push(note),
                Item::Refusal(refusal) => section.refusals.push(refusal),
                Item::Drift(name, drift) => section.drift.push((name, drift)),
                Item::Change(view) => section.views.push(view),
                Item::Agreeing(changes) => section.agreeing += changes.len(),
                Item::Unmanaged(names) => section.unmanaged = names,
            }
        }
        section
    }

    /// Whether nothing is in it but refusals. The section of a whole library is there whatever it holds.
    pub(super) fn only_refuses(&self) -> bool {
        let Self {
            scope: _,
            notes,
            refusals: _,
            drift,
            views,
            unmanaged,
            agreeing,
        } = self;
        let is_empty = notes.is_empty() && drift.is_empty() && views.is_empty();
        !self.is_whole() && is_empty && unmanaged.is_empty() && *agreeing == 0
    }

    /// Whether all about a library is in it, so that its counts are those of the library.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.scope, Scope::Whole(_))
    }
}

impl Grouped<'_> {
    /// Whether any section is about several libraries, or a list stands for those without changes.
    pub(super) fn is_grouped(&self) -> bool {
        !(self.changing.is_empty() && self.unchanged.is_empty())
    }

    /// How many sections are about several libraries; they are the first.
    pub(super) fn shared(&self) -> usize {
        let is_shared = |section: &&Section<'_>| matches!(section.scope, Scope::Shared(_));
        self.sections.iter().filter(is_shared).count()
    }
}
