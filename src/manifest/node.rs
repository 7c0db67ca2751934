//! A YAML document as a tree in which everything knows its place.
//!
//! Reading goes through this tree and not through derived types, because serde stops at the first
//! value that it does not like, and all problems have to be found.

use std::cell::Cell;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};

use crate::diagnostics::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    /// Where it is; for what an alias stands for, where the alias is.
    pub(super) span: Span,
}

/// A value, by YAML 1.2's core schema.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number that fits into this type.
    Whole(u64),
    /// Any other number; nothing in a manifest is one.
    Number,
    Text(String),
    List(Vec<Node>),
    /// The pairs as they are written, those with equal keys too.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The same, `by` bytes further.
    pub(super) fn moved(mut self, by: usize) -> Self {
        self.move_by(by);
        self
    }

    fn move_by(&mut self, by: usize) {
        self.span.start = self.span.start.saturating_add(by);
        self.span.end = self.span.end.saturating_add(by);
        match &mut self.value {
            Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Number | Value::Text(_) => {}
            Value::List(list) => list.iter_mut().for_each(|node| node.move_by(by)),
            Value::Map(pairs) => {
                for (key, value) in pairs {
                    key.move_by(by);
                    value.move_by(by);
                }
            }
        }
    }
}

thread_local! {
    /// How many bytes of text may still be copied; `None` once there was one too many.
    ///
    /// The YAML crate counts what aliases repeat in nodes and not in bytes, so that one long text could
    /// be repeated into gigabytes; and `Spanned` deserialises only types, to which no state can be handed.
    static TEXT_LEFT: Cell<Option<usize>> = const { Cell::new(Some(0)) };
}

/// Runs `read` with a budget of `bytes` of text for the nodes that it deserialises. The second answer
/// is whether the budget was enough.
pub(super) fn with_text_budget<T>(bytes: usize, read: impl FnOnce() -> T) -> (T, bool) {
    TEXT_LEFT.set(Some(bytes));
    let result = read();
    (result, TEXT_LEFT.get().is_some())
}

/// The place of `location`, which the YAML crate knows in bytes for every node of a `str`.
fn span(location: Location) -> Span {
    let index = |offset: Option<u64>| usize::try_from(offset.unwrap_or_default()).unwrap_or(0);
    let start = index(location.span().byte_offset());
    Span {
        start,
        end: start.saturating_add(index(location.span().byte_len())),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Spanned::<Value>::deserialize(deserializer)?;
        let mut span = span(node.referenced);
        // A map or list without brackets has an empty place before its first element.
        if span.start == span.end {
            let first = match &node.value {
                Value::List(list) => list.first(),
                Value::Map(pairs) => pairs.first().map(|(key, _)| key),
                Value::Null | Value::Bool(_) | Value::Whole(_) | Value::Number | Value::Text(_) => {
                    None
                }
            };
            span = first.map_or(span, |first| first.span);
        }
        Ok(Self {
            value: node.value,
            span,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Whole(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(u64::try_from(value).map_or(Value::Number, Value::Whole))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Number)
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        // Every text costs something, so that neither many short ones nor a few long ones are free.
        let left = TEXT_LEFT
            .get()
            .and_then(|left| left.checked_sub(value.len()));
        TEXT_LEFT.set(left);
        if left.is_none() {
            return Err(E::custom("too much text"));
        }
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Value::Map(pairs))
    }
}
