//! Many libraries in one run: they are worked on at once, and the failure of one stops only that one.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use futures_util::StreamExt as _;
use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::Context;
use super::error::Error;
use super::exit::{Exit, Failure};
use super::session::{Choice, Session};
use crate::library::chain;
use crate::model::Inputs;
use crate::plan::Warning;
use crate::state::Document;

/// How many libraries are worked on at once: each takes a few open files, and systems allow 1,024 or so.
pub(super) const AT_ONCE: usize = 64;

/// A library that cannot be worked on in this run.
pub(super) struct Unready {
    pub(super) session: Session,
    /// The state, if it can be read; `None` within before its first write.
    document: Result<Option<Document>, Failure>,
    spent: Vec<Duration>,
    pub(super) failure: Failure,
}

impl Unready {
    pub(super) async fn new(session: Session, failure: Failure) -> Self {
        let (document, spent) = tokio::join!(session.read(), session.spent());
        Self {
            session,
            document,
            spent,
            failure,
        }
    }

    /// What it is planned from: the state stands for the library. `None` where that cannot be read, either.
    pub(super) fn inputs(&self, choice: &Choice) -> Option<Inputs> {
        let document = self.document.as_ref().ok()?;
        let spent = self.spent.clone();
        Some(
            self.session
                .inputs(document.as_ref().map(Cow::Borrowed), None, spent, choice),
        )
    }

    /// What the plan says about it.
    pub(super) fn warning(&self) -> Warning {
        let report = &self.failure.report;
        let how = if self.document.is_ok() {
            "it is planned from what the state says"
        } else {
            "the plan is without what would be done there"
        };
        let error: &(dyn StdError + 'static) = report.as_ref();
        Warning {
            code: report
                .code()
                .map_or_else(|| "jumpbag::plan::unread".to_owned(), |it| it.to_string()),
            message: format!(
                "the library `{}` could not be read, so {how}: {}",
                self.session.id.name,
                chain(error)
            ),
            place: None,
            help: report.help().map(|help| help.to_string()),
            files: Vec::new(),
        }
    }
}

/// Does `work` for every one of `items` at once, and returns what came of it in their order.
pub(super) async fn at_once<I, T, F: Future<Output = T>>(
    items: impl IntoIterator<Item = I>,
    work: impl Fn(I) -> F,
) -> Vec<T> {
    let numbered = items.into_iter().enumerate().map(|(number, item)| {
        let work = work(item);
        async move { (number, work.await) }
    });
    let mut done: Vec<_> = futures_util::stream::iter(numbered)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Parts the libraries that can be worked on from those that cannot, and shows why those cannot. An error
/// where none can, or where the run was interrupted.
pub(super) fn sort_out<T>(
    context: &Context,
    results: Vec<Result<T, Unready>>,
) -> Result<(Vec<T>, Vec<Unready>), Failure> {
    let of = results.len();
    let (mut ready, mut unready) = (Vec::new(), Vec::new());
    for result in results {
        match result {
            Ok(one) => ready.push(one),
            Err(Unready { failure, .. }) if failure.exit == Exit::Interrupted || of == 1 => {
                return Err(failure);
            }
            Err(one) => unready.push(one),
        }
    }
    for one in &unready {
        context.output.error(&OfLibrary {
            library: &one.session.id.name,
            error: &*one.failure.report,
        });
    }
    if ready.is_empty() && of > 0 {
        let all_locked = unready.iter().all(|one| one.failure.exit == Exit::Locked);
        return Err(Failure {
            exit: if all_locked {
                Exit::Locked
            } else {
                Exit::Failed
            },
            report: miette::Report::new(Error::NoneReady { of }),
        });
    }
    Ok((ready, unready))
}

/// A diagnostic that says which of several libraries it is about.
pub(super) struct OfLibrary<'a> {
    pub(super) library: &'a str,
    pub(super) error: &'a dyn Diagnostic,
}

impl fmt::Display for OfLibrary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "library `{}`: {}", self.library, self.error)
    }
}

impl fmt::Debug for OfLibrary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for OfLibrary<'_> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.error.source()
    }
}

impl Diagnostic for OfLibrary<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.code()
    }

    fn severity(&self) -> Option<Severity> {
        self.error.severity()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.error.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.error.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.error.labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.error.related()
    }

    fn diagnostic_source(&self) -> Option<&dyn Diagnostic> {
        self.error.diagnostic_source()
    }
}
