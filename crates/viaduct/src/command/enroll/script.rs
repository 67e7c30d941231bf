//! `enroll script`: what to run on a PC that the server cannot reach.

use crate::{
    command::Desk,
    failure::{Failure, Result},
    say::{data, note},
};
use hyper::{Method, header};
use std::{fs::File, io::Read};
use viaduct_api::{CertificateInfo, Code, DeviceId, NewDevice, Status};

/// User that rpc-go always signs in with.
const USER: &str = "admin";
/// Port that rpc-go always configures.
const PORT: u16 = 4433;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Name the PC gets here
    name: String,
    /// The PC's AMT UUID (on the PC: `rpc amtinfo -uuid`)
    #[arg(long, value_name = "UUID")]
    guid: DeviceId,
    /// Address that the PC dials; the first of this server's names if not given
    #[arg(long, value_name = "HOST")]
    mps: Option<String>,
    /// Make a new credential for a PC that is known already
    #[arg(long)]
    rotate: bool,
}

pub(super) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let status: Status = desk.client.get("/status").await?;
    let certificates: Vec<CertificateInfo> = desk.client.get("/certificates").await?;
    let cira = certificates.iter().find(|certificate| certificate.listener == "cira");
    let common_name = cira.map(|certificate| certificate.subject.clone()).unwrap_or_default();
    let address = options.mps.clone().unwrap_or_else(|| common_name.clone());
    let root = certificates.iter().find(|certificate| certificate.listener == "root");
    let root = root.ok_or_else(|| Failure::usage("the server shows no root to trust"))?;
    let base64: String = root.pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let password = password()?;
    register(desk, &options, &password).await?;
    let port = status.addresses.cira.first().and_then(|a| a.rsplit(':').next()?.parse().ok());
    warn(&address, &common_name, port.unwrap_or(PORT));
    let DeviceId(guid) = options.guid;
    data(&format!(
        "\
# {name} ({guid}): run this on the PC, as administrator or root.
#
# 1. Only if AMT is not activated yet. In MEBx (Ctrl+P, or F12 on some makers, while the PC starts): change the
#    password of `admin`, then Intel(R) AMT Configuration, Activate Network Access. Or here, in Client Control Mode:
#      rpc activate -local -ccm -password 'AMT-PASSWORD'
#
# 2. With rpc-go (it asks for the AMT password; user {USER} and port {PORT} are its own choice):
rpc configure cira --mpsaddress {address} --mpspassword '{password}' --mpscert {base64}
#
# 3. Or with MeshCommander: connect to the PC's AMT, then
#      Security Settings, Add Certificate: the output of `viaduct cert export`, as trusted root
#      Internet Settings, Add Server: {address}, port {port}, common name {common_name},
#        user {USER}, password {password}
#      Internet Settings, Policies: User Initiated and Periodic (25 s) with this server
#      Internet Settings, Environment Detection: a suffix that no network has, such as {guid}.com
#
# Then, here: viaduct devices why-offline {name}",
        name = options.name,
        port = port.unwrap_or(PORT),
    ));
    Ok(())
}

/// The device must be known before it dials in for the first time.
async fn register(desk: &Desk, options: &Options, password: &str) -> Result<()> {
    let wish = NewDevice {
        guid: Some(options.guid.to_string().into()),
        name: (!options.rotate).then(|| options.name.clone()),
        mpsusername: Some(USER.to_owned()),
        cira_password: Some(password.to_owned()),
        ..NewDevice::default()
    };
    let only_new = [(header::IF_NONE_MATCH, "*")];
    let headers = if options.rotate { &[][..] } else { &only_new[..] };
    desk.client.call(Method::POST, "/devices", Some(&wish), headers).await.map_err(|failure| {
        match failure.code() {
            Some(Code::DeviceExists) => {
                failure.next("If it is to get a new credential, add --rotate.")
            }
            _ => failure,
        }
    })?;
    note(&format!("{} is known here; the block below holds its password", options.name));
    Ok(())
}

fn warn(address: &str, common_name: &str, port: u16) {
    if address.bytes().any(|b| b.is_ascii_alphabetic()) {
        note(
            "rpc-go writes the address as IPv4, whatever it is; where the PC must dial a name, use MeshCommander's way or `viaduct enroll lan`",
        );
    }
    if port != PORT {
        note(&format!(
            "rpc-go always configures port {PORT}, and this server listens on {port}: forward one to the other, or use another way"
        ));
    }
    if address != common_name {
        note(&format!(
            "the PC will compare {address} with the certificate's common name, which is {common_name}: put {address} first in [cira] names"
        ));
    }
}

/// 16 characters with a capital, a small letter, a digit and a sign; without what shells or firmware dislike.
fn password() -> Result<String> {
    let classes: [&[u8]; 4] =
        [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"-_.+"];
    let all = classes.concat();
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| Failure::local("random numbers", error))?;
    let pairs = bytes.chunks_exact(2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
    let characters = pairs.enumerate().map(|(place, number)| {
        let alphabet = classes.get(place).copied().unwrap_or(&all);
        char::from(alphabet[number % alphabet.len()])
    });
    Ok(characters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_shells_and_firmware() {
        let one = password().unwrap();
        assert_eq!(one.len(), 16);
        assert!(!one.contains(['\'', '"', '$', '@', ':', ' ']));
        assert!(one.bytes().any(|b| b.is_ascii_digit()) && one.contains(['-', '_', '.', '+']));
        assert_ne!(one, password().unwrap());
    }
}
