//! What a PowerShell script takes and says of itself, by its grammar.

use std::fmt;
use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use regex::Regex;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::ascii;

/// The largest script that is looked at, in bytes.
const LARGEST: usize = 1 << 20;
/// How often the parser may report before it is stopped; each time it has made 100 steps. A script of 100 KB takes some
/// hundred.
const MOST_REPORTS: usize = 200_000;

/// A script that was understood, at least in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// Where it says `param`; `None` where it has no such block.
    pub(crate) param: Option<Range<usize>>,
    /// Its parameters, in the order of the script.
    pub(crate) parameters: Vec<Parameter>,
    /// Other names for them.
    pub(crate) aliases: Vec<String>,
    /// Whether it was understood what it takes: a grammar that is not PowerShell's own has its limits.
    pub(crate) is_understood: bool,
    /// Whether it reads `$args`, or what is in the pipe.
    pub(crate) takes_any: bool,
    /// Its comments, in the order of the script.
    comments: Vec<Range<usize>>,
}

/// A parameter of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its name, without `$`.
    pub(crate) name: String,
    /// Its type as it is written, such as `int`; `None` where it says none.
    pub(crate) kind: Option<String>,
    /// Whether PowerShell asks for it where it is not given.
    pub(crate) is_mandatory: bool,
}

impl fmt::Display for Parameter {
    /// As PowerShell's help writes it: `[-Days <int>]`, `[-Deep]` for a switch, without brackets where it is mandatory.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        let is_switch = |kind: &str| {
            let kind = kind.rsplit('.').next().unwrap_or(kind);
            kind.eq_ignore_ascii_case("switch") || kind.eq_ignore_ascii_case("SwitchParameter")
        };
        let written = match self.kind.as_deref() {
            Some(kind) if is_switch(kind) => format!("-{name}"),
            kind => format!("-{name} <{}>", kind.unwrap_or("value")),
        };
        if self.is_mandatory {
            f.write_str(&written)
        } else {
            write!(f, "[{written}]")
        }
    }
}

impl Script {
    /// The script `text`; `None` where it is too large or too intricate.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > LARGEST {
            return None;
        }
        let tree = tree(text)?;
        let root = tree.root_node();
        let mut script = Self {
            is_understood: true,
            ..Self::default()
        };
        let block = children(root)
            .into_iter()
            .find(|it| it.kind() == "param_block");
        if let Some(block) = block {
            let start = block.start_byte();
            // Attributes come before it.
            let word = children(block).into_iter().find(|it| is_word(*it, text));
            script.param = Some(word.map_or(start..start, |word| word.byte_range()));
            script.is_understood = !block.has_error();
            script.read_parameters(block, text);
        } else {
            script.is_understood = !is_block_lost(root);
        }
        script.read_all(root, text);
        Some(script)
    }

    /// Whether the byte `at` is in a comment.
    pub(crate) fn is_comment(&self, at: usize) -> bool {
        let before = self.comments.partition_point(|comment| comment.start <= at);
        let last = before.checked_sub(1).and_then(|nth| self.comments.get(nth));
        last.is_some_and(|comment| comment.contains(&at))
    }

    fn read_parameters(&mut self, block: Node<'_>, text: &str) {
        let lists = children(block).into_iter();
        let lists = lists.filter(|it| it.kind() == "parameter_list");
        for parameter in lists.flat_map(children) {
            if parameter.kind() != "script_parameter" {
                continue;
            }
            for child in children(parameter) {
                match child.kind() {
                    "variable" => self.add(parameter, child, text),
                    "attribute_list" => self.read_aliases(child, text),
                    "script_parameter_default" => self.read_swallowed(child, text),
                    _ => {}
                }
            }
        }
    }

    /// Adds the parameter `variable`, of which `whole` begins with what is said of it.
    fn add(&mut self, whole: Node<'_>, variable: Node<'_>, text: &str) {
        let name = text.get(variable.byte_range()).unwrap_or_default();
        let name = name.trim_start_matches('$');
        let name = name.trim_start_matches('{').trim_end_matches('}');
        let before = text.get(whole.start_byte()..variable.start_byte());
        let before = unquoted(before.unwrap_or_default());
        let groups = groups(&before);
        // What has arguments is an attribute and no type.
        let kind = groups.iter().rev().find(|it| !it.contains('('));
        self.parameters.push(Parameter {
            name: name.to_owned(),
            kind: kind.map(|kind| kind.split_whitespace().collect()),
            is_mandatory: groups.iter().any(|group| is_mandatory(group)),
        });
    }

    /// The grammar takes `$a = 1, [switch] $b` for a list of two values: within a default, a comma that is in no bracket
    /// ends the parameter.
    fn read_swallowed(&mut self, default: Node<'_>, text: &str) {
        // In the order of the script: what is to be done next is at the end.
        let mut open = vec![(default, false)];
        while let Some((node, is_parameter)) = open.pop() {
            if is_parameter {
                if let Some(variable) = last_variable(node) {
                    self.add(node, variable, text);
                }
                continue;
            }
            let inner = children(node).into_iter();
            match node.kind() {
                "array_literal_expression" => {
                    let elements = inner.filter(Node::is_named).enumerate();
                    let elements: Vec<_> = elements.map(|(nth, it)| (it, nth > 0)).collect();
                    open.extend(elements.into_iter().rev());
                }
                kind if kind == "script_parameter_default" || kind.ends_with("_expression") => {
                    let is_bracket = matches!(
                        kind,
                        "parenthesized_expression"
                            | "array_expression"
                            | "sub_expression"
                            | "script_block_expression"
                            | "hash_literal_expression"
                    );
                    if !is_bracket {
                        open.extend(inner.map(|it| (it, false)).rev());
                    }
                }
                _ => {}
            }
        }
    }

    /// The names that `[Alias('a', 'b')]` gives.
    fn read_aliases(&mut self, attributes: Node<'_>, text: &str) {
        for attribute in children(attributes) {
            let source = text.get(attribute.byte_range()).unwrap_or_default();
            let inner = source.trim_start_matches('[').trim_start();
            let is_alias = inner
                .get(..5)
                .is_some_and(|it| it.eq_ignore_ascii_case("alias"));
            if is_alias {
                let quoted = source.split(['\'', '"']).skip(1).step_by(2);
                self.aliases.extend(quoted.map(str::to_owned));
            }
        }
    }

    /// What can be anywhere: comments, and variables that hold what was passed.
    fn read_all(&mut self, root: Node<'_>, text: &str) {
        let mut cursor = root.walk();
        loop {
            let node = cursor.node();
            match node.kind() {
                "comment" => self.comments.push(node.byte_range()),
                "variable" => {
                    let name = text.get(node.byte_range()).unwrap_or_default();
                    let any = [
                        "$args",
                        "$input",
                        "$psboundparameters",
                        "$myinvocation",
                        "@args",
                    ];
                    self.takes_any |= any.iter().any(|any| name.eq_ignore_ascii_case(any));
                }
                _ => {}
            }
            if cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }
}

/// Whether `text` can have a `param` block: the grammar takes most of the time that looking at a script takes.
pub(crate) fn may_have_parameters(text: &str) -> bool {
    static PARAM: LazyLock<Option<Regex>> = LazyLock::new(|| ascii(r"(?i)\bparam\b"));
    PARAM.as_ref().is_none_or(|param| param.is_match(text))
}

/// Whether `text` reads what it is given without a name.
pub(crate) fn reads_arguments(text: &str) -> bool {
    static ARGS: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii(r"(?i)[$@]\{?args\b|\bUnboundArguments\b"));
    ARGS.as_ref().is_none_or(|args| args.is_match(text))
}

fn tree(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser
        .set_language(&tree_sitter_powershell::LANGUAGE.into())
        .ok()?;
    let mut reports = 0;
    let mut go_on = |_: &ParseState| {
        reports += 1;
        if reports < MOST_REPORTS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut go_on);
    let bytes = text.as_bytes();
    let mut read = |at: usize, _| bytes.get(at..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).collect()
}

/// `text` without what is in quotes or comments, which may look like anything.
fn unquoted(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    while let Some(c) = rest.chars().next() {
        let length = if rest.starts_with("<#") {
            rest.find("#>").map(|at| at + 2)
        } else if c == '#' {
            rest.find('\n')
        } else if matches!(c, '\'' | '"') {
            // A quote that is written twice begins the next.
            let inner = rest.get(1..).unwrap_or_default();
            inner.find(c).map(|at| at + 2)
        } else {
            out.push(c);
            Some(c.len_utf8())
        };
        rest = length.and_then(|it| rest.get(it..)).unwrap_or_default();
    }
    out
}

/// What stands between brackets in `text`, those that are in no other.
fn groups(text: &str) -> Vec<&str> {
    let mut groups = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' => {
                if depth == 0 {
                    start = at + 1;
                }
                depth += 1;
            }
            ']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    groups.extend(text.get(start..at));
                }
            }
            _ => {}
        }
    }
    groups
}

/// Whether the attribute `group` is `Parameter(Mandatory)`, in one of its forms.
fn is_mandatory(group: &str) -> bool {
    let words: String = group.split_whitespace().collect();
    let words = words.to_ascii_lowercase();
    let Some(arguments) = words.strip_prefix("parameter(") else {
        return false;
    };
    let mut arguments = arguments.trim_end_matches(')').split(',');
    arguments.any(|it| {
        let rest = it.strip_prefix("mandatory");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("=$true") || rest == "=1")
    })
}

/// Whether `node` is the word `param`.
fn is_word(node: Node<'_>, text: &str) -> bool {
    let word = text.get(node.byte_range()).unwrap_or_default();
    word.eq_ignore_ascii_case("param")
}

/// The variable that a parameter's declaration ends with.
fn last_variable(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    while node.kind() != "variable" {
        node = children(node).pop()?;
    }
    Some(node)
}

/// Whether an error of the script's outermost level may hold its `param`.
fn is_block_lost(root: Node<'_>) -> bool {
    let mut outermost = children(root).into_iter();
    root.is_error() || outermost.any(|node| node.is_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> String {
        let script = Script::parse(text).unwrap();
        assert!(script.is_understood, "{text}");
        let names = script.parameters.into_iter().map(|it| it.name);
        names.chain(script.aliases).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_parameters_are_those_of_the_script_and_of_no_function_in_it() {
        let text = "<#\n.SYNOPSIS\nA\n#>\n[CmdletBinding()]\nparam(\n  [Parameter(Mandatory)] [ValidateSet('a', 'b')]\n  [string] $Name,\n  [Alias('D', \"Tage\")] [int] $Days,\n  ${Long Name})\nfunction F {\n  param($x)\n  $x\n}\n";
        assert_eq!(parameters(text), "Name Days Long Name D Tage");
        let script = Script::parse(text).unwrap();
        assert_eq!(text.get(script.param.unwrap()), Some("param"));
        assert_eq!(parameters("function F {\n  param($x)\n  $x\n}\nF 1\n"), "");
        assert_eq!(parameters("Get-Process\n"), "");
    }

    #[test]
    fn a_comma_after_a_default_ends_the_parameter() {
        for (text, names) in [
            ("param([int] $A = 7, [switch] $B, $C)", "A B C"),
            (
                "param([int]$A = 7,\n [switch]$B = $false, [int]$E)\nGet-Process",
                "A B E",
            ),
            ("param($A = (1, 2), $B = @(3, $x), $C)", "A B C"),
            ("param($A = 'a' + 'b', $B)", "A B"),
        ] {
            assert_eq!(parameters(text), names, "{text}");
        }
    }

    #[test]
    fn what_was_passed_can_be_read_without_a_parameter() {
        let takes_any = |text| Script::parse(text).unwrap().takes_any;
        assert!(takes_any("Get-Item $args[0]\n"));
        assert!(takes_any("$Input | Sort-Object\n"));
        assert!(!takes_any("Get-Item $argsx\n"));
    }

    #[test]
    fn comments_are_known() {
        let text = "# ä\nGet-Item 'ü' # ö\n<# ß\n ß #>\n";
        let script = Script::parse(text).unwrap();
        let outside: String = text
            .char_indices()
            .filter(|(at, c)| !c.is_ascii() && !script.is_comment(*at))
            .map(|(_, c)| c)
            .collect();
        assert_eq!(outside, "ü");
    }

    #[test]
    fn what_is_no_powershell_is_not_understood() {
        assert!(!Script::parse("param(((").unwrap().is_understood);
        assert_eq!(Script::parse(&"a".repeat(LARGEST + 1)), None);
    }
}
