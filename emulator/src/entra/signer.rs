//! The key that the emulator signs its tokens with.
//!
//! It is new with each start, so that no token outlives the emulator that issued it.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::KeyPair;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What a token says.
pub(crate) type Claims = Map<String, Value>;

/// What the emulator signs with; Entra itself takes RS256, but its clients look at no signature.
const ALGORITHM: Algorithm = Algorithm::ES256;

/// A key, and its name.
pub(crate) struct Signer {
    id: String,
    private: EncodingKey,
    public: DecodingKey,
    jwk: Jwk,
}

impl Signer {
    /// Makes a key.
    pub(crate) fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let id = Uuid::new_v4().simple().to_string();
        let private = EncodingKey::from_ec_der(KeyPair::generate()?.serialized_der());
        let mut jwk = Jwk::from_encoding_key(&private, ALGORITHM)?;
        jwk.common.key_id = Some(id.clone());
        Ok(Self {
            id,
            public: DecodingKey::from_jwk(&jwk)?,
            private,
            jwk,
        })
    }

    /// Returns a signed token; `None` where the system has no randomness left for it.
    pub(crate) fn sign(&self, claims: &Value) -> Option<String> {
        let mut header = Header::new(ALGORITHM);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private).ok()
    }

    /// Returns what a token says that this signer signed, whether or not its time is over.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        let token = jsonwebtoken::decode(token, &self.public, &signature_alone(ALGORITHM)).ok()?;
        Some(token.claims)
    }

    /// Returns the public key as a JSON Web Key Set.
    pub(crate) fn key_set(&self) -> Value {
        json!({ "keys": [self.jwk] })
    }
}

/// Looks at the signature and at nothing else: the times and names are checked where `now` is known,
/// and each has its own error.
pub(crate) fn signature_alone(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_tokens_are_verified_and_only_untouched() {
        let (signer, other) = (Signer::new().unwrap(), Signer::new().unwrap());
        let claims = json!({ "sub": "a", "exp": 1 });
        let token = signer.sign(&claims).unwrap();
        assert_eq!(Value::Object(signer.verify(&token).unwrap()), claims);
        assert!(other.verify(&token).is_none(), "another key");
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (header, _) = signed.split_once('.').unwrap();
        let changed = other.sign(&json!({ "sub": "b" })).unwrap();
        let body = changed.split('.').nth(1).unwrap();
        for forged in [
            format!("{header}.{body}.{signature}"),
            format!("{signed}."),
            // {"alg":"none"}
            format!("eyJhbGciOiJub25lIn0.{body}."),
            String::new(),
        ] {
            assert!(signer.verify(&forged).is_none(), "{forged}");
        }
    }

    #[test]
    fn the_key_set_has_the_public_key_alone() {
        let keys = Signer::new().unwrap().key_set();
        let key = keys["keys"][0].as_object().unwrap();
        assert!(key.contains_key("x") && key.contains_key("kid"), "{keys}");
        assert!(!key.contains_key("d"), "{keys}");
    }
}
