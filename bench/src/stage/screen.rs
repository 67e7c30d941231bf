//! Screens by the WebSocket relay: whole ones for throughput, tiles for how smooth it is, and what a viewer costs.

use super::{Bench, Cost, FIRST_IDLE, cost, nth};
use crate::{
    process::Server,
    report::{Report, Target, progress},
    screen::{Framing, Viewer},
    service::{Area, PIXEL},
};
use anyhow::Result;

/// A screen of today at 16 bits a pixel: 4.1 MB.
const WHOLE: Area = Area { x: 0, y: 0, width: 1920, height: 1080 };
const WHOLES: usize = 40;
/// What changes when somebody types.
const TILE: Area = Area { x: 0, y: 0, width: 64, height: 64 };
const TILES: usize = 2000;
/// Viewers whose memory is looked at.
const VIEWERS: usize = 50;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut plain = Viewer::plain(&bench.their_screen).await?;
    let their_wholes = updates(&bench.relay.server, &mut plain, WHOLE, WHOLES).await?;
    let their_tiles = updates(&bench.relay.server, &mut plain, TILE, TILES).await?;
    drop(plain);
    for (words, framing) in [("binary", Framing::Binary), ("text", Framing::Text)] {
        let server = &bench.viaduct.server;
        let mut page = Viewer::page(&bench.viaduct, &bench.token, 0, framing).await?;
        let (_, wholes) = updates(server, &mut page, WHOLE, WHOLES).await?;
        let (tiles, tile) = updates(server, &mut page, TILE, TILES).await?;
        // Its place is free when the server has seen it leave.
        page.leave().await?;
        let name = |what: &str| format!("screen by WebSocket, {words}, {what}");
        let rate = |cost: &Cost, count: usize| count as f64 / cost.seconds;
        let gigabytes = |count: usize| count as f64 * bytes(WHOLE) / 1e9;
        report.ratio(
            &name("MB/s"),
            gigabytes(WHOLES) * 1e3 / wholes.seconds,
            gigabytes(WHOLES) * 1e3 / their_wholes.1.seconds,
            Target::None,
        );
        report.ratio(
            &name("CPU s/GB"),
            wholes.cpu / gigabytes(WHOLES),
            their_wholes.1.cpu / gigabytes(WHOLES),
            Target::None,
        );
        report.sample(&name("frames of 1920x1080 a second"), rate(&wholes, WHOLES), Target::None);
        report.ratio(
            &name("tiles of 8 KiB a second"),
            rate(&tile, TILES),
            rate(&their_tiles.1, TILES),
            Target::None,
        );
        let (ours, theirs) = (nth(&tiles, 0.99), nth(&their_tiles.0, 0.99));
        report.ratio(&name("tile p99, us"), ours, theirs, Target::None);
    }
    Ok(())
}

/// What a viewer with a quiet screen costs, and what it takes to open one.
pub(crate) async fn memory(bench: &Bench, devices: usize, report: &mut Report) -> Result<()> {
    let count = VIEWERS.min(devices.saturating_sub(FIRST_IDLE));
    progress(&format!("{count} screens"));
    let server = &bench.viaduct.server;
    let before = server.rss()?;
    let mut viewers = Vec::new();
    let open = async {
        for n in FIRST_IDLE..FIRST_IDLE + count {
            let mut page = Viewer::page(&bench.viaduct, &bench.token, n, Framing::Binary).await?;
            page.updates(TILE, 1).await?;
            viewers.push(page);
        }
        Ok(())
    };
    let ((), opened) = cost(server, open).await?;
    let each = (server.rss()? - before) / count as f64;
    report.once("screen that nothing happens on, KiB", each, Target::None);
    let each = opened.cpu * 1000.0 / count as f64;
    report.once("screen opened with ticket and login, CPU ms", each, Target::None);
    for page in viewers {
        page.leave().await?;
    }
    Ok(())
}

async fn updates(
    server: &Server,
    viewer: &mut Viewer,
    area: Area,
    count: usize,
) -> Result<(Vec<f64>, Cost)> {
    // The first one finds buffers empty and windows small.
    viewer.updates(area, 1).await?;
    cost(server, viewer.updates(area, count)).await
}

fn bytes(area: Area) -> f64 {
    f64::from(area.width) * f64::from(area.height) * PIXEL as f64
}
