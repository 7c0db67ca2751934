//! Small plans to show.

use crate::model::{Attribute, File, LibraryId, Name, Sha256};
use crate::plan::{Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal};
use crate::render::{Content, Contents, TextOptions, text};

pub(in crate::render) const FINGERPRINT: &str =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(in crate::render) fn name(text: &str) -> Name {
    Name::existing(text)
}

/// A file with `content` and no attributes.
pub(in crate::render) fn file(content: impl AsRef<[u8]>) -> File {
    let content = content.as_ref();
    File {
        sha256: Sha256::of(content),
        size: Some(content.len() as u64),
        description: None,
        has_parameters: false,
        parameters_description: None,
    }
}

pub(in crate::render) fn change(text: &str, action: Action, reasons: Vec<Reason>) -> Change {
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

pub(in crate::render) fn create(text: &str) -> Change {
    Change {
        after: Some(file(text)),
        ..change(text, Action::Create, vec![Reason::New])
    }
}

pub(in crate::render) fn delete(text: &str) -> Change {
    Change {
        before: Some(file(text)),
        ..change(text, Action::Delete, vec![Reason::NotDesired])
    }
}

/// An update of the content, by the manifest.
pub(in crate::render) fn update(
    text: &str,
    old: impl AsRef<[u8]>,
    new: impl AsRef<[u8]>,
) -> Change {
    let reasons = vec![Reason::Differs(Attribute::Content, Cause::Manifest)];
    Change {
        before: Some(file(old)),
        after: Some(file(new)),
        ..change(text, Action::Update, reasons)
    }
}

pub(in crate::render) fn drift(attributes: &[Attribute]) -> Drift {
    Drift {
        attributes: attributes.to_vec(),
        by: Some("mallory@contoso.com".to_owned()),
        at: Some("2026-03-04T05:06:07Z".to_owned()),
    }
}

pub(in crate::render) fn library(changes: Vec<Change>) -> LibraryPlan {
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
        rollback: None,
        refusals: Vec::new(),
        calls,
        seconds: 0,
    }
}

pub(in crate::render) fn plan(library: LibraryPlan) -> Plan {
    Plan {
        libraries: vec![library],
        warnings: Vec::new(),
    }
}

pub(in crate::render) fn contents(all: &[&[u8]]) -> Contents {
    let mut contents = Contents::default();
    for content in all {
        contents.insert(Content::new(*content));
    }
    contents
}

/// The plan without colour, no content at hand.
pub(in crate::render) fn shown(library: LibraryPlan) -> String {
    let options = TextOptions { color: false };
    text(&plan(library), FINGERPRINT, &Contents::default(), options)
}

/// What is shown of the change from `old` to `new`, without what surrounds it.
pub(in crate::render) fn shown_diff(
    old: impl AsRef<[u8]>,
    new: impl AsRef<[u8]>,
    color: bool,
) -> String {
    let (old, new) = (old.as_ref(), new.as_ref());
    shown_update("x", old, new, color)
}

/// As [`shown_diff`] without colour, of a file with a name.
pub(in crate::render) fn shown_diff_of(
    name: &str,
    old: impl AsRef<[u8]>,
    new: impl AsRef<[u8]>,
) -> String {
    shown_update(name, old.as_ref(), new.as_ref(), false)
}

fn shown_update(name: &str, old: &[u8], new: &[u8], color: bool) -> String {
    let plan = plan(library(vec![update(name, old, new)]));
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

/// A file with all attributes.
pub(in crate::render) fn described(content: &str) -> File {
    File {
        description: Some("Collects a triage package".to_owned()),
        has_parameters: true,
        parameters_description: Some("-Days <n>".to_owned()),
        ..file(content)
    }
}

/// One of every change.
pub(in crate::render) fn everything() -> LibraryPlan {
    let old = "param([int]$Days)\n$days = 7\nGet-Process\n";
    let new = "param([int]$Days)\n$days = 14\nGet-Process\n";
    let changes = vec![
        Change {
            after: Some(described(&"x".repeat(12_600))),
            protect: true,
            ..change("collect.ps1", Action::Create, vec![Reason::New])
        },
        Change {
            before: Some(File {
                description: Some("Isolates".to_owned()),
                ..file(old)
            }),
            after: Some(File {
                description: Some("Isolates a machine".to_owned()),
                has_parameters: true,
                ..file(new)
            }),
            drifted: Some(drift(&[Attribute::Content, Attribute::HasParameters])),
            reasons: vec![
                Reason::Differs(Attribute::Content, Cause::Both),
                Reason::Differs(Attribute::Description, Cause::Manifest),
                Reason::Differs(Attribute::HasParameters, Cause::Drift),
            ],
            ..change("isolate.ps1", Action::Update, vec![])
        },
        Change {
            renamed_from: Some(name("old-name.ps1")),
            after: Some(described("same")),
            ..change("new-name.ps1", Action::Create, vec![Reason::New])
        },
        Change {
            before: Some(file("a")),
            after: Some(file("a")),
            ..change("there.ps1", Action::Adopt, vec![Reason::AlreadyThere])
        },
        change("gone.ps1", Action::Forget, vec![Reason::NotDesired]),
        Change {
            before: Some(File {
                size: None,
                ..file("theirs")
            }),
            after: Some(file("ours")),
            ..change("conflict.ps1", Action::None, vec![Reason::InTheWay])
        },
        Change {
            drifted: Some(drift(&[Attribute::Description])),
            ..change("agrees.ps1", Action::None, vec![Reason::Agrees])
        },
        change("unchanged.ps1", Action::None, vec![]),
        Change {
            drifted: Some(drift(&[Attribute::Content])),
            ..delete("bye.ps1")
        },
        Change {
            before: Some(file("same")),
            reasons: vec![Reason::NotDesired, Reason::RenamedTo(name("new-name.ps1"))],
            ..delete("old-name.ps1")
        },
    ];
    LibraryPlan {
        unmanaged: vec![name("a tool.exe"), name("theirs.ps1")],
        refusals: vec![Refusal::Conflict(name("conflict.ps1"))],
        ..library(changes)
    }
}

/// The contents of [`everything`].
pub(in crate::render) fn everything_at_hand() -> Contents {
    contents(&[
        b"param([int]$Days)\n$days = 7\nGet-Process\n",
        b"param([int]$Days)\n$days = 14\nGet-Process\n",
    ])
}

/// A library of that name, in a tenant of its own.
pub(in crate::render) fn named(name: &str, changes: Vec<Change>) -> LibraryPlan {
    let library = library(changes);
    LibraryPlan {
        library: LibraryId {
            name: name.to_owned(),
            tenant_id: Some(format!("{name}.onmicrosoft.com")),
            ..library.library
        },
        ..library
    }
}

/// Five libraries that share some of their changes.
pub(in crate::render) fn fleet() -> Plan {
    let collect = || {
        let old = "$days = 7\nGet-Process\n";
        update("collect.ps1", old, "$days = 14\nGet-Process\n")
    };
    let drifted = |at: &str| Change {
        drifted: Some(Drift {
            at: Some(at.to_owned()),
            ..drift(&[Attribute::Content])
        }),
        ..delete("drifted.ps1")
    };
    let libraries = vec![
        LibraryPlan {
            unmanaged: vec![name("a tool.exe"), name("theirs.ps1")],
            ..named("adatum", vec![collect(), delete("old.ps1")])
        },
        LibraryPlan {
            seconds: 90,
            unmanaged: vec![name("a tool.exe"), name("theirs.ps1")],
            ..named(
                "contoso",
                vec![
                    collect(),
                    drifted("2026-03-04T05:06:07Z"),
                    delete("old.ps1"),
                ],
            )
        },
        named(
            "fabrikam",
            vec![
                collect(),
                create("only.ps1"),
                drifted("2026-03-04T05:06:08Z"),
            ],
        ),
        named("tailspin", vec![change("x", Action::None, vec![])]),
        LibraryPlan {
            unmanaged: vec![name("wingtip.exe")],
            ..named("wingtip", vec![])
        },
    ];
    Plan {
        libraries,
        warnings: Vec::new(),
    }
}

/// The contents of [`fleet`].
pub(in crate::render) fn fleet_at_hand() -> Contents {
    contents(&[b"$days = 7\nGet-Process\n", b"$days = 14\nGet-Process\n"])
}

/// So many libraries with the same changes.
pub(in crate::render) fn alike(libraries: usize, changes: &[Change]) -> Plan {
    let names = (0..libraries).map(|nth| format!("tenant-{nth:03}"));
    Plan {
        libraries: names.map(|name| named(&name, changes.to_vec())).collect(),
        warnings: Vec::new(),
    }
}
