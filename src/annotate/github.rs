//! Workflow commands of GitHub Actions, which show annotations in a pull request. The runner takes ten errors and
//! ten warnings of a step.

use super::{Annotation, Place};
use crate::render::escape::visible;

/// One line: `::error file=…,line=…::message`. Escaped as `packages/core/src/command.ts` of actions/toolkit does.
pub(super) fn command(path: &str, annotation: &Annotation) -> String {
    let mut properties = vec![format!("file={}", property(annotation.path(path)))];
    if let Some(Place { start, end, .. }) = annotation.places.first() {
        properties.push(format!("line={},endLine={}", start.0, end.0));
        // Columns are only taken for a single line.
        if start.0 == end.0 {
            properties.push(format!("col={},endColumn={}", start.1, end.1));
        }
    }
    properties.push(format!("title={}", property(&annotation.code)));
    format!(
        "::{} {}::{}",
        annotation.word(),
        properties.join(","),
        data(&annotation.text_with_labels())
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}
