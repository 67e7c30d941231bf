//! DER that many platforms of a fleet can share; in files it is base64, as on the wire.

use openssl::base64::{decode_block, encode_block};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::sync::Arc;

/// A certificate or key in DER.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Der(Arc<[u8]>);

impl Der {
    /// Takes bytes as they are.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// In base64, without line ends.
    #[must_use]
    pub fn to_base64(&self) -> String {
        encode_block(&self.0)
    }
}

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64())
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode_block(&text).map(|bytes| Self::new(&bytes)).map_err(D::Error::custom)
    }
}
