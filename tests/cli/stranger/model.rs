//! The library as Microsoft's pages describe it, written afresh from them: it shares nothing with the
//! emulator, so that a quirk of the one is not taken for a property of the API.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::http::{Part, Response};

/// What another server may do differently, and still be right.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quirks {
    /// Digests in capitals.
    pub(crate) upper_case: bool,
    /// Properties that no document names.
    pub(crate) extra: bool,
    /// Optional properties without a value are left out, and those that are for people only, always.
    pub(crate) absent: bool,
    /// A text without a value is "" and not null.
    pub(crate) empty_for_null: bool,
    /// A text that was sent empty, or not at all, is null; also `hasParameters` when it is false.
    pub(crate) null_for_false: bool,
    /// `hasParameters` is left out.
    pub(crate) no_has_parameters: bool,
    /// How many files a page of the list has; 0 for all.
    pub(crate) page: usize,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) sha256: String,
    pub(crate) description: String,
    pub(crate) has_parameters: bool,
    pub(crate) parameters_description: String,
}

/// The form of an upload.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    pub(crate) name: String,
    content: Vec<u8>,
    fields: BTreeMap<String, String>,
}

impl Entry {
    /// A file that somebody else put there.
    pub(crate) fn of(content: &str) -> Self {
        Self {
            sha256: sha256(content.as_bytes()),
            description: "somebody else's".to_owned(),
            has_parameters: false,
            parameters_description: String::new(),
        }
    }

    /// As the API shows it.
    pub(crate) fn shown(&self, name: &str, quirks: &Quirks) -> Value {
        let text = |text: &str| match text {
            "" if quirks.empty_for_null => json!(""),
            "" => Value::Null,
            text => json!(text),
        };
        let sha256 = if quirks.upper_case {
            self.sha256.to_uppercase()
        } else {
            self.sha256.clone()
        };
        let mut shown = json!({
            "fileName": name,
            "sha256": sha256,
            "description": text(&self.description),
            "creationTime": "2019-10-24T10:54:23.2009016Z",
            "lastUpdatedTime": "2019-10-24T10:54:23.2009016Z",
            "createdBy": "admin",
            "hasParameters": self.has_parameters,
            "parametersDescription": text(&self.parameters_description),
        });
        let properties = shown.as_object_mut().unwrap();
        if quirks.absent {
            properties.retain(|_, value| !value.is_null());
            for people in ["creationTime", "lastUpdatedTime", "createdBy"] {
                properties.remove(people);
            }
        }
        if quirks.null_for_false && !self.has_parameters {
            properties.insert("hasParameters".to_owned(), Value::Null);
        }
        if quirks.no_has_parameters {
            properties.remove("hasParameters");
        }
        if quirks.extra {
            let nested = json!({ "deep": [1, { "fileName": "other" }] });
            properties.insert("@odata.etag".to_owned(), json!("W/\"1\""));
            properties.insert("scanResult".to_owned(), nested);
            properties.insert("size".to_owned(), json!("unknown"));
        }
        shown
    }
}

impl Form {
    pub(crate) fn new(parts: Vec<Part>) -> Self {
        let mut form = Self::default();
        for part in parts {
            match part.name.as_str() {
                "file" | "File" => {
                    form.name = part.file_name.unwrap();
                    form.content = part.content;
                }
                _ => {
                    let value = String::from_utf8(part.content).unwrap();
                    let before = form.fields.insert(part.name, value);
                    assert_eq!(before, None, "a field came twice");
                }
            }
        }
        assert!(!form.name.is_empty(), "a form without a file");
        form
    }

    /// A field, or "absent".
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("absent", String::as_str)
    }

    pub(crate) fn sha256(&self) -> String {
        sha256(&self.content)
    }

    fn entry(&self) -> Entry {
        let text = |name: &str| self.fields.get(name).cloned().unwrap_or_default();
        Entry {
            sha256: self.sha256(),
            description: text("Description"),
            // Without the field it is false, whatever the description of the parameters says.
            has_parameters: self.field("HasParameters") == "true",
            parameters_description: text("ParametersDescription"),
        }
    }

    /// Carries the upload out.
    pub(crate) fn store(&self, files: &mut BTreeMap<String, Entry>, quirks: &Quirks) -> Response {
        if self.field("OverrideIfExists") != "true" && files.contains_key(&self.name) {
            return Response::error(400, "BadRequest", "the file already exists");
        }
        let entry = self.entry();
        let mut shown = entry.shown(&self.name, quirks);
        shown["@odata.context"] = json!("https://api.example/api/$metadata#LibraryFiles/$entity");
        files.insert(self.name.clone(), entry);
        Response::json(200, &shown)
    }
}

/// The list, or the page of it that begins with the file number `skip`; `base` is the API's address.
pub(crate) fn list(
    files: &BTreeMap<String, Entry>,
    quirks: &Quirks,
    skip: usize,
    base: &str,
) -> Response {
    let take = if quirks.page == 0 {
        usize::MAX
    } else {
        quirks.page
    };
    let shown = files.iter().map(|(name, entry)| entry.shown(name, quirks));
    let value: Vec<_> = shown.skip(skip).take(take).collect();
    let next = skip + value.len();
    let mut page = json!({ "@odata.context": "c", "value": value });
    if next < files.len() {
        page["@odata.nextLink"] = json!(format!("{base}/api/libraryfiles?$skip={next}"));
    }
    Response::json(200, &page)
}

pub(crate) fn sha256(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let bytes: Vec<_> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.concat()
}
