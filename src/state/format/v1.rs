//! Major version 1 of the state's files, as they are written. Nothing else is serialized.
//!
//! The fields of a state stand in the order of their names: so they are written, and so the checksum takes them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model;
use crate::model::{Hasher, LibraryId, Name, Sha256, TrackedFile};
use crate::state::document::{self, Document};

use super::{Damage, FormatVersion};

/// The largest serial that every reader of JSON keeps exactly: 2^53 - 1.
const MAX_SERIAL: u64 = (1 << 53) - 1;

/// What jumpbag remembers about one library. Readers ignore members that they do not know.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[schemars(title = "jumpbag state")]
pub(super) struct State {
    /// The SHA-256 of this document without this member, its members sorted by name, without white space.
    #[schemars(extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
    #[serde(skip_serializing_if = "String::is_empty")]
    checksum: String,
    /// The files that jumpbag put into the library, by name.
    files: BTreeMap<String, Tracked>,
    /// The version of this format. A minor version adds members, a major one changes or removes some.
    #[schemars(extend("pattern" = r"^1\.(0|[1-9][0-9]*)$"))]
    format_version: String,
    /// The version of jumpbag that wrote the file.
    jumpbag_version: String,
    /// Which library the state is about.
    library: Library,
    /// The id of the state's life, made at the first write.
    #[schemars(extend("minLength" = 1))]
    lineage: String,
    /// Uploads that were started and whose outcome was not recorded yet, by name.
    pending: BTreeMap<String, Pending>,
    /// Counts the writes.
    #[schemars(extend("minimum" = 1, "maximum" = 9_007_199_254_740_991_u64))]
    serial: u64,
    /// Who wrote this serial.
    written: Written,
}

/// One library.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Library {
    /// Where its API is.
    #[schemars(extend("minLength" = 1))]
    endpoint: String,
    /// Its name in the manifest.
    #[schemars(extend("minLength" = 1))]
    name: String,
    /// The tenant, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
}

/// One write.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Written {
    /// When, in UTC.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// The command, as it was typed.
    command: String,
    /// The machine's name.
    host: String,
    /// The plan that was applied, where the run applied one. Since 1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    /// The revision of the manifest's repository, where there is one. Since 1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<Revision>,
    /// The page of the run, where a service for pipelines ran it. Since 1.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_url: Option<String>,
    /// The user's name.
    user: String,
}

/// A revision of a git repository.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Revision {
    /// The commit's hash.
    #[schemars(extend("pattern" = "^([0-9a-f]{40}|[0-9a-f]{64})$"))]
    commit: String,
    /// Whether tracked files differed from it.
    dirty: bool,
}

/// A plan that was applied, as far as it is about this library.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Plan {
    /// How many that were there were to be taken into the state.
    adopt: u64,
    /// How many files were to be created.
    create: u64,
    /// How many were to be deleted.
    delete: u64,
    /// What was approved, of all libraries together.
    #[schemars(extend("pattern" = "^sha256:[0-9a-f]{64}$"))]
    fingerprint: String,
    /// How many that were gone were to be forgotten.
    forget: u64,
    /// How many were to be updated.
    update: u64,
}

/// A file that jumpbag put into the library.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Tracked {
    /// What the file is for.
    #[schemars(extend("minLength" = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Whether live response offers to pass parameters.
    has_parameters: bool,
    /// How the parameters are written.
    #[schemars(extend("minLength" = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameters_description: Option<String>,
    /// Whether a plan that would delete the file is an error.
    protect: bool,
    /// The content's SHA-256.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    sha256: String,
    /// The content's length in bytes, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// An upload whose outcome is not recorded.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Pending {
    /// What the file is for.
    #[schemars(extend("minLength" = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Whether live response offers to pass parameters.
    has_parameters: bool,
    /// How the parameters are written.
    #[schemars(extend("minLength" = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameters_description: Option<String>,
    /// The content's SHA-256.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    sha256: String,
    /// The content's length in bytes, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

/// Hashes what is written to it.
struct Hashing(Hasher);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Who holds a lock: `lock.json`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Lock {
    format_version: String,
    id: String,
    user: String,
    host: String,
    pid: u32,
    command: String,
    since: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run_url: Option<String>,
    /// When its holder last said that it is alive, where that is how one knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    renewed: Option<String>,
    /// Whether the lock was given back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    released: bool,
}

impl State {
    /// The document as it is written, its checksum left empty.
    pub(super) fn of(document: &Document) -> Result<Self, Damage> {
        let (Some(lineage), Some(written)) = (&document.lineage, &document.written) else {
            return Err(Damage::impossible(
                "lineage",
                "null",
                "what a state has from its first write on",
            ));
        };
        Ok(Self {
            format_version: FormatVersion::LATEST.to_string(),
            jumpbag_version: env!("CARGO_PKG_VERSION").to_owned(),
            checksum: String::new(),
            lineage: lineage.clone(),
            serial: document.serial,
            library: Library {
                name: document.library.name.clone(),
                endpoint: document.library.endpoint.clone(),
                tenant_id: document.library.tenant_id.clone(),
            },
            written: Written {
                at: written.at.to_string(),
                user: written.user.clone(),
                host: written.host.clone(),
                command: written.command.clone(),
                run_url: written.run_url.clone(),
                revision: written.run.revision.as_ref().map(Revision::of),
                plan: written.run.plan.as_ref().map(Plan::of),
            },
            files: document
                .files
                .iter()
                .map(|(name, tracked)| (name.to_string(), Tracked::of(tracked)))
                .collect(),
            pending: document
                .pending
                .iter()
                .map(|(name, file)| (name.to_string(), Pending::of(file)))
                .collect(),
        })
    }

    /// The checksum that it has, which it loses, and the digest of its compact form without it.
    pub(super) fn take_checksum(&mut self) -> serde_json::Result<(String, Sha256)> {
        let checksum = std::mem::take(&mut self.checksum);
        let mut pieces = BufWriter::new(Hashing(Hasher::default()));
        serde_json::to_writer(&mut pieces, self)?;
        let hashed = pieces.into_inner().map_err(|error| {
            // Hashing never fails.
            serde_json::Error::io(error.into_error())
        })?;
        Ok((checksum, hashed.0.finish()))
    }

    /// Puts the checksum in.
    pub(super) fn with_checksum(&mut self, checksum: String) {
        self.checksum = checksum;
    }

    /// The version that it says it has.
    pub(super) fn version(&self) -> Option<FormatVersion> {
        FormatVersion::parse(&self.format_version)
    }

    /// Checks what the types alone do not.
    pub(super) fn into_document(self) -> Result<Document, Damage> {
        if !(1..=MAX_SERIAL).contains(&self.serial) {
            return Err(Damage::impossible(
                "serial",
                self.serial,
                "no count of writes",
            ));
        }
        let files = self
            .files
            .into_iter()
            .map(|(name, tracked)| {
                let tracked = tracked.into_model(|| format!("files.{name}"))?;
                Ok((Name::existing(name), tracked))
            })
            .collect::<Result<_, Damage>>()?;
        let pending = self
            .pending
            .into_iter()
            .map(|(name, pending)| {
                let file = pending.into_model(|| format!("pending.{name}"))?;
                Ok((Name::existing(name), file))
            })
            .collect::<Result<_, Damage>>()?;
        Ok(Document {
            lineage: Some(not_empty("lineage", self.lineage)?),
            serial: self.serial,
            library: LibraryId {
                name: not_empty("library.name", self.library.name)?,
                endpoint: not_empty("library.endpoint", self.library.endpoint)?,
                tenant_id: self.library.tenant_id,
            },
            written: Some(document::Written {
                at: timestamp("written.at", &self.written.at)?,
                user: self.written.user,
                host: self.written.host,
                command: self.written.command,
                run_url: self.written.run_url,
                run: document::RunAccount {
                    revision: self
                        .written
                        .revision
                        .map(Revision::into_model)
                        .transpose()?,
                    plan: self.written.plan.map(Plan::into_model).transpose()?,
                },
            }),
            files,
            pending,
        })
    }
}

impl Revision {
    fn of(revision: &document::Revision) -> Self {
        Self {
            commit: revision.commit.clone(),
            dirty: revision.dirty,
        }
    }

    fn into_model(self) -> Result<document::Revision, Damage> {
        let Self { commit, dirty } = self;
        let is_hash = matches!(commit.len(), 40 | 64)
            && commit
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            let member = "written.revision.commit";
            return Err(Damage::impossible(member, commit, "no hash of a commit"));
        }
        Ok(document::Revision { commit, dirty })
    }
}

impl Plan {
    fn of(plan: &document::PlanAccount) -> Self {
        Self {
            fingerprint: plan.fingerprint.clone(),
            create: plan.create,
            update: plan.update,
            delete: plan.delete,
            adopt: plan.adopt,
            forget: plan.forget,
        }
    }

    fn into_model(self) -> Result<document::PlanAccount, Damage> {
        let digest = self.fingerprint.strip_prefix("sha256:");
        if digest.is_none_or(|digest| digest.parse::<Sha256>().is_err()) {
            let member = "written.plan.fingerprint";
            return Err(Damage::impossible(
                member,
                self.fingerprint,
                "no fingerprint",
            ));
        }
        Ok(document::PlanAccount {
            fingerprint: self.fingerprint,
            create: self.create,
            update: self.update,
            delete: self.delete,
            adopt: self.adopt,
            forget: self.forget,
        })
    }
}

impl Tracked {
    fn of(tracked: &TrackedFile) -> Self {
        let Pending {
            sha256,
            size,
            description,
            has_parameters,
            parameters_description,
        } = Pending::of(&tracked.file);
        Self {
            sha256,
            size,
            description,
            has_parameters,
            parameters_description,
            protect: tracked.protect,
        }
    }

    fn into_model(self, at: impl Fn() -> String) -> Result<TrackedFile, Damage> {
        let protect = self.protect;
        let pending = Pending {
            sha256: self.sha256,
            size: self.size,
            description: self.description,
            has_parameters: self.has_parameters,
            parameters_description: self.parameters_description,
        };
        Ok(TrackedFile {
            file: pending.into_model(at)?,
            protect,
        })
    }
}

impl Pending {
    fn of(file: &model::File) -> Self {
        Self {
            sha256: file.sha256.to_string(),
            size: file.size,
            description: file.description.clone(),
            has_parameters: file.has_parameters,
            parameters_description: file.parameters_description.clone(),
        }
    }

    fn into_model(self, at: impl Fn() -> String) -> Result<model::File, Damage> {
        let sha256: Sha256 = self.sha256.parse().map_err(|_| {
            let member = format!("{}.sha256", at());
            Damage::impossible(member, &self.sha256, "no SHA-256 in hex")
        })?;
        let text = |member: &str, text: Option<String>| match text {
            Some(text) if text.is_empty() => {
                not_empty(&format!("{}.{member}", at()), text).map(Some)
            }
            text => Ok(text),
        };
        Ok(model::File {
            sha256,
            size: self.size,
            description: text("description", self.description)?,
            has_parameters: self.has_parameters,
            parameters_description: text("parameters_description", self.parameters_description)?,
        })
    }
}

impl Lock {
    /// The lock as it is written.
    pub(super) fn of(lock: &document::Lock) -> Self {
        let owner = &lock.owner;
        Self {
            format_version: FormatVersion::LATEST.to_string(),
            id: owner.id.clone(),
            user: owner.user.clone(),
            host: owner.host.clone(),
            pid: owner.pid,
            command: owner.command.clone(),
            since: owner.since.to_string(),
            run_url: owner.run_url.clone(),
            renewed: lock.renewed.map(|renewed| renewed.to_string()),
            released: lock.released,
        }
    }

    /// Checks what the types alone do not.
    pub(super) fn into_lock(self) -> Result<document::Lock, Damage> {
        let renewed = self.renewed.map(|renewed| timestamp("renewed", &renewed));
        Ok(document::Lock {
            renewed: renewed.transpose()?,
            released: self.released,
            owner: document::Owner {
                since: timestamp("since", &self.since)?,
                id: self.id,
                user: self.user,
                host: self.host,
                pid: self.pid,
                command: self.command,
                run_url: self.run_url,
            },
        })
    }
}

fn not_empty(member: &str, text: String) -> Result<String, Damage> {
    if text.is_empty() {
        return Err(Damage::impossible(member, "", "empty"));
    }
    Ok(text)
}

fn timestamp(member: impl fmt::Display, text: &str) -> Result<Timestamp, Damage> {
    text.parse()
        .map_err(|_| Damage::impossible(member, text, "no point in time"))
}
