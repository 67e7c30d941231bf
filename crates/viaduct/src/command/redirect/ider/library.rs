//! An image of the server's library as the CD of a PC. The server serves it, so that this command may end.

use super::{
    super::stop::Stop,
    Desk, Wish,
    progress::{Sight, Teller, expected},
};
use crate::{
    client::segment,
    failure::{Failure, Result},
    render::Format,
    say::note,
};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use viaduct_api::{Code, MediaImage, Mount, MountState, NewMount};

/// Progress is asked for so often.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn mount(desk: &Desk, wish: &Wish, name: &str) -> Result<()> {
    let image: MediaImage = desk.client.get(&format!("/media/{}", segment(name))).await?;
    let (device, manner) = (&wish.device, &wish.manner);
    let new = NewMount {
        device: device.clone(),
        media: image.id.clone(),
        now: manner.now,
        take_over: manner.take_over,
    };
    let about = |failure: Failure| failure.about(device);
    let mount: Mount = desk.client.post("/mounts", &new).await.map_err(about)?;
    note(&format!("{} of the library is in the drive of {device}", image.name));
    if !mount.bootable {
        note("it has no boot record: a PC can read it, but not start from it");
    }
    if let Some(way) = mount.round_trip_microseconds {
        note(&expected(image.size, Duration::from_micros(way)));
    }
    // From here on Ctrl-C has to take it out again.
    let mut stopped = Stop::new()?;
    let all = async {
        wish.start(desk).await.map_err(about)?;
        match manner.wait {
            true => follow(desk, &mount, Duration::from_secs(manner.timeout)).await,
            false => Ok(mount.clone()),
        }
    };
    let result = tokio::select! {
        result = all => result,
        signal = stopped.next() => {
            desk.client.delete(&format!("/mounts/{}", mount.id)).await?;
            note(&format!("the CD of {device} is out"));
            return Err(Failure::interrupted(signal));
        }
    };
    if desk.printer.format != Format::Table {
        return desk.printer.text_or(&result?, |_| String::new());
    }
    result?;
    let start = match manner.boot || manner.wait {
        true => String::new(),
        false => format!("`viaduct boot ider {device} --power reset` starts from it; "),
    };
    note(&format!(
        "{start}`viaduct ider status {device}` shows how far it is, `viaduct ider eject {device}` takes it out"
    ));
    Ok(())
}

/// Until the PC has started from it.
async fn follow(desk: &Desk, mount: &Mount, patience: Duration) -> Result<Mount> {
    let began = Instant::now();
    let mut teller = Teller::default();
    loop {
        let mount: Mount = desk.client.get(&format!("/mounts/{}", mount.id)).await?;
        let sight = Sight::from(&mount);
        teller.tell(&mount.media_name, sight);
        if sight.is_over() || mount.state == MountState::Ended {
            teller.end();
            return if sight.is_over() { Ok(mount) } else { Err(ended(&mount)) };
        }
        if began.elapsed() >= patience {
            teller.end();
            let waited = patience.as_secs();
            let detail = format!(
                "after {waited} s the PC has not started from {}; it stays in the drive",
                mount.media_name
            );
            return Err(Failure::new(Code::OutcomeUnknown, detail)
                .next("`viaduct ider status DEVICE` shows how far it is, `viaduct boot ider DEVICE --power reset` starts from it.")
                .about(mount.name.as_deref().unwrap_or_default()));
        }
        sleep(LOOK_EVERY).await;
    }
}

fn ended(mount: &Mount) -> Failure {
    let code = mount.code.as_deref().and_then(|code| code.parse().ok());
    let reason = mount.reason.clone().unwrap_or_default();
    let failure = Failure::new(code.unwrap_or(Code::RedirectionClosed), reason);
    failure.about(mount.name.as_deref().unwrap_or_default())
}
