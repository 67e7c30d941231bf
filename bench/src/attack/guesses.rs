//! Somebody tries passwords of ten thousand people from a thousand places, while a few of them come to work.

use super::{Pace, Site, connect, source};
use crate::{
    http::Http,
    report::{Report, Target, progress},
    stage::{cost, nth},
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};
use tokio::{net::TcpStream, task::JoinSet, time::sleep};

const A_SECOND: f64 = 200.0;
const ACCOUNTS: usize = 10_000;
const SOURCES: usize = 1000;
/// The first of the accounts exist; their owners have signed in before and do so again from where they always are.
const OWNERS: usize = 100;
/// Where owners are.
const HOME: usize = 70_000;
/// Where somebody is whom no server has seen.
const FRESH: usize = 80_000;
/// Sign-ins of a known and of an unknown name whose times are compared.
const PAIRS: usize = 100;

pub(super) async fn measure(site: &Site, lasts: Duration, report: &mut Report) -> Result<()> {
    progress(&format!("guesses, {} s", lasts.as_secs()));
    people(site).await?;
    let web = site.viaduct.web;
    let pace = Pace::new(A_SECOND, lasts);
    let ((attack, owners), spent) = cost(&site.viaduct.server, async {
        let (attack, owners) = tokio::join!(attack(web, pace), owners(web, lasts));
        Ok((attack?, owners?))
    })
    .await?;
    ensure!(attack.let_in == 0, "{} guesses were let in", attack.let_in);
    let most = attack.checked.iter().max().copied().unwrap_or_default();
    let hours = (lasts.as_secs_f64() / 3600.0).max(1.0);
    report.once("guesses a second", attack.a_second, Target::None);
    report.once("guesses let in", attack.let_in as f64, Target::AtMost(0.0));
    report.once(
        "guesses, most checks of an account an hour",
        most as f64 / hours,
        Target::AtMost(60.0),
    );
    let checks: u32 = attack.checked.iter().sum();
    report.once("guesses, checks", f64::from(checks), Target::None);
    report.once("guesses, cores of the server", spent.cpu / spent.seconds, Target::None);
    report.once("owners' sign-ins meanwhile", owners.times.len() as f64, Target::None);
    report.once("owners' sign-ins refused", owners.refused as f64, Target::AtMost(0.0));
    for (words, share) in [("p50", 0.5), ("p99", 0.99), ("longest", 1.0)] {
        let name = format!("owner's sign-in meanwhile, {words}, s");
        report.once(&name, nth(&owners.times, share), Target::AtMost(1.0));
    }
    apart(web, report).await
}

/// Makes the accounts, and each owner signs in once at home.
async fn people(site: &Site) -> Result<()> {
    let mut http = Http::new(TcpStream::connect(site.viaduct.web).await?, Some(&site.token));
    for n in 0..OWNERS {
        let wish = json!({ "name": account(n), "password": right(n), "role": "viewer" });
        let (status, answer) = http.call("POST", "/api/v1/users", &wish).await?;
        ensure!(status == 201, "making a user: {status} {answer}");
        let (status, _) =
            sign_in(source(HOME + n)?, site.viaduct.web, &account(n), &right(n)).await?;
        ensure!(status == 200, "an owner's first sign-in: {status}");
    }
    Ok(())
}

fn account(n: usize) -> String {
    format!("person{n:05}")
}

fn right(n: usize) -> String {
    format!("Right-password-{n}")
}

/// Status, and how many seconds it took.
async fn sign_in(
    from: Ipv4Addr,
    web: SocketAddr,
    name: &str,
    password: &str,
) -> Result<(u16, f64)> {
    let start = Instant::now();
    let mut http = Http::new(connect(from, web).await?, None);
    let body = json!({ "username": name, "password": password });
    let (status, _) = http.call("POST", "/api/v1/authorize", &body).await?;
    Ok((status, start.elapsed().as_secs_f64()))
}

/// What came of the guesses.
#[derive(Debug)]
struct Attack {
    a_second: f64,
    let_in: usize,
    /// How often each account's password was really compared, which is what 401 says.
    checked: Vec<u32>,
}

async fn attack(web: SocketAddr, mut pace: Pace) -> Result<Attack> {
    let (mut tasks, mut n) = (JoinSet::new(), 0);
    let mut attack = Attack { a_second: 0.0, let_in: 0, checked: vec![0; ACCOUNTS] };
    while pace.turn(n).await {
        // Each of them tries another account every time, and no two of them in the same order.
        let (which, from) =
            (n.wrapping_mul(7919) % ACCOUNTS, source(n.wrapping_mul(613) % SOURCES)?);
        tasks.spawn(async move {
            let guess = format!("Guess-{n}");
            sign_in(from, web, &account(which), &guess).await.map(|(status, _)| (which, status))
        });
        n += 1;
        while let Some(done) = tasks.try_join_next() {
            attack.note(done??);
        }
    }
    attack.a_second = n as f64 / pace.seconds();
    while let Some(done) = tasks.join_next().await {
        attack.note(done??);
    }
    Ok(attack)
}

impl Attack {
    fn note(&mut self, (account, status): (usize, u16)) {
        self.let_in += usize::from(status == 200);
        if let (401, Some(checks)) = (status, self.checked.get_mut(account)) {
            *checks += 1;
        }
    }
}

/// What people notice who have the right password.
#[derive(Debug, Default)]
struct Owners {
    refused: usize,
    /// Seconds, sorted.
    times: Vec<f64>,
}

/// One of them comes every second, each so seldom that the server has forgotten that the password was right.
async fn owners(web: SocketAddr, lasts: Duration) -> Result<Owners> {
    let (start, mut owners) = (Instant::now(), Owners::default());
    for n in (0..OWNERS).cycle() {
        if start.elapsed() >= lasts {
            break;
        }
        let (status, seconds) = sign_in(source(HOME + n)?, web, &account(n), &right(n)).await?;
        owners.refused += usize::from(status != 200);
        owners.times.push(seconds);
        sleep(Duration::from_secs(1)).await;
    }
    owners.times.sort_by(f64::total_cmp);
    Ok(owners)
}

/// Whether the time of an answer tells who exists.
async fn apart(web: SocketAddr, report: &mut Report) -> Result<()> {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for n in 0..PAIRS {
        let from = source(FRESH + n)?;
        let (status, seconds) = sign_in(from, web, &account(n % OWNERS), "Wrong-one").await?;
        ensure!(status != 200, "a wrong password was right");
        known.push((status, seconds * 1e3));
        let (status, seconds) = sign_in(from, web, &format!("nobody{n}"), "Wrong-one").await?;
        ensure!(status != 200, "nobody signed in");
        unknown.push((status, seconds * 1e3));
    }
    // Those that were held back compare nothing.
    let p95 = |answers: &[(u16, f64)]| {
        let checked = answers.iter().filter(|(status, _)| *status == 401);
        let mut times: Vec<f64> = checked.map(|(_, ms)| *ms).collect();
        times.sort_by(f64::total_cmp);
        (nth(&times, 0.5), nth(&times, 0.95))
    };
    let ((known50, known95), (unknown50, unknown95)) = (p95(&known), p95(&unknown));
    let middle = (known50 - unknown50).abs();
    report.once("known and unknown name apart, p50, ms", middle, Target::AtMost(5.0));
    let apart = (known95 - unknown95).abs();
    report.once("known and unknown name apart, p95, ms", apart, Target::AtMost(5.0));
    Ok(())
}
