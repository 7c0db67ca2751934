//! Just enough of HTTP/1.1, on a socket, and of `multipart/form-data` (RFC 7578), for the scripted server.

use std::io::{self, BufRead, Read as _, Write};

/// One request, read to its end.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What is sent back.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// One part of a form.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content: Vec<u8>,
}

impl Raw {
    /// Reads the next request of a connection; `None` when there is no other.
    pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(first) = line(stream)? else {
            return Ok(None);
        };
        let mut words = first.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let mut request = Self {
            method: word(),
            target: word(),
            ..Self::default()
        };
        while let Some(header) = line(stream)?.filter(|line| !line.is_empty()) {
            let (name, value) = header.split_once(':').unwrap();
            let name = name.to_ascii_lowercase();
            request.headers.push((name, value.trim().to_owned()));
        }
        let length = request.header("content-length").map(str::parse);
        let length: u64 = length.transpose().unwrap().unwrap_or(0);
        stream.take(length).read_to_end(&mut request.body)?;
        let whole = request.body.len() as u64 == length;
        // The client went away in the middle: nothing of it counts.
        Ok(whole.then_some(request))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(found, _)| found == name)?;
        Some(value)
    }

    /// The parts of the form in its body.
    pub(crate) fn form(&self) -> Vec<Part> {
        let kind = self.header("content-type").unwrap();
        let boundary = kind
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap_or_else(|| panic!("`{kind}` is no form"));
        let delimiter = format!("\r\n--{boundary}");
        // The first delimiter has no line break before it.
        let mut rest = [b"\r\n", self.body.as_slice()].concat();
        let mut parts = Vec::new();
        let end = |bytes: &[u8]| position(bytes, delimiter.as_bytes()).unwrap();
        rest.drain(..end(&rest) + delimiter.len());
        while !rest.starts_with(b"--") {
            let part: Vec<u8> = rest.drain(..end(&rest)).collect();
            rest.drain(..delimiter.len());
            parts.push(Part::parse(part.strip_prefix(b"\r\n").unwrap()));
        }
        parts
    }
}

impl Part {
    fn parse(bytes: &[u8]) -> Self {
        let end = position(bytes, b"\r\n\r\n").unwrap();
        let headers = std::str::from_utf8(&bytes[..end]).unwrap();
        let disposition = headers
            .lines()
            .find(|line| {
                line.to_ascii_lowercase()
                    .starts_with("content-disposition:")
            })
            .unwrap();
        let parameter = |name: &str| {
            let (_, after) = disposition.split_once(&format!("; {name}=\""))?;
            Some(after.split_once('"')?.0.to_owned())
        };
        Self {
            name: parameter("name").unwrap(),
            file_name: parameter("filename"),
            content: bytes[end + 4..].to_vec(),
        }
    }
}

impl Response {
    /// An answer with a JSON text.
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    /// An error as the API answers it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let target = "|4b1c0d2e-0000.1.";
        let error = serde_json::json!({ "code": code, "message": message, "target": target });
        Self::json(status, &serde_json::json!({ "error": error }))
    }

    /// A gateway's page.
    pub(crate) fn html(status: u16) -> Self {
        let title = "502 Bad Gateway";
        Self {
            status,
            headers: vec![("Content-Type", "text/html".to_owned())],
            body: format!("<html><head><title>{title}</title></head></html>"),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &dyn ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// Writes all of it; or, where `cut`, all that announces its length and half of the text.
    pub(crate) fn write(&self, stream: &mut impl Write, cut: bool) -> io::Result<()> {
        let mut head = vec![format!("HTTP/1.1 {} Whatever", self.status)];
        if self.status != 204 {
            head.push(format!("Content-Length: {}", self.body.len()));
        }
        let headers = self.headers.iter();
        head.extend(headers.map(|(name, value)| format!("{name}: {value}")));
        let head = head.join("\r\n");
        let body = self.body.as_bytes();
        let body = if cut { &body[..body.len() / 2] } else { body };
        stream.write_all(&[head.as_bytes(), b"\r\n\r\n", body].concat())?;
        stream.flush()
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
