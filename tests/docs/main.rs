//! The documentation is true: the files of its pages are written and its commands run, in the order of each page, and what it shows
//! of their output is what they print.
//!
//! What a block is for stands behind its language: `sh` is run, and `text` behind it is in its output, where `…` stands for anything;
//! `exit=4` says how it ends, and `answer=yes` what is typed on a terminal; `file=NAME` is written; `part` is a part of something.
//! `needs=WHAT` says what is not here: `cargo` and `clone` are not run, and in the places of the others there is something that
//! knows what the pages ask for.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on should stop"
)]
#![expect(
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::print_stdout,
    reason = "these are rules for the program"
)]

mod elsewhere;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use elsewhere::Elsewhere;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// What commands of the documentation may need that is not there in a test, and how often. More of it is to be a decision.
const NEEDS: [(&str, usize); 5] = [
    ("az", 2),
    ("cargo", 10),
    ("clone", 1),
    ("gh", 3),
    ("tenant", 2),
];

/// A fenced block of a page.
struct Block {
    language: String,
    options: Vec<String>,
    text: String,
}

impl Block {
    fn option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        options.find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }

    fn is_run(&self) -> bool {
        let is_elsewhere = matches!(self.option("needs"), Some("cargo" | "clone"));
        self.language == "sh" && !is_elsewhere
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// All pages, by their paths in `docs`.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![docs()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "md") {
                let name = path.strip_prefix(docs()).unwrap();
                let name = name.to_str().unwrap().replace('\\', "/");
                pages.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    pages
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let mut words = info.split_whitespace().map(str::to_owned);
                open = Some(Block {
                    language: words.next().unwrap_or_default(),
                    options: words.collect(),
                    text: String::new(),
                });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            _ => {}
        }
    }
    blocks
}

/// What a page that `needs` something finds when its first such block begins.
fn given(needs: &str) -> String {
    match needs {
        // A repository with a place to push to.
        "gh" => "git init -qb main && git commit -qm Begin --allow-empty\n\
                 git init -q --bare ../origin && git remote add origin ../origin && git push -q origin main\n\
                 app=$APP\n"
            .to_owned(),
        // The tenant's id is in the manifest, and the API is where it can be reached.
        "tenant" => "sed -i -e \"s/00000000-.*/$tenant/\" \
                     -e \"s|cloud: commercial .*|endpoint: $LIBRARY\\n    authority: $LIBRARY|\" jumpbag.yaml\n"
            .to_owned(),
        _ => String::new(),
    }
}

/// What runs the blocks of a page in bash; the output of the `nth` goes to the file of that name in `$OUT`.
fn script(blocks: &[Block]) -> String {
    let mut script =
        "set -euo pipefail\nexec 3>&2\ntrap '[ $? -eq 0 ] || echo \"in block $nth\" >&3' EXIT\n"
            .to_owned();
    writeln!(script, "tenant={}", elsewhere::TENANT).unwrap();
    let mut known = BTreeSet::new();
    for (nth, block) in blocks.iter().enumerate() {
        let text = &block.text;
        writeln!(script, "nth={nth}").unwrap();
        if let Some(needs) = block.option("needs")
            && known.insert(needs)
        {
            script.push_str(&given(needs));
        }
        if let Some(name) = block.option("file") {
            writeln!(script, "mkdir -p \"$(dirname '{name}')\"").unwrap();
            writeln!(script, "cat >'{name}' <<'END OF FILE'\n{text}END OF FILE").unwrap();
        } else if let Some(answer) = block.option("answer") {
            writeln!(
                script,
                "cat >\"$OUT/{nth}.sh\" <<'END OF FILE'\n{text}END OF FILE"
            )
            .unwrap();
            writeln!(
                script,
                "python3 \"$TERMINAL\" $'{answer}\\n' bash -euo pipefail \"$OUT/{nth}.sh\" >\"$OUT/{nth}\" 2>&1"
            )
            .unwrap();
        } else if block.is_run() {
            match block.option("exit") {
                None => writeln!(script, "{{\n{text}}} >\"$OUT/{nth}\" 2>&1").unwrap(),
                Some(code) => writeln!(
                    script,
                    "set +e\n(set -e\n{text}) >\"$OUT/{nth}\" 2>&1\ncode=$?\nset -e\n[ \"$code\" -eq {code} ]"
                )
                .unwrap(),
            }
        }
    }
    script
}

/// Whether each line of `shown` is in `output`, in their order; the first that is not.
fn missing<'a>(shown: &'a str, output: &str) -> Option<&'a str> {
    let mut lines = output.lines();
    shown
        .lines()
        .filter(|line| !line.trim().is_empty() && line.trim() != "…")
        .find(|line| !lines.any(|printed| fits(line, printed)))
}

/// Whether `printed` is `shown`, in which `…` stands for anything.
fn fits(shown: &str, printed: &str) -> bool {
    let mut rest = printed.trim_end();
    let mut parts = shown.trim_end().split('…');
    let Some(behind) = rest.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    rest = behind;
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn run(page: &str, blocks: &[Block]) {
    let home = tempfile::tempdir().unwrap();
    let (out, work) = (home.path().join("out"), home.path().join("work"));
    for folder in [&out, &work] {
        fs::create_dir(folder).unwrap();
    }
    fs::write(
        home.path().join(".gitconfig"),
        "[user]\n\tname = Docs\n\temail = docs@localhost\n",
    )
    .unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_jumpbag"));
    let path = std::env::var("PATH").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stand_ins = root.join("tests/docs");
    let path = format!(
        "{}:{}:{path}",
        binary.parent().unwrap().display(),
        stand_ins.display()
    );
    let is_elsewhere = blocks
        .iter()
        .any(|block| block.is_run() && block.option("needs").is_some());
    let elsewhere = is_elsewhere.then(|| Elsewhere::new(home.path()));
    let start = Instant::now();
    let mut command = Command::new("bash");
    command
        .args(["-c", &script(blocks)])
        .current_dir(&work)
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.path())
        .env("OUT", &out)
        .env("EXAMPLES", root.join("examples"))
        .env("TERMINAL", root.join("tests/data/terminal.py"));
    if let Some(elsewhere) = &elsewhere {
        elsewhere.set(&mut command);
    }
    let result = command.output().unwrap();
    let outputs: Vec<_> = (0..blocks.len())
        .map(|nth| fs::read_to_string(out.join(nth.to_string())).unwrap_or_default())
        .collect();
    let told = String::from_utf8_lossy(&result.stderr);
    let nth = told.rsplit("in block ").next().unwrap_or_default().trim();
    let nth: usize = nth.parse().unwrap_or(0);
    assert!(
        result.status.success(),
        "docs/{page}: {told}\n{}\n{}",
        blocks[nth].text,
        outputs[nth]
    );
    for (nth, block) in blocks.iter().enumerate() {
        let before = nth.checked_sub(1).map(|before| &blocks[before]);
        if block.language == "text" && before.is_some_and(Block::is_run) {
            let line = missing(&block.text, &outputs[nth - 1]);
            assert_eq!(line, None, "docs/{page}: not in\n{}", outputs[nth - 1]);
        }
    }
    if let Some(elsewhere) = &elsewhere {
        let name = page.replace(['/', '.'], "_");
        insta::assert_snapshot!(format!("calls_of_{name}"), elsewhere.calls());
    }
    let seconds = start.elapsed().as_secs_f64();
    let commands = blocks.iter().filter(|block| block.is_run());
    let commands: usize = commands.map(|block| block.text.lines().count()).sum();
    println!("docs/{page}: {commands} lines of commands in {seconds:.1} s");
}

#[test]
fn what_the_pages_say_to_do_works_and_prints_what_they_show() {
    let pages = pages();
    std::thread::scope(|scope| {
        for (page, text) in &pages {
            let blocks = blocks(text);
            if blocks.iter().any(Block::is_run) {
                scope.spawn(move || run(page, &blocks));
            }
        }
    });
}

/// No block is there that nobody has thought of running.
#[test]
fn every_block_says_what_it_is_for() {
    let mut needs: BTreeMap<String, usize> = BTreeMap::new();
    for (page, text) in &pages() {
        let mut is_after_commands = false;
        for block in blocks(text) {
            let Block { language, text, .. } = &block;
            let shows = |line: &str| !line.trim().is_empty() && line.trim() != "…";
            let is_said = match language.as_str() {
                "sh" => true,
                "text" if is_after_commands => text.lines().any(shows),
                _ => block.option("file").is_some() || block.options == ["part"],
            };
            let start = text.lines().next().unwrap_or_default();
            assert!(
                is_said,
                "docs/{page}: `{language}` that begins with: {start}"
            );
            if let Some(what) = block.option("needs") {
                *needs.entry(what.to_owned()).or_default() += 1;
            }
            if let Some(name) = block.option("file") {
                let name = format!("`{name}`");
                assert!(
                    pages()[page].contains(&name),
                    "docs/{page} does not name {name}"
                );
            }
            is_after_commands = block.is_run();
        }
    }
    let expected = NEEDS.map(|(what, count)| (what.to_owned(), count));
    assert_eq!(needs, BTreeMap::from(expected));
}

/// A reader of the book finds every page, and so does whoever looks for a key.
#[test]
fn the_summary_has_every_page() {
    let pages = pages();
    let summary = &pages["SUMMARY.md"];
    for page in pages.keys().filter(|page| *page != "SUMMARY.md") {
        assert!(summary.contains(&format!("({page})")), "{page}");
    }
}

/// A link to a file of this repository leads to one that is there.
#[test]
fn what_is_linked_in_the_repository_is_there() {
    for (page, text) in &pages() {
        for place in ["blob", "tree"] {
            let start = format!("https://github.com/jumpbag/jumpbag/{place}/main/");
            for link in text.split(&start).skip(1) {
                let end = link.find([')', '#', '>']).unwrap();
                let path = docs().join("..").join(&link[..end]);
                assert!(path.exists(), "docs/{page}: {}", path.display());
            }
        }
    }
}

/// The names of all members in `schema`.
fn members(schema: &serde_json::Value, names: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                if key == "properties" {
                    names.extend(value.as_object().unwrap().keys().cloned());
                }
                members(value, names);
            }
        }
        serde_json::Value::Array(list) => list.iter().for_each(|it| members(it, names)),
        _ => {}
    }
}

#[test]
fn the_reference_has_every_key_and_member() {
    let pages = pages();
    for (schema, page) in [
        ("manifest", "reference/manifest.md"),
        ("state", "reference/state.md"),
    ] {
        let path = docs().join(format!("../schemas/{schema}.schema.json"));
        let schema = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let mut names = Vec::new();
        members(&schema, &mut names);
        let is_missing = |name: &&String| !pages[page].contains(&format!("`{name}`"));
        let missing: Vec<_> = names.iter().filter(is_missing).collect();
        assert_eq!(missing, Vec::<&String>::new(), "{page}");
    }
}

#[test]
fn samples_fit_what_is_printed() {
    assert!(fits("a … c", "a b b c") && fits("…", "x") && fits("a", "a "));
    assert!(!fits("a … c", "a b") && !fits("a", "ab") && !fits("…a", "ab"));
    assert_eq!(missing("a\n\n…\nc\n", "a\nb\nc\n"), None);
    assert_eq!(missing("c\na\n", "a\nc\n"), Some("a"));
}
