//! What somebody runs on a PC that this server cannot reach: a script for rpc-go, one for MeshCommander, and the steps at
//! the PC itself. All of it is written here, so that every client hands out the same.

mod mescript;

use super::{Parts, fault, wish};
use amt::remote_access::{InfoFormat, Inside, NewMps};
use base64::{Engine, prelude::BASE64_STANDARD};
use viaduct_api::{Code, EnrollScripts, NewEnrollScripts, Problem};

/// User that rpc-go always signs in with.
const RPC_USER: &str = "admin";
/// Port that rpc-go always configures.
const RPC_PORT: u16 = 4433;
/// What rpc-go takes for a password of the MPS.
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=16;

/// Everything for one PC. Nothing is changed here; the PC must be known with this credential.
///
/// # Errors
/// When the address or the credential is none that a PC can use, or this server has no root of its own.
pub(crate) fn write(parts: &Parts, wish: &NewEnrollScripts) -> Result<EnrollScripts, Problem> {
    let user = wish.user.clone().unwrap_or_else(|| RPC_USER.to_owned());
    check(&user, &wish.password)?;
    let server = match &wish.mps {
        Some(place) => wish::servers_at(parts, std::slice::from_ref(place), None)?.remove(0),
        None => wish::own_place(parts, None)?,
    };
    let roots = wish::own_roots(parts)?;
    let root = roots.first().ok_or_else(|| {
        Problem::new(
            Code::BadRequest,
            "this server shows devices certificates of its own files ([cira] certificates), so it has no root to hand out",
        )
        .with_next("Use `viaduct enroll lan --root FILE` with the root that the configured certificates chain to.")
    })?;
    let base64 = BASE64_STANDARD.encode(&root.der);
    let suffix = match wish::nowhere()? {
        Inside::Nowhere(suffix) => suffix,
        Inside::Under(suffixes) => suffixes.into_iter().next().unwrap_or_default(),
    };
    let mescript = mescript::file(&mescript::Setup {
        roots: roots.iter().map(|root| root.der.as_slice()).collect(),
        host: &server.address,
        format: InfoFormat::of(&server.address).number(),
        port: server.port,
        common_name: server.common_name.as_deref(),
        user: &user,
        password: &wish.password,
        suffix: &suffix,
    })
    .map_err(|why| Problem::new(Code::Internal, format!("the script for MeshCommander: {why}")))?;
    let card = Card { wish, server: &server, user: &user, base64: &base64, root_name: &root.name };
    Ok(EnrollScripts {
        shell: card.shell(),
        powershell: card.powershell(),
        mebx: card.mebx(&suffix),
        warnings: card.warnings(),
        mescript,
        mps: server.address.clone(),
        port: server.port,
        common_name: server.common_name.clone(),
        user,
    })
}

/// These go into scripts between single quotes, and into firmware.
fn check(user: &str, password: &str) -> Result<(), Problem> {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"'\"`\\".contains(&b));
    if !PASSWORD.contains(&password.len()) || !plain(password) {
        return Err(fault::bad(
            "the CIRA password must have 8 to 16 visible ASCII characters, none of them a quote or a backslash",
        ));
    }
    if user.is_empty() || user.len() > 16 || !plain(user) {
        return Err(fault::bad(
            "the CIRA user must have 1 to 16 visible ASCII characters, none of them a quote or a backslash",
        ));
    }
    Ok(())
}

struct Card<'a> {
    wish: &'a NewEnrollScripts,
    server: &'a NewMps,
    user: &'a str,
    base64: &'a str,
    root_name: &'a str,
}

impl Card<'_> {
    /// The name as it may stand in a comment: whatever a line could end with is gone.
    fn title(&self) -> String {
        let name: String = self.wish.name.chars().filter(|c| !c.is_control()).collect();
        format!("{name} ({})", self.wish.guid)
    }

    fn shell(&self) -> String {
        let (title, base64) = (self.title(), self.base64);
        let (host, password) = (&self.server.address, &self.wish.password);
        format!(
            "\
#!/bin/sh
# {title}: makes this PC dial in to {host}.
# On the PC, as root, with rpc-go (2.x or 3.x) on the path:   sudo sh FILE
# or where it is called otherwise:                            sudo RPC=./rpc_linux_x64 sh FILE
# It holds a password: delete it when it has run.
set -eu
RPC=${{RPC:-rpc}}

# Only if AMT is not activated yet (Client Control Mode; it asks for the AMT password to set): take the # away.
#\"$RPC\" activate --local --ccm

# In the environment, where other users of this PC do not see it among the processes.
MPS_PASSWORD='{password}'
export MPS_PASSWORD
# It asks for the AMT password. The user {RPC_USER} and the port {RPC_PORT} are its own choice.
exec \"$RPC\" configure cira --mpsaddress '{host}' --mpscert '{base64}'
"
        )
    }

    fn powershell(&self) -> String {
        let (title, base64) = (self.title(), self.base64);
        let (host, password) = (&self.server.address, &self.wish.password);
        format!(
            "\
# {title}: makes this PC dial in to {host}.
# On the PC, as administrator, beside rpc.exe of rpc-go (2.x or 3.x):
#   powershell -ExecutionPolicy Bypass -File FILE
# Where it is called otherwise, name it first: $env:RPC = '.\\rpc_windows_x64.exe'
# It holds a password: delete it when it has run.
$ErrorActionPreference = 'Stop'
$rpc = if ($env:RPC) {{ $env:RPC }} else {{ '.\\rpc.exe' }}

# Only if AMT is not activated yet (Client Control Mode; it asks for the AMT password to set): take the # away.
#& $rpc activate --local --ccm

# In the environment, where other users of this PC do not see it among the processes.
$env:MPS_PASSWORD = '{password}'
try {{
    # It asks for the AMT password. The user {RPC_USER} and the port {RPC_PORT} are its own choice.
    & $rpc configure cira --mpsaddress '{host}' --mpscert '{base64}'
    $code = $LASTEXITCODE
}} finally {{
    Remove-Item Env:MPS_PASSWORD
}}
exit $code
"
        )
    }

    fn mebx(&self, suffix: &str) -> String {
        let (title, root) = (self.title(), self.root_name);
        let (host, port, password) = (&self.server.address, self.server.port, &self.wish.password);
        let name = self.server.common_name.as_deref().unwrap_or("-");
        let user = self.user;
        format!(
            "\
{title}

In front of the PC, if AMT is not activated yet:
  1. While it starts: Ctrl+P. Dell, HP and Lenovo have it in the menu of F12, F10 or Enter too (Intel MEBx, or
     Management Engine BIOS Extension).
  2. Sign in with the password you have, or `admin` at the first time, and set a new one: 8 to 32 characters with a
     capital, a small letter, a digit and a sign.
  3. Intel AMT Configuration, User Consent: who must agree before a screen is shown.
  4. Intel AMT Configuration, Activate Network Access: yes. Leave MEBx with Esc.

MEBx has no place for a server to dial. That goes over the network: `viaduct enroll lan ADDRESS`, if this server reaches
the PC, or MeshCommander with its .mescript file, or by hand there:

  Security Settings, Add Certificate      {root}: the output of `viaduct cert export`, as trusted root
  Internet Settings, Add Server           address      {host}
                                          port         {port}
                                          common name  {name}
                                          user         {user}
                                          password     {password}
  Internet Settings, Policies             User Initiated, and Periodic (25 s), with this server
  Internet Settings, Environment Detection  {suffix}
"
        )
    }

    /// What rpc-go would do otherwise than is wanted here.
    fn warnings(&self) -> Vec<String> {
        let NewMps { address, port, common_name, .. } = self.server;
        let is_name = InfoFormat::of(address) != InfoFormat::Ipv4;
        let short = InfoFormat::of(address) == InfoFormat::Fqdn && !address.contains('.');
        let other = common_name.as_deref().filter(|name| !name.eq_ignore_ascii_case(address));
        let all = [
            short.then(|| format!(
                "rpc-go 3 takes no name without a dot, such as {address}: give a full name or an address with --mps"
            )),
            is_name.then(|| {
                "rpc-go writes the address as IPv4, whatever it is; where the PC must dial anything else, use the .mescript (viaduct enroll mescript) or `viaduct enroll lan`".to_owned()
            }),
            (*port != RPC_PORT).then(|| format!(
                "rpc-go always configures port {RPC_PORT}, and the PC must reach {port}: forward one to the other, or use another way"
            )),
            other.map(|name| format!(
                "rpc-go makes the PC compare {address} with the certificate's common name, which is {name}: put {address} first in [cira] names"
            )),
            (self.user != RPC_USER).then(|| format!(
                "rpc-go always signs the PC in as {RPC_USER}, and the credential here is for {}", self.user
            )),
        ];
        all.into_iter().flatten().collect()
    }
}
