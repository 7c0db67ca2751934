//! Files that are there whole or not at all: written under another name, synced, and renamed.
//!
//! What a killed run leaves behind has a name that [`sweep`] knows.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;

use camino::Utf8Path;
use tempfile::NamedTempFile;

const PREFIX: &str = ".jumpbag-";
const SUFFIX: &str = ".tmp";

/// Whom a new file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Its owner alone, whatever the process's mask is.
    Owner,
    /// Whomever the process's mask lets in, as any new file.
    Everyone,
}

/// A new file in `folder`, for its owner alone. The folder is created if needed. Dropping the file removes it.
pub(crate) fn temporary(folder: &Utf8Path) -> io::Result<NamedTempFile> {
    create_folder(folder)?;
    temporary_in(folder, Readers::Owner)
}

/// A new file in `folder`, which has to be there. Dropping it removes it, and while it is there [`sweep`] leaves
/// it alone: who sweeps need not have been kept out.
pub(crate) fn temporary_in(folder: &Utf8Path, readers: Readers) -> io::Result<NamedTempFile> {
    loop {
        let temporary = unguarded(folder, readers)?;
        let locked = temporary.as_file().try_lock();
        // Otherwise a sweep came between the creation and the lock, and has removed it or is about to.
        // A file system without locks answers with an error: then no sweep can hold one either.
        if !matches!(locked, Err(fs::TryLockError::WouldBlock)) && temporary.path().exists() {
            return Ok(temporary);
        }
    }
}

fn unguarded(folder: &Utf8Path, readers: Readers) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(PREFIX)
        .suffix(SUFFIX)
        .rand_bytes(12)
        // Opened here, because what tempfile opens reports its errors with the random name.
        .make_in(folder, |path| {
            options_for(readers).create_new(true).open(path)
        })
}

/// Gives a written file the name that it is meant for; durable when it returns.
pub(crate) fn publish(temporary: NamedTempFile, path: &Utf8Path) -> io::Result<()> {
    drop(publish_unsettled(temporary, path)?);
    sync_folder(folder_of(path))
}

/// As [`publish`], but that the name is durable only once the folder was [synced](sync_folder). Returns the file, unlocked.
pub(crate) fn publish_unsettled(temporary: NamedTempFile, path: &Utf8Path) -> io::Result<fs::File> {
    temporary.as_file().sync_all()?;
    let file = temporary.persist(path).map_err(|error| error.error)?;
    // A file system without locks answers with an error.
    file.unlock().ok();
    Ok(file)
}

/// As [`publish`], without waiting for the disk: for what outlives a killed process, and need not outlive the
/// machine's end.
pub(crate) fn publish_unsynced(temporary: NamedTempFile, path: &Utf8Path) -> io::Result<()> {
    drop(temporary.persist(path).map_err(|error| error.error)?);
    Ok(())
}

/// As [`publish`], unless something is there: then it is an error of the kind `AlreadyExists`, and stays.
pub(crate) fn publish_new(temporary: NamedTempFile, path: &Utf8Path) -> io::Result<()> {
    temporary.as_file().sync_all()?;
    drop(
        temporary
            .persist_noclobber(path)
            .map_err(|error| error.error)?,
    );
    sync_folder(folder_of(path))
}

/// Removes a file; durable when it returns.
pub(crate) fn remove(path: &Utf8Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync_folder(folder_of(path))
}

/// Removes the files that killed runs did not come to rename.
pub(crate) fn sweep(folder: &Utf8Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(is_temporary);
        if !ours || !entry.file_type()?.is_file() {
            continue;
        }
        if let Err(error) = sweep_one(&entry.path()) {
            // Housekeeping stops no run: its writer was faster, or another user's file has to stay.
            tracing::debug!("could not remove a temporary file: {error}");
        }
    }
    Ok(())
}

/// Whether that is the name of a file that is being written, or was when its writer was killed.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

fn sweep_one(path: &std::path::Path) -> io::Result<()> {
    let file = options().open(path)?;
    match file.try_lock() {
        Ok(()) => fs::remove_file(path),
        // Somebody is still writing it, or nobody can tell.
        Err(_) => Ok(()),
    }
}

/// Creates `folder` and those that it is in, for the owner alone.
pub(crate) fn create_folder(folder: &Utf8Path) -> io::Result<()> {
    if folder.as_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    match builder().create(folder) {
        Ok(()) => sync_folder(folder_of(folder)),
        // Another run was faster.
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(io::ErrorKind::NotADirectory.into())
        }
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn builder() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn builder() -> DirBuilder {
    DirBuilder::new()
}

/// Opens for reading and writing; what is created is for the owner alone, and not where a symbolic link leads.
pub(crate) fn options() -> OpenOptions {
    options_for(Readers::Owner)
}

fn options_for(readers: Readers) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
        if readers == Readers::Owner {
            options.mode(0o600);
        }
    }
    options
}

/// Makes the names in `folder` durable.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    match fs::File::open(folder)?.sync_all() {
        // Some network file systems cannot, and say so; there is nothing else to be done there.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// Windows cannot open a folder to sync it; its file systems keep a journal of names.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &Utf8Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn folder_of(path: &Utf8Path) -> &Utf8Path {
    match path.parent() {
        Some(parent) if !parent.as_str().is_empty() => parent,
        Some(_) | None => Utf8Path::new("."),
    }
}
