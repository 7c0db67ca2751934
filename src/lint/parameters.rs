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

/// What stands for a parameter in the description of a script of PowerShell or a shell.
static SHORT: LazyLock<Option<Regex>> =
    LazyLock::new(|| ascii(r#"(?:^|[\s\[({<|,"'])(-[A-Za-z][A-Za-z0-9_]*)"#));

/// The same for Python, which has long ones, too.
static LONG: LazyLock<Option<Regex>> =
    LazyLock::new(|| ascii(r#"(?:^|[\s\[({<|,"'])(--?[A-Za-z][A-Za-z0-9_-]*)"#));

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
    let script = checked.script().filter(|script| script.is_understood);
    let Some(script) = script.cloned() else {
        return documented(checked);
    };
    if script.parameters.is_empty() {
        if script::reads_arguments(&checked.text) {
            documented(checked);
        } else if checked.file.has_parameters && !script.takes_any {
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
    let names = script.parameters.iter().map(|it| &it.name);
    let names = names.chain(&script.aliases).map(String::as_str);
    let unknown = unknown_to(names, checked);
    tell_of(checked, &unknown, "has");
}

/// Where the code does not say what a script takes, its help may.
fn documented(checked: &mut Checked<'_>) {
    let text = checked.text.clone();
    let names = script::documented_parameters(&text);
    if !names.is_empty() {
        let unknown = unknown_to(names.into_iter(), checked);
        tell_of(checked, &unknown, "documents");
    }
}

/// Which of the parameters that the description names are none of a PowerShell script with these `names`.
fn unknown_to<'a>(names: impl Iterator<Item = &'a str>, checked: &Checked<'_>) -> Vec<String> {
    let known: Vec<_> = names.chain(COMMON).collect();
    // A parameter may be shortened.
    let is_known = |name: &str| {
        let mut known = known.iter();
        known.any(|known| starts_with_ignoring_case(known, name.trim_start_matches('-')))
    };
    let mut named = described(checked, &SHORT);
    named.retain(|name| !is_known(name));
    named
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
    let mut unknown = described(checked, &SHORT);
    unknown.retain(|name| !name.chars().nth(1).is_some_and(|it| options.has(it)));
    tell_of(checked, &unknown, "has");
}

fn python(checked: &mut Checked<'_>) {
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
    let mut unknown = described(checked, &LONG);
    unknown.retain(|name| !is_known(name));
    tell_of(checked, &unknown, "has");
}

fn not_taken(checked: &mut Checked<'_>) {
    checked.tell(
        &PARAMETERS_NOT_TAKEN,
        "is offered with parameters, and takes none",
        "take `has_parameters` and `parameters_description` away, or have the script take them",
    );
}

/// Tells of the `unknown` parameters, which a script neither `has` nor, where that is all that is known, documents.
fn tell_of(checked: &mut Checked<'_>, unknown: &[String], has: &str) {
    if let Some(name) = unknown.first() {
        let is = match unknown.len() {
            1 => format!("{has} no parameter {name}, which its parameters description names"),
            more => format!(
                "{has} {more} of the parameters not that its description names, such as {name}"
            ),
        };
        checked.tell(
            &PARAMETERS_UNKNOWN,
            &is,
            "correct the `parameters_description`: a responder types what it says",
        );
    }
}

/// The parameters that the description names, as they are written and each once.
fn described(checked: &Checked<'_>, word: &LazyLock<Option<Regex>>) -> Vec<String> {
    let described = checked.file.parameters_description.as_deref();
    let words = word.iter();
    let found = words.flat_map(|word| word.captures_iter(described.unwrap_or_default()));
    let found = found.filter_map(|captures| Some(captures.get(1)?.as_str().to_owned()));
    found.collect::<BTreeSet<_>>().into_iter().collect()
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    let head = text.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}
