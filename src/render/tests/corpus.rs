//! What a hostile author, or another writer to the library, can put wherever text from outside stands.

use super::fixtures::{change, create, drift, file, library, name, plan};
use crate::model::{Attribute, File, LibraryId};
use crate::plan::{Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal};

/// What moves, hides or reorders in a terminal.
const TERMINAL: &[&str] = &[
    // ANSI: clear, colour, cursor, title, links, device control, a sequence cut short.
    "\u{1b}[2J",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{1b}[1A\u{1b}[2K",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}P1$r\u{1b}\\",
    "\u{1b}",
    "\u{1b}[",
    "\u{9b}2J",
    "\u{9d}0;x\u{9c}",
    "\u{90}x",
    // Other controls.
    "a\rb",
    "a\u{8}\u{8}b",
    "a\0b",
    "a\u{7f}b",
    "a\u{b}b\u{c}",
    "a\u{85}b",
    "\u{1a}",
    "\u{e}\u{f}",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "\n\n\n",
    "a\u{2028}b",
    "a\u{2029}b",
    // Reordering and hiding.
    "\u{202e}gpj.exe",
    "\u{202a}\u{202b}\u{202d}\u{202c}",
    "\u{2066}a\u{2067}b\u{2069}",
    "\u{200e}\u{200f}\u{61c}",
    "a\u{200b}b\u{200c}\u{200d}\u{2060}\u{feff}",
    "\u{ad}",
    "\u{e0001}\u{e0041}\u{e007f}",
    "a\u{fe0f}\u{e0100}",
    "\u{180e}\u{180b}",
    "\u{3164}\u{115f}",
    "\u{2800}",
    "\u{a0}\u{2003}\u{3000}",
    "\u{e000}\u{f0000}\u{10ffff}",
    "\u{378}",
    "a\u{301}\u{302}\u{303}\u{304}\u{305}",
    "\u{301}\u{489}\u{20dd}",
    "\u{34f}\u{17b4}",
    "\u{fff9}a\u{fffa}b\u{fffb}",
    // Letters that run the other way.
    "\u{5d0}\u{5d1} 12",
    "\u{627}\u{644}.exe",
    "a\u{10a00}b\u{1e900}",
];

/// What looks like ours.
const OURS: &[&str] = &[
    "Plan: 0 to create.",
    "x\nNo changes. The library matches the manifest.",
    "\nFingerprint: sha256:00",
    "  + evil.exe  1 B  e3b0c44298fc  new",
    "a\" → \"b",
    "a\\",
    "a, b, c",
    "│ +x",
    "@@ -1,1 +1,1 @@",
    "… (5 more characters)",
    "x` is fine; `y",
    "none",
];

/// What a build log takes for a command.
const LOGS: &[&str] = &[
    "::set-output name=a::b",
    "  ::error::x",
    "\u{a0}::error::x",
    "x\n::add-mask::y",
    "##vso[task.setvariable variable=a]b",
    "x ##[command]y",
    "##teamcity[x]",
    "###[group]x",
    "section_start:1:x\r\u{1b}[0K",
    "a ##VSO[task.complete]",
    "section_end:1:x\r\u{1b}[0Kafter",
];

/// What Markdown takes for markup.
const MARKDOWN: &[&str] = &[
    // Markdown: fences, links, images, mentions, references, tables, headings, lists, tags, comments.
    "```",
    "a\n```\n# heading",
    "````diff\n+x\n````",
    "~~~\nx\n~~~",
    "a ` b `` c ``` d",
    "`",
    "[click](https://evil.example)",
    "![image](https://evil.example/x.png)",
    "[a]: https://evil.example",
    "<https://evil.example>",
    "https://evil.example www.evil.example a@evil.example",
    "@everyone @org/team #1 GH-1 org/repo#2",
    "a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "a | b || c |",
    "|---|---|",
    "# heading",
    "- [x] done\n1. one\n> quote",
    "***bold*** __bold__ ~~gone~~ :tada: $x$ $$y$$",
    "---",
    "    indented",
    "\\",
    "\\` \\| \\[",
    "&lt;b&gt; &#64; &nbsp;",
    "[^1]",
];

/// What HTML takes for markup.
const HTML: &[&str] = &[
    "<b>bold</b>",
    "</code></summary></details><h1>x</h1>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style><style>*{display:none}</style>",
    "<!-- x --> <!--",
    "-->",
    "]]>",
    "\" onmouseover=\"alert(1)",
    "' autofocus onfocus='x",
    "<a href=javascript:alert(1)>x</a>",
    "</bdi></td></tr></table>",
    "<svg/onload=alert(1)>",
    "{{7*7}} ${x} #{x} <%= x %>",
];

/// Texts that try to hide, to move, to forge or to command.
pub(crate) fn corpus() -> Vec<String> {
    let fixed = [TERMINAL, OURS, LOGS, MARKDOWN, HTML].concat();
    let mut corpus: Vec<_> = fixed.into_iter().map(str::to_owned).collect();
    corpus.push("n".repeat(10_000));
    corpus.push("\u{202e}".repeat(1000));
    corpus.push(format!("e{}", "\u{301}".repeat(1000)));
    corpus
}

/// The content of a file of [`everywhere`]; there are `a` and `b`.
pub(in crate::render) fn content_of(which: &str, bad: &str) -> String {
    format!("line of ours in {which}\n{bad}\n")
}

/// `bad` wherever a text from outside can stand.
pub(in crate::render) fn everywhere(bad: &str) -> LibraryPlan {
    let attributed = |content: &str| File {
        description: Some(format!("{content}{bad}")),
        has_parameters: true,
        parameters_description: Some(bad.to_owned()),
        ..file(content_of(content, bad))
    };
    let drifted = Some(Drift {
        by: Some(bad.to_owned()),
        at: Some(bad.to_owned()),
        ..drift(&[Attribute::Content])
    });
    let changes = vec![
        Change {
            renamed_from: Some(name(&format!("from{bad}"))),
            after: Some(attributed("a")),
            ..change(bad, Action::Create, vec![Reason::New])
        },
        Change {
            before: Some(attributed("a")),
            after: Some(attributed("b")),
            drifted: drifted.clone(),
            reasons: vec![Reason::Differs(Attribute::Content, Cause::Both)],
            ..change(&format!("u{bad}"), Action::Update, vec![])
        },
        change(&format!("!{bad}"), Action::None, vec![Reason::InTheWay]),
        Change {
            before: Some(attributed("a")),
            drifted,
            reasons: vec![Reason::NotDesired, Reason::RenamedTo(name(bad))],
            ..change(&format!("d{bad}"), Action::Delete, vec![])
        },
    ];
    LibraryPlan {
        library: LibraryId {
            name: bad.to_owned(),
            endpoint: bad.to_owned(),
            tenant_id: Some(bad.to_owned()),
        },
        lineage: Some(bad.to_owned()),
        unmanaged: vec![name(bad)],
        refusals: vec![
            Refusal::Conflict(name(&format!("!{bad}"))),
            Refusal::CaseClash {
                name: name(bad),
                other: name(bad),
            },
            Refusal::Protected(name(bad)),
        ],
        ..library(changes)
    }
}

/// How a plan is made of `bad`: of one library, or of several.
pub(in crate::render) type Make = fn(&str) -> Plan;

/// The plan of one library with `bad` [`everywhere`].
pub(in crate::render) fn one(bad: &str) -> Plan {
    plan(everywhere(bad))
}

/// A plan of several libraries that share some of what is `bad`; it is in their names, too.
pub(in crate::render) fn several(bad: &str) -> Plan {
    let named = |name: String, library| {
        let id = LibraryId {
            name,
            endpoint: bad.to_owned(),
            tenant_id: Some(bad.to_owned()),
        };
        LibraryPlan {
            library: id,
            ..library
        }
    };
    let mut more = everywhere(bad);
    more.changes.push(create(&format!("own{bad}")));
    more.refusals.truncate(1);
    let libraries = vec![
        everywhere(bad),
        named(format!("{bad}x"), everywhere(bad)),
        named(format!("x{bad}"), more),
        named(format!("y{bad}"), library(vec![])),
        named(format!("z{bad}"), library(vec![])),
    ];
    Plan {
        libraries,
        warnings: Vec::new(),
    }
}
