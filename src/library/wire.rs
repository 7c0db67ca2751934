//! The API's own shapes: the only place that knows its field names.
//!
//! Documented on Microsoft's pages "List library files" and "Upload files to the live response library", and
//! for errors on "Common REST API error codes". Anything may be null or absent, and unknown properties are
//! passed over.

use serde::Deserialize;

use crate::model::{File, ObservedFile, Sha256, none_if_empty};

/// The path of the collection, below the endpoint.
pub(super) const COLLECTION: &str = "api/libraryfiles";

/// The fields of an upload's form, spelt as the documents spell them.
pub(super) mod field {
    pub(in crate::library) const FILE: &str = "file";
    pub(in crate::library) const DESCRIPTION: &str = "Description";
    pub(in crate::library) const PARAMETERS_DESCRIPTION: &str = "ParametersDescription";
    pub(in crate::library) const HAS_PARAMETERS: &str = "HasParameters";
    pub(in crate::library) const OVERRIDE_IF_EXISTS: &str = "OverrideIfExists";
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) value: Vec<Entity>,
    #[serde(rename = "@odata.nextLink")]
    pub(super) next_link: Option<String>,
}

/// One file of a list, or the answer to an upload.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entity {
    pub(super) file_name: Option<String>,
    pub(super) sha256: Option<String>,
    description: Option<String>,
    last_updated_time: Option<String>,
    created_by: Option<String>,
    has_parameters: Option<bool>,
    parameters_description: Option<String>,
}

/// What an error is answered with.
#[derive(Debug, Deserialize)]
pub(super) struct Failure {
    pub(super) error: FailureBody,
}

#[derive(Debug, Deserialize)]
pub(super) struct FailureBody {
    pub(super) code: String,
    pub(super) message: Option<String>,
    /// The correlation id that Microsoft's support asks for.
    pub(super) target: Option<String>,
}

impl Entity {
    /// The entity as observed, its content being `sha256`.
    pub(super) fn into_observed(self, sha256: Sha256) -> ObservedFile {
        ObservedFile {
            file: File {
                sha256,
                size: None,
                description: none_if_empty(self.description),
                has_parameters: self.has_parameters.unwrap_or(false),
                parameters_description: none_if_empty(self.parameters_description),
            },
            created_by: none_if_empty(self.created_by),
            last_updated: none_if_empty(self.last_updated_time),
        }
    }
}

/// Reads JSON, passing over the byte order mark that some servers put before it.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(json: &str) -> ObservedFile {
        let entity: Entity = parse(json.as_bytes()).unwrap();
        let sha256 = entity.sha256.as_deref().unwrap().parse().unwrap();
        entity.into_observed(sha256)
    }

    const SHA256: &str = "6E212A0DB618507C44E4EC8EE7499DFEF7E5767E5F8D31144DF3B96FD1145CAF";

    #[test]
    fn the_documented_sample_is_read() {
        let observed = entity(
            r#"{"fileName":"script1.ps1","sha256":"6e212a0db618507c44e4ec8ee7499dfef7e5767e5f8d31144df3b96fd1145caf",
            "description":null,"creationTime":"2019-10-24T10:54:23.2009016Z",
            "lastUpdatedTime":"2019-10-24T10:54:23.2009016Z","createdBy":"admin",
            "hasParameters":true,"parametersDescription":"test"}"#,
        );
        assert_eq!(observed.file.sha256.to_string(), SHA256.to_lowercase());
        assert_eq!(observed.file.description, None);
        assert!(observed.file.has_parameters);
        assert_eq!(
            observed.file.parameters_description.as_deref(),
            Some("test")
        );
        assert_eq!(observed.created_by.as_deref(), Some("admin"));
        assert_eq!(
            observed.last_updated.as_deref(),
            Some("2019-10-24T10:54:23.2009016Z")
        );
    }

    #[test]
    fn absent_null_and_empty_are_the_same() {
        let absent = entity(&format!(r#"{{"sha256":"{SHA256}"}}"#));
        for other in [
            format!(
                r#"{{"sha256":"{SHA256}","description":null,"hasParameters":null,"parametersDescription":null,"createdBy":null,"lastUpdatedTime":null,"x":[1]}}"#
            ),
            format!(
                "\u{feff}{{\"sha256\":\"{SHA256}\",\"description\":\"\",\"hasParameters\":false,\"parametersDescription\":\"\"}}"
            ),
        ] {
            assert_eq!(entity(&other), absent);
        }
        assert_eq!(absent.file.description, None);
        assert!(!absent.file.has_parameters);
    }

    #[test]
    fn nesting_beyond_measure_is_an_error_and_no_overflow() {
        let deep = format!(r#"{{"value":[],"x":{}}}"#, "[".repeat(100_000));
        assert!(parse::<Page>(deep.as_bytes()).is_err());
    }
}
