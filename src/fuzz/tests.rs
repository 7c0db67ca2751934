//! Everything that was ever worth keeping, once more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::TARGETS;

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

#[test]
fn the_corpus_holds_what_it_held() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let targets: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&corpus), targets, "a folder for each target");
    for (name, target) in TARGETS {
        let inputs = names(&corpus.join(name));
        assert!(!inputs.is_empty(), "{name} has no input");
        for input in inputs {
            let path = corpus.join(name).join(input);
            // Named before it is run: a panic would not say which it was.
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
        }
    }
}
