//! A root that something relies on stays.

use crate::{
    console::{ask, ask_for},
    mps::{Manners, Mps, authority::Authority},
};
use amt::wsman::{Operation, Subcode, Target, Value};
use amt_sim::{Platform, RunningPlatform};

async fn add_root(platform: &RunningPlatform, password: &str, authority: &Authority) -> u32 {
    let der = openssl::base64::encode_block(&authority.root.to_der().unwrap());
    let arguments = vec![("CertificateBlob".to_owned(), Value::from(der))];
    let method = Operation::Invoke { method: "AddTrustedRootCertificate".into(), arguments };
    let added = ask(platform, password, "AMT_PublicKeyManagementService", method).await;
    assert_eq!(added.return_value(), Some(0));
    platform.configuration().certificates.roots().last().unwrap().handle
}

async fn remove_root(
    platform: &RunningPlatform,
    password: &str,
    handle: u32,
) -> Result<(), Subcode> {
    let id = format!("Intel(r) AMT Certificate: Handle: {handle}");
    let target = Target::class("AMT_PublicKeyCertificate").unwrap().with("InstanceID", id.as_str());
    let removed = ask_for(platform, password, target, Operation::Delete).await;
    removed.map(|_| ()).map_err(|fault| fault.subcode)
}

#[tokio::test]
async fn the_root_by_which_a_server_was_verified_cannot_be_deleted_and_another_one_can() {
    let mut mps = Mps::start(Manners::default()).await;
    let platform = Platform::start(mps.platform()).unwrap();
    let _tunnel = mps.settled().await;
    let password = platform.identity().amt_password.clone();
    let spare = add_root(&platform, &password, &Authority::new()).await;
    assert_eq!(remove_root(&platform, &password, 0).await, Err(Subcode::AccessDenied));
    assert_eq!(remove_root(&platform, &password, spare).await, Ok(()));
}
