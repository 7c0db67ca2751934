//! What is said of parameters.

use super::*;

#[test]
fn parameters_that_are_not_offered_or_not_taken() {
    insta::assert_snapshot!(said("a.ps1", "[CmdletBinding()]\nparam($Days)\n", None), @r#"
    `a.ps1` has no Authenticode signature
    `a.ps1` takes parameters that the portal will not ask for  ["param" these parameters]
    "#);
    assert_eq!(
        codes("a.ps1", "Get-Process\n", Some("-Days <n>")),
        "parameters_not_taken"
    );
    assert_eq!(codes("a.ps1", "Get-Item $args\n", Some("a path")), "");
    assert_eq!(
        codes("a.ps1", "function F {\nparam($x)\n$x\n}\nF 1\n", Some("-x")),
        "parameters_not_taken"
    );
    assert_eq!(
        codes("a.sh", "#!/bin/sh\necho a\n", Some("NAME")),
        "parameters_not_taken"
    );
    assert_eq!(
        codes("a.sh", "#!/bin/sh\necho \"$1\" ${2:-x}\n", Some("NAME")),
        ""
    );
    insta::assert_snapshot!(said("a.sh", "#!/bin/sh\nwhile getopts 'd:v' o; do :; done\n", None), @r#"`a.sh` takes options that the portal will not ask for  ["getopts 'd:v' " these options]"#);
}

#[test]
fn parameters_that_are_described_and_not_there() {
    let script = "param([int] $Days = 7, [Alias('p')] [string] $Path)\n";
    for (described, found) in [
        ("-Days <n> [-Path <folder>]", ""),
        ("-d 7 -P c:\\x -Verbose", ""),
        ("a self-contained example, with - dashes -- and --Days", ""),
        ("-Tage <n>", "parameters_unknown"),
        ("(-Daysx|-Path)", "parameters_unknown"),
    ] {
        assert_eq!(
            codes("a.ps1", script, Some(described)),
            found,
            "{described}"
        );
    }
    insta::assert_snapshot!(said("a.ps1", script, Some("-Tage <n> -Pfad <p>")), @"
    `a.ps1` has no Authenticode signature
    `a.ps1` has 2 of the parameters not that its description names, such as -Pfad
    ");
    let options = "#!/bin/sh\nwhile getopts d:v o; do :; done\n";
    assert_eq!(codes("a.sh", options, Some("-d DAYS [-v]")), "");
    assert_eq!(codes("a.sh", options, Some("-x")), "parameters_unknown");
}

/// What cannot be read in the code may stand in the help above it.
#[test]
fn parameters_that_are_described_and_not_documented() {
    let help = "<#\n.PARAMETER Days\n  How many\n.PARAMETER Path\n#>\n";
    for code in ["param(((\n", "Get-Item $args\n"] {
        let script = format!("{help}{code}");
        assert_eq!(
            codes("a.ps1", &script, Some("-Days <n> -p <path> -Verbose")),
            ""
        );
        let found = said("a.ps1", &script, Some("-Days <n> -Tage <n>"));
        let (_, said) = found.trim_end().split_once('\n').unwrap();
        assert_eq!(
            said,
            "`a.ps1` documents no parameter -Tage, which its parameters description names"
        );
        assert_eq!(codes("a.ps1", code, Some("-Tage <n>")), "");
    }
    let python = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--days')\n";
    let python = format!("#!/usr/bin/env python3\n{python}");
    insta::assert_snapshot!(said("a.py", &python, Some("--days N --tage N")), @"`a.py` has no parameter --tage, which its parameters description names");
}
