//! The kinds of problems that a manifest can have.

use crate::diagnostics::Code;

/// Declares the codes, and a list of all of them for the tests.
macro_rules! codes {
    ($($name:ident = $id:literal, $docs:literal;)+) => {
        $(#[doc = $docs] pub(super) static $name: Code = Code { id: $id, docs: $docs };)+

        /// All of them, sorted by id.
        #[cfg(test)]
        static CODES: &[&Code] = &[$(&$name),+];
    };
}

codes! {
    NAME_CHARACTERS = "jumpbag::lint::name_characters",
        "A name holds characters other than A-Z, a-z, 0-9, `.`, `_` and `-`. Microsoft's portal asks for these only; whether the API takes others is not documented.";
    ABSOLUTE_PATH = "jumpbag::manifest::absolute_path",
        "A path starts at the root of the file system. Paths are relative to the folder of the file that they are written in, so that a manifest means the same on every machine.";
    BACKSLASH = "jumpbag::manifest::backslash",
        "A path contains a backslash. Paths use `/` on every system.";
    BAD_ALIAS = "jumpbag::manifest::bad_alias",
        "An alias (`*name`) names no anchor (`&name`) before it, or stands inside of the anchor that it names. Text that starts with `*`, such as a glob, has to be in quotes.";
    BAD_AUTHORITY = "jumpbag::manifest::bad_authority",
        "An authority is the login host, as `https://HOST`. A secret is sent there, so that plain http is refused, also on this machine.";
    BAD_CLIENT_ID = "jumpbag::manifest::bad_client_id",
        "A client id is a GUID: the application id of an app registration or of a managed identity. It is no secret; a secret never stands in a manifest.";
    BAD_DURATION = "jumpbag::manifest::bad_duration",
        "A length of time is a whole number and a unit: `ms`, `s`, `m`, `h` or `d`, such as `90s` or `1h30m`; it is longer than zero.";
    BAD_ENDPOINT = "jumpbag::manifest::bad_endpoint",
        "An endpoint is an https URL, an http URL of a loopback address, or `emulator:DIR`. It holds no user, password, query or fragment.";
    BAD_LIBRARY_NAME = "jumpbag::manifest::bad_library_name",
        "A library's name becomes the name of a folder in the state. It has 1 to 64 characters, a-z, 0-9, `_` and `-`, and starts with a letter or a digit.";
    BAD_NUMBER = "jumpbag::manifest::bad_number",
        "A number is outside of what is allowed at this place.";
    BAD_RECIPIENT = "jumpbag::manifest::bad_recipient",
        "`encrypt_to` lists public keys of age, such as `age1…`, each once.";
    BAD_SCOPE = "jumpbag::manifest::bad_scope",
        "A scope is the API's audience with `/.default` at its end.";
    BAD_SIZE = "jumpbag::manifest::bad_size",
        "A size is a whole number of bytes or a whole number and a unit, such as `4MB` (4,000,000 bytes) or `4MiB` (4,194,304 bytes); it is larger than zero.";
    BAD_STATE_URL = "jumpbag::manifest::bad_state_url",
        "The `url` of a state names a bucket or container and a prefix in it, as the backend writes them. It holds no password and no query: a secret never stands in a manifest.";
    BAD_TENANT = "jumpbag::manifest::bad_tenant",
        "A tenant is named by its id, a GUID, or by one of its domain names.";
    CONTROL_CHARACTER = "jumpbag::manifest::control_character",
        "A text holds a control character. It would reach terminals and the portal unseen. Line breaks and tabs are allowed in descriptions.";
    DRIVE_LETTER = "jumpbag::manifest::drive_letter",
        "A path starts with a drive letter. Paths are relative to the folder of the file that they are written in, so that a manifest means the same on every machine.";
    DUPLICATE_KEY = "jumpbag::manifest::duplicate_key",
        "A map has the same key twice. YAML does not say which of the two counts.";
    DUPLICATE_NAME = "jumpbag::manifest::duplicate_name",
        "Two files of one library have the same name, or names that differ only in case or in how their characters are encoded. The machines that the files are put on do not tell them apart.";
    EMPTY = "jumpbag::manifest::empty",
        "The manifest holds nothing.";
    EMPTY_TEXT = "jumpbag::manifest::empty_text",
        "A text is empty where something is needed.";
    EXPANSION = "jumpbag::manifest::expansion",
        "Anchors and aliases expand to more than jumpbag reads. A few lines can expand to gigabytes, so there is a budget.";
    GLOB_INVALID = "jumpbag::manifest::glob_invalid",
        "A source is a glob that cannot be read, for example because a bracket is not closed.";
    GLOB_NO_MATCH = "jumpbag::manifest::glob_no_match",
        "A source is a glob that matches no file. Hidden files match only where the glob names them, symbolic links to folders are not followed, and `.git`, the state, the data of emulators, the manifest and what it includes are left out.";
    GLOB_UNREADABLE = "jumpbag::manifest::glob_unreadable",
        "A folder that a glob looks into cannot be listed.";
    IN_NO_LIBRARY = "jumpbag::manifest::in_no_library",
        "An entry's `libraries` is an empty list, so that its files would be in no library.";
    INCLUDE_CYCLE = "jumpbag::manifest::include_cycle",
        "A file includes itself, or another that leads back to it.";
    INCLUDE_LIMIT = "jumpbag::manifest::include_limit",
        "A manifest includes too much: more than 64 files, files that are more than 8 includes away, or more than 64 MiB together with the manifest.";
    INCLUDE_MISSING = "jumpbag::manifest::include_missing",
        "An included file does not exist. Its path is relative to the folder of the file that includes it.";
    INCLUDE_NOT_A_FILE = "jumpbag::manifest::include_not_a_file",
        "What is included is a folder, a pipe, a socket or a device.";
    INCLUDE_OUTSIDE = "jumpbag::manifest::include_outside",
        "An included file is not in the manifest's repository, by its path or through a symbolic link. The repository is the nearest folder above the manifest that has `.git`; without one, files are included from the manifest's folder alone. What is uploaded has to be under the same review as the manifest.";
    INCLUDE_TWICE = "jumpbag::manifest::include_twice",
        "The same file is included twice, by one file or by two. All of its names would be there twice.";
    INCLUDE_UNREADABLE = "jumpbag::manifest::include_unreadable",
        "An included file cannot be read.";
    INSECURE_ENDPOINT = "jumpbag::manifest::insecure_endpoint",
        "An endpoint is plain http and not on this machine. The token would travel in the clear.";
    LIBRARY_DEFAULTS_UNUSED = "jumpbag::manifest::library_defaults_unused",
        "`library_defaults` gives settings to `libraries`, and there are none. The library of a manifest without `libraries` comes from the environment.";
    LIBRARY_GLOB_INVALID = "jumpbag::manifest::library_glob_invalid",
        "A glob that stands for libraries cannot be read, for example because a bracket is not closed.";
    LINK_OUTSIDE = "jumpbag::manifest::link_outside",
        "A path leads out of the folder of the manifest, or of the included file that it is in, through a symbolic link. What is uploaded has to be under the same review as the manifest.";
    MERGE_KEY = "jumpbag::manifest::merge_key",
        "`<<` merged maps in YAML 1.1. The manifest is YAML 1.2, where it is an ordinary key.";
    MISPLACED_KEY = "jumpbag::manifest::misplaced_key",
        "A map has a key that belongs somewhere else: an included file holds entries alone, `library_defaults` cannot say which library is meant, and an override changes neither the source nor the name.";
    MISSING_KEY = "jumpbag::manifest::missing_key",
        "A map lacks a key that it needs.";
    MISSING_VERSION = "jumpbag::manifest::missing_version",
        "The manifest does not say which version of the format it follows.";
    NAME_CONTROL = "jumpbag::manifest::name_control",
        "A name contains a control character, which the API cannot carry.";
    NAME_DEVICE = "jumpbag::manifest::name_device",
        "Windows reserves the name for a device. The file could not be put on a Windows machine.";
    NAME_DOTS = "jumpbag::manifest::name_dots",
        "A name is `.` or `..`, which mean folders.";
    NAME_EDGE = "jumpbag::manifest::name_edge",
        "A name starts with a space, or ends with a space or a dot. Windows drops them.";
    NAME_EMPTY = "jumpbag::manifest::name_empty",
        "A name is empty.";
    NAME_RESERVED = "jumpbag::manifest::name_reserved",
        "A name contains one of `<>:\"|?*`, which Windows has in no name. The file could not be put on a Windows machine, and after a `:` it would be hidden in another one.";
    NAME_SEPARATOR = "jumpbag::manifest::name_separator",
        "A name contains `/` or a backslash. A library has no folders.";
    NAME_TOO_LONG = "jumpbag::manifest::name_too_long",
        "A name has more bytes than common file systems carry.";
    NAME_WITH_GLOB = "jumpbag::manifest::name_with_glob",
        "An entry whose source is a glob has a `name`. All of its files would get the same name.";
    NESTING = "jumpbag::manifest::nesting",
        "Maps and lists are nested deeper than any manifest needs.";
    NO_LIBRARIES = "jumpbag::manifest::no_libraries",
        "`libraries` is there and holds none.";
    NOT_A_MAP = "jumpbag::manifest::not_a_map",
        "The manifest is not a map of keys and values.";
    NOT_UTF8 = "jumpbag::manifest::not_utf8",
        "The manifest is not UTF-8.";
    OVERRIDE_CONFLICT = "jumpbag::manifest::override_conflict",
        "Two keys of `overrides` mean the same library and give it different values. Their order decides nothing, so that it is not known which is meant.";
    OVERRIDE_UNUSED = "jumpbag::manifest::override_unused",
        "A key of `overrides` means no library that the entry is for. A misspelt name would otherwise be without effect.";
    PARENT_OUTSIDE = "jumpbag::manifest::parent_outside",
        "A path leads out of the folder of the manifest, or of the included file that it is in, through `..`. What is uploaded has to be under the same review as the manifest.";
    SECRET_KEY = "jumpbag::manifest::secret_key",
        "A file holds a secret key of age. Whoever has seen the file could read what is encrypted for it: make a new pair.";
    SEVERAL_DOCUMENTS = "jumpbag::manifest::several_documents",
        "The manifest holds several YAML documents. Which of them counts would be a guess.";
    SOURCE_DIRECTORY = "jumpbag::manifest::source_directory",
        "A source is a folder.";
    SOURCE_EMPTY = "jumpbag::manifest::source_empty",
        "A source is an empty file. That is mostly a checkout that failed, and of no use on a machine.";
    SOURCE_MISSING = "jumpbag::manifest::source_missing",
        "A source does not exist.";
    SOURCE_NOT_REGULAR = "jumpbag::manifest::source_not_regular",
        "A source is a pipe, a socket or a device.";
    SOURCE_NOT_UTF8 = "jumpbag::manifest::source_not_utf8",
        "A glob matches a file whose name is not UTF-8, which the API cannot carry.";
    SOURCE_TOO_LARGE = "jumpbag::manifest::source_too_large",
        "A source is larger than the library's `max_file_size`. Microsoft's page on uploads said 4 MB in one revision and says 20 MB in later ones.";
    SOURCE_UNREADABLE = "jumpbag::manifest::source_unreadable",
        "A source cannot be read.";
    SYNTAX = "jumpbag::manifest::syntax",
        "The manifest is not well-formed YAML 1.2. Everything after this place is unread, so that this problem is reported alone.";
    TAB = "jumpbag::manifest::tab",
        "A line is indented with a tab. YAML indents with spaces.";
    TOO_COMPLEX = "jumpbag::manifest::too_complex",
        "The manifest holds more values than jumpbag reads.";
    UNKNOWN_KEY = "jumpbag::manifest::unknown_key",
        "A map has a key that jumpbag does not know at this place. A misspelt key would otherwise be without effect.";
    UNKNOWN_LIBRARY = "jumpbag::manifest::unknown_library",
        "An entry names a library that the manifest does not declare, or a glob that matches none.";
    UNKNOWN_WORD = "jumpbag::manifest::unknown_word",
        "A value is none of the words that are allowed at this place.";
    UNSUPPORTED_VERSION = "jumpbag::manifest::unsupported_version",
        "The manifest follows a version of the format that this jumpbag does not know.";
    VERSION_MISMATCH = "jumpbag::manifest::version_mismatch",
        "A manifest and a file that it includes follow different versions of the format.";
    WRONG_TYPE = "jumpbag::manifest::wrong_type",
        "A value is of another type than its key takes. `yes`, `no`, `on` and `off` are texts in YAML 1.2.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }

    #[test]
    fn every_code_is_explained() {
        for code in CODES {
            assert!(code.docs.ends_with('.'), "{}", code.id);
            assert!(
                code.id.rsplit("::").next().is_some_and(|what| what
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))),
                "{}",
                code.id
            );
        }
    }
}
