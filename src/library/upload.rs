//! The settled upload: it ends well only when the library is known to hold what was sent.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, RequestBuilder};

use super::body::{Fault, FaultCell, guarded};
use super::client::Client;
use super::error::Error;
use super::send::{Call, MOST_OF_AN_ANSWER, Reply, Tries, Trouble};
use super::trace::Trace;
use super::wire::{self, Entity, field};
use crate::model::{Attribute, File, Name, ObservedFile, Sha256};

/// A file to be put into the library.
pub(crate) struct Upload<'a> {
    /// Under which name.
    pub(crate) name: &'a Name,
    /// What it shall be; its size must be known.
    pub(crate) file: &'a File,
    /// Whether it may replace a file of that name.
    pub(crate) over: bool,
    /// Where its content is read from.
    pub(crate) content: &'a dyn Content,
}

/// Something that can be read again and again.
pub(crate) trait Content: Send + Sync {
    /// Opens the content at its beginning, anew for each try.
    fn open(&self) -> std::io::Result<Box<dyn Read + Send>>;
}

/// An upload that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uploaded {
    /// What the library holds now.
    pub(crate) observed: ObservedFile,
    /// The attributes in which that differs from what was sent; never [`Attribute::Content`].
    pub(crate) warnings: Vec<Attribute>,
}

/// What a list says about an upload whose outcome is not known.
enum Settled {
    Done(ObservedFile),
    InTheWay(ObservedFile),
    Again,
}

impl Client {
    /// Uploads and settles: `Ok` only when the library is known to hold exactly `upload.file`'s content
    /// under `upload.name`. What is sent is taken down in `trace`.
    pub(crate) async fn upload(
        &self,
        upload: &Upload<'_>,
        trace: Option<&Trace>,
    ) -> Result<Uploaded, Error> {
        let size = check(upload)?;
        let call = Call {
            what: format!("upload `{}`", upload.name),
            method: Method::POST,
            url: self.collection(),
            fields: Some(upload.fields(size)),
            most: MOST_OF_AN_ANSWER,
            time: self.upload_time(size),
            trace,
        };
        let mut tries = Tries::default();
        // Whether a try may have been carried out, or may still be: a list that does not show it yet
        // does not end the doubt, because the service may be at it.
        let mut unclear = false;
        loop {
            let trouble = match self.upload_once(&call, upload, size).await {
                Ok(uploaded) => return Ok(uploaded),
                Err(trouble) => trouble,
            };
            let look = match &trouble {
                Trouble::Unclear(_) => {
                    unclear = true;
                    true
                }
                Trouble::Final(error) => !upload.over && may_say_that_it_exists(error),
                Trouble::Throttled { .. } | Trouble::Refused { .. } | Trouble::NotSent(_) => false,
            };
            // The wait comes before the look: it gives a request that is still under way time to arrive.
            let again = tries.again(self, &call, trouble).await;
            if look && !matches!(again, Err(Error::Stopped)) {
                match self.list_for(trace).await {
                    Ok(mut files) => match settle(upload, files.remove(upload.name)) {
                        Settled::Done(observed) => return Ok(upload.answered(observed)),
                        Settled::InTheWay(observed) => {
                            return Err(Error::Exists {
                                name: upload.name.clone(),
                                observed: Box::new(observed),
                            });
                        }
                        Settled::Again => {}
                    },
                    Err(listing) if unclear => return Err(upload.unknown(again.err(), listing)),
                    // The refusal is clear enough by itself.
                    Err(_) => {}
                }
            }
            if let Err(error) = again {
                return Err(if unclear {
                    tries.unclear_end(error, upload.what())
                } else {
                    error
                });
            }
        }
    }

    /// Sends `upload` once.
    async fn upload_once(
        &self,
        call: &Call<'_>,
        upload: &Upload<'_>,
        size: u64,
    ) -> Result<Uploaded, Trouble> {
        let fault = FaultCell::default();
        let sent = self
            .send(call, |request| {
                upload.dress(request, size, Arc::clone(&fault))
            })
            .await;
        // A content that was not sent to its end was not stored, whatever the answer.
        match fault.get() {
            None => {}
            Some(Fault::Differs(cause)) => {
                return Err(Trouble::Final(Error::ContentChanged {
                    name: upload.name.clone(),
                    cause: cause.clone(),
                }));
            }
            Some(Fault::Unreadable(cause)) => {
                return Err(Trouble::Final(Error::Content {
                    name: upload.name.clone(),
                    cause: std::io::Error::new(cause.kind(), cause.to_string()),
                }));
            }
        }
        upload.check_answer(call, &sent?)
    }

    fn upload_time(&self, size: u64) -> Duration {
        let rate = self.timeouts.upload_rate.max(1);
        self.timeouts.answer + Duration::from_secs(size.div_ceil(rate))
    }
}

impl Upload<'_> {
    /// Adds the form. A file's attributes are replaced as a whole, with its content: a description that is
    /// left out is none, also where the file had one before.
    fn dress(
        &self,
        request: RequestBuilder,
        size: u64,
        fault: FaultCell,
    ) -> Result<RequestBuilder, Error> {
        let unreadable = |cause| Error::Content {
            name: self.name.clone(),
            cause,
        };
        let reader = self.content.open().map_err(unreadable)?;
        let content = guarded(reader, size, self.file.sha256, fault);
        // The file name becomes a quoted string with `\` before `"` and `\`, and raw UTF-8: RFC 7578,
        // section 4.2, which allows no `filename*`. The tests look at the very bytes.
        let part = Part::stream_with_length(Body::wrap_stream(content), size)
            .file_name(self.name.as_str().to_owned())
            .mime_str("application/octet-stream")
            .map_err(|error| unreadable(std::io::Error::other(error)))?;
        let mut form = Form::new().part(field::FILE, part);
        for (name, value) in self.texts() {
            form = form.text(name, value);
        }
        Ok(request.multipart(form))
    }

    /// The form's fields but for the content.
    fn texts(&self) -> Vec<(&'static str, String)> {
        let mut texts = Vec::new();
        let mut text = |name, value: Option<String>| texts.extend(value.map(|value| (name, value)));
        text(field::DESCRIPTION, self.file.description.clone());
        text(
            field::PARAMETERS_DESCRIPTION,
            self.file.parameters_description.clone(),
        );
        // Always: where it is left out the API takes it for false, also with a description of parameters.
        text(
            field::HAS_PARAMETERS,
            Some(self.file.has_parameters.to_string()),
        );
        text(field::OVERRIDE_IF_EXISTS, Some(self.over.to_string()));
        texts
    }

    /// The form's fields, for people.
    fn fields(&self, size: u64) -> String {
        let file = format!(
            "{}=`{}` ({size} bytes, sha256 {})",
            field::FILE,
            self.name,
            self.file.sha256
        );
        let texts = self.texts().into_iter();
        let texts = texts.map(|(name, value)| format!("{name}=`{value}`"));
        std::iter::once(file)
            .chain(texts)
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Whether the answer names what was sent.
    fn check_answer(&self, call: &Call<'_>, reply: &Reply) -> Result<Uploaded, Trouble> {
        let entity: Entity =
            wire::parse(&reply.body).map_err(|problem| call.not_the_shape(reply, &problem))?;
        // An answer that does not say what was stored leaves it open.
        let (Some(name), Some(sha256)) = (&entity.file_name, &entity.sha256) else {
            return Err(call.not_the_shape(reply, &"it lacks `fileName` or `sha256`"));
        };
        match sha256.parse::<Sha256>() {
            Ok(stored) if stored == self.file.sha256 && name == self.name.as_str() => {
                Ok(self.answered(entity.into_observed(stored)))
            }
            _ => Err(Trouble::Final(Error::AnsweredOtherContent {
                name: self.name.clone(),
                sent: self.file.sha256,
                answered_name: name.clone(),
                answered_sha256: sha256.clone(),
            })),
        }
    }

    fn answered(&self, observed: ObservedFile) -> Uploaded {
        Uploaded {
            warnings: self.file.differences(&observed.file),
            observed,
        }
    }

    fn what(&self) -> String {
        format!("`{}` was uploaded", self.name)
    }

    fn unknown(&self, cause: Option<Error>, listing: Error) -> Error {
        let (cause, listing) = match cause {
            Some(cause) => (cause, Some(Box::new(listing))),
            None => (listing, None),
        };
        Error::Unknown {
            what: self.what(),
            cause: Box::new(cause),
            listing,
        }
    }
}

/// What is to be done about `upload`, of which a try may have been carried out, when the library holds
/// `observed` under its name.
fn settle(upload: &Upload<'_>, observed: Option<ObservedFile>) -> Settled {
    match observed {
        None => Settled::Again,
        Some(observed) if upload.file.same_as(&observed.file) => Settled::Done(observed),
        Some(_) if upload.over => Settled::Again,
        // A create finds no file of that name when it is planned, so this one came after. It may even be
        // our own content with attributes that the service altered; the next plan shows that.
        Some(observed) => Settled::InTheWay(observed),
    }
}

/// Whether a refusal may mean that there is a file of that name: a 400 as far as is known, and its message
/// is not to be relied on.
fn may_say_that_it_exists(error: &Error) -> bool {
    let status = error.rejected().map(|answer| answer.status);
    matches!(status, Some(400 | 409))
}

/// The size of what can be uploaded.
fn check(upload: &Upload<'_>) -> Result<u64, Error> {
    let name = upload.name;
    let text = name.as_str();
    // A line break would end the part's header, and dots could never be deleted again.
    if text.is_empty() || text == "." || text == ".." || text.chars().any(char::is_control) {
        return Err(Error::Name {
            name: name.clone(),
            problem: "it is empty, means a folder, or holds a control character",
        });
    }
    upload.file.size.ok_or_else(|| Error::Content {
        name: name.clone(),
        cause: std::io::Error::other("its size is not known"),
    })
}
