//! Small plans to show.

use crate::model::{Attribute, File, LibraryId, Name, Sha256};
use crate::plan::{Action, Cause, Change, Drift, LibraryPlan, Plan, Reason};
use crate::render::{Contents, TextOptions, text};

pub(super) const FINGERPRINT: &str =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(super) fn name(text: &str) -> Name {
    Name::existing(text)
}

/// A file with `content` and no attributes.
pub(super) fn file(content: impl AsRef<[u8]>) -> File {
    let content = content.as_ref();
    File {
        sha256: Sha256::of(content),
        size: Some(content.len() as u64),
        description: None,
        has_parameters: false,
        parameters_description: None,
    }
}

pub(super) fn change(text: &str, action: Action, reasons: Vec<Reason>) -> Change {
    Change {
        name: name(text),
        action,
        reasons,
        renamed_from: None,
        before: None,
        after: None,
        drifted: None,
        protect: false,
    }
}

pub(super) fn create(text: &str) -> Change {
    Change {
        after: Some(file(text)),
        ..change(text, Action::Create, vec![Reason::New])
    }
}

pub(super) fn delete(text: &str) -> Change {
    Change {
        before: Some(file(text)),
        ..change(text, Action::Delete, vec![Reason::NotDesired])
    }
}

/// An update of the content, by the manifest.
pub(super) fn update(text: &str, old: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Change {
    let reasons = vec![Reason::Differs(Attribute::Content, Cause::Manifest)];
    Change {
        before: Some(file(old)),
        after: Some(file(new)),
        ..change(text, Action::Update, reasons)
    }
}

pub(super) fn drift(attributes: &[Attribute]) -> Drift {
    Drift {
        attributes: attributes.to_vec(),
        by: Some("mallory@contoso.com".to_owned()),
        at: Some("2026-03-04T05:06:07Z".to_owned()),
    }
}

pub(super) fn library(changes: Vec<Change>) -> LibraryPlan {
    let calls = changes.iter().filter(|change| change.calls()).count() as u64;
    LibraryPlan {
        library: LibraryId {
            name: "default".to_owned(),
            endpoint: "https://api.example.com".to_owned(),
            tenant_id: None,
        },
        lineage: Some("f3a1".to_owned()),
        serial: 7,
        refreshed: true,
        changes,
        unmanaged: Vec::new(),
        left_out: 0,
        refusals: Vec::new(),
        calls,
        seconds: 0,
    }
}

pub(super) fn plan(library: LibraryPlan) -> Plan {
    Plan {
        libraries: vec![library],
        warnings: Vec::new(),
    }
}

pub(super) fn contents(all: &[&[u8]]) -> Contents {
    let mut contents = Contents::default();
    for content in all {
        contents.insert(*content);
    }
    contents
}

/// The plan without colour, no content at hand.
pub(super) fn shown(library: LibraryPlan) -> String {
    let options = TextOptions { color: false };
    text(&plan(library), FINGERPRINT, &Contents::default(), options)
}

/// What is shown of the change from `old` to `new`, without what surrounds it.
pub(super) fn shown_diff(old: impl AsRef<[u8]>, new: impl AsRef<[u8]>, color: bool) -> String {
    let (old, new) = (old.as_ref(), new.as_ref());
    let plan = plan(library(vec![update("x", old, new)]));
    let text = text(
        &plan,
        FINGERPRINT,
        &contents(&[old, new]),
        TextOptions { color },
    );
    let lines: Vec<_> = text
        .lines()
        .skip(3)
        .take_while(|line| !line.is_empty())
        .map(|line| line.strip_prefix("      ").unwrap_or(line))
        .map(|line| line.replace('\u{1b}', "ESC"))
        .collect();
    lines.join("\n")
}
