//! `library_defaults:`.

use super::*;
use crate::manifest::Cloud;
use crate::model::{Auth, Limit, Policy, Unmanaged};

fn named<'a>(manifest: &'a Manifest, name: &str) -> &'a Library {
    let mut libraries = manifest.libraries.iter();
    libraries.find(|library| library.name == name).unwrap()
}

#[test]
fn a_librarys_own_value_wins_over_the_defaults_even_null() {
    let manifest = good(
        "version: 1\nlibrary_defaults: {cloud: eu, auth: token, max_file_size: 20MB, limits: [], unmanaged: delete, max_deletes: 3}\n\
         libraries:\n  all:\n  none: {cloud: , auth: , max_file_size: , limits: , unmanaged: , max_deletes: }\n  own: {tenant_id: contoso.com, cloud: uk, max_deletes: 4}\n",
    );
    let all = named(&manifest, "all");
    assert_eq!((all.cloud, all.auth), (Cloud::Eu, Auth::Token));
    assert_eq!((all.max_file_size, all.max_deletes), (20_000_000, 3));
    assert_eq!(all.unmanaged, Unmanaged::Delete);
    assert!(all.limits.is_empty());
    let none = named(&manifest, "none");
    assert_eq!((none.cloud, none.auth), (Cloud::Commercial, Auth::Default));
    assert_eq!(none.max_file_size, Library::MAX_FILE_SIZE);
    assert_eq!(none.max_deletes, Policy::MAX_DELETES);
    assert_eq!(none.unmanaged, Unmanaged::Keep);
    assert_eq!(none.limits, Limit::DOCUMENTED);
    let own = named(&manifest, "own");
    assert_eq!(own.tenant_id.as_deref(), Some("contoso.com"));
    assert_eq!((own.cloud, own.max_deletes), (Cloud::Uk, 4));
    assert_eq!(own.auth, Auth::Token);
}

#[test]
fn what_says_which_library_it_is_has_no_default() {
    insta::assert_snapshot!(bad("version: 1\nlibrary_defaults:\n  tenant_id: contoso.com\n  endpoint: emulator:x\nlibraries: {a: , b: }\n"), @"
    jumpbag::manifest::misplaced_key

      x `tenant_id` does not belong into `library_defaults`
       ,-[jumpbag.yaml:3:3]
     2 | library_defaults:
     3 |   tenant_id: contoso.com
       :   ^^^^|^^^^
       :       `-- not here
     4 |   endpoint: emulator:x
       `----
      help: write it under each library: it says which one that is
    jumpbag::manifest::misplaced_key

      x `endpoint` does not belong into `library_defaults`
       ,-[jumpbag.yaml:4:3]
     3 |   tenant_id: contoso.com
     4 |   endpoint: emulator:x
       :   ^^^^|^^^
       :       `-- not here
     5 | libraries: {a: , b: }
       `----
      help: write it under each library: it says which one that is; `cloud` may be
            shared
    ");
}

#[test]
fn what_is_wrong_with_the_defaults_is_said_once() {
    assert_eq!(
        ids(
            "version: 1\nlibrary_defaults: {auth: x, limits: [{calls: 0, per: 1m}], max_file_size: 1x}\nlibraries: {a: , b: {}, c: }"
        ),
        ["unknown_word", "bad_number", "bad_size"]
    );
    let unused = "version: 1\nlibrary_defaults: {auth: x}\nlibraries: {a: {auth: token}}";
    assert_eq!(ids(unused), ["unknown_word"], "nobody has it");
    assert_eq!(
        ids("version: 1\nlibrary_defaults: {foo: x}\nlibraries: {a: }"),
        ["unknown_key"]
    );
    assert_eq!(
        ids("version: 1\nlibrary_defaults: [x]\nlibraries: {a: }"),
        ["wrong_type"]
    );
}

#[test]
fn defaults_without_libraries_are_refused() {
    insta::assert_snapshot!(bad("version: 1\nlibrary_defaults:\n  max_deletes: 3\n"), @"
    jumpbag::manifest::library_defaults_unused

      x `library_defaults` is without effect: there are no `libraries`
       ,-[jumpbag.yaml:3:3]
     2 | library_defaults:
     3 |   max_deletes: 3
       :   ^^^^^|^^^^^
       :        `-- nobody has these
       `----
      help: declare the libraries under `libraries:`, or take `library_defaults`
            away
    ");
}
