//! `init`: a starter manifest.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};

use crate::cli::Context;
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::render::escape;

const STARTER: &str = include_str!("starter.yaml");

pub(in crate::cli) fn run(context: &Context) -> Result<Exit, Failure> {
    let path = &context.global.manifest;
    let failed = |cause| Error::Write {
        path: path.clone(),
        cause,
    };
    let mut file = match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {
            return Err(Error::ManifestExists { path: path.clone() }.into());
        }
        Err(cause) => return Err(failed(cause).into()),
    };
    if let Err(cause) = file
        .write_all(STARTER.as_bytes())
        .and_then(|()| file.sync_all())
    {
        // Half a manifest would be in the way of the next `init`.
        std::fs::remove_file(path).ok();
        return Err(failed(cause).into());
    }
    let shown = escape::visible(path.as_str());
    context.output.result(&format!(
        "Wrote {shown}. Edit it, then run `jumpbag validate` and `jumpbag plan`.\n"
    ))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_is_a_valid_manifest() {
        let manifest = crate::manifest::parse("jumpbag.yaml".into(), STARTER.as_bytes()).unwrap();
        assert_eq!(manifest.libraries.len(), 1);
        assert!(manifest.files.is_empty());
    }
}
