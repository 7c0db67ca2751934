//! The JSON schema of a manifest, for editors and pipelines.

use serde_json::{Value, json};

use super::cloud::Cloud;
use super::library::{Library, UNMANAGED_WORDS, default_keys};
use super::settings::{BACKENDS, StateSettings};
use crate::diagnostics::Code;
use crate::diagnostics::lints::{self, Level};
use crate::model::{Auth, Policy};

/// A path that is relative, uses `/`, and starts with no `..`.
const PATH: &str = r"^(?![A-Za-z]:)(?!/)(?!\.\.(/|$))[^\\]+$";

/// The same, and it may start with `..`.
const INCLUDE: &str = r"^(?![A-Za-z]:)(?!/)[^\\]+$";

/// The schema of `jumpbag.yaml`, as draft 2020-12. What needs the sources or another part of the
/// manifest, such as names that are there twice, is beyond a schema.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jumpbag manifest",
        "description": "The files that should be in the live response libraries of Microsoft Defender for Endpoint.",
        "type": "object",
        "additionalProperties": false,
        "required": ["version"],
        "properties": {
            "version": {
                "description": "The version of this format.",
                "const": 1
            },
            "include": {
                "description": "Files whose entries are added: YAML with `version`, `defaults`, `files` and `include` alone. Paths are relative to the file that includes, with `/`, and stay in the repository, the nearest folder above the manifest that has `.git`. Everything in an included file is relative to its own folder and has its own `defaults`.",
                "type": ["array", "null"],
                "items": { "type": "string", "pattern": INCLUDE },
                "examples": [["../common/files.yaml"]]
            },
            "libraries": {
                "description": "The libraries, by name. Without this key there is one, `default`, whose tenant and endpoint come from the environment.",
                "type": ["object", "null"],
                "minProperties": 1,
                "additionalProperties": false,
                "patternProperties": {
                    format!("^[a-z0-9][a-z0-9_-]{{0,{}}}$", Library::MAX_NAME - 1): { "$ref": "#/$defs/library" }
                }
            },
            "library_defaults": library_defaults(),
            "state": { "$ref": "#/$defs/state" },
            "lints": lints(),
            "defaults": {
                "description": "Attributes of every entry of this file; an entry's own value wins, null and an empty text too.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": with_libraries(attributes())
            },
            "files": {
                "description": "The files that should be there.",
                "type": ["array", "null"],
                "items": { "$ref": "#/$defs/entry" }
            }
        },
        "$defs": {
            "library": library(),
            "limit": limit(),
            "state": state(),
            "entry": entry(),
            "override": {
                "description": "Attributes that a file has in some of its libraries; null and an empty text count.",
                "type": ["object", "null"],
                "additionalProperties": false,
                "properties": attributes()
            }
        }
    })
}

fn lints() -> Value {
    let levels = Level::WORDS.map(|(word, _)| word);
    let lint = |lint: &&Code| {
        let level = words(
            &format!("See `jumpbag explain {}`.", lint.id),
            &levels,
            "warn",
        );
        (lint.id.to_owned(), level)
    };
    let properties: serde_json::Map<_, _> = lints::ALL.iter().map(lint).collect();
    json!({
        "description": "How much each lint matters. `warn`, the default, says it; `deny` refuses what it is about; `allow` does not look. `jumpbag explain CODE` has a page about each.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": properties
    })
}

fn library_defaults() -> Value {
    let mut defaults = library();
    if let Some(properties) = defaults
        .pointer_mut("/properties")
        .and_then(Value::as_object_mut)
    {
        properties.retain(|key, _| default_keys().contains(&key.as_str()));
    }
    if let Some(object) = defaults.as_object_mut() {
        let description = "Settings of every library; a library's own value wins, null too. `tenant_id` and `endpoint` say which library it is, and have no default.";
        object.insert("description".to_owned(), json!(description));
    }
    defaults
}

fn library() -> Value {
    json!({
        "description": "One tenant's live response library.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "tenant_id": {
                "description": "The tenant: its id, a GUID, or one of its domain names.",
                "type": ["string", "null"],
                "pattern": r"^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)$"
            },
            "cloud": words(
                "Which of Microsoft's clouds; decides the API's host, the login host and the scope.",
                &Cloud::WORDS.map(|(word, _)| word),
                "commercial",
            ),
            "endpoint": {
                "description": "Where the API is, in place of the cloud's host: an https URL, an http URL of a loopback address, or `emulator:DIR` for the built-in emulator with its data in DIR.",
                "type": ["string", "null"],
                "pattern": "^([Hh][Tt][Tt][Pp][Ss]?://|emulator:).+$",
                "examples": ["emulator:.emulator"]
            },
            "auth": words(
                "How to get a token. Secrets come from the environment, never from the manifest.",
                &Auth::WORDS.map(|(word, _)| word),
                "default",
            ),
            "client_id": {
                "description": "The application id of the app registration or managed identity, in place of AZURE_CLIENT_ID. It is no secret.",
                "type": ["string", "null"],
                "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
            },
            "authority": {
                "description": "The login host, in place of the cloud's. The identity's secret is sent there.",
                "type": ["string", "null"],
                "pattern": "^[Hh][Tt][Tt][Pp][Ss]://[^/?#@]+/?$",
                "examples": ["https://login.microsoftonline.us"]
            },
            "scope": {
                "description": "What a token is asked for, in place of the cloud's.",
                "type": ["string", "null"],
                "pattern": "^[A-Za-z0-9._:/-]+/\\.default$",
                "examples": ["https://api.securitycenter.microsoft.com/.default"]
            },
            "ca_file": {
                "description": "Certificate authorities to trust besides the system's, as PEM.",
                "type": ["string", "null"],
                "pattern": PATH
            },
            "max_file_size": {
                "description": "The largest file that may be uploaded: bytes, or a number with a unit. MB is 1,000,000 bytes, MiB is 1,048,576.",
                "type": ["string", "integer", "null"],
                "minimum": 1,
                "pattern": "^0*[1-9][0-9]* *([Bb]|[KkMmGg][Ii]?[Bb])?$",
                "default": "4MB",
                "examples": ["4MB", "20MB"]
            },
            "limits": {
                "description": "The API's limits. Every window holds, strictly; an empty list is no limit.",
                "type": ["array", "null"],
                "items": { "$ref": "#/$defs/limit" },
                "default": [{ "calls": 100, "per": "1m" }, { "calls": 1500, "per": "1h" }]
            },
            "unmanaged": words(
                "What happens to files that are in the library, and neither in the manifest nor tracked.",
                &UNMANAGED_WORDS.map(|(word, _)| word),
                "keep",
            ),
            "max_deletes": {
                "description": "The most deletions of a plan; one with more is refused.",
                "type": ["integer", "null"],
                "minimum": 0,
                "default": Policy::MAX_DELETES
            }
        }
    })
}

fn limit() -> Value {
    json!({
        "description": "One window: never more than `calls` in any span of `per`.",
        "type": "object",
        "additionalProperties": false,
        "required": ["calls", "per"],
        "properties": {
            "calls": {
                "description": "The most calls in the window.",
                "type": "integer",
                "minimum": 1,
                "maximum": u32::MAX
            },
            "per": {
                "description": "The window's length: whole numbers with `ms`, `s`, `m`, `h` or `d`.",
                "type": "string",
                "pattern": "^([0-9]+(ms|s|m|h|d))+$",
                "examples": ["1m", "1h"]
            }
        }
    })
}

fn state() -> Value {
    json!({
        "description": "Where jumpbag keeps what it last put into the libraries.",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "backend": words(
                "The kind of store.",
                &BACKENDS.map(|(word, _)| word),
                "local",
            ),
            "encrypt_to": {
                "description": "Whom the state, its history and the contents are encrypted for: public keys of age. Whoever writes needs the identity of one of them, in JUMPBAG_AGE_IDENTITY or the file that JUMPBAG_AGE_IDENTITY_FILE names.",
                "type": ["array", "null"],
                "items": { "type": "string", "pattern": "^age1[02-9ac-hj-np-z]{58}$" },
                "uniqueItems": true
            },
            "path": {
                "description": "The folder of the local backend, relative to the manifest's.",
                "type": ["string", "null"],
                "pattern": PATH,
                "default": StateSettings::PATH
            },
            "url": {
                "description": "Where the other backends keep it: a bucket or container, and a prefix in it.",
                "type": ["string", "null"],
                "examples": ["az://CONTAINER/PREFIX", "s3://BUCKET/PREFIX", "gs://BUCKET/PREFIX"]
            }
        }
    })
}

fn entry() -> Value {
    let mut properties = json!({
        "source": {
            "description": "The file, relative to the folder of the manifest, or of the included file that this is in, and in that folder, with `/`. With `*`, `?`, `[` or `{` it is a glob: one file for each match, sharing the attributes. Globs match hidden files only where they name them, follow no symbolic links to folders, and leave out `.git`, the state, the emulators' data, the manifest and what it includes.",
            "type": "string",
            "pattern": PATH,
            "examples": ["scripts/collect-triage.ps1", "tools/**/*.exe"]
        },
        "name": {
            "description": "What the file is called in the library; by default as its source. Not for globs.",
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 255,
            "pattern": r"^[^/\\]+$"
        }
    });
    if let (Value::Object(all), Value::Object(attributes)) =
        (&mut properties, with_libraries(attributes()))
    {
        all.extend(attributes);
        all.insert("overrides".to_owned(), overrides());
    }
    json!({
        "description": "One file, or all files that a glob matches.",
        "type": "object",
        "additionalProperties": false,
        "required": ["source"],
        "properties": properties
    })
}

fn attributes() -> Value {
    json!({
        "description": {
            "description": "What the file is for; `auto` for the `.SYNOPSIS` of its comment-based help.",
            "type": ["string", "null"]
        },
        "parameters_description": {
            "description": "How the parameters are written; `auto` for a summary of its `param` block or `getopts`.",
            "type": ["string", "null"],
            "examples": ["-Days <n>"]
        },
        "has_parameters": {
            "description": "Whether live response offers to pass parameters; by default, whether `parameters_description` is given.",
            "type": ["boolean", "null"]
        },
        "adopt": {
            "description": "Whether it may take over an unmanaged file of that name.",
            "type": ["boolean", "null"],
            "default": false
        },
        "protect": {
            "description": "Whether a plan that would delete it is an error.",
            "type": ["boolean", "null"],
            "default": false
        }
    })
}

fn with_libraries(mut properties: Value) -> Value {
    if let Some(properties) = properties.as_object_mut() {
        let libraries = json!({
            "description": "The libraries that it is for, by their names or globs; by default all. Each has to match one.",
            "type": ["array", "null"],
            "items": { "type": "string", "minLength": 1 },
            "minItems": 1,
            "examples": [["contoso", "lab-*"]]
        });
        properties.insert("libraries".to_owned(), libraries);
    }
    properties
}

fn overrides() -> Value {
    json!({
        "description": "Attributes that differ from library to library, by the libraries' names or globs. Each has to match one of the entry's libraries, and two that match the same one must not disagree.",
        "type": ["object", "null"],
        "additionalProperties": { "$ref": "#/$defs/override" },
        "examples": [{ "contoso": { "description": "Collects for Contoso" }, "lab-*": { "adopt": true } }]
    })
}

/// One of `words`, or null for the default.
fn words(description: &str, words: &[&str], default: &str) -> Value {
    let mut allowed: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    allowed.push(Value::Null);
    json!({ "description": description, "enum": allowed, "default": default })
}
