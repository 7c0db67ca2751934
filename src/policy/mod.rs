//! Policies about a plan, in Rego, by the conventions of conftest (<https://www.conftest.dev>): the rules `deny`, `violation` and
//! `warn` of the package `main`, and those whose names begin so, such as `deny_unsigned`. Their input is the plan as JSON.

#[cfg(test)]
mod tests;
mod time;
mod unasked;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use regorus::Engine;
use regorus::utils::limits::{ExecutionTimerConfig, TimeSource, set_time_source};
use serde_json::{Value, json};

/// The package whose rules are asked.
const PACKAGE: &str = "main";

/// How long the policies may take, for a plan of any size.
const LIMIT: Duration = Duration::from_mins(1);

/// A file of policies.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Where it was read, for messages.
    pub(crate) path: String,
    /// What it says, in Rego 1.0.
    pub(crate) text: String,
}

/// What a rule says of a plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Verdict {
    /// Whether the plan must not be applied.
    pub(crate) denies: bool,
    /// The rule, such as `deny`.
    pub(crate) rule: String,
    /// Its message.
    pub(crate) message: String,
    /// The library that it is about; `None` where it is about all.
    pub(crate) library: Option<String>,
    /// The file that it is about.
    pub(crate) file: Option<String>,
}

/// What the policies say of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Denials first, otherwise by rule and message.
    pub(crate) verdicts: Vec<Verdict>,
    /// Rules that are named as if they were asked and are not, each with its package.
    pub(crate) unasked: Vec<(String, String)>,
}

/// Why policies cannot be asked. A plan that nobody has judged is not applied.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum Error {
    /// One is not Rego, or cannot be evaluated.
    #[error("the policies cannot be evaluated")]
    #[diagnostic(
        code(jumpbag::policy::invalid),
        help(
            "correct the policy; it is read as Rego 1.0, where rules are written `deny contains msg if {{ … }}`"
        )
    )]
    Invalid {
        /// What is wrong, and where.
        #[source]
        cause: Cause,
    },
    /// No rule would ever be asked.
    #[error("the policies have no rule `deny`, `violation` or `warn` in the package `main`")]
    #[diagnostic(
        code(jumpbag::policy::no_rule),
        help(
            "begin the policies with `package main`, and a rule's name with one of these; or take the folder away: nothing of it would be asked"
        )
    )]
    NoRule,
    /// A rule has a result that is no message.
    #[error("the rule `{rule}` gives something that is no message")]
    #[diagnostic(
        code(jumpbag::policy::no_message),
        help(
            "have it give a text, or an object with `msg`, such as `deny contains msg if {{ msg := \"…\" }}`"
        )
    )]
    NoMessage {
        /// The rule.
        rule: String,
    },
}

/// What the interpreter says.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Cause(String);

/// What time it is for the limit: the interpreter is built without its own clock.
struct Clock;

impl TimeSource for Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the interpreter asks a static, which nobody can give the time"
    )]
    fn now(&self) -> Option<Duration> {
        static START: OnceLock<Instant> = OnceLock::new();
        Some(START.get_or_init(Instant::now).elapsed())
    }
}

/// What the policies say of the plan `json`. In their input, `lints` has the
/// levels that the manifest sets; it is `now`.
pub(crate) fn judge(
    sources: Vec<Source>,
    json: &str,
    lints: &BTreeMap<&str, &str>,
    now: Timestamp,
) -> Result<Judgement, Error> {
    let invalid = |error: &dyn std::fmt::Display| Error::Invalid {
        cause: Cause(format!("{error:#}").trim().to_owned()),
    };
    // It is the same for every run, so that it does not matter who registers it.
    set_time_source(&Clock).ok();
    let mut engine = Engine::new();
    engine.set_execution_timer_config(ExecutionTimerConfig {
        limit: LIMIT,
        check_interval: NonZeroU32::MIN.saturating_add(999),
    });
    time::add(&mut engine, now).map_err(|it| invalid(&it))?;
    for Source { path, text } in sources {
        engine.add_policy(path, text).map_err(|it| invalid(&it))?;
    }
    let rules = unasked::rules(&mut engine);
    let (asked, unasked): (Vec<_>, Vec<_>) = rules
        .into_iter()
        .filter(|(_, rule, _)| denies(rule).is_some())
        .partition(|(package, _, is_function)| package == PACKAGE && !is_function);
    let unasked = unasked
        .into_iter()
        .map(|(package, rule, _)| (package, rule));
    let unasked = unasked.collect();
    if asked.is_empty() {
        return Err(Error::NoRule);
    }
    let mut input: Value = serde_json::from_str(json).map_err(|it| invalid(&it))?;
    if let Some(input) = input.as_object_mut() {
        input.insert("lints".to_owned(), json!(lints));
    }
    let input = input.to_string();
    engine.set_input_json(&input).map_err(|it| invalid(&it))?;
    let results = engine
        .eval_query(format!("data.{PACKAGE}"), false)
        .map_err(|it| invalid(&it))?;
    let mut verdicts = Vec::new();
    let expressions = results.result.iter().flat_map(|result| &result.expressions);
    for expression in expressions {
        let text = expression.value.to_json_str().map_err(|it| invalid(&it))?;
        let rules: Value = serde_json::from_str(&text).map_err(|it| invalid(&it))?;
        for (rule, value) in rules.as_object().into_iter().flatten() {
            if let Some(denies) = denies(rule) {
                read(denies, rule, value, &mut verdicts)?;
            }
        }
    }
    verdicts.sort_by(|one, other| other.denies.cmp(&one.denies).then_with(|| one.cmp(other)));
    verdicts.dedup();
    Ok(Judgement { verdicts, unasked })
}

/// Whether what the rule gives denies a plan; `None` where it is not asked.
fn denies(rule: &str) -> Option<bool> {
    let is = |word: &str| {
        let rest = rule.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    if is("deny") || is("violation") {
        Some(true)
    } else if is("warn") {
        Some(false)
    } else {
        None
    }
}

/// Adds what the `rule` gives, which is a message, an object with one, or several of these.
fn read(denies: bool, rule: &str, value: &Value, verdicts: &mut Vec<Verdict>) -> Result<(), Error> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let verdict = match value {
        Value::Array(values) => {
            return values
                .iter()
                .try_for_each(|value| read(denies, rule, value, verdicts));
        }
        // A rule that gives no set and does not hold.
        Value::Bool(false) => return Ok(()),
        Value::Bool(true) => Some(("it holds for this plan".to_owned(), None, None)),
        Value::String(message) => Some((message.clone(), None, None)),
        Value::Object(object) => text(object.get("msg")).map(|message| {
            (
                message,
                text(object.get("library")),
                text(object.get("file")),
            )
        }),
        Value::Null | Value::Number(_) => None,
    };
    let Some((message, library, file)) = verdict else {
        return Err(Error::NoMessage {
            rule: rule.to_owned(),
        });
    };
    verdicts.push(Verdict {
        denies,
        rule: rule.to_owned(),
        message,
        library,
        file,
    });
    Ok(())
}
