//! What scripts say of themselves: what they are for, and what they take.
//!
//! Pure: the same text always says the same.

mod help;
mod powershell;
mod python;
mod shell;

pub(crate) use powershell::{Script, may_have_parameters};
pub(crate) use python::options as python_options;
pub(crate) use shell::{Taken, taken as taken_by_shell};

use crate::text::Language;

/// What a script is for, as a line: the `.SYNOPSIS` of the help in its first comments
/// (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_comment_based_help>), in whichever language
/// has such comments. `None` where it does not say.
pub(crate) fn synopsis(text: &str) -> Option<String> {
    help::synopsis(text)
}

/// It cannot be said what a script takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUnderstood;

/// How the parameters of a script are written, as PowerShell's own help would; `None` where it takes none.
pub(crate) fn parameters(
    language: Option<Language>,
    text: &str,
) -> Result<Option<String>, NotUnderstood> {
    match language {
        None => Ok(None),
        Some(Language::PowerShell) => powershell(text),
        Some(Language::Shell) => match taken_by_shell(text) {
            Taken::Nothing => Ok(None),
            Taken::Options(options) => Ok(joined(options.written())),
            Taken::Anything => Err(NotUnderstood),
        },
        Some(Language::Python) if python::takes_nothing(text) => Ok(None),
        Some(Language::Python) => Err(NotUnderstood),
    }
}

fn powershell(text: &str) -> Result<Option<String>, NotUnderstood> {
    if may_have_parameters(text) {
        let script = Script::parse(text).filter(|script| script.is_understood);
        let script = script.ok_or(NotUnderstood)?;
        if !script.parameters.is_empty() {
            return Ok(joined(script.parameters.iter().map(ToString::to_string)));
        }
    }
    if powershell::reads_arguments(text) {
        Err(NotUnderstood)
    } else {
        Ok(None)
    }
}

fn joined(words: impl Iterator<Item = String>) -> Option<String> {
    let words: Vec<_> = words.collect();
    Some(words.join(" ")).filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_taken_is_written_as_in_powershells_help() {
        let of = |language, text| parameters(Some(language), text);
        let said = |language, text| of(language, text).unwrap().unwrap();
        let script = "param(
  [Parameter(Mandatory = $true, Position = 0)] [ValidateSet('a', 'b')]
  [string] $Name,
  [Alias('D')] [int] $Days = 7, [switch] $Deep,
  [Parameter(Mandatory = $false)] [string[]] $Paths, $Rest)
";
        assert_eq!(
            said(Language::PowerShell, script),
            "-Name <string> [-Days <int>] [-Deep] [-Paths <string[]>] [-Rest <value>]"
        );
        assert_eq!(of(Language::PowerShell, "Get-Process\n"), Ok(None));
        assert_eq!(of(Language::PowerShell, "$args[0]\n"), Err(NotUnderstood));
        assert_eq!(of(Language::PowerShell, "param(((\n"), Err(NotUnderstood));
        assert_eq!(of(Language::PowerShell, "Get-Process (((\n"), Ok(None));
        let options = "while getopts ':d:v' o; do :; done\n";
        assert_eq!(said(Language::Shell, options), "[-d <value>] [-v]");
        assert_eq!(of(Language::Shell, "ls -l\n"), Ok(None));
        assert_eq!(of(Language::Shell, "ls \"$1\"\n"), Err(NotUnderstood));
        assert_eq!(of(Language::Python, "print(1)\n"), Ok(None));
        assert_eq!(
            of(Language::Python, "import argparse\n"),
            Err(NotUnderstood)
        );
        assert_eq!(parameters(None, "$1"), Ok(None));
    }

    proptest! {
        #[test]
        fn no_text_ends_it_and_what_comes_out_is_one_line(
            language in prop::sample::select(vec![Language::PowerShell, Language::Shell, Language::Python]),
            text in "(param|\\(|\\)|\\[|\\]|\\$a|,|=|'|<#|#>|#|\\.SYNOPSIS|getopts|:| |\n|ü|int){0,60}",
        ) {
            for said in [synopsis(&text), parameters(Some(language), &text).ok().flatten()] {
                let said = said.unwrap_or("a".to_owned());
                prop_assert!(!said.is_empty() && !said.contains('\n'));
            }
        }
    }
}
