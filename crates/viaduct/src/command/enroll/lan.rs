//! `enroll lan`: PCs on the local network.

use super::{is_good, progress::Teller, table, targets};
use crate::{
    command::{Desk, secret},
    failure::{Failure, Result, sum_up},
    say::{self, ask, note},
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::sleep;
use viaduct_api::{
    CertificateTrust, EnrollState, EnrollTarget, Enrolling, Enrollment, NewEnrollment,
    ResumeEnrollment,
};

const LOOK: Duration = Duration::from_millis(300);

#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The server itself dials each PC on 16993 (or 16992), so it must be in reach of the PCs.
Running it again is safe: what is right already is left alone, and half-done work is resumed.

CSV needs a header line; its columns are address, name, fqdn, amt_user, amt_password, fingerprint.

Examples:
  viaduct enroll lan 192.0.2.7 --amt-password-file pw.txt
  viaduct enroll lan --csv pcs.csv --amt-password-file - --trigger user,periodic=10m --yes -o json
  viaduct enroll lan pc-7.corp.example --amt-password-file pw.txt --remove")]
pub(crate) struct Options {
    /// IP address or name of a PC
    #[arg(value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// CSV file with PCs, - for standard input
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// User of the PCs' AMT
    #[arg(long, value_name = "USER", default_value = "admin")]
    amt_user: String,
    /// File with the password of the PCs' AMT, - for standard input
    #[arg(long, value_name = "FILE")]
    amt_password_file: Option<PathBuf>,
    /// Where the PCs dial, `HOST[:PORT][=COMMON-NAME]`, at most two, the preferred one first; this server if not given
    #[arg(long, value_name = "MPS", num_args = 1..=2, action = clap::ArgAction::Append)]
    mps: Vec<String>,
    /// PEM file with a root to trust besides this server's (repeatable)
    #[arg(long = "root", value_name = "FILE")]
    roots: Vec<PathBuf>,
    /// When they dial in: user, alert, periodic=25s, periodic=03:30; each with an idle limit such as user/300s
    #[arg(long, value_name = "LIST", default_value = "user,periodic=25s,alert")]
    trigger: String,
    /// DNS suffix under which they are at home and do not dial in (repeatable); nowhere if not given
    #[arg(long, value_name = "SUFFIX")]
    inside: Vec<String>,
    /// Name the PC gets here; its host name if not given
    #[arg(long)]
    name: Option<String>,
    /// SHA-256 of the certificate that the PC's own port shows
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// Wait until each PC has answered through its new tunnel (the default)
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// End as soon as the PCs are configured
    #[arg(long)]
    no_wait: bool,
    /// Take remote access to this server away instead
    #[arg(long)]
    remove: bool,
    /// Make a new CIRA credential, even if the PC has one that counts
    #[arg(long)]
    new_credential: bool,
}

pub(super) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let mut wish = wish(&options)?;
    wish.dry_run = desk.dry_run;
    if !desk.yes && !desk.dry_run {
        confirm(desk, &mut wish).await?;
    } else {
        // The one who runs it takes the certificates as they are; they are shown, and remembered.
        wish.certificate = CertificateTrust::First;
    }
    let job = work(desk, &wish, Teller::default(), !options.no_wait).await?;
    end(desk, &job)
}

/// `enroll resume`.
pub(super) async fn resume(desk: &Desk, id: u64, password: Option<&Path>) -> Result<()> {
    let amt_password = password.map(secret::from_file).transpose()?;
    let path = format!("/enroll/{id}/resume");
    let job = desk.client.post(&path, &ResumeEnrollment { amt_password }).await?;
    let job = follow(desk, job, Teller::default(), true).await?;
    end(desk, &job)
}

fn end(desk: &Desk, job: &Enrollment) -> Result<()> {
    // Also when nothing came of it: how far each PC got is what one goes on from.
    table(desk, &job.devices)?;
    let done = job.devices.iter().filter(|device| is_good(device.state)).count();
    sum_up(done, job.devices.iter().filter_map(failure).collect())
}

fn wish(options: &Options) -> Result<NewEnrollment> {
    let stdin = |file: &Option<PathBuf>| file.as_ref().is_some_and(|file| file.as_os_str() == "-");
    if stdin(&options.csv) && stdin(&options.amt_password_file) {
        return Err(Failure::usage("standard input can carry the list or the password, not both"));
    }
    let devices = targets::all(
        &options.addresses,
        options.csv.as_deref(),
        options.name.clone(),
        options.fingerprint.clone(),
    )?;
    let amt_password = options.amt_password_file.as_deref().map(secret::from_file).transpose()?;
    if amt_password.is_none() && devices.iter().any(|device| device.amt_password.is_none()) {
        return Err(Failure::usage(
            "--amt-password-file is needed (- asks for it), unless a CSV file has one for each PC",
        ));
    }
    if options.mps.len() > 2 {
        return Err(Failure::usage("a PC's policy takes at most two MPS"));
    }
    let pem = |file: &PathBuf| {
        fs::read_to_string(file).map_err(|error| Failure::local(file.display(), error))
    };
    Ok(NewEnrollment {
        devices,
        amt_user: Some(options.amt_user.clone()),
        amt_password,
        mps: options.mps.clone(),
        roots: options.roots.iter().map(pem).collect::<Result<_>>()?,
        triggers: Some(options.trigger.clone()),
        inside: options.inside.clone(),
        certificate: CertificateTrust::Known,
        dry_run: false,
        remove: options.remove,
        new_credential: options.new_credential,
    })
}

/// Shows the plan and asks; from then on each PC must show the certificate that it showed now.
async fn confirm(desk: &Desk, wish: &mut NewEnrollment) -> Result<()> {
    let needs_yes = || Failure::usage("--yes is needed where nobody can be asked; see --dry-run");
    if !say::can_ask() {
        return Err(needs_yes());
    }
    let plan =
        NewEnrollment { dry_run: true, certificate: CertificateTrust::First, ..wish.clone() };
    let job = work(desk, &plan, Teller::default(), true).await?;
    let planned = job.devices.iter().filter(|device| device.state == EnrollState::Planned).count();
    if planned == 0 {
        return sum_up(0, job.devices.iter().filter_map(failure).collect());
    }
    let question = match job.devices.len() {
        1 => "Compare the fingerprint if you can. Do it? [y/N] ".to_owned(),
        all => format!(
            "{planned} of {all} PCs can be done. Compare fingerprints if you can. Do it? [y/N] "
        ),
    };
    match ask(&question).ok_or_else(needs_yes)?.to_lowercase().as_str() {
        "y" | "yes" => {}
        _ => return Err(Failure::declined()),
    }
    for (target, seen) in wish.devices.iter_mut().zip(&job.devices) {
        pin(target, seen);
    }
    Ok(())
}

fn pin(target: &mut EnrollTarget, seen: &Enrolling) {
    if target.fingerprint.is_none() {
        target.fingerprint.clone_from(&seen.fingerprint);
    }
}

/// Begins a job and tells how it goes until it is over.
async fn work(desk: &Desk, wish: &NewEnrollment, teller: Teller, wait: bool) -> Result<Enrollment> {
    let job: Enrollment = desk.client.post("/enroll", wish).await?;
    follow(desk, job, teller, wait).await
}

/// Tells how a job goes until it is over.
async fn follow(
    desk: &Desk,
    job: Enrollment,
    mut teller: Teller,
    wait: bool,
) -> Result<Enrollment> {
    loop {
        let now: Enrollment = desk.client.get(&format!("/enroll/{}", job.id)).await?;
        teller.tell(&now);
        let configured =
            |device: &Enrolling| device.state.is_final() || device.state == EnrollState::Following;
        if now.ended.is_some() || (!wait && now.devices.iter().all(configured)) {
            say::bar_off();
            if now.ended.is_none() {
                note(&format!("it goes on without us: viaduct enroll status {}", now.id));
            }
            return Ok(now);
        }
        sleep(LOOK).await;
    }
}

/// A job when it is over.
pub(super) async fn end_of(desk: &Desk, id: u64) -> Result<Enrollment> {
    loop {
        let now: Enrollment = desk.client.get(&format!("/enroll/{id}")).await?;
        if now.ended.is_some() {
            return Ok(now);
        }
        sleep(LOOK).await;
    }
}

fn failure(device: &Enrolling) -> Option<Failure> {
    if device.state == EnrollState::Cancelled {
        return Some(Failure::cancelled(&device.address));
    }
    device.problem.clone().map(Failure::from)
}
