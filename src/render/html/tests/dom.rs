//! A page as a browser reads it.

use std::fmt::Write as _;

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element of a page, or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) tag: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
}

impl Element {
    /// The root of `page`, which has to be without any error.
    #[track_caller]
    pub(super) fn parse(page: &str) -> Self {
        let options = ParseOpts {
            tree_builder: html5ever::tree_builder::TreeBuilderOpts {
                exact_errors: true,
                ..Default::default()
            },
            ..Default::default()
        };
        let dom = parse_document(RcDom::default(), options).one(page);
        let errors = dom.errors.borrow();
        assert!(errors.is_empty(), "{errors:?}: {page}");
        let root = children(&dom.document)
            .into_iter()
            .find_map(|node| match node {
                Node::Element(element) => Some(element),
                Node::Text(_) => None,
            });
        root.unwrap()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        let classes = self.attribute("class").unwrap_or_default();
        classes.split(' ').any(|it| it == class)
    }

    /// This element and all below it, in the order of the page.
    pub(super) fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            if let Node::Element(element) = child {
                all.extend(element.all());
            }
        }
        all
    }

    /// Those of a tag.
    pub(super) fn of(&self, tag: &str) -> Vec<&Self> {
        let all = self.all().into_iter();
        all.filter(|element| element.tag == tag).collect()
    }

    /// All text below it.
    pub(super) fn text(&self) -> String {
        let text = |node: &Node| match node {
            Node::Element(element) => element.text(),
            Node::Text(text) => text.clone(),
        };
        self.children.iter().map(text).collect()
    }

    /// The elements below it with their attributes and without any text; none of those that `is_left_out`.
    pub(super) fn skeleton(&self, is_left_out: &dyn Fn(&Self) -> bool) -> String {
        let mut out = String::new();
        self.write_skeleton(is_left_out, 0, &mut out);
        out
    }

    fn write_skeleton(&self, is_left_out: &dyn Fn(&Self) -> bool, depth: usize, out: &mut String) {
        if is_left_out(self) {
            return;
        }
        out.push_str(&" ".repeat(depth));
        out.push_str(&self.tag);
        for (name, value) in &self.attributes {
            write!(out, " {name}={}", value.escape_default()).unwrap();
        }
        out.push('\n');
        for child in &self.children {
            if let Node::Element(element) = child {
                element.write_skeleton(is_left_out, depth + 1, out);
            }
        }
    }
}

fn children(node: &Handle) -> Vec<Node> {
    let mut all = Vec::new();
    for child in node.children.borrow().iter() {
        match &child.data {
            NodeData::Element { name, attrs, .. } => all.push(Node::Element(Element {
                tag: name.local.to_string(),
                attributes: attrs
                    .borrow()
                    .iter()
                    .map(|it| (it.name.local.to_string(), it.value.to_string()))
                    .collect(),
                children: children(child),
            })),
            NodeData::Text { contents } => all.push(Node::Text(contents.borrow().to_string())),
            NodeData::Doctype { .. } => {}
            NodeData::Document
            | NodeData::Comment { .. }
            | NodeData::ProcessingInstruction { .. } => panic!("not ours: {:?}", child.data),
        }
    }
    all
}
