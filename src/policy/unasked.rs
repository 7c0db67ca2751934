//! Which rules there are, so that one which nobody asks is noticed.

use std::collections::BTreeSet;

use regorus::Engine;
use regorus::unstable::{Expr, Rule, RuleHead};

/// The rules of `engine`, each by its package, such as `main`, and its name there, such as `deny`.
pub(super) fn rules(engine: &mut Engine) -> BTreeSet<(String, String)> {
    let modules = engine.get_modules().iter();
    let rules = modules.flat_map(|module| {
        let package = path(&module.package.refr).join(".");
        let names = module.policy.iter().filter_map(|rule| name(rule));
        let names: Vec<_> = names.collect();
        names.into_iter().map(move |name| (package.clone(), name))
    });
    rules.collect()
}

fn name(rule: &Rule) -> Option<String> {
    let refr = match rule {
        Rule::Spec { head, .. } => match head {
            RuleHead::Compr { refr, .. }
            | RuleHead::Set { refr, .. }
            | RuleHead::Func { refr, .. } => refr,
        },
        Rule::Default { refr, .. } => refr,
    };
    path(refr).into_iter().next()
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
