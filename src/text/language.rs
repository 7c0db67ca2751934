//! What a script is written in.

/// A language that scripts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    PowerShell,
    Shell,
    Python,
}

impl Language {
    /// The language of a file, by its name's extension or else by what its first line says runs it.
    pub(crate) fn of(name: &str, text: &str) -> Option<Self> {
        let of_line = || Self::of_program(text.lines().next()?.strip_prefix("#!")?);
        Self::of_name(name).or_else(of_line)
    }

    /// The language of a file by its name's extension alone.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "ps1" | "psm1" => Some(Self::PowerShell),
            "sh" | "bash" | "zsh" | "ksh" => Some(Self::Shell),
            "py" | "pyw" => Some(Self::Python),
            _ => None,
        }
    }

    fn of_program(line: &str) -> Option<Self> {
        let programs = line.split_whitespace().filter(|it| !it.starts_with('-'));
        let mut programs = programs.map(|it| it.rsplit_once('/').map_or(it, |(_, name)| name));
        let program = programs.find(|it| *it != "env")?;
        match program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "pwsh" | "powershell" => Some(Self::PowerShell),
            "sh" | "bash" | "dash" | "zsh" | "ksh" => Some(Self::Shell),
            "python" => Some(Self::Python),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_name_or_of_the_first_line() {
        for (name, text, language) in [
            ("a.ps1", "", Some(Language::PowerShell)),
            ("A.PSM1", "#!/bin/sh", Some(Language::PowerShell)),
            ("a.sh", "", Some(Language::Shell)),
            ("a.py", "", Some(Language::Python)),
            (
                "a",
                "#!/usr/bin/env -S pwsh -NoProfile\n",
                Some(Language::PowerShell),
            ),
            ("a", "#! /bin/bash -e\r\n", Some(Language::Shell)),
            ("a.txt", "#!/usr/bin/python3.12\n", Some(Language::Python)),
            ("a.txt", "function A {", None),
            ("ps1", "", None),
            ("a", "#!", None),
        ] {
            assert_eq!(Language::of(name, text), language, "{name} {text}");
        }
    }
}
