//! What can go wrong between the command line and the stages.

use std::io;

use camino::Utf8PathBuf;
use miette::Diagnostic;
use thiserror::Error as ThisError;

use crate::manifest::similar;
use crate::model::Name;

mod refused;

pub(crate) use refused::Refused;

/// A command that could not be carried out; it changed nothing.
#[derive(Debug, ThisError, Diagnostic)]
pub(crate) enum Error {
    /// `-C` names no folder.
    #[error("could not go to the folder `{folder}`")]
    #[diagnostic(code(jumpbag::cli::folder), help("name an existing folder with `-C`"))]
    Folder {
        /// What was given.
        folder: String,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// `-l` names no library of the manifest.
    #[error("no library of the manifest is called `{pattern}`")]
    #[diagnostic(code(jumpbag::cli::no_library))]
    NoLibrary {
        /// What was given.
        pattern: String,
        /// Which there are.
        #[help]
        help: String,
    },

    /// `-l` has a glob that cannot be read.
    #[error("`{pattern}` is not a glob")]
    #[diagnostic(
        code(jumpbag::cli::bad_glob),
        help("write `*` for any name, or quote `[` as `[[]`")
    )]
    BadGlob {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        #[source]
        cause: globset::Error,
    },

    /// `--to` names no place for a state. It may hold a secret, and is not repeated.
    #[error("what `--to` names is no place for a state: {why}")]
    #[diagnostic(
        code(jumpbag::cli::bad_place),
        help(
            "write a folder, or a URL such as `az://CONTAINER/PREFIX`, `s3://BUCKET/PREFIX` or `gs://BUCKET/PREFIX`; credentials come from the environment"
        )
    )]
    BadPlace {
        /// What is wrong.
        why: &'static str,
    },

    /// There is no page about that.
    #[error("there is no code `{code}`")]
    #[diagnostic(code(jumpbag::cli::no_code))]
    NoCode {
        /// What was given.
        code: String,
        /// What may have been meant.
        #[help]
        help: String,
    },

    /// A name on the command line is on no side.
    #[error("{} `{name}`", .among)]
    #[diagnostic(code(jumpbag::cli::no_file))]
    NoFile {
        /// What was given.
        name: Name,
        /// That it is not where it was looked for, such as "no state knows a file".
        among: &'static str,
        /// What may have been meant.
        #[help]
        help: String,
    },

    /// The endpoint of the library `default` cannot be used.
    #[error("JUMPBAG_ENDPOINT is not an endpoint: {why}")]
    #[diagnostic(
        code(jumpbag::cli::endpoint),
        help("write https://HOST, http:// for a loopback address only, or emulator:FOLDER")
    )]
    Endpoint {
        /// What is wrong with it. It is not repeated: there may be a password in it.
        why: String,
    },

    /// `JUMPBAG_TIMEOUT` is no length of time.
    #[error("`{text}` in JUMPBAG_TIMEOUT is not a length of time")]
    #[diagnostic(
        code(jumpbag::cli::bad_timeout),
        help("write a length of time such as `30s` or `1m30s`; without it, a minute")
    )]
    BadTimeout {
        /// What was given.
        text: String,
    },

    /// The built-in emulator does not start.
    #[error("could not start the emulator of the library `{library}`")]
    #[diagnostic(
        code(jumpbag::emulator::start),
        help("make the folder writable, and end other runs that use it")
    )]
    Emulator {
        /// Which library.
        library: String,
        /// Why.
        #[source]
        cause: jumpbag_emulator::StartError,
    },

    /// `jumpbag emulator` does not start.
    #[error("could not start the emulator")]
    #[diagnostic(
        code(jumpbag::emulator::start),
        help("change what is named below, and start it again")
    )]
    EmulatorCommand(#[source] jumpbag_emulator::StartError),

    /// A state that would be lost without anybody having said so.
    #[error("the file has {what}, and the state of `{library}` has serial {serial}")]
    #[diagnostic(
        code(jumpbag::cli::would_go_back),
        help(
            "look at both; to write it all the same, name what it writes over: `--force {serial}`"
        )
    )]
    WouldGoBack {
        /// Which library.
        library: String,
        /// What speaks against it.
        what: String,
        /// The serial of the state that is there.
        serial: u64,
    },

    /// A name that the state has already.
    #[error("the state knows a file `{name}` already")]
    #[diagnostic(
        code(jumpbag::cli::name_taken),
        help("have it forgotten first, with `jumpbag state rm`, if that is meant")
    )]
    NameTaken {
        /// The name.
        name: Name,
    },

    /// What should be a key is none.
    #[error(
        "JUMPBAG_AGE_IDENTITY or the file in JUMPBAG_AGE_IDENTITY_FILE holds something that is no identity of age"
    )]
    #[diagnostic(
        code(jumpbag::cli::bad_identity),
        help(
            "give lines such as `AGE-SECRET-KEY-1…`, as `age-keygen` prints them; those of plugins, of SSH and with a passphrase are not taken"
        )
    )]
    BadIdentity,

    /// Two wishes that contradict each other.
    #[error(
        "{}",
        if *.plain { "the manifest names recipients, and `--plain` says for nobody" } else { "the manifest names no recipients" }
    )]
    #[diagnostic(
        code(jumpbag::cli::reseal),
        help(
            "name whom the state is encrypted for in `state: {{ encrypt_to: […] }}`; without them, `--plain` decrypts everything"
        )
    )]
    Reseal {
        /// Whether everything was to be decrypted.
        plain: bool,
    },

    /// Serials count for each library by itself.
    #[error("this is about one library, and there are {}: {}", .names.len(), .names.join(", "))]
    #[diagnostic(code(jumpbag::cli::one_library), help("name one with `-l`"))]
    OneLibrary {
        /// Those that are selected.
        names: Vec<String>,
    },

    /// What would be sent cannot be looked at.
    #[error("`{path}` changed while it was planned")]
    #[diagnostic(
        code(jumpbag::cli::source_changed),
        help("plan again when nothing writes to the file any more")
    )]
    SourceChanged {
        /// The source.
        path: Utf8PathBuf,
        /// How it was met.
        #[source]
        cause: io::Error,
    },
    /// The policies cannot be read. A plan that they have not judged is not applied.
    #[error("the policies in `{folder}` cannot be read")]
    #[diagnostic(
        code(jumpbag::policy::unreadable),
        help(
            "name a folder with `*.rego` files in `--policy`, or check the permissions of that folder and its files"
        )
    )]
    Policies {
        /// The folder.
        folder: Utf8PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// jumpbag never had the content, or it was removed.
    #[error("the state of `{library}` has no content of {files}")]
    #[diagnostic(
        code(jumpbag::cli::not_kept),
        help(
            "what was imported, or put there by others, has no content in the state: add the file to the manifest, and apply that instead; to go back without it, leave it out with `--target`"
        )
    )]
    NotKept {
        /// Which library.
        library: String,
        /// Each file with the beginning of its SHA-256.
        files: String,
    },

    /// A terminal would take some of it for commands.
    #[error("the content is not text that a terminal can show")]
    #[diagnostic(
        code(jumpbag::cli::binary_on_terminal),
        help("write it to a file with `-o FILE`, or into a pipe")
    )]
    BinaryOnTerminal,

    /// What would be written over.
    #[error("`{path}` is there already")]
    #[diagnostic(
        code(jumpbag::cli::exists),
        help("name another file, or write over it with `--force`")
    )]
    Exists {
        /// Which file.
        path: Utf8PathBuf,
    },

    /// A file cannot be written.
    #[error("could not write `{path}`")]
    #[diagnostic(
        code(jumpbag::cli::write),
        help("name a file in a folder that you may write to")
    )]
    Write {
        /// Which file.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// Two results for standard output.
    #[error("`{one} -` and `{other} -` would both write to standard output")]
    #[diagnostic(
        code(jumpbag::cli::one_stdout),
        help("give all but one of them a file")
    )]
    OneStdout {
        /// The option that says so first.
        one: &'static str,
        /// The option that says so, too.
        other: &'static str,
    },

    /// The events cannot be written.
    #[error("could not write the events to `{path}`")]
    #[diagnostic(
        code(jumpbag::cli::events),
        help(
            "name a file that you may append to, on a disk with room; no call is begun that is not in the events"
        )
    )]
    Events {
        /// Where to.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// The result cannot be printed.
    #[error("could not write to standard output")]
    #[diagnostic(
        code(jumpbag::cli::print),
        help("make room where the output goes, and run it again")
    )]
    Print(#[source] io::Error),

    /// A file cannot be read.
    #[error("could not read `{path}`")]
    #[diagnostic(
        code(jumpbag::cli::read),
        help("name a file that exists and that you may read")
    )]
    Read {
        /// Which file.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// `init` does not replace a manifest.
    #[error("`{path}` exists already")]
    #[diagnostic(
        code(jumpbag::cli::manifest_exists),
        help("edit it, or name another file with `-m`")
    )]
    ManifestExists {
        /// The manifest.
        path: Utf8PathBuf,
    },

    /// The asynchronous runtime, or the signal handler, does not start.
    #[error("could not start the work")]
    #[diagnostic(
        code(jumpbag::cli::runtime),
        help("check the limits on processes and open files")
    )]
    Runtime(#[source] io::Error),

    /// Each library has been told why.
    #[error("none of the {of} libraries can be read, and nothing was changed")]
    #[diagnostic(
        code(jumpbag::cli::none_ready),
        help("mend what is named above for each, and run it again")
    )]
    NoneReady {
        /// How many were selected.
        of: usize,
    },

    /// A saved plan is about a library that the manifest does not have.
    #[error("the plan is about the library `{library}`, which the manifest does not have")]
    #[diagnostic(
        code(jumpbag::apply::other_manifest),
        help("apply it with the manifest that it was made with (`-m`)")
    )]
    OtherManifest {
        /// Which library.
        library: String,
    },
}

/// Help for a `name` that nothing is called: the one of `known` that may be meant, or `otherwise`.
pub(crate) fn did_you_mean<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    similar(name, known).map_or_else(
        || otherwise.to_owned(),
        |known| format!("did you mean `{known}`?"),
    )
}
