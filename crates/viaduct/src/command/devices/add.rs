//! `devices add`.

use super::{super::Desk, super::secret, label};
use crate::{
    client::{Answer, segment},
    failure::{Failure, Result},
    render::Format,
    say::{data, note, warn},
};
use hyper::{Method, header};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use viaduct_api::{Code, DeviceId, NewDevice, WrittenDevice};
use viaduct_server::{config::Secret, inventory::cira_warnings};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Unique name; consoles may write it instead of the GUID
    name: String,
    /// The PC's AMT UUID
    #[arg(long, value_name = "UUID")]
    guid: DeviceId,
    /// Fully qualified domain name; consoles may write it too
    #[arg(long)]
    fqdn: Option<String>,
    /// CIRA user
    #[arg(long, value_name = "USER")]
    cira_user: Option<String>,
    /// File with the CIRA password, - for standard input; without it one is made
    #[arg(long, value_name = "FILE")]
    cira_password_file: Option<PathBuf>,
    /// User of the PC's AMT services
    #[arg(long, value_name = "USER", default_value = "admin")]
    amt_user: String,
    /// File with the password of its AMT services, - for standard input
    #[arg(long, value_name = "FILE")]
    amt_password_file: Option<PathBuf>,
    /// File with the RFB password of its port 5900 (eight characters), - for standard input
    #[arg(long, value_name = "FILE")]
    rfb_password_file: Option<PathBuf>,
    /// Label, KEY=VALUE or KEY (repeatable)
    #[arg(long = "label", value_name = "LABEL", value_parser = label)]
    labels: Vec<(String, String)>,
}

pub(crate) async fn add(desk: &Desk, options: Options) -> Result<()> {
    let files =
        [&options.cira_password_file, &options.amt_password_file, &options.rfb_password_file];
    one_from_standard_input(&files)?;
    if options.cira_user.is_some() && options.cira_password_file.is_none() {
        return Err(Failure::usage(
            "--cira-user needs --cira-password-file; without both a credential is made",
        ));
    }
    let cira_password = options.cira_password_file.as_deref().map(secret::from_file).transpose()?;
    let amt_password = options.amt_password_file.as_deref().map(secret::from_file).transpose()?;
    let rfb_password = options.rfb_password_file.as_deref().map(secret::from_file).transpose()?;
    if let Some(password) = &cira_password {
        let user = options.cira_user.as_deref().unwrap_or("admin");
        for warning in cira_warnings(user, &Secret::new(password.clone())) {
            warn(&warning);
        }
    }
    let wish = NewDevice {
        guid: Some(options.guid.to_string().into()),
        name: Some(options.name),
        fqdn: options.fqdn.map(Some),
        labels: Some(BTreeMap::from_iter(options.labels)),
        mpsusername: options.cira_user,
        cira_password,
        amt_user: amt_password.is_some().then_some(options.amt_user),
        amt_password,
        rfb_password,
        ..NewDevice::default()
    };
    let written = create(desk, &wish).await?;
    if desk.printer.format != Format::Table {
        return desk.printer.text_or(&written, |_| String::new());
    }
    note(&format!("{} added ({})", written.device.name, written.device.guid));
    tell_credential(&written);
    Ok(())
}

/// Standard input has room for one password.
pub(super) fn one_from_standard_input(files: &[&Option<PathBuf>]) -> Result<()> {
    let standard_input = Some(Path::new("-"));
    match files.iter().filter(|file| file.as_deref() == standard_input).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::usage("standard input can carry one password only")),
    }
}

/// Adds a device; one that is known already is a conflict, not changed.
pub(super) async fn create(desk: &Desk, wish: &NewDevice) -> Result<WrittenDevice> {
    let only_new = [(header::IF_NONE_MATCH, "*")];
    let Answer { body, .. } =
        desk.client.call(Method::POST, "/devices", Some(wish), &only_new).await?;
    serde_json::from_slice(&body).map_err(|error| Failure::new(Code::NotViaduct, error.to_string()))
}

/// The credential that was made: data, because scripts want it.
pub(super) fn tell_credential(written: &WrittenDevice) {
    let Some(issued) = &written.issued else { return };
    note("put this credential into the PC's MPS entry; it is not shown again:");
    data(&format!("user      {}", issued.user));
    data(&format!("password  {}", issued.password));
}

/// The path of a device.
pub(super) fn path(device: &str) -> String {
    format!("/devices/{}", segment(device))
}
