//! What the certificate store takes and keeps.

use super::*;
use crate::services::TlsIdentity;
use openssl::x509::{X509NameBuilder, X509Req, X509ReqBuilder};

fn self_signed(name: &str) -> (Vec<u8>, Vec<u8>) {
    TlsIdentity::self_signed(name).unwrap().to_der().unwrap()
}

#[test]
fn a_root_is_added_once_and_named_as_firmware_names_it() {
    let (root, _) = self_signed("root.example");
    let mut store = Certificates::default();
    assert_eq!(store.add_root(&root), Ok(0));
    assert_eq!(store.add_root(&root), Err(Code::Duplicate));
    assert_eq!(store.add_root(b"nonsense"), Err(Code::InvalidParameter));
    let trailing = [&root[..], b"x"].concat();
    assert_eq!(store.add_root(&trailing), Err(Code::InvalidParameter));
    let name = "CN=root.example".to_owned();
    assert_eq!(store.certificates[0].names(), Some((name.clone(), name)));
    let json = serde_json::to_string(&store).unwrap();
    assert_eq!(serde_json::from_str::<Certificates>(&json).unwrap(), store);
}

#[test]
fn a_certificate_needs_its_key_and_the_key_stays_as_long_as_it() {
    let (leaf, key) = self_signed("pc-01");
    let mut store = Certificates::default();
    assert_eq!(store.add_certificate(&leaf), Err(Code::InvalidParameter));
    assert_eq!(store.add_key(&key), Ok(0));
    assert_eq!(store.add_key(&key), Err(Code::Duplicate));
    assert_eq!(store.add_certificate(&leaf), Ok(0));
    assert!(store.identity(0).is_some());
    assert_eq!(store.remove_key(0), Err(Code::NotPermitted));
    store.tls = Some(0);
    assert_eq!(store.remove_certificate(0), Err(Code::NotPermitted));
    store.tls = None;
    assert_eq!(store.remove_certificate(0), Ok(()));
    assert_eq!(store.remove_key(0), Ok(()));
    assert_eq!(store.remove_key(0), Err(Code::InvalidParameter));
}

#[test]
fn a_request_is_signed_with_the_platforms_key() {
    let mut store = Certificates::default();
    assert_eq!(store.generate_key(1000), Err(Code::InvalidParameter));
    let handle = store.generate_key(2048).unwrap();
    let other = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "pc-01").unwrap();
    let mut builder = X509ReqBuilder::new().unwrap();
    builder.set_subject_name(&name.build()).unwrap();
    builder.set_pubkey(&other).unwrap();
    builder.sign(&other, openssl::hash::MessageDigest::sha256()).unwrap();
    let theirs = builder.build().to_der().unwrap();
    let signed = store.sign_request(handle, &theirs).unwrap();
    let signed = X509Req::from_der(&signed).unwrap();
    let key = store.keys[0].private().unwrap();
    assert!(signed.verify(&key).unwrap());
    assert_eq!(super::name(signed.subject_name()), "CN=pc-01");
    assert_eq!(store.sign_request(9, &theirs), Err(Code::InvalidParameter));
}
