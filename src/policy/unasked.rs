//! Which rules there are, so that one which nobody asks is noticed.

use std::collections::BTreeSet;

use regorus::Engine;
use regorus::unstable::{Expr, Rule, RuleHead};

/// A rule: its package, such as `main`, its name there, such as `deny`, and whether it is a function, which nobody calls.
pub(super) type Known = (String, String, bool);

/// The rules of `engine`.
pub(super) fn rules(engine: &mut Engine) -> BTreeSet<Known> {
    let modules = engine.get_modules().iter();
    let rules = modules.flat_map(|module| {
        let package = path(&module.package.refr).join(".");
        let names = module.policy.iter().filter_map(|rule| name(rule));
        let names: Vec<_> = names.collect();
        let known = move |(name, is_function)| (package.clone(), name, is_function);
        names.into_iter().map(known)
    });
    rules.collect()
}

fn name(rule: &Rule) -> Option<(String, bool)> {
    let (refr, is_function) = match rule {
        Rule::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } => (refr, false),
            RuleHead::Func { refr, args, .. } => (refr, !args.is_empty()),
        },
        Rule::Default { refr, args, .. } => (refr, !args.is_empty()),
    };
    Some((path(refr).into_iter().next()?, is_function))
}

/// The words of a reference: `a.b["c"]` has three. What is computed has none.
fn path(expr: &Expr) -> Vec<String> {
    if let Expr::Var { span, .. } = expr {
        return vec![span.text().to_owned()];
    }
    let (refr, word) = if let Expr::RefDot { refr, field, .. } = expr {
        (refr, Some(field.0.text().to_owned()))
    } else if let Expr::RefBrack { refr, index, .. } = expr {
        let word = if let Expr::String { value, .. } = index.as_ref() {
            value.as_string().ok().map(ToString::to_string)
        } else {
            None
        };
        (refr, word)
    } else {
        return Vec::new();
    };
    let mut words = path(refr);
    words.extend(word);
    words
}
