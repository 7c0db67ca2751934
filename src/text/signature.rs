//! The Authenticode signature block at the end of a PowerShell script.

/// The line that a block begins with.
pub(crate) const BEGIN: &str = "# SIG # Begin signature block";
const END: &str = "# SIG # End signature block";

/// Splits `text` (with LF line ends) before the signature block at its end; the second part is empty
/// where there is none.
///
/// A block is only taken for one if nothing in it could run: every line between the marks is `# ` and
/// base64, and only empty lines come after. Anything else stays in the first part, which is shown.
pub(crate) fn split(text: &str) -> (&str, &str) {
    let whole = (text, "");
    let Some(at) = text.rfind(BEGIN) else {
        return whole;
    };
    let Some((body, block)) = text.split_at_checked(at) else {
        return whole;
    };
    if !(body.is_empty() || body.ends_with('\n')) || !is_inert(block) {
        return whole;
    }
    (body, block)
}

/// Whether two texts, each [`split`], differ in nothing before their blocks. The line end that signing puts
/// before a block counts to it.
pub(crate) fn same_body(old: (&str, &str), new: (&str, &str)) -> bool {
    let is_signed = |unsigned: (&str, &str), signed: (&str, &str)| {
        unsigned.1.is_empty()
            && !signed.1.is_empty()
            && signed.0.strip_suffix('\n') == Some(unsigned.0)
    };
    old.0 == new.0 || is_signed(old, new) || is_signed(new, old)
}

fn is_inert(block: &str) -> bool {
    let mut lines = block.trim_end_matches('\n').split('\n');
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    lines.next() == Some(BEGIN)
        && lines.next_back() == Some(END)
        && lines.all(|line| {
            line.strip_prefix("# ")
                .is_some_and(|data| data.chars().all(base64))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(data: &str) -> String {
        format!("{BEGIN}\n{data}{END}\n")
    }

    #[test]
    fn a_signature_block_at_the_end_is_split_off() {
        let signed = format!("Get-Process\n\n{}", block("# MIIx+/=\n# AAAA\n"));
        assert_eq!(split(&signed).0, "Get-Process\n\n");
        assert_eq!(split(&format!("{signed}\n\n")).0, "Get-Process\n\n");
        assert_eq!(split(&block("")).0, "");
        assert_eq!(split("Get-Process\n"), ("Get-Process\n", ""));
    }

    #[test]
    fn a_block_that_could_run_is_not_hidden() {
        for text in [
            format!("a\n{}", block("Invoke-Evil\n")),
            format!("a\n{}", block("# AAAA\rInvoke-Evil\n")),
            format!("a\n{}", block("# #> Invoke-Evil\n")),
            format!("a\n{}Invoke-Evil\n", block("# AAAA\n")),
            format!("a\n{}\rInvoke-Evil", block("# AAAA\n")),
            format!("a\n{BEGIN} \rInvoke-Evil\n{END}\n"),
            format!("a\n{BEGIN}\n# AAAA\n"),
            format!("a {}", block("# AAAA\n")),
            format!("a\n{}", block("\n")),
        ] {
            assert_eq!(split(&text), (text.as_str(), ""));
        }
    }

    #[test]
    fn the_line_end_before_a_block_counts_to_it() {
        let block = block("# AAAA\n");
        let same = |unsigned: &str, signed: &str| {
            let signed = format!("{signed}{block}");
            let (unsigned, signed) = (split(unsigned), split(&signed));
            assert_eq!(same_body(unsigned, signed), same_body(signed, unsigned));
            same_body(unsigned, signed)
        };
        assert!(same("a\n", "a\n"));
        assert!(same("a\n", "a\n\n"));
        assert!(same("a", "a\n"));
        assert!(!same("a", "a\n\n"));
        assert!(!same("a\n", "b\n"));
        let again = format!("a\n\n{block}");
        assert!(!same_body(split(&again), split(&format!("a\n{block}"))));
    }

    #[test]
    fn a_second_block_hides_nothing_before_it() {
        let text = format!("a\n{}evil\n{}", block("# AAAA\n"), block("# BBBB\n"));
        assert!(split(&text).0.ends_with("evil\n"));
    }
}
