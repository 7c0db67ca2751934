//! Logging commands of Azure Pipelines, which show issues in a run and, with a source path, on its lines.

use super::{Annotation, Place};
use crate::render::escape::visible;

/// One line: `##vso[task.logissue type=error;…]message`. Escaped as `Command.cs` of azure-pipelines-agent undoes it.
pub(super) fn command(path: &str, annotation: &Annotation) -> String {
    let place = annotation.places.first();
    let place = place.map(
        |Place {
             start: (line, column),
             ..
         }| { format!("linenumber={line};columnnumber={column};") },
    );
    let properties = format!(
        "type={};sourcepath={};{}",
        annotation.word(),
        property(annotation.path(path)),
        place.unwrap_or_default()
    );
    format!(
        "##vso[task.logissue {properties}code={};]{}",
        property(&annotation.code),
        data(&annotation.text_with_labels())
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%AZP25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&visible(text)).replace(']', "%5D").replace(';', "%3B")
}
