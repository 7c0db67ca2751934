//! What a terminal makes of what is printed: every line stands where it was printed, and shows what it says.

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr as _;
use vt100::Screen;

use super::corpus::{content_of, corpus, everywhere};
use super::fixtures::{FINGERPRINT, contents, plan};
use crate::render::{TextOptions, text};

/// How often a terminal was asked for something else than to show text in a style.
#[derive(Default)]
struct Asked(usize);

impl vt100::Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut Screen) {
        self.0 += 1;
    }
    fn visual_bell(&mut self, _: &mut Screen) {
        self.0 += 1;
    }
    fn resize(&mut self, _: &mut Screen, _: (u16, u16)) {
        self.0 += 1;
    }
    fn set_window_icon_name(&mut self, _: &mut Screen, _: &[u8]) {
        self.0 += 1;
    }
    fn set_window_title(&mut self, _: &mut Screen, _: &[u8]) {
        self.0 += 1;
    }
    fn copy_to_clipboard(&mut self, _: &mut Screen, _: &[u8], _: &[u8]) {
        self.0 += 1;
    }
    fn paste_from_clipboard(&mut self, _: &mut Screen, _: &[u8]) {
        self.0 += 1;
    }
    fn unhandled_char(&mut self, _: &mut Screen, _: char) {
        self.0 += 1;
    }
    fn unhandled_control(&mut self, _: &mut Screen, _: u8) {
        self.0 += 1;
    }
    fn unhandled_escape(&mut self, _: &mut Screen, _: Option<u8>, _: Option<u8>, _: u8) {
        self.0 += 1;
    }
    fn unhandled_csi(
        &mut self,
        _: &mut Screen,
        _: Option<u8>,
        _: Option<u8>,
        _: &[&[u16]],
        _: char,
    ) {
        self.0 += 1;
    }
    fn unhandled_osc(&mut self, _: &mut Screen, _: &[&[u8]]) {
        self.0 += 1;
    }
}

/// `text` as a terminal shows it that is wide enough, line by line.
fn on_screen(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let width = lines
        .iter()
        .map(|line| line.width() + line.matches('\t').count() * 8);
    let width = u16::try_from(width.max().unwrap_or(0) + 2).unwrap();
    let height = u16::try_from(lines.len() + 1).unwrap();
    let mut terminal = vt100::Parser::new_with_callbacks(height, width, 0, Asked::default());
    terminal.process(text.replace('\n', "\r\n").as_bytes());
    let screen = terminal.screen();
    assert_eq!(screen.cursor_position(), (height - 1, 0), "{text}");
    assert_eq!(terminal.callbacks().0, 0, "{text}");
    let mut rows: Vec<_> = screen
        .rows(0, width)
        .map(|row| row.trim_end().to_owned())
        .collect();
    assert_eq!(rows.pop().as_deref(), Some(""));
    rows
}

/// Tabs go to the next column that is a multiple of eight.
fn without_tabs(line: &str) -> String {
    let mut out = String::new();
    for part in line.split_inclusive('\t') {
        out.push_str(part.trim_end_matches('\t'));
        if part.ends_with('\t') {
            out.push_str(&" ".repeat(8 - out.width() % 8));
        }
    }
    out.trim_end().to_owned()
}

fn assert_shown(bad: &str) {
    // This terminal takes it for the trace of a broken encoding and leaves it out; others show it.
    let bad = &bad.replace(char::REPLACEMENT_CHARACTER, "?");
    let contents = contents(&[
        content_of("a", bad).as_bytes(),
        content_of("b", bad).as_bytes(),
    ]);
    let shown = |color| {
        text(
            &plan(everywhere(bad)),
            FINGERPRINT,
            &contents,
            TextOptions { color },
        )
    };
    let plain = shown(false);
    let expected: Vec<_> = plain.lines().map(without_tabs).collect();
    assert_eq!(on_screen(&plain), expected, "{bad:?}");
    // In colour, the words that changed need no line of marks.
    let marks = |line: &String| !line.starts_with("      │ ?");
    let expected: Vec<_> = expected.into_iter().filter(marks).collect();
    assert_eq!(on_screen(&shown(true)), expected, "{bad:?}");
}

#[test]
fn no_text_moves_anything_on_a_terminal() {
    for bad in corpus() {
        assert_shown(&bad.chars().take(300).collect::<String>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn arbitrary_text_moves_nothing_on_a_terminal(bad in any::<String>()) {
        assert_shown(&bad);
    }

    #[test]
    fn sequences_move_nothing_on_a_terminal(bad in "[\u{1b}\u{9b}\u{9d}\u{90}\u{7}\\[\\];?0-9A-Za-z\r\n\t\u{8} ]{0,30}") {
        assert_shown(&bad);
    }
}
