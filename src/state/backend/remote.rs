//! A prefix of an object store: Azure Blob Storage, S3 and what is compatible with it, Google Cloud Storage.
//!
//! The crate `object_store` speaks their protocols. What it does asynchronously runs on threads of its own,
//! while the caller waits.

use std::error::Error as _;
use std::sync::{Arc, OnceLock, mpsc};

use bytes::Bytes;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{
    Error, GetOptions, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion,
};
use tokio::runtime::Runtime;

use super::{Backend, Cause, Condition, Entry, Fault, Found, Version};

/// The largest file that is read, in bytes: a content of the largest size that the API takes has less, packed,
/// and so has a state of 100,000 files.
const LARGEST: u64 = 64 << 20;

/// What a service says when the container or bucket itself is not there; the status is that of a missing file.
const NO_STORE: [&str; 3] = [
    // https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
    "ContainerNotFound",
    // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, and Google's XML API, which is alike
    "NoSuchBucket",
    // Google's JSON API, which lists
    "The specified bucket does not exist",
];

/// One prefix of an object store.
#[derive(Clone, Debug)]
pub(in crate::state) struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The prefix, for people.
    url: String,
}

impl Remote {
    /// `prefix` in `store`; `url` says the same to people, and holds no secret.
    pub(in crate::state) fn new(store: Arc<dyn ObjectStore>, prefix: Path, url: String) -> Self {
        Self { store, prefix, url }
    }

    fn path(&self, name: &str) -> Path {
        // Each part is taken as it is, and escaped where the store needs that.
        let parts = name.split('/').filter(|part| !part.is_empty());
        parts.fold(self.prefix.clone(), Path::join)
    }

    /// Writes, whatever an earlier try has done.
    fn write(&self, name: &str, bytes: Bytes, mode: PutMode) -> Result<Version, Fault> {
        let replaces = matches!(mode, PutMode::Update(_));
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        let written = wait(async move {
            let options = PutOptions::from(mode);
            store.put_opts(&path, bytes.into(), options).await
        })?;
        match written {
            Ok(put) => Ok(Version::Mark {
                e_tag: put.e_tag,
                version: put.version,
            }),
            // What was to be replaced was deleted.
            Err(error) if replaces && is_missing(&error) => Err(Fault::Lost),
            Err(error) => Err(fault(&error)),
        }
    }
}

impl Backend for Remote {
    fn place(&self, name: &str) -> String {
        if name.is_empty() {
            self.url.clone()
        } else {
            format!("{}/{name}", self.url)
        }
    }

    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        let got = wait(async move {
            let result = store.get_opts(&path, GetOptions::default()).await?;
            let (size, version) = (result.meta.size, version(&result.meta));
            if size > LARGEST {
                return Ok(Err(size));
            }
            let bytes = result.bytes().await?;
            let sealed = false;
            Ok(Ok(Found {
                bytes,
                version,
                sealed,
            }))
        })?;
        match found(got)? {
            None => Ok(None),
            Some(Ok(found)) => Ok(Some(found)),
            Some(Err(size)) => Err(Fault::Failed(
                format!("it has {size} bytes, and no more than {LARGEST} are read").into(),
            )),
        }
    }

    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault> {
        let mode = match condition {
            Condition::Always => PutMode::Overwrite,
            Condition::New => PutMode::Create,
            Condition::Is(Version::Mark { e_tag, version }) => PutMode::Update(UpdateVersion {
                e_tag: e_tag.clone(),
                version: version.clone(),
            }),
            // It is not this store's.
            Condition::Is(Version::Bytes(_)) => return Err(Fault::Lost),
        };
        let mut again = true;
        loop {
            let fault = match self.write(name, bytes.clone(), mode.clone()) {
                Err(fault @ (Fault::Lost | Fault::Failed(_))) => fault,
                result => return result,
            };
            // A request whose answer was lost may have arrived, also one that was sent again. Whoever writes the
            // same bytes writes what we wanted: what is written under a condition names its writer or is named for
            // what it holds.
            let Ok(found) = self.get(name) else {
                return Err(fault);
            };
            match (fault, found) {
                (_, Some(found)) if found.bytes == bytes => return Ok(found.version),
                (Fault::Failed(_), found) if again && condition.holds(found.as_ref()) => {
                    again = false;
                }
                (fault, _) => return Err(fault),
            }
        }
    }

    /// Nothing: an object's name is as durable as it is.
    fn settle(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault> {
        let (store, path) = (Arc::clone(&self.store), self.path(folder));
        let listed = wait(async move { store.list_with_delimiter(Some(&path)).await })?;
        let Some(list) = found(listed)? else {
            return Ok(Vec::new());
        };
        let entry = |meta: object_store::ObjectMeta| {
            let name = meta.location.filename()?.to_owned();
            let modified = meta.last_modified.timestamp_millis();
            Some(Entry {
                name,
                size: meta.size,
                modified: Timestamp::from_millisecond(modified).unwrap_or(Timestamp::MIN),
            })
        };
        let mut files: Vec<_> = list.objects.into_iter().filter_map(entry).collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    fn has(&self, name: &str) -> Result<bool, Fault> {
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        let head = wait(async move { store.head(&path).await })?;
        Ok(found(head)?.is_some())
    }

    fn delete(&self, name: &str) -> Result<(), Fault> {
        let (store, path) = (Arc::clone(&self.store), self.path(name));
        let deleted = wait(async move { store.delete(&path).await })?;
        found(deleted)?;
        Ok(())
    }
}

fn version(meta: &object_store::ObjectMeta) -> Version {
    Version::Mark {
        e_tag: meta.e_tag.clone(),
        version: meta.version.clone(),
    }
}

/// `None` where there is no such file.
fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Fault> {
    match result.map_err(|error| (is_missing(&error), error)) {
        Ok(found) => Ok(Some(found)),
        Err((true, _)) => Ok(None),
        Err((false, error)) => Err(fault(&error)),
    }
}

/// Whether a file is missing, and not all that it is in.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { .. }) && !is_about_the_store(error)
}

fn is_about_the_store(error: &Error) -> bool {
    let said = chain(error);
    NO_STORE.iter().any(|code| said.contains(code))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all that cannot be acted upon, now and later"
)]
fn fault(error: &Error) -> Fault {
    let cause = Cause::from(plain(&chain(error)));
    match error {
        Error::AlreadyExists { .. } | Error::Precondition { .. } => Fault::Lost,
        Error::NotFound { .. } if is_about_the_store(error) => Fault::NoStore(cause),
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Fault::Denied(cause),
        _ => Fault::Failed(cause),
    }
}

/// The error with its causes, each said once.
fn chain(error: &Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !said.contains(&text) {
            said.push_str(": ");
            said.push_str(&text);
        }
        cause = next.source();
    }
    said
}

/// How `object_store` says that a server refused: then come the status, a colon, and all that it answered.
const REFUSED: &str = "Server returned non-2xx status code: ";
/// The same of a server that answers an error with a good status.
const ANSWERED: &str = "Server returned error response: ";

/// `said` without what a server answered, but for its code and its message: proxies answer with the request, in which
/// there are a token or a signature.
fn plain(said: &str) -> String {
    let (status, body) = if let Some((_, refused)) = said.split_once(REFUSED) {
        refused.split_once(": ").unwrap_or((refused, ""))
    } else if let Some((_, body)) = said.split_once(ANSWERED) {
        ("an error", body)
    } else {
        return said.to_owned();
    };
    let parts = of_xml(body).or_else(|| of_json(body)).unwrap_or_default();
    let parts = std::iter::once(status.to_owned()).chain(parts);
    parts.collect::<Vec<_>>().join(": ")
}

/// The code and the message of an error as Azure, Amazon and Google's XML API write it.
fn of_xml(body: &str) -> Option<Vec<String>> {
    let (_, xml) = body.split_once("<Error>")?;
    let element = |name: &str| {
        let (_, rest) = xml.split_once(&format!("<{name}>"))?;
        let (text, _) = rest.split_once(&format!("</{name}>"))?;
        Some(one_line(text))
    };
    Some(
        ["Code", "Message"]
            .into_iter()
            .filter_map(element)
            .collect(),
    )
}

/// The message of an error as Google's APIs and the login hosts write it.
fn of_json(body: &str) -> Option<Vec<String>> {
    // Whatever follows is what was said before.
    let mut values = serde_json::Deserializer::from_str(body).into_iter::<serde_json::Value>();
    let json = values.next()?.ok()?;
    let message = json
        .pointer("/error/message")
        .or_else(|| json.get("error_description"))?;
    Some(vec![one_line(message.as_str()?)])
}

/// The most characters of what a server says that are shown.
const MOST_SHOWN: usize = 1000;

fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(MOST_SHOWN).collect()
}

/// Does `work` on threads that are there for that, and waits until it is done.
fn wait<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, Fault> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("storage")
            .enable_all()
            .build()
            .ok()
    });
    let Some(runtime) = runtime else {
        return Err(Fault::Failed("there are no threads to be had".into()));
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move { sender.send(work.await).ok() });
    receiver
        .recv()
        .map_err(|_| Fault::Failed("the request ended without an answer".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_service_says_is_said_in_words_and_what_others_say_is_not() {
        let refused = |answer: &str| {
            let said = format!("Error performing GET REDACTED in 1ms - {REFUSED}{answer}");
            plain(&said)
        };
        let azure = "403 Forbidden: <?xml version=\"1.0\"?>\n<Error>\n <Code>AuthorizationFailure</Code>\n <Message>Server failed.\nRequestId:1\nTime:2</Message></Error>";
        insta::assert_snapshot!(refused(azure), @"403 Forbidden: AuthorizationFailure: Server failed. RequestId:1 Time:2");
        let s3 = "404 Not Found: <?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code></Error>";
        insta::assert_snapshot!(refused(s3), @"404 Not Found: NoSuchBucket");
        let google = "404 Not Found: {\"error\": {\"code\": 404, \"message\": \"No such\\nbucket\"}}: and so on";
        insta::assert_snapshot!(refused(google), @"404 Not Found: No such bucket");
        let entra = "401 Unauthorized: {\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215\"}";
        insta::assert_snapshot!(refused(entra), @"401 Unauthorized: AADSTS7000215");
        for other in [
            "",
            ": ",
            ": <html>GET /?sig=hush</html>",
            ": {\"sig\": \"hush\"",
            ": <Error>hush",
        ] {
            assert_eq!(
                refused(&format!("502 Bad Gateway{other}")),
                "502 Bad Gateway"
            );
        }
        assert_eq!(plain(&format!("{ANSWERED}hush")), "an error");
        assert_eq!(plain("no answer"), "no answer");
    }
}
