//! Where the lines go: appended to a file, or to standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use camino::Utf8Path;

use crate::cli::output::{self, Output};

/// Takes whole lines, each in one write: two runs that share a file do not mix within a line.
#[derive(Debug)]
pub(super) enum Sink {
    /// A file that is only ever appended to.
    File {
        file: File,
        /// Whether it is one, and not a pipe or a device: only then can it be synced.
        is_regular: bool,
        /// Whether it ends within a line, because a write was cut short.
        is_torn: bool,
    },
    /// Standard output.
    Stdout(Output),
}

impl Sink {
    /// Opens `path`, which `-` says is standard output. A new file is for its owner alone; an old one
    /// is left as it is, up to a line feed where a killed run left half a line.
    pub(super) fn open(path: &Utf8Path, output: Output) -> io::Result<Self> {
        if path == "-" {
            return Ok(Self::Stdout(output));
        }
        let file = match output::named(path) {
            Some(open) => open,
            None => options().append(true).create(true).open(path)?,
        };
        let metadata = file.metadata()?;
        let is_regular = metadata.is_file();
        let is_torn = is_regular && metadata.len() > 0 && last_byte(path)? != b'\n';
        if is_regular && metadata.len() == 0 {
            sync_folder_of(path);
        }
        Ok(Self::File {
            file,
            is_regular,
            is_torn,
        })
    }

    /// Appends `line`, which ends with its only line feed.
    pub(super) fn append(&mut self, line: &str) -> io::Result<()> {
        let Self::File {
            file,
            is_regular,
            is_torn,
        } = self
        else {
            return self.print(line);
        };
        if !*is_regular {
            return file.write_all(line.as_bytes());
        }
        let text = if *is_torn {
            format!("\n{line}")
        } else {
            line.to_owned()
        };
        let written = loop {
            match file.write(text.as_bytes()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => break written?,
            }
        };
        let part = text.as_bytes().get(..written).unwrap_or_default();
        *is_torn = part
            .last()
            .map_or(*is_torn, |last_written| *last_written != b'\n');
        if written == text.len() {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::WriteZero,
                "only a part of the line was written",
            ))
        }
    }

    /// Has everything that was appended on the disk, so that it outlives the machine's end, too.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        match self {
            Self::File {
                file,
                is_regular: true,
                ..
            } => file.sync_data(),
            Self::File { .. } | Self::Stdout(_) => Ok(()),
        }
    }

    fn print(&self, line: &str) -> io::Result<()> {
        match self {
            Self::Stdout(output) => output.line(line),
            Self::File { .. } => Ok(()),
        }
    }
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    OpenOptions::new()
}

fn last_byte(path: &Utf8Path) -> io::Result<u8> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    let [last] = last;
    Ok(last)
}

/// Has the name of a new file on the disk. Not every system can, and then it is as durable as it gets.
fn sync_folder_of(path: &Utf8Path) {
    let folder = path.parent().filter(|folder| *folder != "");
    if let Ok(folder) = File::open(folder.unwrap_or(Utf8Path::new("."))) {
        folder.sync_all().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> (tempfile::TempDir, camino::Utf8PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl").try_into().unwrap();
        (folder, path)
    }

    fn sink(path: &Utf8Path) -> Sink {
        let global = <crate::cli::args::Cli as clap::Parser>::parse_from(["jumpbag", "version"]);
        Sink::open(path, Output::new(&global.global)).unwrap()
    }

    #[test]
    fn what_is_there_stays_and_half_a_line_is_ended_first() {
        let (_folder, path) = file();
        for (before, after) in [
            ("", "new\n"),
            ("old\n", "old\nnew\n"),
            ("old\nha", "old\nha\nnew\n"),
        ] {
            File::create(&path)
                .unwrap()
                .write_all(before.as_bytes())
                .unwrap();
            sink(&path).append("new\n").unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after);
        }
    }

    #[test]
    fn two_runs_append_to_one_file() {
        let (_folder, path) = file();
        let (mut one, mut other) = (sink(&path), sink(&path));
        one.append("1\n").unwrap();
        other.append("2\n").unwrap();
        one.append("3\n").unwrap();
        one.sync().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n3\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_folder, path) = file();
        drop(sink(&path));
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_line_that_cannot_be_written_is_an_error() {
        let mut full = sink(Utf8Path::new("/dev/full"));
        assert!(full.append("1\n").is_err());
        // A device is not synced.
        full.sync().unwrap();
    }
}
