//! The identity of a content.

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// A SHA-256 digest. Displays as 64 lower-case hex digits; parses without regard to case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sha256([u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The digest whose bytes these are.
    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 hex digits: enough for a person to compare, never used as an identity.
    pub(crate) fn short(self) -> String {
        let mut hex = self.to_string();
        hex.truncate(12);
        hex
    }
}

/// Computes a [`Sha256`] piece by piece.
#[derive(Clone, Default)]
pub(crate) struct Hasher(sha2::Sha256);

impl Hasher {
    /// Takes the next piece of the content.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub(crate) fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0; 64];
        for (digits, byte) in hex.chunks_exact_mut(2).zip(self.0) {
            let digit = |value: u8| {
                if value < 10 {
                    b'0' + value
                } else {
                    b'a' - 10 + value
                }
            };
            digits.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(std::str::from_utf8(&hex).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits")]
pub(crate) struct NotASha256;

impl FromStr for Sha256 {
    type Err = NotASha256;

    fn from_str(text: &str) -> Result<Self, NotASha256> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(NotASha256);
        }
        let (pairs, _) = text.as_bytes().as_chunks();
        // No branch for each digit: a state has very many.
        let mut wrong = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (value(*high), value(*low));
            *byte = (high << 4) | (low & 15);
            wrong |= high | low;
        }
        if wrong > 15 {
            return Err(NotASha256);
        }
        Ok(Self(bytes))
    }
}

/// The value of a hexadecimal digit; over 15 for anything else.
fn value(digit: u8) -> u8 {
    let decimal = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    if decimal < 10 {
        decimal
    } else if letter < 6 {
        10 + letter
    } else {
        u8::MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways_without_regard_to_case() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), empty);
        assert_eq!(empty.to_uppercase().parse(), Ok(Sha256::of(b"")));
        assert_eq!(Sha256::of(b"").short(), "e3b0c44298fc");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "e3", &"g".repeat(64), &"é".repeat(32), &"0".repeat(65)] {
            assert_eq!(text.parse::<Sha256>(), Err(NotASha256), "{text}");
        }
        for byte in 0..=u8::MAX {
            let digit = char::from(byte);
            let expected = digit
                .to_digit(16)
                .map_or(u8::MAX, |it| u8::try_from(it).unwrap());
            assert_eq!(value(byte), expected, "{digit}");
        }
    }
}
