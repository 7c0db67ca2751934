//! The grammar of faults, and which calls they meet.

use super::*;

#[test]
fn faults_are_shown_as_they_are_read() {
    for text in [
        "list:3:status=503",
        "upload:2-5:status=429",
        "any:1:status=429,retry-after=2",
        "delete:every/10:status=503,retry-after=date+2",
        "token:all:html=502",
        "any:all:drop-before",
        "delete:1:drop-after",
        "list:1:truncate",
        "upload:4294967295:delay=500ms",
        "list:1:delay=2m",
        "any:every/1:wrong-sha256",
        "list:1:hang",
    ] {
        assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
    }
}

#[test]
fn what_is_not_a_fault_is_refused_by_its_wrong_part() {
    let cases = [
        ("", "`` is not a fault"),
        ("upload:3", "`upload:3` is not a fault"),
        ("put:3:hang", "`put` is not a call"),
        ("Upload:3:hang", "`Upload` is not a call"),
        ("upload:0:hang", "`0` does not say which"),
        ("upload:5-2:hang", "`5-2` does not say which"),
        ("upload:+1:hang", "`+1` does not say which"),
        ("upload:every/0:hang", "`every/0` does not say which"),
        ("upload:-:hang", "`-` does not say which"),
        ("upload:1:", "`` is not an effect"),
        ("upload:1:explode", "`explode` is not an effect"),
        ("upload:1:hang=1", "`hang=1` is not an effect"),
        ("upload:1:status=200", "`status=200` is not an effect"),
        ("upload:1:status=600", "`status=600` is not an effect"),
        ("upload:1:status=429,retry-after=", "is not an effect"),
        ("upload:1:status=429,retry-after=date", "is not an effect"),
        ("upload:1:status=429,later=2", "is not an effect"),
        ("upload:1:delay=5", "`delay=5` is not an effect"),
        (
            "delete:1:wrong-sha256",
            "an answer to `delete` carries no sha256",
        ),
        (
            "token:1:wrong-sha256",
            "an answer to `token` carries no sha256",
        ),
    ];
    for (text, expected) in cases {
        let error = text.parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

/// The numbers of those of the first twelve calls that `fault` meets.
fn met(fault: &str, calls: &[Call]) -> Vec<usize> {
    let mut script = Script::new(vec![fault.parse().unwrap()]);
    (1..=12)
        .zip(calls.iter().cycle())
        .filter(|(_, call)| script.next(**call).is_some())
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn calls_are_counted_by_their_kind() {
    let mixed = [Call::List, Call::Upload, Call::Delete, Call::Token];
    assert_eq!(met("upload:1:hang", &mixed), [2]);
    assert_eq!(met("upload:2-3:hang", &mixed), [6, 10]);
    assert_eq!(met("delete:every/2:hang", &mixed), [7]);
    assert_eq!(met("token:all:hang", &mixed), [4, 8, 12]);
    assert_eq!(
        met("any:4:hang", &mixed),
        [5],
        "the token call is not one of any"
    );
    assert_eq!(met("any:every/3:hang", &mixed), [3, 7, 11]);
}

#[test]
fn the_first_fault_that_matches_is_taken() {
    let faults = ["upload:2:hang", "any:all:truncate"];
    let mut script = Script::new(faults.map(|fault| fault.parse().unwrap()).to_vec());
    assert_eq!(script.next(Call::Upload), Some(Effect::Truncate));
    assert_eq!(script.next(Call::Upload), Some(Effect::Hang));
    assert_eq!(script.next(Call::Token), None);
    assert_eq!((script.calls().upload, script.calls().token), (2, 1));
}
