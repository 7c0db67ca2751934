//! How long a diff takes, of texts that are hard to compare: `cargo bench --features bench-internals`.
//!
//! The aim is 200 ms for 4 MB. Texts of hundreds of thousands of equal lines, which nobody writes by hand, miss it:
//! they took from 0.5 to 1.4 s.
#![expect(
    clippy::format_collect,
    clippy::indexing_slicing,
    reason = "what is measured is elsewhere"
)]

use divan::Bencher;
use jumpbag::bench::diff;

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What the lines of a script often are.
const COMMON: [&str; 8] = [
    "}\n",
    "\n",
    "    }\n",
    "{\n",
    "    return\n",
    "else {\n",
    "    $i++\n",
    "#\n",
];

/// How two texts of `megabytes` differ.
#[derive(Clone, Copy, Debug)]
enum Case {
    FewLines,
    AllDifferent,
    HalfAtRandom,
    EverySecond,
    Reindented,
    Reversed,
    Shuffled,
    RepeatedLines,
    UnrelatedRepeatedLines,
    UnrelatedLinesOfTwoKinds,
    AllLinesOfOneKindButSome,
    SmallWordsInAllLines,
    OneLine,
    OneWordInLongLines,
}

const CASES: [Case; 14] = [
    Case::FewLines,
    Case::AllDifferent,
    Case::HalfAtRandom,
    Case::EverySecond,
    Case::Reindented,
    Case::Reversed,
    Case::Shuffled,
    Case::RepeatedLines,
    Case::UnrelatedRepeatedLines,
    Case::UnrelatedLinesOfTwoKinds,
    Case::AllLinesOfOneKindButSome,
    Case::SmallWordsInAllLines,
    Case::OneLine,
    Case::OneWordInLongLines,
];

fn line(number: u64) -> String {
    format!("{:<39}\n", format!("$x{number} = Get-Thing {number}"))
}

/// `old` with some lines replaced.
fn replaced(
    old: &[String],
    mut is_replaced: impl FnMut(usize) -> bool,
    mut by: impl FnMut(usize) -> String,
) -> String {
    let lines = old.iter().enumerate();
    lines
        .map(|(at, line)| {
            if is_replaced(at) {
                by(at)
            } else {
                line.clone()
            }
        })
        .collect()
}

fn texts(case: Case, megabytes: u64) -> (String, String) {
    let bytes = megabytes * 1_000_000;
    let mut numbers = Numbers(88_172_645_463_325_252);
    let old: Vec<String> = (0..bytes / 40).map(line).collect();
    let other = |at: usize| line(10_000_000 + at as u64);
    let mut common = |count: u64, kinds: u64| -> Vec<String> {
        let line = |_| COMMON[usize::try_from(numbers.below(kinds)).unwrap_or(0)].to_owned();
        (0..count).map(line).collect()
    };
    let new = match case {
        Case::FewLines => replaced(&old, |at| at % 1000 == 7, other),
        Case::AllDifferent => replaced(&old, |_| true, other),
        Case::HalfAtRandom => replaced(&old, |_| numbers.below(2) == 0, other),
        Case::EverySecond => replaced(&old, |at| at % 2 == 0, other),
        Case::Reindented => old.iter().map(|line| format!("    {line}")).collect(),
        Case::Reversed => old.iter().rev().map(String::as_str).collect(),
        Case::Shuffled => {
            let mut lines = old.clone();
            for at in (1..lines.len()).rev() {
                let other = numbers.below(at as u64 + 1);
                lines.swap(at, usize::try_from(other).unwrap_or(0));
            }
            lines.concat()
        }
        Case::RepeatedLines => {
            let old = common(bytes / 5, 8);
            let new = replaced(&old, |at| at % 11 == 3, |at| COMMON[at % 7].to_owned());
            return (old.concat(), new);
        }
        Case::UnrelatedRepeatedLines => {
            return (common(bytes / 5, 8).concat(), common(bytes / 5, 8).concat());
        }
        Case::UnrelatedLinesOfTwoKinds => {
            let count = bytes * 2 / 3;
            return (common(count, 2).concat(), common(count, 2).concat());
        }
        Case::AllLinesOfOneKindButSome => {
            let old = vec!["}\n".to_owned(); usize::try_from(bytes / 2).unwrap_or(0)];
            let with = |nth: usize| replaced(&old, |at| at % nth == 0, |_| "\n".to_owned());
            return (with(97), with(89));
        }
        Case::SmallWordsInAllLines => {
            let mut words = |_| -> String {
                (0..20)
                    .map(|_| ["a ", "b "][usize::from(numbers.below(2) == 0)])
                    .collect::<String>()
                    + "\n"
            };
            let count = bytes / 41;
            // Blocks of lines with something between, so that words are compared.
            let mut text = || {
                (0..count)
                    .map(|at| if at % 100 == 0 { line(at) } else { words(at) })
                    .collect()
            };
            return (text(), text());
        }
        Case::OneLine => {
            let old = "x1=a;".repeat(usize::try_from(bytes / 5).unwrap_or(0));
            let mut new = old.clone();
            let middle = old.len() / 2;
            new.replace_range(middle..middle + 4, "evil");
            return (old, new);
        }
        Case::OneWordInLongLines => {
            let long = "$a = 1; ".repeat(1000);
            let count = bytes / 8000;
            let text = |word| (0..count).map(|at| format!("{long}{word}{at}\n")).collect();
            return (text("old"), text("new"));
        }
    };
    (old.concat(), new)
}

#[divan::bench(args = CASES, sample_count = 5, sample_size = 1)]
fn of_4_megabytes(bencher: Bencher<'_, '_>, case: Case) {
    let (old, new) = texts(case, 4);
    bencher.bench(|| diff("x.ps1", old.as_bytes(), new.as_bytes()));
}

#[divan::bench(args = CASES, sample_count = 3, sample_size = 1)]
fn of_20_megabytes(bencher: Bencher<'_, '_>, case: Case) {
    let (old, new) = texts(case, 20);
    bencher.bench(|| diff("x.ps1", old.as_bytes(), new.as_bytes()));
}
