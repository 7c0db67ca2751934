//! What stands in a plan, and what is shown of it.

use super::diff::{ContentDiff, Side, diff as compare};
use super::escape::{is_dangerous, quoted, visible, visible_content, word};
use super::json::events::{self, Event, Stamp};
use super::{Content, Contents, Review, TextOptions, from_json, html, json, markdown, text};
use crate::model::{Attribute, File, LibraryId, Name, Sha256};
use crate::plan::{Action, Cause, Change, LibraryPlan, Plan, Reason, fingerprint};

/// The most characters of a comment at GitHub.
const MOST_MARKDOWN: usize = 65_536;

/// A saved plan: what is read is what is written, and it can be shown.
pub(crate) fn plan(bytes: &[u8]) {
    let Ok((plan, fingerprint)) = from_json(bytes) else {
        return;
    };
    let written = json(&plan, &fingerprint);
    let again = from_json(written.as_bytes());
    assert!(
        matches!(&again, Ok((again, said)) if *again == plan && *said == fingerprint),
        "{again:?}"
    );
    show(&plan, &Contents::default());
}

/// A file's name, its content before, and after a line of three dashes its content after.
pub(crate) fn diff(bytes: &[u8]) {
    let (name, contents) = split(bytes, b"\n");
    let (old, new) = split(contents, b"\n---\n");
    let name = String::from_utf8_lossy(name).into_owned();
    let digests = [old, new].map(Sha256::of);
    check_hunks(&compare(&name, (digests[0], old), (digests[1], new)));
    let mut contents = Contents::default();
    for content in [old, new] {
        contents.insert(Content::new(content));
    }
    show(&update(name, old, new), &contents);
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    let found = bytes.windows(at.len()).position(|window| window == at);
    let halves =
        found.and_then(|found| Some((bytes.get(..found)?, bytes.get(found + at.len()..)?)));
    halves.unwrap_or((bytes, b""))
}

/// As many lines as each hunk says, and no line in two hunks.
fn check_hunks(diff: &ContentDiff) {
    let ContentDiff::Text(change) = diff else {
        return;
    };
    let mut end = (0, 0);
    for hunk in &change.hunks {
        let count = |side| hunk.lines.iter().filter(|it| it.side != side).count();
        assert_eq!(count(Side::New), hunk.old.len(), "{hunk:?}");
        assert_eq!(count(Side::Old), hunk.new.len(), "{hunk:?}");
        assert!(
            hunk.lines.iter().any(|it| it.side != Side::Both),
            "{hunk:?}"
        );
        assert!(
            end.0 <= hunk.old.start && end.1 <= hunk.new.start,
            "{hunk:?}"
        );
        end = (hunk.old.end, hunk.new.end);
    }
    assert!(!change.hunks.is_empty() || !change.notes.is_empty());
}

/// Every form of a plan is made, and nothing in any draws, hides or reorders.
fn show(plan: &Plan, contents: &Contents) {
    let fingerprint = format!("sha256:{}", fingerprint(plan));
    let review = Review {
        plan,
        fingerprint: &fingerprint,
        contents,
        command: "jumpbag apply",
    };
    let markdown = markdown(&review);
    assert!(markdown.chars().count() <= MOST_MARKDOWN);
    let text = text(plan, &fingerprint, contents, TextOptions { color: false });
    for form in [text, markdown, html(&review)] {
        let found = form
            .chars()
            .find(|c| !matches!(c, '\n' | '\t') && is_dangerous(*c));
        assert_eq!(found, None, "{form}");
    }
}

fn update(name: String, old: &[u8], new: &[u8]) -> Plan {
    let file = |content: &[u8]| File {
        sha256: Sha256::of(content),
        size: Some(content.len() as u64),
        description: Some(String::from_utf8_lossy(content).into_owned()),
        has_parameters: false,
        parameters_description: None,
    };
    let attributes = [Attribute::Content, Attribute::Description];
    let change = Change {
        name: Name::existing(name),
        action: Action::Update,
        reasons: attributes
            .map(|it| Reason::Differs(it, Cause::Manifest))
            .into(),
        renamed_from: None,
        before: Some(file(old)),
        after: Some(file(new)),
        drifted: None,
        protect: false,
    };
    let library = LibraryPlan {
        library: LibraryId {
            name: "default".to_owned(),
            endpoint: "https://api.example.com".to_owned(),
            tenant_id: None,
        },
        lineage: None,
        serial: 7,
        refreshed: true,
        changes: vec![change],
        unmanaged: Vec::new(),
        left_out: 0,
        rollback: None,
        refusals: Vec::new(),
        calls: 1,
        seconds: 0,
    };
    Plan {
        libraries: vec![library],
        warnings: Vec::new(),
    }
}

/// What is made visible is visible, once and for all.
pub(crate) fn escape(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let forms = [
        visible(&text).into_owned(),
        visible_content(&text).replace('\t', " "),
        quoted(&text),
        word(&text).into_owned(),
    ];
    for form in forms {
        assert_eq!(form.chars().find(|c| is_dangerous(*c)), None, "{form:?}");
    }
    let once = visible(&text);
    assert_eq!(visible(&once), once, "{text:?}");
}

/// An event is one line, in ASCII, and says what it was given.
pub(crate) fn event(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let stamp = Stamp {
        run_id: &text,
        sequence: 1,
        time: "2026-01-02T03:04:05Z",
    };
    let event = Event::LibraryStarted {
        library: text.clone(),
        endpoint: text.clone(),
        tenant_id: Some(text.clone()),
        client_id: None,
        lineage: None,
        serial: 1,
    };
    let line = events::line(stamp, &event);
    assert!(line.is_ascii() && line.ends_with('\n') && line.lines().count() == 1);
    let value: Result<serde_json::Value, _> = serde_json::from_str(&line);
    let said = |member: &str| value.as_ref().ok()?.get(member)?.as_str();
    for member in ["run_id", "library", "endpoint", "tenant_id"] {
        assert_eq!(said(member), Some(text.as_str()), "{member}: {line}");
    }
}
