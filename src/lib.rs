//! jumpbag: a declarative live response library for Microsoft Defender for Endpoint.
//!
//! Data flows one way, and each stage is a module:
//!
//! 1. [`manifest`] reads `jumpbag.yaml` and resolves it to what is *desired*.
//! 2. [`state`] knows what jumpbag last put there, the *tracked* files, and keeps their contents.
//! 3. [`library`] speaks to the API: it lists what is *observed*, uploads and deletes.
//! 4. [`gather`] reads the three and joins them to the planner's inputs.
//! 5. [`plan`] decides, purely, what to change.
//! 6. [`render`] shows a plan, as text and as JSON.
//! 7. [`apply`] executes a plan and records it in the state.
//! 8. [`cli`] is the only module that knows a terminal, the environment and exit codes.
//!
//! [`lint`] looks at the contents for what is odd, [`policy`] asks the rules of an organisation about a plan, and [`text`] reads bytes as text.
//! [`files`] opens and writes files of this machine, [`http`] makes connections, and [`identity`] gets the tokens that the API is asked with.
//! [`explain`] has the pages about errors. [`model`] is the plain data that the stages hand to each other.

mod annotate;
mod apply;
mod diagnostics;
mod explain;
mod files;
mod gather;
mod http;
mod identity;
mod library;
mod lint;
mod manifest;
mod model;
mod plan;
mod policy;
mod render;
mod script;
mod state;
mod text;

#[cfg(feature = "bench-internals")]
#[doc(hidden)]
pub mod bench;
pub mod cli;
#[cfg(any(test, feature = "fuzz-internals"))]
#[doc(hidden)]
pub mod fuzz;
