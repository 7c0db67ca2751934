//! What a Python script takes.

use std::sync::LazyLock;

use regex::Regex;

use super::ascii;

/// The options that `text` reads with `argparse`, such as `--days`; `None` where it cannot be said that these are all.
pub(crate) fn options(text: &str) -> Option<Vec<&str>> {
    static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| ascii(r"\badd_argument\s*\("));
    static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let name = r#"(?:"[A-Za-z0-9_-]+"|'[A-Za-z0-9_-]+')"#;
        ascii(&format!(
            r"\badd_argument\s*\(\s*({name}(?:\s*,\s*{name})*)\s*[,)]"
        ))
    });
    let (call, names) = (CALL.as_ref()?, NAMES.as_ref()?);
    let calls = call.find_iter(text).count();
    let named: Vec<_> = names.captures_iter(text).collect();
    // Sub-commands have options of their own, and parents bring theirs along.
    let others = [
        "add_subparsers",
        "parents=",
        "parents =",
        "parse_known_args",
        "argv",
    ];
    let is_all = calls > 0 && calls == named.len();
    if !is_all || others.into_iter().any(|other| text.contains(other)) {
        return None;
    }
    let lists = named.iter().filter_map(|captures| captures.get(1));
    let words = lists.flat_map(|list| list.as_str().split(['"', '\'']).skip(1).step_by(2));
    Some(words.filter(|word| word.starts_with('-')).collect())
}

/// Whether `text` reads nothing that it is given.
pub(super) fn takes_nothing(text: &str) -> bool {
    static READS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        ascii(
            r"argv|fileinput|\b(?:argparse|getopt|optparse|typer|docopt)\b|\b(?:import|from)\b[\t -~]*\b(?:click|fire)\b",
        )
    });
    READS.as_ref().is_some_and(|reads| !reads.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_argparse_where_all_are_written_out() {
        let text = "p.add_argument('-d', \"--days\", type=int)\np.add_argument(\n  'path')\np.add_argument('--deep')\n";
        assert_eq!(options(text), Some(vec!["-d", "--days", "--deep"]));
        for text in [
            "print(1)",
            "p.add_argument(*names)\np.add_argument('--deep')",
            "p.add_argument('--deep' + x)",
            "p.add_argument('--deep')\np.add_subparsers()",
            "p.add_argument('--deep')\nprint(sys.argv)",
        ] {
            assert_eq!(options(text), None, "{text}");
        }
    }
}
