//! Each file is read once in a run.

use std::sync::Mutex;

use super::*;
use crate::manifest::content;
use crate::manifest::resolve::resolve_with;
use crate::model::Name;

/// What the manifest `text` resolves to, and the real paths that were read for that.
fn counted(folder: &Folder, text: &str) -> (crate::manifest::resolve::Desired, Vec<String>) {
    let (manifest, _) = folder.load(text).unwrap();
    let selected: Vec<&Library> = manifest.libraries.iter().collect();
    let read = Mutex::new(Vec::new());
    let (desired, problems) = resolve_with(&manifest, &selected, |real, limit| {
        read.lock().unwrap().push(real.path.clone());
        content::hash(&real.path, limit, &StatCache::off())
    });
    assert_eq!(problems, []);
    let root = folder.path().canonicalize_utf8().unwrap();
    let mut read: Vec<String> = read
        .into_inner()
        .unwrap()
        .into_iter()
        .map(|path| path.strip_prefix(&root).unwrap().to_string())
        .collect();
    read.sort();
    (desired, read)
}

#[test]
fn a_file_that_several_entries_name_is_read_once() {
    let folder = Folder::with(&["g/a", "g/b", "shared/c"]);
    folder.write("shared/files.yaml", "version: 1\nfiles: [{source: c}]\n");
    #[cfg(unix)]
    sources::link(&folder, "g/a", "link");
    #[cfg(not(unix))]
    folder.write("link", "g/a");
    let (desired, read) = counted(
        &folder,
        "version: 1\ninclude: [shared/files.yaml]\nlibraries: {l: , m: {max_file_size: 20MB}, n: }\nfiles:\n\
         - {source: g/*, libraries: [l, n]}\n- {source: 'g/[ab]', libraries: [m]}\n- {source: g/../g/a, name: other}\n\
         - {source: link}\n- {source: shared/c, name: d}\n",
    );
    if cfg!(unix) {
        assert_eq!(read, ["g/a", "g/b", "shared/c"]);
    }
    for library in ["l", "m", "n"] {
        let names: Vec<&str> = desired[library].keys().map(Name::as_str).collect();
        assert_eq!(names, ["a", "b", "c", "d", "link", "other"]);
    }
}

#[test]
fn a_hundred_libraries_read_no_more_than_one() {
    let paths: Vec<String> = (0..50).map(|nth| format!("s/{nth}.ps1")).collect();
    let folder = Folder::with(&paths.iter().map(String::as_str).collect::<Vec<_>>());
    let libraries: Vec<String> = (0..100).map(|nth| format!("l{nth}: ")).collect();
    let text = format!(
        "version: 1\nlibraries: {{{}}}\nfiles: [{{source: s/*, overrides: {{l7: {{protect: true}}}}}}]\n",
        libraries.join(", ")
    );
    let (desired, read) = counted(&folder, &text);
    assert_eq!(read.len(), 50);
    assert_eq!(desired.len(), 100);
    for (library, files) in &desired {
        assert_eq!(files.len(), 50);
        assert!(files.values().all(|file| file.protect == (library == "l7")));
    }
}

/// The smaller limit of another library does not decide for this one.
#[test]
fn a_shared_file_is_read_up_to_the_largest_limit() {
    let folder = Folder::with(&[]);
    folder.write("a", "12345");
    let text = |libraries: &str| {
        format!(
            "version: 1\nlibraries: {{x: {{max_file_size: 4}}, y: {{max_file_size: 5}}}}\nfiles:\n\
             - {{source: a, libraries: [y]}}\n- {{source: ./b/../a, libraries: {libraries}, name: b}}\n"
        )
    };
    folder.write("b/c", "c");
    folder.good(&text("[y]"));
    let shown = folder.bad(&text("[x]"));
    assert_eq!(shown.matches("source_too_large").count(), 1, "{shown}");
}
