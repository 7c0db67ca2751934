//! Rego's functions of time, in UTC, where it is the time that they are given. The interpreter's own know every time zone, which
//! is 25,000 places more for the system to relocate when a process starts.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use regorus::{Engine, Value};

/// What an extension of the interpreter gives: its result, or why there is none.
type Result = anyhow::Result<Value>;

/// A function of one value, by its name.
type Function = (&'static str, fn(&Value) -> Result);

/// Adds `time.now_ns`, which is `now`, and `time.date`, `time.clock`, `time.weekday` and `time.parse_rfc3339_ns`, as
/// <https://www.openpolicyagent.org/docs/policy-reference/builtins/time> has them.
pub(super) fn add(engine: &mut Engine, now: Timestamp) -> anyhow::Result<()> {
    let now = nanoseconds(now)?;
    engine.add_extension("time.now_ns".into(), 0, Box::new(move |_| Ok(now.clone())))?;
    let functions: [Function; 4] = [
        ("time.date", |value| {
            let time = civil(value)?;
            Ok(list([
                time.year().into(),
                time.month().into(),
                time.day().into(),
            ]))
        }),
        ("time.clock", |value| {
            let time = civil(value)?;
            Ok(list([
                time.hour().into(),
                time.minute().into(),
                time.second().into(),
            ]))
        }),
        ("time.weekday", |value| {
            let name = match civil(value)?.weekday() {
                jiff::civil::Weekday::Monday => "Monday",
                jiff::civil::Weekday::Tuesday => "Tuesday",
                jiff::civil::Weekday::Wednesday => "Wednesday",
                jiff::civil::Weekday::Thursday => "Thursday",
                jiff::civil::Weekday::Friday => "Friday",
                jiff::civil::Weekday::Saturday => "Saturday",
                jiff::civil::Weekday::Sunday => "Sunday",
            };
            Ok(Value::from(name))
        }),
        ("time.parse_rfc3339_ns", |value| {
            nanoseconds(value.as_string()?.parse()?)
        }),
    ];
    for (name, function) in functions {
        let call = move |values: Vec<Value>| match values.first() {
            Some(value) => function(value),
            None => Ok(Value::Undefined),
        };
        engine.add_extension(name.into(), 1, Box::new(call))?;
    }
    Ok(())
}

fn nanoseconds(time: Timestamp) -> Result {
    Ok(Value::from(i64::try_from(time.as_nanosecond())?))
}

/// The time that `value`, in nanoseconds, is in UTC.
fn civil(value: &Value) -> anyhow::Result<DateTime> {
    let Ok(nanoseconds) = value.as_i64() else {
        anyhow::bail!(
            "a time in nanoseconds is expected; time zones are not known here, all is in UTC"
        );
    };
    Ok(Offset::UTC.to_datetime(Timestamp::from_nanosecond(nanoseconds.into())?))
}

fn list(values: [i64; 3]) -> Value {
    Value::from(values.map(Value::from).to_vec())
}
