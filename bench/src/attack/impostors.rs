//! Somebody claims the UUID of a device that is connected, a thousand times a second, while it works and comes back.

use super::{
    Pace, Site,
    knock::{Knock, knock},
    source,
};
use crate::{
    console::{self, Path as Way},
    device::{self, Identity, Manner},
    report::{Report, Target, progress},
    stage::{cost, nth},
};
use anyhow::{Result, ensure};
use openssl::ssl::SslContext;
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    runtime::Builder,
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep, timeout},
};

const A_SECOND: f64 = 1000.0;
/// Attempts under way; a generator that shares the machine with the server cannot have more.
const AT_ONCE: usize = 400;
/// How often the device comes back by itself in the second half.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn measure(
    site: &Site,
    sources: usize,
    lasts: Duration,
    report: &mut Report,
) -> Result<()> {
    progress(&format!("impostors from {sources} source(s), {} s", lasts.as_secs()));
    let name = |what: &str| format!("impostors from {sources} source(s), {what}");
    let viaduct = &site.viaduct;
    let way = viaduct.way(&site.authorization, 0);
    let (tls, to) = (site.tls.clone(), viaduct.cira);
    let victim = apart(move || victim(to, tls, way, lasts / 2));
    let ((attack, victim), spent) = cost(&viaduct.server, async {
        let (attack, victim) = tokio::join!(attack(site, sources, lasts), victim);
        Ok((attack?, victim??))
    })
    .await?;
    ensure!(attack.admitted == 0, "{} impostors were let in", attack.admitted);
    report.once(&name("attempts a second"), attack.a_second, Target::AtLeast(A_SECOND * 0.95));
    report.once(&name("let in"), attack.admitted as f64, Target::AtMost(0.0));
    report.once(&name("not answered"), attack.unanswered as f64, Target::AtMost(0.0));
    report.once(&name("cores of the server"), spent.cpu / spent.seconds, Target::None);
    let p99 = |times: &[f64]| nth(times, 0.99);
    report.once(&name("device's round trip p99, ms"), p99(&victim.trips), Target::None);
    let returns = victim.returns.len() as f64;
    report.once(&name("returns of the device"), returns, Target::None);
    report.once(&name("return p99, s"), p99(&victim.returns), Target::AtMost(2.0));
    Ok(())
}

#[derive(Debug)]
struct Attack {
    admitted: usize,
    unanswered: usize,
    a_second: f64,
}

async fn attack(site: &Site, sources: usize, lasts: Duration) -> Result<Attack> {
    let real = Identity::nth(0);
    let logins: Vec<Option<(String, String)>> = vec![
        None,
        Some((String::new(), String::new())),
        Some((real.user.clone(), String::new())),
        Some((String::new(), real.password.clone())),
        Some((real.user.clone(), "wrong".into())),
        Some(("somebody".into(), real.password.clone())),
    ];
    let (logins, room) = (Arc::new(logins), Arc::new(Semaphore::new(AT_ONCE)));
    let (mut tasks, mut pace, mut n) = (JoinSet::new(), Pace::new(A_SECOND, lasts), 0);
    let (mut admitted, mut unanswered) = (0, 0);
    let mut count = |knock: Knock| {
        admitted += usize::from(knock == Knock::Admitted);
        unanswered += usize::from(knock == Knock::Nothing);
    };
    while pace.turn(n).await {
        let place = Arc::clone(&room).acquire_owned().await?;
        let (tls, logins, to) = (site.careless.clone(), Arc::clone(&logins), site.viaduct.cira);
        let (from, guid) = (source(n % sources)?, real.guid);
        tasks.spawn(async move {
            let login = logins[n % logins.len()].as_ref().map(|(u, p)| (u.as_str(), p.as_str()));
            let knock = knock(from, to, &tls, guid, login).await;
            drop(place);
            knock
        });
        n += 1;
        while let Some(done) = tasks.try_join_next() {
            count(done?);
        }
    }
    let a_second = n as f64 / pace.seconds();
    while let Some(done) = tasks.join_next().await {
        count(done?);
    }
    Ok(Attack { admitted, unanswered, a_second })
}

/// What the device and its console notice.
#[derive(Debug)]
struct Victim {
    /// Milliseconds of round trips through its tunnel, sorted.
    trips: Vec<f64>,
    /// Seconds from dialling in to settled, sorted.
    returns: Vec<f64>,
}

/// Runs it in a thread of its own, or its times would be those of the attackers' queue in this program.
fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> JoinHandle<Result<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<T>>,
{
    tokio::task::spawn_blocking(move || {
        Builder::new_current_thread().enable_all().build()?.block_on(work())
    })
}

/// First the device stays and is used, then it loses its line again and again.
async fn victim(to: SocketAddr, tls: SslContext, way: Way, half: Duration) -> Result<Victim> {
    let dial = || device::dial_in_watched(0, to, tls.clone(), Manner::default());
    let real = dial().await?;
    let (start, mut trips) = (Instant::now(), Vec::new());
    while start.elapsed() < half {
        let some = console::round_trips(way.open().await?, 20).await?;
        trips.extend(some.iter().map(|us| us / 1000.0));
        ensure!(!real.is_finished(), "the tunnel of the real device was ended");
        sleep(Duration::from_millis(100)).await;
    }
    trips.sort_by(f64::total_cmp);
    let (start, mut returns, mut line) = (Instant::now(), Vec::new(), real);
    while start.elapsed() < half {
        line.abort();
        let began = Instant::now();
        line = timeout(Duration::from_secs(30), dial()).await??;
        returns.push(began.elapsed().as_secs_f64());
        sleep(EVERY.saturating_sub(began.elapsed())).await;
        ensure!(!line.is_finished(), "the tunnel of the real device was ended");
    }
    returns.sort_by(f64::total_cmp);
    line.abort();
    Ok(Victim { trips, returns })
}
