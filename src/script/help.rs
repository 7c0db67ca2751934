//! Comment-based help.

/// The text under `.SYNOPSIS` in the comments that `text` begins with, its first paragraph in one line.
pub(super) fn synopsis(text: &str) -> Option<String> {
    let comments = first_comments(text);
    let mut lines = comments.iter().map(|line| line.trim());
    lines.find(|line| line.eq_ignore_ascii_case(".SYNOPSIS"))?;
    let lines = lines.skip_while(|line| line.is_empty());
    let paragraph = lines.take_while(|line| !line.is_empty() && !is_keyword(line));
    let words: Vec<_> = paragraph.flat_map(str::split_whitespace).collect();
    let said = words.join(" ");
    // What a manifest could not have either.
    (!said.is_empty() && !said.contains(char::is_control)).then_some(said)
}

/// The names behind `.PARAMETER` in the same comments.
pub(super) fn parameters(text: &str) -> Vec<&str> {
    let comments = first_comments(text).into_iter();
    let names = comments.filter_map(|line| {
        let mut words = line.split_whitespace();
        let is_parameter = words.next()?.eq_ignore_ascii_case(".PARAMETER");
        is_parameter.then(|| words.next()).flatten()
    });
    // Some write the name as it is used.
    names
        .map(|name| name.trim_start_matches(['-', '$']))
        .collect()
}

/// The lines of the comments before anything else, without the signs of comments.
fn first_comments(text: &str) -> Vec<&str> {
    let mut comments = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        if let Some(block) = rest.strip_prefix("<#") {
            let (inner, behind) = block.split_once("#>").unwrap_or((block, ""));
            comments.extend(inner.lines());
            rest = behind;
        } else if rest.starts_with('#') {
            let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
            comments.push(line.trim_start_matches('#'));
            rest = behind;
        } else {
            return comments;
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
        let text = "<#\n.SYNOPSIS\nA\n.PARAMETER Days\n  .PARAMETER of\n .parameter -Deep  x\n.PARAMETER\n#>\nfunction F {\n<#\n.PARAMETER No\n#>\n}";
        assert_eq!(parameters(text), ["Days", "of", "Deep"]);
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
