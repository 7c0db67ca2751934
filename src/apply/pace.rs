//! How many changes are under way at once.
//!
//! As in TCP: one more with each that goes well, half as many with each that the library was slow or unwilling to take. The
//! rate limits are kept elsewhere; this is for a library that answers slowly, or has other guests.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::library::Sent;

/// How many changes may be under way at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Concurrency {
    /// At first.
    first: usize,
    /// At any time.
    most: usize,
}

impl Default for Concurrency {
    /// Four are enough for the limits of the API, if it answers within two seconds.
    fn default() -> Self {
        Self { first: 4, most: 16 }
    }
}

impl Concurrency {
    /// This many, and fewer only where the library is in trouble; at least one.
    pub(crate) fn exactly(number: usize) -> Self {
        let number = number.max(1);
        Self {
            first: number,
            most: number,
        }
    }

    /// The most at any time.
    pub(super) fn most(self) -> usize {
        self.most
    }
}

/// Lets as many changes go on as the library takes well.
#[derive(Debug)]
pub(super) struct Pace {
    permits: Semaphore,
    size: Mutex<Size>,
    most: usize,
}

#[derive(Debug)]
struct Size {
    /// How many permits there are.
    is: usize,
    /// How many there shall be.
    shall_be: usize,
}

impl Pace {
    pub(super) fn new(concurrency: Concurrency) -> Self {
        let first = concurrency.first;
        Self {
            permits: Semaphore::new(first),
            size: Mutex::new(Size {
                is: first,
                shall_be: first,
            }),
            most: concurrency.most,
        }
    }

    /// Waits until one more change may be under way. `None` would mean that nobody may any more.
    pub(super) async fn begin(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// Takes down how the requests of a change went, which is over.
    pub(super) fn end(&self, permit: Option<SemaphorePermit<'_>>, sent: &[Sent]) {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        size.shall_be = if sent.iter().any(is_trouble) {
            (size.shall_be / 2).max(1)
        } else {
            (size.shall_be + 1).min(self.most)
        };
        if size.is > size.shall_be {
            size.is -= 1;
            permit.into_iter().for_each(SemaphorePermit::forget);
        } else if size.is < size.shall_be {
            size.is += 1;
            self.permits.add_permits(1);
        }
    }
}

/// Whether the library could not take a request: it has too many, it failed, or it did not answer.
fn is_trouble(sent: &Sent) -> bool {
    sent.status
        .is_none_or(|status| status == 429 || status >= 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::collections::BTreeMap;

    use proptest::prelude::*;

    fn sent(status: Option<u16>) -> Vec<Sent> {
        vec![Sent {
            method: reqwest::Method::POST,
            status,
            ids: BTreeMap::new(),
        }]
    }

    async fn one(pace: &Pace, status: Option<u16>) -> usize {
        let permit = pace.begin().await;
        pace.end(permit, &sent(status));
        pace.permits.available_permits()
    }

    #[tokio::test]
    async fn it_grows_while_all_goes_well_and_halves_in_trouble() {
        let pace = Pace::new(Concurrency::default());
        let mut seen = Vec::new();
        for _ in 0..14 {
            seen.push(one(&pace, Some(200)).await);
        }
        assert_eq!(seen, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 16, 16]);
        // One permit goes with each change that ends while there are too many.
        let mut seen = Vec::new();
        for status in [Some(429), Some(503), None, Some(500), Some(429)] {
            seen.push(one(&pace, status).await);
        }
        assert_eq!(seen, [15, 14, 13, 12, 11]);
        // An answer that says no is none of it.
        assert_eq!(one(&pace, Some(409)).await, 10);
    }

    #[tokio::test]
    async fn what_was_asked_for_is_not_exceeded_and_one_always_goes_on() {
        let pace = Pace::new(Concurrency::exactly(2));
        assert_eq!(one(&pace, Some(200)).await, 2);
        assert_eq!(one(&pace, None).await, 1);
        assert_eq!(one(&pace, None).await, 1);
        assert_eq!(one(&pace, Some(201)).await, 2);
        let pace = Pace::new(Concurrency::exactly(0));
        assert_eq!(one(&pace, None).await, 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_more_than_the_most_and_never_none(steps in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..200)) {
            let pace = Pace::new(Concurrency::default());
            let mut held = Vec::new();
            for (begins, goes_well) in steps {
                if begins {
                    held.extend(pace.permits.try_acquire().ok());
                } else if let Some(permit) = held.pop() {
                    pace.end(Some(permit), &sent(Some(if goes_well { 200 } else { 503 })));
                }
                prop_assert!(held.len() <= 16);
                prop_assert!(held.len() + pace.permits.available_permits() >= 1);
            }
        }
    }
}
