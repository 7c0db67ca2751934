//! The pages about errors, lints and exit codes: the same in `explain` and in the documentation.

/// The pages, in files by what they are about. In each, a page is all from its heading of the second level to the next.
const FILES: [&str; 14] = [
    include_str!("../docs/errors/apply.md"),
    include_str!("../docs/errors/auth.md"),
    include_str!("../docs/errors/cli.md"),
    include_str!("../docs/errors/emulator.md"),
    include_str!("../docs/errors/exit-codes.md"),
    include_str!("../docs/errors/http.md"),
    include_str!("../docs/errors/import.md"),
    include_str!("../docs/errors/library.md"),
    include_str!("../docs/errors/lint.md"),
    include_str!("../docs/errors/manifest.md"),
    include_str!("../docs/errors/plan.md"),
    include_str!("../docs/errors/policy.md"),
    include_str!("../docs/errors/render.md"),
    include_str!("../docs/errors/state.md"),
];

/// A page about one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// The code of an error or a lint, such as `jumpbag::state::locked`, or the number of an exit code.
    pub(crate) code: &'static str,
    /// Paragraphs of Markdown, with an empty line between each two.
    text: &'static str,
}

/// All pages, in the order of the files.
pub(crate) fn pages() -> impl Iterator<Item = Page> {
    let sections = FILES.iter().flat_map(|file| file.split("\n## ").skip(1));
    sections.filter_map(|section| {
        let (code, text) = section.split_once('\n')?;
        Some(Page {
            code,
            text: text.trim(),
        })
    })
}

/// The page about `code`, or about the only code that ends with it, such as `locked` or `state::locked`.
pub(crate) fn page(code: &str) -> Option<Page> {
    if let Some(page) = pages().find(|page| page.code == code) {
        return Some(page);
    }
    let end = format!("::{code}");
    let mut pages = pages().filter(|page| page.code.ends_with(&end));
    let page = pages.next()?;
    pages.next().is_none().then_some(page)
}

impl Page {
    /// Its paragraphs, each on one line.
    pub(crate) fn paragraphs(self) -> impl Iterator<Item = String> {
        let paragraphs = self.text.split("\n\n");
        paragraphs.map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeSet;

    #[test]
    fn each_code_has_one_page_of_sentences() {
        let mut codes = BTreeSet::new();
        for page in pages() {
            assert!(codes.insert(page.code), "{} has two", page.code);
            assert!(page.paragraphs().next().is_some(), "{}", page.code);
            for paragraph in page.paragraphs() {
                let ends = paragraph.ends_with(['.', ':']);
                assert!(ends, "{}: {paragraph}", page.code);
            }
        }
        assert!(codes.len() > 150);
    }

    #[test]
    fn a_page_is_found_by_the_end_of_its_code_where_that_is_one() {
        let locked = page("jumpbag::state::locked").unwrap();
        assert_eq!(page("locked"), Some(locked));
        assert_eq!(page("state::locked"), Some(locked));
        assert_eq!(page("content_changed"), None, "there are two");
        assert_eq!(page("ocked"), None);
        assert_eq!(page(""), None);
        assert_eq!(page("4").unwrap().code, "4");
    }
}
