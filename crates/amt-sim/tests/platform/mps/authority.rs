//! A root and the leaves it issues.

use openssl::{
    asn1::{Asn1Integer, Asn1Time},
    bn::{BigNum, MsbOption},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    rsa::Rsa,
    x509::{
        X509, X509Builder, X509Name, X509NameBuilder, X509NameRef,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};

use uuid::Uuid;

/// A server's certificate.
#[derive(Clone)]
pub(crate) struct Leaf {
    pub(crate) name: String,
    pub(crate) bits: u32,
}

pub(crate) struct Authority {
    pub(crate) root: X509,
    key: PKey<Private>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let name = name(&format!("Test root {}", Uuid::new_v4()));
        let mut builder = start(&name, &name, &key);
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        Self { root: builder.build(), key }
    }

    pub(crate) fn root_pem(&self) -> String {
        String::from_utf8(self.root.to_pem().unwrap()).unwrap()
    }

    pub(crate) fn issue(&self, leaf: &Leaf) -> (X509, PKey<Private>) {
        let key = PKey::from_rsa(Rsa::generate(leaf.bits).unwrap()).unwrap();
        let mut builder = start(&name(&leaf.name), self.root.subject_name(), &key);
        let context = builder.x509v3_context(Some(&self.root), None);
        // A name that firmware does not look at, so that a test can tell which one was compared.
        let other = SubjectAlternativeName::new().dns("other.example").build(&context).unwrap();
        builder.append_extension(other).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        (builder.build(), key)
    }
}

fn name(common_name: &str) -> X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, common_name).unwrap();
    name.build()
}

fn start(subject: &X509NameRef, issuer: &X509NameRef, key: &PKey<Private>) -> X509Builder {
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(127, MsbOption::ONE, false).unwrap();
    builder.set_serial_number(&Asn1Integer::from_bn(&serial).unwrap()).unwrap();
    builder.set_subject_name(subject).unwrap();
    builder.set_issuer_name(issuer).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::days_from_now(2).unwrap()).unwrap();
    builder
}
