//! One redirection from beginning to end: begin, log in, then bytes both ways until somebody ends it.

use super::{
    Asked, End, Grant, Redirections, action,
    awake::{Awake, CLIENT_INIT, HANDSHAKE, RAW_5900},
    bare,
    begin::{FirstWord, first_word, log_in},
    frames::{FromConsole, ToConsole, split},
    line::{self, Line},
    live::{Entry, Seat},
    login::{Login, kind},
};
use crate::{
    audit::Outcome, command::CommandError, config::Secret, events::Event, inventory::StoreError,
    tunnel::Opener,
};
use amt::{credentials::Credentials, port::ServicePort};
use axum::extract::ws::WebSocket;
use bytes::Bytes;
use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf},
    time::{Instant, interval_at, sleep, timeout},
};
use viaduct_api::{Code, RedirectionMode};

/// Both sides must be logged in so soon.
const LOGIN: Duration = Duration::from_secs(30);
/// Consoles are asked so often whether they are there, and rights are looked at again.
const PING: Duration = Duration::from_secs(20);
/// A console that says nothing for three pings is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// Read from the device at once; one piece is under way to the console at a time.
const PIECE: usize = 16 << 10;
/// Whoever is taken over from gets so long to leave.
const HAND_OVER: Duration = Duration::from_secs(5);
/// And the device so long to notice.
const SETTLE: Duration = Duration::from_millis(300);
/// Firmware's shortest time until it ends a KVM session without input.
const IDLE: Duration = Duration::from_secs(55);

impl Redirections {
    /// Serves a console until either side ends, and tells it why.
    pub async fn serve(
        self,
        socket: WebSocket,
        grant: Grant,
        asked: Asked,
        console: Option<SocketAddr>,
    ) {
        let stall = self.0.limits.stall_deadline.0;
        let (mut to, mut from) = split(socket, asked.framing, stall);
        let end = self.run(&mut to, &mut from, &grant, &asked, console).await;
        self.0.events.about(grant.device).in_scope(|| {
            tracing::debug!(reason = end.detail(), "a redirection is over");
        });
        to.close(&end).await;
        from.drain().await;
    }

    async fn run(
        &self,
        to: &mut ToConsole,
        from: &mut FromConsole,
        grant: &Grant,
        asked: &Asked,
        console: Option<SocketAddr>,
    ) -> End {
        let first = match first_word(from, asked, grant).await {
            Ok(first) => first,
            Err(end) => return self.refused(grant, console, end),
        };
        let seat = match self.sit_down(grant, first.mode, console).await {
            Ok(seat) => seat,
            Err(end) => return self.refused(grant, console, end),
        };
        let entry = Arc::clone(&seat.entry);
        let what = format!("open {}", entry.mode);
        let device = Some(entry.device);
        let audit = &self.0.audit;
        let intent = match audit.intent(&entry.principal, action(entry.mode), device, what).await {
            Ok(intent) => intent,
            Err(error) => {
                let end = End::Server(Code::AuditUnavailable, error.to_string());
                return self.refused(grant, console, end);
            }
        };
        let work = async {
            match self.through(to, from, &seat, first, asked).await {
                // Whatever it was busy with, what ended it is the tunnel.
                Ok(End::ByDevice(_)) | Err(End::ByDevice(_)) if entry.is_tunnel_over() => {
                    entry.end_of_bytes()
                }
                Ok(end) | Err(end) => end,
            }
        };
        let end = tokio::select! {
            end = work => end,
            end = entry.ended() => end,
        };
        intent.done(outcome(&entry, &end)).await;
        let (from_device, to_device) = entry.transferred();
        self.0.events.publish(Event::RedirectionEnded {
            device: entry.device,
            mode: entry.mode.name(),
            user: entry.principal.name.clone(),
            reason: end.detail(),
            from_device,
            to_device,
        });
        drop(seat);
        end
    }

    /// The place in the table; from whoever had it, when that is asked for and allowed.
    pub(super) async fn sit_down(
        &self,
        grant: &Grant,
        mode: RedirectionMode,
        console: Option<SocketAddr>,
    ) -> Result<Seat, End> {
        let take_over = grant.take_over && self.may_take_over(&grant.principal, grant.device, mode);
        let taken = self.0.live.take(&grant.principal, grant.device, mode, console, take_over);
        let (seat, old) = taken.map_err(|holder| End::InUse(mode, holder))?;
        self.0.events.publish(Event::RedirectionOpened {
            device: grant.device,
            mode: mode.name(),
            user: grant.principal.name.clone(),
            console,
        });
        if let Some(old) = old {
            // The device has one screen: it is free when the other console's channel has ended there too.
            drop(timeout(HAND_OVER, old.left()).await);
            sleep(SETTLE).await;
        }
        Ok(seat)
    }

    pub(super) fn refused(&self, grant: &Grant, console: Option<SocketAddr>, end: End) -> End {
        if let (Some(peer), Some(code)) = (console, end.code()) {
            self.0.events.publish(Event::ConsoleRefused {
                peer,
                user: Some(grant.principal.name.clone()),
                target: grant.device.to_string(),
                code: code.as_str(),
                detail: end.detail(),
            });
        }
        end
    }

    /// All the rest; both results are ends.
    async fn through(
        &self,
        to: &mut ToConsole,
        from: &mut FromConsole,
        seat: &Seat,
        first: FirstWord,
        asked: &Asked,
    ) -> Result<End, End> {
        let entry = &seat.entry;
        let parts = &self.0;
        let tunnel = self.tunnel(entry.device)?;
        entry.goes_through(&tunnel);
        let bare = asked.port == ServicePort::Vnc;
        let needs_login = kind(entry.mode).is_some() && !bare;
        let account = if needs_login { Some(self.account(entry).await?) } else { None };
        let rfb = if bare && asked.sign_in { Some(self.rfb_password(entry).await?) } else { None };
        let opener = Opener { user: entry.principal.name.clone(), console: entry.console };
        let stores = (&parts.inventory, &parts.events);
        let speak_tls = needs_login || asked.tls;
        let mut line = line::open(&tunnel, asked.port, speak_tls, &opener, stores).await?;
        let mut early = first.bytes;
        let mut awake = Awake::new(parts.keep_awake, if bare { RAW_5900 } else { HANDSHAKE });
        if let Some(password) = rfb {
            let both = bare::open(&password, &mut line, to, from);
            let (to_device, to_console) = timeout(LOGIN, both).await.map_err(|_| End::Silent)??;
            early = to_device.into();
            to.send(&to_console).await?;
            awake = Awake::new(parts.keep_awake, CLIENT_INIT);
        }
        if let Some(account) = account {
            let mut login =
                Login::new(entry.mode, account.clone(), uuid::Uuid::new_v4().into_bytes());
            let logging_in = log_in(&mut login, &mut line, to, from, &early);
            match timeout(LOGIN, logging_in).await {
                Ok(Ok(())) => {}
                Ok(Err(end)) => {
                    if end == End::WrongPassword {
                        parts.commands.note_refusal(entry.device, &account);
                    }
                    if matches!(end, End::Consent(_)) {
                        parts.inventory.note_shown(entry.device, |shown| shown.consent = true);
                    }
                    return Err(end);
                }
                Err(_) => return Err(End::Silent),
            }
            let (to_device, to_console) = login.finish();
            early = to_device.into();
            to.send(&to_console).await?;
        }
        Ok(self.pump(line, to, from, entry, &early, awake).await)
    }

    /// What to log in to AMT with; not what it refused a moment ago, be it here or from a command: AMT counts wrong
    /// passwords and closes its administrator's account.
    pub(super) async fn account(&self, entry: &Entry) -> Result<Credentials, End> {
        self.0.commands.credentials(entry.device).await.map_err(|error| match error {
            CommandError::NoCredential => End::NoPassword,
            CommandError::CredentialRefused => End::RefusedLately,
            error @ (CommandError::Store(_) | CommandError::Vault(_)) => {
                End::Server(error.code(), error.to_string())
            }
            error => End::Internal(error.to_string()),
        })
    }

    /// The password of the device's port 5900.
    async fn rfb_password(&self, entry: &Entry) -> Result<Secret<String>, End> {
        match self.0.inventory.rfb_password(entry.device).await {
            Ok(Some(password)) => Ok(password),
            Ok(None) => Err(End::NoRfbPassword),
            Err(error @ StoreError::Vault(_)) => {
                Err(End::Server(Code::VaultUnavailable, error.to_string()))
            }
            Err(error) => Err(End::Server(Code::Store, error.to_string())),
        }
    }

    /// Bytes both ways. Neither direction waits for the other; each has one piece under way.
    async fn pump(
        &self,
        line: Line,
        to: &mut ToConsole,
        from: &mut FromConsole,
        entry: &Entry,
        early: &[u8],
        awake: Awake,
    ) -> End {
        let (reader, writer) = tokio::io::split(line);
        let heard = std::sync::Mutex::new(Instant::now());
        let quiet = std::sync::Mutex::new(Duration::ZERO);
        let down = self.down(reader, to, entry, &heard);
        let up = up(writer, from, entry, early, awake, (&heard, &quiet));
        let end = tokio::select! {
            end = down => end,
            end = up => end,
        };
        let quiet = quiet.lock().map(|quiet| *quiet).unwrap_or_default();
        match end {
            End::ByDevice(_) if entry.mode == RedirectionMode::Kvm && quiet >= IDLE => {
                End::Idle { minutes: quiet.as_secs().div_ceil(60) }
            }
            end => end,
        }
    }

    async fn down(
        &self,
        mut reader: ReadHalf<Line>,
        to: &mut ToConsole,
        entry: &Entry,
        heard: &std::sync::Mutex<Instant>,
    ) -> End {
        let mut buffer = vec![0; PIECE];
        let mut ping = interval_at(Instant::now() + PING, PING);
        loop {
            let sent = tokio::select! {
                read = reader.read(&mut buffer) => match read {
                    Ok(0) => return entry.end_of_bytes(),
                    Ok(n) => {
                        entry.from_device.fetch_add(n as u64, Ordering::Relaxed);
                        to.send(&buffer[..n]).await
                    }
                    Err(error) => return End::ByDevice(error.to_string()),
                },
                _ = ping.tick() => {
                    if !self.0.access.is_current(&entry.principal) {
                        return End::Revoked;
                    }
                    let silent = heard.lock().map(|heard| heard.elapsed()).unwrap_or_default();
                    if silent >= SILENCE {
                        return End::Slow(format!("the console said nothing for {} s", silent.as_secs()));
                    }
                    to.ping().await
                }
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }
}

async fn up(
    mut writer: WriteHalf<Line>,
    from: &mut FromConsole,
    entry: &Entry,
    early: &[u8],
    mut awake: Awake,
    (heard, quiet): (&std::sync::Mutex<Instant>, &std::sync::Mutex<Duration>),
) -> End {
    let kvm = entry.mode == RedirectionMode::Kvm;
    let mut tick = interval_at(Instant::now() + Duration::from_secs(1), Duration::from_secs(1));
    let mut bytes = Bytes::copy_from_slice(early);
    loop {
        if kvm {
            awake.handle(&bytes);
        }
        if !bytes.is_empty() {
            entry.to_device.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let written = async {
                writer.write_all(&bytes).await?;
                writer.flush().await
            };
            if let Err(error) = written.await {
                return End::ByDevice(error.to_string());
            }
        }
        bytes = tokio::select! {
            next = from.next() => match next {
                Ok(bytes) => {
                    entry.heard();
                    if let Ok(mut heard) = heard.lock() {
                        *heard = Instant::now();
                    }
                    bytes
                }
                Err(end) => return end,
            },
            _ = tick.tick(), if kvm => {
                if let Ok(mut quiet) = quiet.lock() {
                    *quiet = awake.quiet();
                }
                if let Some(again) = awake.poll()
                    && (writer.write_all(&again).await.is_err() || writer.flush().await.is_err())
                {
                    return End::ByDevice("the device ended the screen".into());
                }
                Bytes::new()
            }
        };
    }
}

/// Whether it ever began: then it is done, however it ended.
pub(super) fn outcome(entry: &Entry, end: &End) -> Outcome {
    match entry.transferred() {
        (0, _) if end.code().is_some() => Outcome::Failed(end.detail()),
        _ => Outcome::Done,
    }
}
