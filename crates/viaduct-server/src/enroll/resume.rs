//! What is left of a job, as a job of its own.

use super::{Parts, fault, job::Job};
use viaduct_api::{Code, EnrollState, EnrollTarget, Enrolling, NewEnrollment, Problem};

/// What is wanted of the PCs that are not where they should be, and those that are left alone. Their AMT passwords are
/// the given one, those of the job while the server remembers it, or those that it keeps for its devices. A PC that
/// refused the one of the job is left alone until another is given: it counts refusals, and raises an alarm.
pub(super) async fn wish(
    parts: &Parts,
    job: &Job,
    password: Option<&str>,
) -> Result<(NewEnrollment, Vec<EnrollTarget>), Problem> {
    let shown = job.show();
    if shown.ended.is_none() {
        return Err(fault::bad(format!("enrollment {} is still under way", shown.id)));
    }
    let mut wish = job.wish().clone();
    let (mut left, mut refused) = (Vec::new(), Vec::new());
    for (target, seen) in wish.devices.iter().zip(&shown.devices) {
        if matches!(seen.state, EnrollState::Done | EnrollState::Planned) {
            continue;
        }
        let known = wish.amt_password.as_deref();
        let same = password.is_none() && target.amt_password.as_deref().or(known).is_some();
        if same && has_never_worked(seen) {
            refused.push(target.clone());
        } else {
            left.push(again(parts, (target, seen), (password, known), shown.id).await?);
        }
    }
    if let (Some(target), true) = (refused.first(), left.is_empty()) {
        return Err(fault::bad(not_again(target)).with_next(give(shown.id)));
    }
    if left.is_empty() {
        return Err(fault::bad(format!("nothing is left to do of enrollment {}", shown.id)));
    }
    wish.devices = left;
    Ok((wish, refused))
}

/// Whether the PC refused the password at once. One that has answered before was asked with the right one.
fn has_never_worked(seen: &Enrolling) -> bool {
    let code = seen.problem.as_ref().and_then(Problem::known);
    code == Some(Code::AmtPasswordRefused) && seen.guid.is_none()
}

/// Why a PC is left alone.
fn not_again(target: &EnrollTarget) -> String {
    format!("{} refused the AMT password, so it is not tried again with it", target.address)
}

/// What became of a PC that job `id` leaves alone.
pub(super) fn left_alone(target: &EnrollTarget, id: u64) -> Problem {
    Problem::new(Code::AmtPasswordRefused, not_again(target)).with_next(give(id))
}

/// What to do for want of a password.
fn give(id: u64) -> String {
    format!("Give the right one: viaduct enroll resume {id} --amt-password-file FILE")
}

async fn again(
    parts: &Parts,
    (target, seen): (&EnrollTarget, &Enrolling),
    (given, of_job): (Option<&str>, Option<&str>),
    id: u64,
) -> Result<EnrollTarget, Problem> {
    let mut target = target.clone();
    // Whom somebody vouched for must be there again; a certificate that nobody knew stays unknown.
    let code = seen.problem.as_ref().and_then(Problem::known);
    if target.fingerprint.is_none() && code != Some(Code::EnrollCertificate) {
        target.fingerprint.clone_from(&seen.fingerprint);
    }
    let told = given.or(target.amt_password.as_deref()).or(of_job).map(str::to_owned);
    if told.is_some() {
        target.amt_password = told;
        return Ok(target);
    }
    let kept = match seen.guid.filter(|id| parts.inventory.get(*id).is_some()) {
        Some(device) => parts.inventory.amt_account(device).await,
        None => Ok(None),
    };
    match kept.map_err(|error| Problem::new(Code::Store, error.to_string()))? {
        Some((user, password)) => {
            target.amt_user = Some(user);
            target.amt_password = Some(password.expose().clone());
            Ok(target)
        }
        None => Err(fault::bad(format!(
            "the AMT password of {} is not known here any more",
            target.address
        ))
        .with_next(give(id))),
    }
}
