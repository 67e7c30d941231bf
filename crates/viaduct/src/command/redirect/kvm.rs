//! `viaduct kvm`: the screen of a PC for any VNC viewer. AMT's own login and pixels end here; the viewer gets plain RFB
//! on a local port.

use super::{
    Desk,
    bridge::{self, Opening, Screen},
    stop::Stop,
    viewer::Viewer,
};
use crate::{
    client::{FromDevice, Place, ToDevice, ended, segment},
    failure::{Failure, Result},
    say::{data, note},
};
use amt::{
    redirect::KvmOpen,
    rfb::{Picture, PictureError, Rectangle, Update},
};
use bytes::Bytes;
use std::{net::SocketAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
    time::{Instant, sleep_until},
};
use viaduct_api::{Code, Device, RedirectionMode, Status};

/// So many pictures a second are asked for at most.
const PACE: Duration = Duration::from_millis(50);
/// No picture after so long has a reason that people can find.
const NO_PICTURE: Duration = Duration::from_secs(5);
/// Bytes for the viewer that may wait; above it no further picture is asked for.
const WAITING: usize = 1 << 20;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Device whose screen is wanted
    device: String,
    /// Where VNC viewers connect to; without it a free port on 127.0.0.1
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:0",
        hide_default_value = true
    )]
    vnc: SocketAddr,
    /// Open the screen in the dashboard instead; prints its address
    #[arg(long, conflicts_with_all = ["vnc", "once", "take_over", "port_5900"])]
    browser: bool,
    /// Take the screen over from whoever uses it
    #[arg(long)]
    take_over: bool,
    /// Through port 5900 of the PC, with the RFB password that the server keeps
    #[arg(long)]
    port_5900: bool,
    /// End when the first viewer has left
    #[arg(long)]
    once: bool,
}

/// Prints the address alone on standard output, then serves one viewer after the other until Ctrl-C.
pub(crate) async fn run(desk: &Desk, options: Options) -> Result<()> {
    if options.browser {
        return browser(desk, &options.device).await;
    }
    let listener = TcpListener::bind(options.vnc).await.map_err(|error| {
        Failure::new(Code::PortInUse, format!("{}: {error}", options.vnc))
            .next("Choose another port, or leave --vnc out for a free one.")
    })?;
    let address = listener.local_addr()?;
    // What is wrong is said at once, and not to the first viewer only.
    let mut opened = Some(open(desk, &options).await?);
    data(&address.to_string());
    note(&format!("the screen of {} for VNC viewers; Ctrl-C ends it", options.device));
    if !address.ip().is_loopback() {
        note("everybody who can reach this address can see and use the PC");
    }
    let mut stopped = Stop::new()?;
    loop {
        let (viewer, _) = tokio::select! {
            accepted = listener.accept() => accepted?,
            _ = stopped.next() => return Ok(()),
            failure = keep(&mut opened), if opened.is_some() => {
                return Err(failure.about(&options.device));
            }
        };
        let screen = match opened.take() {
            Some(screen) => screen,
            None => open(desk, &options).await?,
        };
        let result = tokio::select! {
            result = serve(&options.device, viewer, screen) => result,
            _ = stopped.next() => return Ok(()),
        };
        match result {
            Err(failure) if options.once => return Err(failure.about(&options.device)),
            Err(failure) => failure.about(&options.device).print(),
            Ok(()) if options.once => return Ok(()),
            Ok(()) => note("the viewer left; the next one may come"),
        }
    }
}

/// Prints where the dashboard shows the screen, and has it opened where there is a desktop.
async fn browser(desk: &Desk, device: &str) -> Result<()> {
    let device: Device = desk.client.get(&format!("/devices/{}", segment(device))).await?;
    if !device.connection_status {
        return Err(Failure::new(Code::DeviceAway, format!("{} has no tunnel now", device.name)));
    }
    let url = format!("{}/devices/{}/screen", dashboard(desk).await?, device.guid);
    data(&url);
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = Command::new(opener);
    command.arg(&url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Without a desktop the address is all there is.
    if command.status().await.is_ok_and(|status| status.success()) {
        note("opened in the browser");
    } else {
        note("open this address in a browser");
    }
    Ok(())
}

/// The dashboard's address, as this machine reaches it.
async fn dashboard(desk: &Desk) -> Result<String> {
    if let Place::Remote(remote) = &desk.client.place {
        return Ok(remote.url());
    }
    let status: Status = desk.client.get("/status").await?;
    let web: SocketAddr =
        status.addresses.web.parse().map_err(|error| Failure::local("the web address", error))?;
    let host =
        if web.ip().is_unspecified() { "localhost".to_owned() } else { web.ip().to_string() };
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Ok(format!("https://{host}:{}", web.port()))
}

/// A screen with its stream.
struct Open {
    screen: Screen,
    to: ToDevice,
    from: FromDevice,
}

async fn open(desk: &Desk, options: &Options) -> Result<Open> {
    let Options { device, take_over, port_5900, .. } = options;
    let (mut to, mut from, mut opening) = if *port_5900 {
        let (to, from) = desk.client.bare_screen(device, *take_over).await?;
        (to, from, Opening::bare())
    } else {
        let mode = RedirectionMode::Kvm;
        let (mut to, from) = desk.client.redirect(device, mode, *take_over).await?;
        let mut out = Vec::new();
        KvmOpen.encode(&mut out);
        to.send(out).await?;
        (to, from, Opening::default())
    };
    loop {
        let bytes = from.next().await?.ok_or_else(ended)?;
        let screen = opening.handle_bytes(&bytes);
        let screen = screen.map_err(|why| Failure::new(Code::AmtUnusable, why))?;
        if !opening.out.is_empty() {
            to.send(std::mem::take(&mut opening.out)).await?;
        }
        if let Some(screen) = screen {
            return Ok(Open { screen, to, from });
        }
    }
}

/// Takes the pictures while nobody looks; ends with why the screen did.
async fn keep(opened: &mut Option<Open>) -> Failure {
    let Some(Open { screen, from, .. }) = opened else { return ended() };
    loop {
        match from.next().await {
            Ok(Some(bytes)) => screen.rest.extend_from_slice(&bytes),
            Ok(None) => return ended(),
            Err(failure) => return failure,
        }
    }
}

async fn serve(device: &str, mut viewer: TcpStream, open: Open) -> Result<()> {
    viewer.set_nodelay(true)?;
    let Open { screen: Screen { picture, name, rest }, to, mut from } = open;
    let mut bridge = Bridge {
        picture,
        name,
        viewer: Viewer::new(),
        to,
        updates: Vec::new(),
        ask_at: None,
        seen: false,
    };
    let no_picture_at = Instant::now() + NO_PICTURE;
    let mut told = false;
    bridge.device(&rest)?;
    let (mut reader, mut writer) = viewer.split();
    let mut buffer = vec![0; 16 << 10];
    let mut waiting = Bytes::new();
    let result = loop {
        if waiting.is_empty() && !bridge.viewer.out.is_empty() {
            waiting = std::mem::take(&mut bridge.viewer.out).into();
        }
        let full = bridge.viewer.out.len() > WAITING;
        let ask_at = bridge.ask_at.filter(|_| !full);
        let step = tokio::select! {
            read = reader.read(&mut buffer) => match read {
                Ok(0) | Err(_) => break Ok(()),
                Ok(n) => bridge.viewer(&buffer[..n]).await,
            },
            bytes = from.next() => match bytes {
                Ok(Some(bytes)) => bridge.device(&bytes),
                Ok(None) => Err(ended()),
                Err(failure) => Err(failure),
            },
            written = writer.write(&waiting), if !waiting.is_empty() => match written {
                Ok(n) => {
                    waiting = waiting.slice(n..);
                    Ok(())
                }
                Err(_) => break Ok(()),
            },
            () = sleep_until(no_picture_at), if !told && !bridge.seen => {
                told = true;
                let detail = format!("{device} has sent none for {} s", NO_PICTURE.as_secs());
                Failure::new(Code::NoPicture, detail).about(device).print();
                Ok(())
            }
            () = sleep_until(ask_at.unwrap_or_else(Instant::now)), if ask_at.is_some() => {
                bridge.ask().await
            }
        };
        if let Err(failure) = step {
            break Err(failure);
        }
    };
    bridge.to.close().await;
    result
}

struct Bridge {
    picture: Picture,
    name: String,
    viewer: Viewer,
    to: ToDevice,
    updates: Vec<Update>,
    /// The next picture is asked for then.
    ask_at: Option<Instant>,
    /// A picture came.
    seen: bool,
}

impl Bridge {
    fn device(&mut self, bytes: &[u8]) -> Result<()> {
        let unusable = |error: PictureError| Failure::new(Code::AmtUnusable, error.to_string());
        self.picture.handle_bytes(bytes, &mut self.updates).map_err(unusable)?;
        let mut complete = false;
        for update in self.updates.drain(..) {
            match update {
                Update::Changed(area) => self.viewer.change(area),
                Update::Resized(width, height) => {
                    self.viewer.change(Rectangle::of_size(width, height));
                }
                Update::Complete => complete = true,
                Update::Bell => {}
            }
        }
        if complete {
            self.seen = true;
            self.viewer.show(&self.picture);
            self.ask_at = Some(Instant::now() + PACE);
        }
        Ok(())
    }

    async fn ask(&mut self) -> Result<()> {
        self.ask_at = None;
        let mut out = Vec::new();
        bridge::ask(&self.picture, true, &mut out);
        self.to.send(out).await
    }

    async fn viewer(&mut self, bytes: &[u8]) -> Result<()> {
        let input = self.viewer.handle_bytes(bytes, &self.picture, &self.name);
        let input = input.map_err(|error| Failure::local("the viewer", error))?;
        let mut out = Vec::new();
        input.iter().for_each(|message| message.encode(&mut out));
        if out.is_empty() { Ok(()) } else { self.to.send(out).await }
    }
}
