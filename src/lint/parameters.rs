//! Whether what the manifest says of parameters fits what a script takes.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Checked;
use crate::diagnostics::Code;
use crate::diagnostics::lints::{PARAMETERS_NOT_OFFERED, PARAMETERS_NOT_TAKEN, PARAMETERS_UNKNOWN};
use crate::script::{self, Taken, ascii};
use crate::text::Language;

/// The parameters that every advanced script has
/// (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_commonparameters>).
const COMMON: [&str; 15] = [
    "Confirm",
    "Debug",
    "ErrorAction",
    "ErrorVariable",
    "InformationAction",
    "InformationVariable",
    "OutBuffer",
    "OutVariable",
    "PipelineVariable",
    "ProgressAction",
    "Verbose",
    "WarningAction",
    "WarningVariable",
    "WhatIf",
    "Help",
];

/// What this looks for.
const LINTS: [&Code; 3] = [
    &PARAMETERS_NOT_OFFERED,
    &PARAMETERS_NOT_TAKEN,
    &PARAMETERS_UNKNOWN,
];

pub(super) fn check(checked: &mut Checked<'_>) {
    if !checked.wants_any(&LINTS) {
        return;
    }
    match checked.language {
        Some(Language::PowerShell) => powershell(checked),
        Some(Language::Shell) => shell(checked),
        Some(Language::Python) => python(checked),
        None => {}
    }
}

fn powershell(checked: &mut Checked<'_>) {
    let says_none = !checked.file.has_parameters && checked.file.parameters_description.is_none();
    if says_none && !script::may_have_parameters(&checked.text) {
        return;
    }
    let Some(script) = checked
        .script()
        .filter(|script| script.is_understood)
        .cloned()
    else {
        return;
    };
    if script.parameters.is_empty() {
        if checked.file.has_parameters && !script.takes_any {
            not_taken(checked);
        }
        return;
    }
    if !checked.file.has_parameters {
        checked.tell_at(
            &PARAMETERS_NOT_OFFERED,
            "takes parameters that the portal will not ask for",
            "write a `parameters_description`, such as \"-Days <n>\", or `has_parameters: true`",
            script.param.map(|place| (place, "these parameters")),
        );
    }
    let is_known = |name: &str| {
        let names = script.parameters.iter().map(|it| &it.name);
        let names = names.chain(&script.aliases).map(String::as_str);
        let names = names.chain(COMMON);
        // A parameter may be shortened.
        names
            .into_iter()
            .any(|known| starts_with_ignoring_case(known, name))
    };
    unknown(
        checked,
        &words(checked.file.parameters_description.as_deref()),
        is_known,
    );
}

fn shell(checked: &mut Checked<'_>) {
    let options = match script::taken_by_shell(&checked.text) {
        Taken::Nothing if checked.file.has_parameters => return not_taken(checked),
        Taken::Nothing | Taken::Anything => return,
        Taken::Options(options) => options,
    };
    if !checked.file.has_parameters {
        checked.tell_at(
            &PARAMETERS_NOT_OFFERED,
            "takes options that the portal will not ask for",
            "write a `parameters_description`, such as \"-d DAYS\", or `has_parameters: true`",
            Some((options.place.clone(), "these options")),
        );
    }
    let is_known = |name: &str| name.chars().next().is_some_and(|it| options.has(it));
    unknown(
        checked,
        &words(checked.file.parameters_description.as_deref()),
        is_known,
    );
}

fn python(checked: &mut Checked<'_>) {
    static WORD: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii(r#"(?:^|[\s\[({<|,"'])(--?[A-Za-z][A-Za-z0-9_-]*)"#));
    let text = checked.text.clone();
    let Some(options) = script::python_options(&text) else {
        return;
    };
    if !checked.file.has_parameters && !options.is_empty() {
        checked.tell(
            &PARAMETERS_NOT_OFFERED,
            "takes options that the portal will not ask for",
            "write a `parameters_description`, such as \"--days N\", or `has_parameters: true`",
        );
    }
    // A long one may be shortened, and a short one followed by its value or by others: `-d7`, `-vv`.
    let is_known = |name: &str| {
        let mut known = options.iter().chain(&["-h", "--help"]);
        known.any(|it| {
            let is_long = name.starts_with("--");
            is_long && it.starts_with(name) || !is_long && name.starts_with(it)
        })
    };
    let described = checked.file.parameters_description.as_deref();
    let names: BTreeSet<_> = WORD
        .iter()
        .flat_map(|word| word.captures_iter(described.unwrap_or_default()))
        .filter_map(|captures| Some(captures.get(1)?.as_str()))
        .collect();
    let names = names.into_iter().filter(|name| !is_known(name));
    let names: Vec<_> = names
        .filter_map(|name| Some(name.strip_prefix('-')?.to_owned()))
        .collect();
    unknown(checked, &names, |_| false);
}

fn not_taken(checked: &mut Checked<'_>) {
    checked.tell(
        &PARAMETERS_NOT_TAKEN,
        "is offered with parameters, and takes none",
        "take `has_parameters` and `parameters_description` away, or have the script take them",
    );
}

fn unknown(checked: &mut Checked<'_>, names: &[String], is_known: impl Fn(&str) -> bool) {
    let unknown: Vec<_> = names.iter().filter(|name| !is_known(name)).collect();
    if let Some(name) = unknown.first() {
        let is = match unknown.len() {
            1 => format!("has no parameter -{name}, which its parameters description names"),
            more => format!(
                "has {more} of the parameters not that its description names, such as -{name}"
            ),
        };
        checked.tell(
            &PARAMETERS_UNKNOWN,
            &is,
            "correct the `parameters_description`: a responder types what it says",
        );
    }
}

/// The parameters that a description names, without the dash, each once.
fn words(description: Option<&str>) -> Vec<String> {
    static WORD: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii(r#"(?:^|[\s\[({<|,"'])-([A-Za-z][A-Za-z0-9_]*)"#));
    let Some(word) = WORD.as_ref() else {
        return Vec::new();
    };
    let found = word.captures_iter(description.unwrap_or_default());
    let found = found.filter_map(|captures| Some(captures.get(1)?.as_str().to_owned()));
    found.collect::<BTreeSet<_>>().into_iter().collect()
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    let head = text.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}
