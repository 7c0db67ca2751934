//! The file, on a clock that the tests set.

use std::cell::Cell;
use std::fs;

use camino::Utf8PathBuf;
use miette::Diagnostic as _;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::state::conformance::overwrite;

thread_local! {
    /// In milliseconds after the beginning.
    static CLOCK: Cell<i64> = const { Cell::new(0) };
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_790_000_000_000 + milliseconds).unwrap()
}

/// Sets the clock.
fn it_is(milliseconds: i64) {
    CLOCK.set(milliseconds);
}

struct Place {
    _parent: TempDir,
    folder: Utf8PathBuf,
}

impl Place {
    fn new() -> Self {
        it_is(0);
        let parent = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(parent.path().join("deep/contoso")).unwrap();
        Self {
            _parent: parent,
            folder,
        }
    }

    /// The budget for the run called `run`.
    fn budget(&self, run: &str) -> Budget {
        let store = Store::new(self.folder.clone());
        let limits = Limit::DOCUMENTED.to_vec();
        Budget::new(&store, run.to_owned(), limits, || at(CLOCK.get()))
    }

    fn text(&self) -> String {
        fs::read_to_string(self.folder.join("budget.json")).unwrap()
    }

    fn put(&self, text: &str) {
        overwrite(&self.folder.join("budget.json"), text.as_bytes());
    }
}

fn calls(milliseconds: i64, calls: u32) -> Calls {
    Calls {
        at: at(milliseconds),
        calls,
    }
}

/// What `budget` says that others have spent, as it keeps `account`.
fn turn(budget: &Budget, account: &Account) -> (Booked, Vec<Calls>) {
    let mut seen = Vec::new();
    let booked = budget.turn(&mut |others| {
        seen = others.to_vec();
        account.clone()
    });
    (booked, seen)
}

fn made(made: &[Calls]) -> Account {
    Account {
        made: made.to_vec(),
        reserved: None,
    }
}

#[test]
fn an_account_is_told_to_all_others_and_not_to_its_own_run() {
    let place = Place::new();
    let (one, other) = (place.budget("one"), place.budget("other"));
    assert!(one.ages().is_empty());
    assert!(!place.folder.exists(), "who only looks leaves nothing");
    let account = Account {
        made: vec![calls(0, 1), calls(-1, 1), calls(-60_000, 3)],
        reserved: Some(calls(10_000, 16)),
    };
    assert_eq!(turn(&one, &account), (Booked::Kept, vec![]));
    assert!(one.ages().is_empty());
    let told = vec![calls(-60_000, 3), calls(0, 2), calls(10_000, 16)];
    assert_eq!(turn(&other, &made(&[])), (Booked::Kept, told));
    it_is(500);
    let mut ages = vec![Duration::ZERO; 16];
    ages.extend([Duration::from_millis(500); 2]);
    ages.extend([Duration::from_millis(60_500); 3]);
    assert_eq!(other.ages(), ages);
    // Its next account takes the place of the last.
    turn(&one, &made(&[calls(400, 1)]));
    assert_eq!(turn(&other, &made(&[])).1, [calls(400, 1)]);
}

/// A file of this text has to be read by every later version.
#[test]
fn the_file_is_small_and_its_times_are_rounded_up() {
    let place = Place::new();
    let account = Account {
        made: vec![calls(1, 1), calls(99, 1), calls(100, 1), calls(101, 1)],
        reserved: Some(calls(9_999, 16)),
    };
    turn(&place.budget("9c1d"), &account);
    let text = place.text().replace(env!("CARGO_PKG_VERSION"), "VERSION");
    insta::assert_snapshot!(text, @r#"{"format_version":"1.0","jumpbag_version":"VERSION","runs":{"9c1d":{"made":[{"at":"2026-09-21T14:13:20.100Z","calls":3},{"at":"2026-09-21T14:13:20.200Z","calls":1}],"reserved":{"at":"2026-09-21T14:13:29.999Z","calls":16}}}}"#);
}

#[cfg(unix)]
#[test]
fn it_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    for run in ["one", "other"] {
        turn(&place.budget(run), &made(&[calls(0, 1)]));
    }
    let mode = |name| {
        let path = place.folder.join(name);
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(mode("budget.json"), 0o600);
    assert_eq!(mode("budget.lock"), 0o600);
    assert_eq!(mode(""), 0o700);
    let names = fs::read_dir(&place.folder).unwrap().count();
    assert_eq!(names, 2, "nothing is left behind");
}

#[test]
fn what_no_window_sees_any_more_is_dropped() {
    let place = Place::new();
    let (one, other) = (place.budget("one"), place.budget("other"));
    let account = Account {
        made: vec![calls(0, 1), calls(1000, 1)],
        reserved: Some(calls(5000, 2)),
    };
    turn(&one, &account);
    it_is(3_600_000);
    let seen = turn(&other, &made(&[calls(3_600_000, 1)])).1;
    assert_eq!(seen, [calls(1000, 1), calls(5000, 2)]);
    it_is(3_605_000);
    assert_eq!(turn(&other, &made(&[])).1, []);
    assert!(place.text().ends_with("\"runs\":{}}\n"), "{}", place.text());
}

#[test]
fn a_time_that_cannot_be_delays_nobody_for_longer_than_a_window() {
    let place = Place::new();
    let (wrong, one, other) = (
        place.budget("wrong"),
        place.budget("one"),
        place.budget("other"),
    );
    let day = 24 * 3_600_000;
    it_is(day);
    let account = Account {
        made: vec![calls(day, 7)],
        reserved: Some(calls(day + 5000, 9)),
    };
    turn(&wrong, &account);
    it_is(0);
    let seen = turn(&one, &made(&[])).1;
    assert_eq!(seen, [calls(10_000, 7), calls(10_000, 9)]);
    // From then on they grow old.
    it_is(60_000);
    assert_eq!(other.ages(), [Duration::from_secs(50); 16]);
    it_is(3_610_000);
    assert_eq!(turn(&other, &made(&[])).1, []);
}

fn report(problem: &Problem) -> String {
    let mut cause = std::error::Error::source(problem).unwrap();
    let mut text = format!("{}: {problem}: {cause}", problem.code().unwrap());
    while let Some(next) = cause.source() {
        text = format!("{text}: {next}");
        cause = next;
    }
    text
}

#[test]
fn a_damaged_budget_counts_as_the_shortest_limit_and_is_written_anew() {
    let good = "{\"format_version\":\"1.0\",\"jumpbag_version\":\"0.1.0\",\"runs\":{\"a\":{\"made\":[{\"at\":\"2026-09-21T13:20:00.000Z\",\"calls\":1}]}}}";
    let bad = [
        String::new(),
        good.trim_end_matches('}').to_owned(),
        good.replace("\"calls\":1", "\"calls\":0"),
        good.replace("\"calls\":1", "\"calls\":-1"),
        good.replace("2026-09-21", "yesterday"),
        good.replace("1.0", "one"),
        good.replace("\"made\"", "\"done\""),
        "[]".to_owned(),
        "\0\0\0\0".to_owned(),
    ];
    for text in bad {
        let place = Place::new();
        place.put(&text);
        let budget = place.budget("one");
        let problem = budget.problem().unwrap();
        assert_eq!(
            problem.code().unwrap().to_string(),
            "jumpbag::state::budget_damaged",
            "{text}"
        );
        assert_eq!(problem.severity(), Some(miette::Severity::Warning));
        // It was written on the machine's clock, and on that of the tests not yet.
        it_is(-1000 * 24 * 3_600_000);
        let now = CLOCK.get();
        let (booked, seen) = turn(&budget, &made(&[calls(now, 1)]));
        assert_eq!(
            (booked, seen),
            (Booked::Kept, vec![calls(now + 10_000, 100)])
        );
        assert!(budget.problem().is_none());
        it_is(now + 70_000);
        assert_eq!(
            budget.ages(),
            [Duration::from_mins(1); 100],
            "as was presumed"
        );
    }
}

#[test]
fn a_newer_budget_is_left_alone() {
    for version in ["1.1", "2.0"] {
        let place = Place::new();
        let text = format!("{{\"format_version\":\"{version}\",\"runs\":[]}}");
        place.put(&text);
        let budget = place.budget("one");
        let problem = budget.problem().unwrap();
        assert_eq!(
            problem.to_string().replace(place.folder.as_str(), "STATE"),
            format!(
                "the calls of other runs are not known: the budget `STATE/budget.json` has the format {version}, and this jumpbag reads 1.0"
            )
        );
        assert_eq!(
            turn(&budget, &made(&[calls(0, 1)])),
            (Booked::NotKept, vec![])
        );
        assert_eq!(place.text(), text);
    }
}

#[test]
fn who_was_slower_has_not_had_a_turn() {
    let place = Place::new();
    let (one, other) = (place.budget("one"), place.budget("other"));
    for round in 0..2 {
        let slower = one.turn(&mut |_| {
            let faster = turn(&other, &made(&[calls(round * 100, 1)]));
            assert_eq!(faster.0, Booked::Kept);
            made(&[calls(0, 9)])
        });
        assert_eq!(slower, Booked::Busy);
        let (kept, seen) = turn(&one, &made(&[]));
        assert_eq!((kept, seen), (Booked::Kept, vec![calls(round * 100, 1)]));
    }
}

#[test]
fn where_nothing_can_be_written_what_others_have_spent_still_counts() {
    let place = Place::new();
    turn(&place.budget("another"), &made(&[]));
    turn(&place.budget("one"), &made(&[calls(0, 3)]));
    let before = place.text();
    // As in a folder that is not ours: the lock cannot be opened for writing.
    let lock = place.folder.join("budget.lock");
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let other = place.budget("other");
    let kept = turn(&other, &made(&[calls(0, 1)]));
    assert_eq!(kept, (Booked::NotKept, vec![calls(0, 3)]));
    assert!(other.problem().is_none(), "nobody is bothered with that");
    assert_eq!(place.text(), before);

    fs::remove_dir(&lock).unwrap();
    fs::remove_file(place.folder.join("budget.json")).unwrap();
    fs::create_dir(place.folder.join("budget.json")).unwrap();
    let kept = turn(&other, &made(&[calls(0, 1)]));
    assert_eq!(kept, (Booked::NotKept, vec![]));
    let problem = report(&other.problem().unwrap());
    assert!(
        problem.starts_with("jumpbag::state::budget_unreadable: "),
        "{problem}"
    );
}

#[test]
fn a_number_of_calls_that_nobody_made_takes_no_memory() {
    let place = Place::new();
    let many = Account {
        made: (0..100).map(|n| calls(n, u32::MAX)).collect(),
        reserved: Some(calls(5000, u32::MAX)),
    };
    turn(&place.budget("one"), &many);
    assert_eq!(place.budget("other").ages().len(), 1500);
}

proptest! {
    #[test]
    fn what_is_read_is_never_less_or_earlier_than_what_was_written(
        times in proptest::collection::vec((-3_000_000_i64..0, 1_u32..5), 0..40),
        reserved in proptest::option::of((0_i64..9_000, 1_u32..17)),
    ) {
        let account = Account {
            made: times.iter().map(|(time, count)| calls(*time, *count)).collect(),
            reserved: reserved.map(|(time, count)| calls(time, count)),
        };
        let bytes = format::write(&Book::from([("a".to_owned(), account.clone())])).unwrap();
        let read = format::read(&bytes).unwrap();
        prop_assert_eq!(read["a"].reserved, account.reserved);
        let each = |account: &Account| {
            let mut each: Vec<_> = account
                .made
                .iter()
                .flat_map(|it| std::iter::repeat_n(it.at, it.calls as usize))
                .collect();
            each.sort_unstable();
            each
        };
        let (before, after) = (each(&account), each(&read["a"]));
        prop_assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(after) {
            let late = after.duration_since(*before);
            prop_assert!(!late.is_negative() && late < SignedDuration::from_millis(100));
        }
        let again = format::write(&read).unwrap();
        prop_assert_eq!(again, bytes, "and rounding once is enough");
    }
}
