//! Channel opens: from CONNECT to the first byte of the device.

use super::{Bench, cost};
use crate::{
    console::{Path as Way, round_trips},
    process::Server,
    report::{Report, Target},
};
use anyhow::Result;

const OPENS: usize = 400;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let ours = opens(&bench.viaduct.server, &bench.ours).await?;
    let theirs = opens(&bench.relay.server, &bench.theirs).await?;
    report.sample("channel opens a second, one after the other", ours.1, Target::None);
    // A relay has no channels; the nearest it has is a device that dials in.
    report.ratio(
        "channel open with sign-in, CPU ms (relay: a TLS connection)",
        ours.0,
        theirs.0,
        Target::None,
    );
    report.sample("channel open with sign-in, CPU ms", ours.0, Target::AtMost(0.10));
    Ok(())
}

/// CPU milliseconds for each open, and opens a second.
async fn opens(server: &Server, way: &Way) -> Result<(f64, f64)> {
    let work = async {
        for _ in 0..OPENS {
            round_trips(way.open().await?, 1).await?;
        }
        Ok(())
    };
    let ((), cost) = cost(server, work).await?;
    Ok((cost.cpu * 1000.0 / OPENS as f64, OPENS as f64 / cost.seconds))
}
