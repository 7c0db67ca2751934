//! What scripts say of themselves: what they are for, and what they take.
//!
//! Pure: the same text always says the same.

mod help;
mod powershell;
mod python;
mod shell;

pub(crate) use powershell::{Script, may_have_parameters, reads_arguments};
pub(crate) use python::options as python_options;
pub(crate) use shell::{Taken, taken as taken_by_shell};

use regex::{Regex, RegexBuilder};

use crate::text::Language;

/// What a script is for, as a line: the `.SYNOPSIS` of the help in its first comments
/// (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_comment_based_help>), in whichever language
/// has such comments. `None` where it does not say.
pub(crate) fn synopsis(text: &str) -> Option<String> {
    help::synopsis(text)
}

/// The names of the parameters that the same help has a `.PARAMETER` for.
pub(crate) fn documented_parameters(text: &str) -> Vec<&str> {
    help::parameters(text)
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
            Taken::Options(options) if !options.has_others => joined(options.written()),
            Taken::Options(_) | Taken::Anything => Err(NotUnderstood),
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
            return joined(script.parameters.iter().map(ToString::to_string));
        }
    }
    if reads_arguments(text) {
        Err(NotUnderstood)
    } else {
        Ok(None)
    }
}

/// A regular expression whose classes are of ASCII: others take megabytes, and scripts mean no others.
pub(crate) fn ascii(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).build().ok()
}

/// The `words` in a line that a manifest could have, too.
fn joined(words: impl Iterator<Item = String>) -> Result<Option<String>, NotUnderstood> {
    let words: Vec<_> = words.collect();
    let line = words.join(" ");
    if line.contains(char::is_control) {
        return Err(NotUnderstood);
    }
    Ok(Some(line).filter(|line| !line.is_empty()))
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
  [Parameter(Mandatory = $true, HelpMessage = 'the [name')] [ValidateSet('a', 'b')]
  [string] # and no [int]
  $Name,
  [Alias('D')] [int] $Days = 7, [switch] $Deep,
  [Parameter(Mandatory = $false, HelpMessage = \"a,mandatory,b\")] [string[]] $Paths, $Rest)
";
        assert_eq!(
            said(Language::PowerShell, script),
            "-Name <string> [-Days <int>] [-Deep] [-Paths <string[]>] [-Rest <value>]"
        );
        assert_eq!(of(Language::PowerShell, "Get-Process\n"), Ok(None));
        assert_eq!(of(Language::PowerShell, "$args[0]\n"), Err(NotUnderstood));
        assert_eq!(of(Language::PowerShell, "param(((\n"), Err(NotUnderstood));
        assert_eq!(of(Language::PowerShell, "Get-Process (((\n"), Ok(None));
        let odd = "param # what it takes\n($A)\n";
        assert_eq!(said(Language::PowerShell, odd), "[-A <value>]");
        let odd = "param(${a\u{1b}b})\n";
        assert_eq!(of(Language::PowerShell, odd), Err(NotUnderstood));
        let options = "while getopts ':d:v' o; do :; done\n";
        assert_eq!(said(Language::Shell, options), "[-d <value>] [-v]");
        assert_eq!(of(Language::Shell, "ls -l\n"), Ok(None));
        assert_eq!(of(Language::Shell, "echo ${#list[@]}\n"), Ok(None));
        for text in [
            "ls \"$1\"\n",
            "for x; do echo $x; done\n",
            "for x\ndo echo $x\ndone\n",
            "echo ${!#}\n",
            "echo ${#}\n",
            "echo $#\n",
            "echo $argv[1]\n",
            "echo ${#argv}\n",
            "while getopts d: o; do :; done\nshift $((OPTIND-1))\nhost=$1\n",
            "getopts d: o\ngetopts \"$spec\" o\n",
        ] {
            assert_eq!(of(Language::Shell, text), Err(NotUnderstood), "{text}");
        }
        let shifted = format!("{options}shift $((OPTIND-1))\nfor x in a b; do ls; done\n");
        assert_eq!(said(Language::Shell, &shifted), "[-d <value>] [-v]");
        assert_eq!(of(Language::Python, "print(1)\n"), Ok(None));
        for text in [
            "import argparse\n",
            "import os, argparse\n",
            "from click import command\n",
            "print(sys.orig_argv)\n",
        ] {
            assert_eq!(of(Language::Python, text), Err(NotUnderstood), "{text}");
        }
        let text = "print('a firewall, one click')\n";
        assert_eq!(of(Language::Python, text), Ok(None));
        assert_eq!(parameters(None, "$1"), Ok(None));
    }

    proptest! {
        #[test]
        fn no_text_ends_it_and_what_comes_out_is_one_line(
            language in prop::sample::select(vec![Language::PowerShell, Language::Shell, Language::Python]),
            text in "(param|\\(|\\)|\\[|\\]|\\$a|\\$\\{|\\}|,|=|'|\"|<#|#>|#|\\.SYNOPSIS|getopts|:| |\n|ü|\u{1b}|int){0,60}",
        ) {
            for said in [synopsis(&text), parameters(Some(language), &text).ok().flatten()] {
                let said = said.unwrap_or("a".to_owned());
                prop_assert!(!said.is_empty() && !said.contains(char::is_control));
            }
        }
    }
}
