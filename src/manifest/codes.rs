//! The kinds of problems that a manifest can have.

use crate::diagnostics::Code;

/// Declares the codes, and a list of all of them for the tests.
macro_rules! codes {
    ($($name:ident = $id:literal;)+) => {
        $(#[doc = concat!("`", $id, "`.")] pub(super) static $name: Code = Code { id: $id };)+

        /// All of them, sorted by id.
        #[cfg(test)]
        static CODES: &[&Code] = &[$(&$name),+];
    };
}

codes! {
    ABSOLUTE_PATH = "jumpbag::manifest::absolute_path";
    AUTO_UNKNOWN = "jumpbag::manifest::auto_unknown";
    BACKSLASH = "jumpbag::manifest::backslash";
    BAD_ALIAS = "jumpbag::manifest::bad_alias";
    BAD_AUTHORITY = "jumpbag::manifest::bad_authority";
    BAD_CLIENT_ID = "jumpbag::manifest::bad_client_id";
    BAD_DURATION = "jumpbag::manifest::bad_duration";
    BAD_ENDPOINT = "jumpbag::manifest::bad_endpoint";
    BAD_LIBRARY_NAME = "jumpbag::manifest::bad_library_name";
    BAD_NUMBER = "jumpbag::manifest::bad_number";
    BAD_RECIPIENT = "jumpbag::manifest::bad_recipient";
    BAD_SCOPE = "jumpbag::manifest::bad_scope";
    BAD_SIZE = "jumpbag::manifest::bad_size";
    BAD_STATE_URL = "jumpbag::manifest::bad_state_url";
    BAD_TENANT = "jumpbag::manifest::bad_tenant";
    CONTROL_CHARACTER = "jumpbag::manifest::control_character";
    DRIVE_LETTER = "jumpbag::manifest::drive_letter";
    DUPLICATE_KEY = "jumpbag::manifest::duplicate_key";
    DUPLICATE_NAME = "jumpbag::manifest::duplicate_name";
    EMPTY = "jumpbag::manifest::empty";
    EMPTY_TEXT = "jumpbag::manifest::empty_text";
    EXPANSION = "jumpbag::manifest::expansion";
    GLOB_INVALID = "jumpbag::manifest::glob_invalid";
    GLOB_NO_MATCH = "jumpbag::manifest::glob_no_match";
    GLOB_UNREADABLE = "jumpbag::manifest::glob_unreadable";
    IN_NO_LIBRARY = "jumpbag::manifest::in_no_library";
    INCLUDE_CYCLE = "jumpbag::manifest::include_cycle";
    INCLUDE_LIMIT = "jumpbag::manifest::include_limit";
    INCLUDE_MISSING = "jumpbag::manifest::include_missing";
    INCLUDE_NOT_A_FILE = "jumpbag::manifest::include_not_a_file";
    INCLUDE_OUTSIDE = "jumpbag::manifest::include_outside";
    INCLUDE_TWICE = "jumpbag::manifest::include_twice";
    INCLUDE_UNREADABLE = "jumpbag::manifest::include_unreadable";
    INSECURE_ENDPOINT = "jumpbag::manifest::insecure_endpoint";
    LIBRARY_DEFAULTS_UNUSED = "jumpbag::manifest::library_defaults_unused";
    LIBRARY_GLOB_INVALID = "jumpbag::manifest::library_glob_invalid";
    LINK_OUTSIDE = "jumpbag::manifest::link_outside";
    MERGE_KEY = "jumpbag::manifest::merge_key";
    MISPLACED_KEY = "jumpbag::manifest::misplaced_key";
    MISSING_KEY = "jumpbag::manifest::missing_key";
    MISSING_VERSION = "jumpbag::manifest::missing_version";
    NAME_CONTROL = "jumpbag::manifest::name_control";
    NAME_DEVICE = "jumpbag::manifest::name_device";
    NAME_DOTS = "jumpbag::manifest::name_dots";
    NAME_EDGE = "jumpbag::manifest::name_edge";
    NAME_EMPTY = "jumpbag::manifest::name_empty";
    NAME_RESERVED = "jumpbag::manifest::name_reserved";
    NAME_SEPARATOR = "jumpbag::manifest::name_separator";
    NAME_TOO_LONG = "jumpbag::manifest::name_too_long";
    NAME_WITH_GLOB = "jumpbag::manifest::name_with_glob";
    NESTING = "jumpbag::manifest::nesting";
    NO_LIBRARIES = "jumpbag::manifest::no_libraries";
    NOT_A_MAP = "jumpbag::manifest::not_a_map";
    NOT_UTF8 = "jumpbag::manifest::not_utf8";
    OVERRIDE_CONFLICT = "jumpbag::manifest::override_conflict";
    OVERRIDE_UNUSED = "jumpbag::manifest::override_unused";
    PARENT_OUTSIDE = "jumpbag::manifest::parent_outside";
    SECRET_KEY = "jumpbag::manifest::secret_key";
    SEVERAL_DOCUMENTS = "jumpbag::manifest::several_documents";
    SOURCE_DIRECTORY = "jumpbag::manifest::source_directory";
    SOURCE_EMPTY = "jumpbag::manifest::source_empty";
    SOURCE_MISSING = "jumpbag::manifest::source_missing";
    SOURCE_NOT_REGULAR = "jumpbag::manifest::source_not_regular";
    SOURCE_NOT_UTF8 = "jumpbag::manifest::source_not_utf8";
    SOURCE_TOO_LARGE = "jumpbag::manifest::source_too_large";
    SOURCE_UNREADABLE = "jumpbag::manifest::source_unreadable";
    SYNTAX = "jumpbag::manifest::syntax";
    TAB = "jumpbag::manifest::tab";
    TOO_COMPLEX = "jumpbag::manifest::too_complex";
    UNKNOWN_KEY = "jumpbag::manifest::unknown_key";
    UNKNOWN_LIBRARY = "jumpbag::manifest::unknown_library";
    UNKNOWN_WORD = "jumpbag::manifest::unknown_word";
    UNSUPPORTED_VERSION = "jumpbag::manifest::unsupported_version";
    VERSION_MISMATCH = "jumpbag::manifest::version_mismatch";
    WRONG_TYPE = "jumpbag::manifest::wrong_type";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_unique() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
