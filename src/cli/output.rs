//! The only place that prints: results to standard output, everything else to standard error.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use camino::Utf8Path;
use miette::Diagnostic;

use super::args::{Color, Global};
use super::error::Error;
use super::report;

/// Prints, as the global options say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    color_out: bool,
    color_err: bool,
    quiet: bool,
    bars: bool,
    /// Whether results go to standard error, because standard output has another use.
    beside: bool,
}

impl Output {
    /// Looks at the streams and at `NO_COLOR`, `CLICOLOR_FORCE` and `CI`.
    pub(crate) fn new(global: &Global) -> Self {
        let pick = |auto: ColorChoice| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => auto != ColorChoice::Never,
        };
        let bars = io::stderr().is_terminal() && !global.quiet;
        Self {
            color_out: pick(AutoStream::choice(&io::stdout())),
            color_err: pick(AutoStream::choice(&io::stderr())),
            quiet: global.quiet,
            bars,
            beside: false,
        }
    }

    /// The same, with the results on standard error, too: standard output is for [`Self::line`] alone.
    pub(crate) fn beside(self) -> Self {
        Self {
            color_out: self.color_err,
            beside: true,
            ..self
        }
    }

    /// Whether results are coloured.
    pub(crate) fn color(self) -> bool {
        self.color_out
    }

    /// Whether progress may move on the screen.
    pub(crate) fn bars(self) -> bool {
        self.bars
    }

    /// Prints what was asked for. A reader that went away, as `head` does, is no error.
    pub(crate) fn result(self, text: &str) -> Result<(), Error> {
        if self.beside {
            err(text);
            return Ok(());
        }
        self.bytes(text.as_bytes())
    }

    /// As [`Self::result`], for what need not be text.
    #[expect(
        clippy::unused_self,
        reason = "nobody prints without having been handed the door"
    )]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Error> {
        let mut stream = io::stdout().lock();
        match stream.write_all(bytes).and_then(|()| stream.flush()) {
            Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => Err(Error::Print(cause)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Prints a line of a record that must be complete. A reader that went away is an error here.
    #[expect(
        clippy::unused_self,
        reason = "nobody prints without having been handed the door"
    )]
    pub(crate) fn line(self, line: &str) -> io::Result<()> {
        let mut stream = io::stdout().lock();
        stream.write_all(line.as_bytes())?;
        stream.flush()
    }

    /// Says something beside the result, unless `--quiet`.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            err(&format!("{text}\n"));
        }
    }

    /// Shows a diagnostic that does not end the run, unless `--quiet`.
    pub(crate) fn warning(self, diagnostic: &dyn Diagnostic) {
        if !self.quiet {
            err(&report::render(diagnostic, self.color_err));
        }
    }

    /// Shows an error.
    pub(crate) fn error(self, diagnostic: &dyn Diagnostic) {
        err(&report::render(diagnostic, self.color_err));
    }

    /// Asks, beside the result.
    #[expect(
        clippy::unused_self,
        reason = "nobody prints without having been handed the door"
    )]
    pub(crate) fn question(self, text: &str) {
        err(text);
    }
}

/// The open file that `path` is another name for, as `/dev/stdout` is. What is put there goes where the file stands, and neither
/// the name nor what it leads to is replaced.
#[cfg(unix)]
pub(super) fn named(path: &Utf8Path) -> Option<File> {
    use std::os::fd::AsFd as _;
    let stream = match path.as_str() {
        "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => {
            let stream = io::stdout().lock();
            stream.as_fd().try_clone_to_owned()
        }
        "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => {
            let stream = io::stderr().lock();
            stream.as_fd().try_clone_to_owned()
        }
        _ => return None,
    };
    stream.ok().map(File::from)
}

#[cfg(not(unix))]
pub(super) fn named(_path: &Utf8Path) -> Option<File> {
    None
}

fn err(text: &str) {
    let mut stream = io::stderr().lock();
    // There is nobody left to tell.
    stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.flush())
        .ok();
}
