//! `enroll script`, `mescript` and `mebx`: what to do at a PC that the server cannot reach.

use crate::{
    command::Desk,
    failure::{Failure, Result},
    say::{data, note},
};
use hyper::{Method, header};
use std::{fs::File, io::Read};
use viaduct_api::{Code, DeviceId, EnrollScripts, NewDevice, NewEnrollScripts};

/// User that rpc-go always signs in with.
const USER: &str = "admin";

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Name the PC gets here
    name: String,
    /// The PC's AMT UUID (on the PC: `rpc amtinfo --uuid`)
    #[arg(long, value_name = "UUID")]
    guid: DeviceId,
    /// Where the PC dials, `HOST[:PORT][=COMMON-NAME]`; this server if not given
    #[arg(long, value_name = "MPS")]
    mps: Option<String>,
    /// Make a new credential for a PC that is known already
    #[arg(long)]
    rotate: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
rpc-go 2.x and 3.x know these commands. The password goes to it in its environment, never on a command line.

Examples:
  viaduct enroll script till-10 --guid 4c4c4544-004b-4210-8033-b6c04f504633 >till-10.sh
  viaduct enroll script till-11 --guid 4c4c4544-004b-4210-8033-b7c04f504633 --shell powershell >till-11.ps1")]
pub(crate) struct ScriptOptions {
    #[command(flatten)]
    options: Options,
    /// For which shell
    #[arg(long, value_enum, default_value_t)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, Default, clap::ValueEnum)]
enum Shell {
    /// POSIX, for Linux
    #[default]
    Sh,
    /// PowerShell, for Windows
    Powershell,
}

/// `enroll script`.
pub(super) async fn run(desk: &Desk, options: ScriptOptions) -> Result<()> {
    let scripts = prepare(desk, &options.options).await?;
    for warning in &scripts.warnings {
        note(warning);
    }
    print(match options.shell {
        Shell::Sh => &scripts.shell,
        Shell::Powershell => &scripts.powershell,
    });
    Ok(())
}

/// `enroll mescript`.
pub(super) async fn mescript(desk: &Desk, options: Options) -> Result<()> {
    let scripts = prepare(desk, &options).await?;
    note("in MeshCommander: connect to the PC, then Script, Run Script with this file");
    print(&scripts.mescript);
    Ok(())
}

/// `enroll mebx`.
pub(super) async fn mebx(desk: &Desk, options: Options) -> Result<()> {
    print(&prepare(desk, &options).await?.mebx);
    Ok(())
}

fn print(text: &str) {
    data(text.trim_end_matches('\n'));
}

/// Makes the PC known with a credential of its own, and has everything written for it.
async fn prepare(desk: &Desk, options: &Options) -> Result<EnrollScripts> {
    let wish = NewEnrollScripts {
        guid: options.guid,
        name: options.name.clone(),
        mps: options.mps.clone(),
        user: Some(USER.to_owned()),
        password: password()?,
    };
    // First what may be refused, so that nothing is entered for nothing.
    let scripts: EnrollScripts = desk.client.post("/enroll/scripts", &wish).await?;
    register(desk, options, &wish.password).await?;
    Ok(scripts)
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
    let name = &options.name;
    note(&format!(
        "{name} is known here; what follows holds its password, which is shown only now. Later: viaduct devices why-offline {name}"
    ));
    Ok(())
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
