//! The causes of errors: what came back from the API, or from the source.

use std::error::Error as StdError;
use std::fmt;

use crate::model::Sha256;

/// An answer that is an error, as the API or something before it gave it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Method and URL of the request.
    pub(super) request: String,
    /// What was sent, where a person can tell from it what is wrong.
    pub(super) fields: Option<String>,
    /// The HTTP status.
    pub(super) status: u16,
    /// What it says.
    pub(super) said: Said,
}

/// What an error's body says.
#[derive(Debug)]
pub(super) enum Said {
    /// The API's own shape.
    Api {
        code: String,
        message: Option<String>,
        target: Option<String>,
    },
    /// Anything else, such as a gateway's page.
    Other {
        content_type: Option<String>,
        start: String,
    },
}

/// The most characters of one text of an answer that are shown.
const MOST_SHOWN: usize = 1000;

/// `text` from an answer, as far as it is shown.
pub(super) fn short(text: &str) -> String {
    let end = text.char_indices().nth(MOST_SHOWN);
    match end.and_then(|(end, _)| text.split_at_checked(end)) {
        None => text.to_owned(),
        Some((start, rest)) => {
            let more = rest.chars().count();
            format!("{start} … ({more} more characters)")
        }
    }
}

impl Answer {
    /// The API's error code, if it is the API that answered.
    pub(super) fn code(&self) -> Option<&str> {
        match &self.said {
            Said::Api { code, .. } => Some(code),
            Said::Other { .. } => None,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` was answered {}", self.request, self.status)?;
        match &self.said {
            Said::Api {
                code,
                message,
                target,
            } => {
                write!(f, " {code}")?;
                if let Some(message) = message {
                    write!(f, ": `{message}`")?;
                }
                if let Some(target) = target {
                    write!(f, " (correlation id `{target}`)")?;
                }
            }
            Said::Other {
                content_type,
                start,
            } => {
                let kind = content_type.as_deref().unwrap_or("no content type");
                write!(f, " with {kind}")?;
                match start.as_str() {
                    "" => f.write_str(" and no text")?,
                    start => write!(f, ": `{start}`")?,
                }
            }
        }
        self.fields
            .iter()
            .try_for_each(|fields| write!(f, "; sent were {fields}"))
    }
}

impl StdError for Answer {}

/// What came instead of a usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The service failed, and says so.
    #[error(transparent)]
    Answer(Box<Answer>),
    /// The connection broke, or nothing came in time.
    #[error("`{request}` got no answer")]
    Transport {
        /// Method and URL.
        request: String,
        /// How it ended.
        #[source]
        cause: reqwest::Error,
    },
    /// The answer broke off.
    #[error("`{request}` was answered {status}, and the answer broke off")]
    Cut {
        /// Method and URL.
        request: String,
        /// The HTTP status.
        status: u16,
        /// How it ended.
        #[source]
        cause: reqwest::Error,
    },
    /// The answer is longer than any real one.
    #[error("`{request}` was answered {status}, with more than {most} bytes")]
    TooLong {
        /// Method and URL.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The most that is read.
        most: usize,
    },
    /// A success whose text is not what the API documents.
    #[error("{answer}, which is not what the API documents: {problem}")]
    NotTheShape {
        /// The answer.
        answer: Box<Answer>,
        /// What is wrong with it.
        problem: String,
    },
}

/// How a content differs from what was planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ContentDiffers {
    /// It is longer or shorter.
    #[error("it no longer has {planned} bytes")]
    Length {
        /// The planned length.
        planned: u64,
    },
    /// The length is right, the bytes are not.
    #[error("its sha256 is {read}, and {planned} was planned")]
    Sha256 {
        /// As planned.
        planned: Sha256,
        /// As it is now.
        read: Sha256,
    },
}
