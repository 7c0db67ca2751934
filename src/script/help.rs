//! Comment-based help.

/// The text under `.SYNOPSIS` in the comments that `text` begins with, its first paragraph in one line.
pub(super) fn synopsis(text: &str) -> Option<String> {
    let (comments, _) = first_comments(text);
    let mut lines = comments.iter().map(|line| line.trim());
    lines.find(|line| line.eq_ignore_ascii_case(".SYNOPSIS"))?;
    let lines = lines.skip_while(|line| line.is_empty());
    let paragraph = lines.take_while(|line| !line.is_empty() && !is_keyword(line));
    let words: Vec<_> = paragraph.flat_map(str::split_whitespace).collect();
    let said = words.join(" ");
    // What a manifest could not have either.
    (!said.is_empty() && !said.contains(char::is_control)).then_some(said)
}

/// The names behind `.PARAMETER` in the same comments; none where they are the help of a function, which follows at once: two
/// empty lines make them the script's.
pub(super) fn parameters(text: &str) -> Vec<&str> {
    let (comments, rest) = first_comments(text);
    let code = rest.trim_start();
    let is_function = code
        .get(.."function".len())
        .is_some_and(|word| word.eq_ignore_ascii_case("function"));
    let between = rest.get(..rest.len() - code.len()).unwrap_or_default();
    if is_function && between.matches('\n').count() < 3 {
        return Vec::new();
    }
    let names = comments.into_iter().filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_parameter = words.next()?.eq_ignore_ascii_case(".PARAMETER");
        // Some write the name as it is used: `-Days`, `[-Days]`, `<Days>`.
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let name = words.next()?.trim_matches(|c| !is_word(c));
        let is_name = !name.is_empty() && name.chars().all(is_word);
        (is_parameter && is_name).then_some(name)
    });
    names.collect()
}

/// The lines of the comments before anything else, without the signs of comments, and what is behind the last.
fn first_comments(text: &str) -> (Vec<&str>, &str) {
    let mut comments = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        let next = rest.trim_start();
        if let Some(block) = next.strip_prefix("<#") {
            let (inner, behind) = block.split_once("#>").unwrap_or((block, ""));
            comments.extend(inner.lines());
            rest = behind;
        } else if next.starts_with('#') {
            let end = next.find('\n').unwrap_or(next.len());
            let (line, behind) = next.split_at_checked(end).unwrap_or((next, ""));
            comments.push(line.trim_start_matches('#'));
            rest = behind;
        } else {
            return (comments, rest);
        }
    }
}

/// Whether the next part of the help begins, such as `.PARAMETER Days`.
fn is_keyword(line: &str) -> bool {
    let word = line.strip_prefix('.').unwrap_or_default();
    let word = word.split_whitespace().next().unwrap_or_default();
    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_those_of_the_first_comments() {
        let text = "<#\n.SYNOPSIS\nA\n.PARAMETER Days\n  .PARAMETER of\n .parameter -Deep  x\n.PARAMETER\n#>\nGet-Process\nfunction F {\n<#\n.PARAMETER No\n#>\n}";
        assert_eq!(parameters(text), ["Days", "of", "Deep"]);
        let odd = "<#\n.PARAMETER <Days>\n.PARAMETER [-Deep]\n.PARAMETER -\n.PARAMETER a-b\n#>\n";
        assert_eq!(parameters(odd), ["Days", "Deep"]);
        let of_function = "# .PARAMETER No\n\nfunction F {}\n";
        assert_eq!(parameters(of_function), Vec::<&str>::new());
        let of_script = "# .PARAMETER Days\n\n\nfunction F {}\n";
        assert_eq!(parameters(of_script), ["Days"]);
        assert_eq!(parameters("# .PARAMETERS Days\n"), Vec::<&str>::new());
    }

    #[test]
    fn the_synopsis_is_in_the_first_comments() {
        for (text, said) in [
            (
                "<#\n.SYNOPSIS\nCollects a triage package.\n#>\n",
                "Collects a triage package.",
            ),
            (
                "#Requires -Version 5\r\n\r\n<#\r\n  .Synopsis\r\n\r\n    Collects\r\n    a package.\r\n\r\n    Of all.\r\n  .DESCRIPTION\r\n    More\r\n#>\r\nparam()",
                "Collects a package.",
            ),
            (
                "#!/bin/sh\n# .SYNOPSIS\n#   Lists processes\n# .NOTES\n# x\nps\n",
                "Lists processes",
            ),
            (
                "\u{feff}<# .DESCRIPTION\nx\n.SYNOPSIS\nA ... b. .5 c\n#>",
                "A ... b. .5 c",
            ),
        ] {
            assert_eq!(synopsis(text).as_deref(), Some(said), "{text}");
        }
        for text in [
            "",
            "# Collects\n",
            "param()\n<#\n.SYNOPSIS\nOf a function\n#>\n",
            "<#\n.SYNOPSIS\n\n.DESCRIPTION\nx\n#>",
            "<#\n.SYNOPSIS",
            "<# a .SYNOPSIS b\n#>",
            "<#\n.SYNOPSIS\na\u{1b}b\n#>",
        ] {
            assert_eq!(synopsis(text), None, "{text}");
        }
    }
}
