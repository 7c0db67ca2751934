//! What can be told of a content while it passes by.

/// Whether a content, which comes in pieces, can be anything that somebody looks into.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Glance {
    has_nul: bool,
    head: [u8; 2],
    seen: usize,
}

impl Glance {
    /// That of a whole content.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut glance = Self::default();
        glance.pass(bytes);
        glance
    }

    /// Looks at the next piece.
    pub(crate) fn pass(&mut self, piece: &[u8]) {
        for (place, byte) in self.head.iter_mut().skip(self.seen).zip(piece) {
            *place = *byte;
        }
        self.seen = self.seen.saturating_add(piece.len());
        self.has_nul = self.has_nul || memchr::memchr(0, piece).is_some();
    }

    /// Whether it is neither text, as by [`super::characters()`], nor an executable of Windows, nor says what runs it.
    pub(crate) fn is_opaque(self) -> bool {
        self.has_nul && !matches!(&self.head, b"MZ" | b"#!" | [0xff, 0xfe] | [0xfe, 0xff])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::characters;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_opaque_is_no_text_however_it_comes(
            bytes in prop::collection::vec(prop::sample::select(b"\0MZ#!a\xff\xfe\xc3\xbc".as_slice()), 0..8),
            at in 0..8_usize,
        ) {
            let mut glance = Glance::default();
            let at = at.min(bytes.len());
            glance.pass(&bytes[..at]);
            glance.pass(&bytes[at..]);
            let is_wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
            let runs = bytes.starts_with(b"MZ") || bytes.starts_with(b"#!");
            let is_opaque = characters(&bytes).is_none() && !runs && !is_wide;
            prop_assert_eq!(glance.is_opaque(), is_opaque);
        }
    }
}
