//! `auto`: what scripts say of themselves.

use super::*;

const COLLECT: &str = "<#\n.SYNOPSIS\nCollects a package.\n#>\nparam([Parameter(Mandatory)] [string] $Name, [switch] $Deep)\n";

/// What is desired of each file, as a line.
fn desired(folder: &Folder, text: &str, library: &str) -> String {
    let (_, resolved) = folder.load(text).unwrap();
    let line = |(name, desired): (&crate::model::Name, &crate::model::DesiredFile)| {
        let file = &desired.file;
        format!(
            "{name}: {:?} {:?} {}\n",
            file.description.as_deref().unwrap_or_default(),
            file.parameters_description.as_deref().unwrap_or_default(),
            file.has_parameters
        )
    };
    resolved.libraries[library].iter().map(line).collect()
}

fn folder() -> Folder {
    let folder = Folder::with(&["tool.exe"]);
    folder.write("collect.ps1", COLLECT);
    folder.write("list.ps1", "Get-Process\n");
    folder.write(
        "grep.sh",
        "#!/bin/sh\n# .SYNOPSIS\n# Greps.\ngrep \"$1\" x\n",
    );
    // In UTF-16, as Windows has it, and under another name.
    let wide: Vec<u8> = "\u{feff}# .SYNOPSIS\r\n# Prüft.\r\nparam([int] $Days)\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    folder.write("wide.txt", wide);
    folder.write("binary.bin", b"\0\x01");
    folder
}

#[test]
fn a_script_says_what_it_is_for_and_what_it_takes() {
    let text = "version: 1
libraries: {one: , other: }
defaults: {description: auto, parameters_description: auto}
files:
- {source: '{collect,list}.ps1'}
- {source: wide.txt, name: wide.ps1}
- {source: '*.{exe,bin}'}
- {source: grep.sh, parameters_description: , overrides: {other: {description: Own, has_parameters: true}}}
";
    insta::assert_snapshot!(desired(&folder(), text, "one"), @r#"
    binary.bin: "" "" false
    collect.ps1: "Collects a package." "-Name <string> [-Deep]" true
    grep.sh: "Greps." "" false
    list.ps1: "" "" false
    tool.exe: "" "" false
    wide.ps1: "Prüft." "[-Days <int>]" true
    "#);
    let other = desired(&folder(), text, "other");
    assert!(other.contains("grep.sh: \"Own\" \"\" true\n"), "{other}");
    // Only what is asked for is looked at.
    let text = "version: 1\nfiles: [{source: grep.sh, description: auto, has_parameters: false}]\n";
    insta::assert_snapshot!(desired(&folder(), text, "default"), @r#"grep.sh: "Greps." "" false"#);
}

#[test]
fn what_is_not_understood_is_an_error() {
    let text = "version: 1\nfiles:\n- {source: '*.sh', parameters_description: auto}\n";
    insta::assert_snapshot!(folder().bad(text), @"
    jumpbag::manifest::auto_unknown

      x `grep.sh` takes parameters, or may, and it cannot be said which
       ,-[jumpbag.yaml:3:12]
     2 | files:
     3 | - {source: '*.sh', parameters_description: auto}
       :            ^^^|^^
       :               `-- matched by this glob
       `----
      help: write its `parameters_description`, or null where it has none
    ");
}
