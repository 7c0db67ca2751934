//! The form of an upload.

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::http::{StatusCode, header};

use crate::disposition::Disposition;
use crate::incoming::Received;
use crate::reply::Reply;
use crate::world::{Refusal, Upload, World};

/// The most bytes of a field that is not the file; the documents name no limit.
const MAX_TEXT: usize = 64 * 1024;

/// Reads a form: the content goes to disk, the rest is small.
///
/// Whatever is wrong with the form, the rest of it is still read. A client that is interrupted
/// while it sends sees a broken connection in the place of the answer.
pub(crate) async fn read(
    mut form: Multipart,
    world: &World,
    max_file_size: u64,
) -> Result<(Received, Upload), Reply> {
    let mut parts = Parts::default();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        if let Err(reply) = parts.take(field, world, max_file_size).await {
            while let Ok(Some(mut rest)) = form.next_field().await {
                while let Ok(Some(_)) = rest.chunk().await {}
            }
            return Err(reply);
        }
    }
    parts.finish()
}

/// The parts that were seen.
#[derive(Default)]
struct Parts {
    file: Option<(String, Received)>,
    description: Option<String>,
    parameters_description: Option<String>,
    has_parameters: Option<bool>,
    override_if_exists: Option<bool>,
}

impl Parts {
    async fn take(
        &mut self,
        mut field: Field<'_>,
        world: &World,
        max_file_size: u64,
    ) -> Result<(), Reply> {
        let disposition = field
            .headers()
            .get(header::CONTENT_DISPOSITION)
            .and_then(|value| Disposition::parse(value.as_bytes()))
            .ok_or_else(|| {
                invalid_body("a part of the form has a Content-Disposition that cannot be read")
            })?;
        let name = disposition.name;
        match name.as_str() {
            // The documents' table writes `File`, their example `file`, and clients either.
            "file" | "File" => {
                let file_name = disposition.file_name.unwrap_or(name);
                if file_name.is_empty() {
                    return Err(invalid_body("the file's name is empty"));
                }
                let content = receive(&mut field, world, max_file_size).await?;
                once(&mut self.file, (file_name, content), "File")
            }
            "Description" => once(&mut self.description, text(&mut field, &name).await?, &name),
            "ParametersDescription" => {
                let value = text(&mut field, &name).await?;
                once(&mut self.parameters_description, value, &name)
            }
            "HasParameters" => {
                let value = boolean(&mut field, &name).await?;
                once(&mut self.has_parameters, value, &name)
            }
            "OverrideIfExists" => {
                let value = boolean(&mut field, &name).await?;
                once(&mut self.override_if_exists, value, &name)
            }
            // Names are case-sensitive, and what the service does not know it does not read.
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<(Received, Upload), Reply> {
        let (name, content) = self.file.ok_or_else(|| {
            let message = "the required parameter File is missing";
            Reply::error(StatusCode::BAD_REQUEST, "MissingRequiredParameter", message)
        })?;
        let upload = Upload {
            name,
            description: self.description,
            // False even where there is a description of parameters: so a published answer of the
            // real service has it.
            has_parameters: self.has_parameters.unwrap_or(false),
            parameters_description: self.parameters_description,
            override_if_exists: self.override_if_exists.unwrap_or(false),
            by: String::new(),
        };
        Ok((content, upload))
    }
}

async fn receive(
    field: &mut Field<'_>,
    world: &World,
    max_file_size: u64,
) -> Result<Received, Reply> {
    let mut incoming = world.receive().map_err(Refusal::from)?;
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        let size = incoming.add(&piece).await.map_err(Refusal::from)?;
        if size > max_file_size {
            let message = format!("the file is larger than the limit of {max_file_size} bytes");
            return Err(Reply::error(
                StatusCode::BAD_REQUEST,
                "InvalidInput",
                &message,
            ));
        }
    }
    Ok(incoming.finish().await.map_err(Refusal::from)?)
}

async fn text(field: &mut Field<'_>, name: &str) -> Result<String, Reply> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > MAX_TEXT {
            let message = format!("the value of {name} is longer than {MAX_TEXT} bytes");
            return Err(Reply::error(
                StatusCode::BAD_REQUEST,
                "InvalidInput",
                &message,
            ));
        }
    }
    String::from_utf8(bytes).map_err(|_| invalid_body(&format!("the value of {name} is not UTF-8")))
}

async fn boolean(field: &mut Field<'_>, name: &str) -> Result<bool, Reply> {
    let value = text(field, name).await?;
    // Clients in Python and PowerShell send `True`; the service's platform reads it as `true`.
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => {
            let message = format!("the value `{value}` of {name} is neither true nor false");
            Err(Reply::error(
                StatusCode::BAD_REQUEST,
                "InvalidInput",
                &message,
            ))
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T, name: &str) -> Result<(), Reply> {
    if slot.is_some() {
        return Err(invalid_body(&format!("the form has {name} more than once")));
    }
    *slot = Some(value);
    Ok(())
}

fn broken(error: &MultipartError) -> Reply {
    invalid_body(&format!("the form is broken: {}", error.body_text()))
}

/// Says that a body is not what it has to be.
pub(crate) fn invalid_body(message: &str) -> Reply {
    Reply::error(StatusCode::BAD_REQUEST, "InvalidRequestBody", message)
}
