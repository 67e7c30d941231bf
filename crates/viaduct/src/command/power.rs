//! `viaduct power` and `viaduct boot`: many devices at once, each told exactly once.

use super::{
    Desk,
    many::{self, Outcome, Pace, each},
    select::{Select, confirm},
    story::Story,
};
use crate::{
    age::ago,
    client::Client,
    failure::{Failure, Result},
    render::Format,
    say::{inert, note},
};
use serde::Serialize;
use serde_json::{Value, json};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};
use viaduct_api::{Code, Device};

/// Answers of `RequestPowerStateChange` (DMTF, CIM_PowerManagementService).
const INVALID_TRANSITION: u64 = 4097;
const BUSY: u64 = 4099;
/// The server takes so many orders of one person a minute; the rest of a long list waits at most so long, and asks so often.
const TURN_PATIENCE: Duration = Duration::from_secs(3600);
const TURN_PAUSE: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show whether PCs are on
    State(Select),
    /// Switch PCs on
    On(Order),
    /// Switch PCs off at once
    Off(Order),
    /// Switch PCs off and on again at once
    Cycle(Order),
    /// Reset PCs at once
    Reset(Order),
    /// Send PCs a non-maskable interrupt
    Nmi(Order),
    /// Send PCs to sleep
    Sleep(Order),
    /// Hibernate PCs
    Hibernate(Order),
    /// Ask the operating system of PCs to shut down
    GracefulOff(Order),
    /// Ask the operating system of PCs to restart
    GracefulReset(Order),
}

/// What is to be done, and how.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Order {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    manner: Manner,
}

/// How it is done.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Manner {
    /// Wait until the PCs are in the state that was asked for, and tell what happens meanwhile
    #[arg(long)]
    wait: bool,
    /// Wait at most so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 180, requires = "wait")]
    timeout: u64,
    /// Your own name of this order: sent again under it within ten minutes, it is carried out only once for each PC
    #[arg(long, value_name = "ID", value_parser = request_id)]
    request_id: Option<String>,
    #[command(flatten)]
    pace: Pace,
}

/// Longest name of an order that a server takes.
const REQUEST_ID_MAX: usize = 128;

fn request_id(text: &str) -> std::result::Result<String, String> {
    match text.len() {
        1..=REQUEST_ID_MAX if text.bytes().all(|b| b.is_ascii_graphic()) => Ok(text.to_owned()),
        _ => Err(format!("1 to {REQUEST_ID_MAX} visible ASCII characters are possible")),
    }
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Boot {
    /// Boot into the BIOS setup
    Bios(BootOrder),
    /// Boot from the network
    Pxe(BootOrder),
    /// Boot from a web server (one-click recovery)
    Https {
        #[command(flatten)]
        order: BootOrder,
        /// What is booted
        #[arg(long, value_name = "URL")]
        url: String,
        /// User of the web server
        #[arg(long, value_name = "NAME", requires = "password_file")]
        user: Option<String>,
        /// File with that user's password, `-` for standard input
        #[arg(long, value_name = "FILE", requires = "user")]
        password_file: Option<PathBuf>,
    },
    /// Boot from the mounted image (see `viaduct ider`)
    Ider(BootOrder),
    /// Boot from the first hard disk
    Disk(BootOrder),
}

/// Which PCs boot, and when.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BootOrder {
    #[command(flatten)]
    select: Select,
    /// How the boot begins
    #[arg(long, value_enum, default_value_t = Begin::Reset)]
    power: Begin,
    /// Show the boot on the serial console too
    #[arg(long)]
    sol: bool,
    #[command(flatten)]
    manner: Manner,
}

/// How a boot begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Begin {
    /// By switching on
    On,
    /// By a reset
    Reset,
}

/// What is sent to each device, and what is waited for afterwards.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    verb: &'static str,
    route: &'static str,
    body: Value,
    interrupts: bool,
    /// The power states that mean that it is done.
    pub(super) until: &'static [u64],
    /// The caller's own name of the order.
    request_id: Option<String>,
    /// It leads through another state first, so that the one it is to end in says nothing at once.
    pub(super) through: bool,
}

const ON: &[u64] = &[2];
const OFF: &[u64] = &[6, 8];

impl Plan {
    fn power(verb: &'static str, action: u32, until: &'static [u64]) -> Self {
        let (route, body) = ("power/action", json!({ "action": action }));
        let through = matches!(action, 5 | 10 | 14);
        Self { verb, route, body, interrupts: action != 2, until, request_id: None, through }
    }

    fn boot(verb: &'static str, actions: [u32; 2], order: &BootOrder, details: Value) -> Self {
        let [on, reset] = actions;
        let action = if order.power == Begin::On { on } else { reset };
        let mut body = json!({ "action": action, "useSOL": order.sol });
        if !details.is_null() {
            body["bootDetails"] = details;
        }
        let interrupts = order.power == Begin::Reset;
        let route = "power/bootOptions";
        Self { verb, route, body, interrupts, until: ON, request_id: None, through: interrupts }
    }
}

/// A row of the result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    guid: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    powerstate: Option<u64>,
    result: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    let (order, plan) = match command {
        Command::State(select) => return state(desk, &select).await,
        Command::On(order) => (order, Plan::power("switch on", 2, ON)),
        Command::Off(order) => (order, Plan::power("switch off", 8, OFF)),
        Command::Cycle(order) => (order, Plan::power("power-cycle", 5, ON)),
        Command::Reset(order) => (order, Plan::power("reset", 10, ON)),
        Command::Nmi(order) => (order, Plan::power("interrupt", 11, ON)),
        Command::Sleep(order) => (order, Plan::power("send to sleep", 4, &[3, 4])),
        Command::Hibernate(order) => (order, Plan::power("hibernate", 7, &[7])),
        Command::GracefulOff(order) => (order, Plan::power("shut down", 12, OFF)),
        Command::GracefulReset(order) => (order, Plan::power("restart", 14, ON)),
    };
    carry_out(desk, &order.select, &order.manner, plan).await
}

pub(crate) async fn boot(desk: &Desk, command: Boot) -> Result<()> {
    let (order, plan) = match command {
        Boot::Bios(order) => {
            let plan = Plan::boot("boot into the BIOS of", [100, 101], &order, Value::Null);
            (order, plan)
        }
        Boot::Pxe(order) => {
            let plan = Plan::boot("boot from the network", [401, 400], &order, Value::Null);
            (order, plan)
        }
        Boot::Ider(order) => {
            let plan = Plan::boot("boot from the image", [203, 202], &order, Value::Null);
            (order, plan)
        }
        Boot::Disk(order) => {
            let plan = Plan::boot("boot from the disk", [403, 402], &order, Value::Null);
            (order, plan)
        }
        Boot::Https { order, url, user, password_file } => {
            let password = password_file.as_deref().map(super::secret::from_file).transpose()?;
            let details = json!({
                "url": url,
                "username": user.unwrap_or_default(),
                "password": password.unwrap_or_default(),
            });
            (order.clone(), Plan::boot("boot over HTTPS", [106, 105], &order, details))
        }
    };
    carry_out(desk, &order.select, &order.manner, plan).await
}

async fn carry_out(desk: &Desk, select: &Select, manner: &Manner, plan: Plan) -> Result<()> {
    let devices = select.find(desk).await?;
    if desk.dry_run {
        let row = |device: &Device| Row {
            guid: device.guid.to_string(),
            name: device.name.clone(),
            powerstate: None,
            result: match device.connection_status {
                true => format!("would {}", plan.verb.trim_end_matches(" of")),
                false => "is away".to_owned(),
            },
            code: None,
        };
        return print(desk, &devices.iter().map(row).collect::<Vec<_>>());
    }
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    confirm(desk, &names, plan.verb, plan.interrupts.then_some(&manner.pace))?;
    let wait = manner.wait.then(|| Duration::from_secs(manner.timeout));
    let plan = Arc::new(Plan { request_id: manner.request_id.clone(), ..plan });
    let client = &desk.client;
    let work = |device: Device| {
        let (client, plan) = (client.clone(), Arc::clone(&plan));
        async move { tell(&client, &device, &plan, wait).await }
    };
    report(desk, each(desk, named(devices), &manner.pace, work, streamed(desk)).await)
}

fn named(devices: Vec<Device>) -> Vec<(String, Device)> {
    devices.into_iter().map(|device| (device.name.clone(), device)).collect()
}

/// A device's power state, where it is known, and what happened in words.
pub(super) type Told = (Option<u64>, String);

/// Tells one device, once, and waits when that is wanted.
async fn tell(
    client: &Client,
    device: &Device,
    plan: &Plan,
    wait: Option<Duration>,
) -> Result<Told> {
    if !device.connection_status {
        return Err(away(device, plan.verb));
    }
    let path = format!("/amt/{}/{}", plan.route, device.guid);
    let answer = send(client, device, &path, plan).await.map_err(|f| f.about(&device.name))?;
    match answer["Body"]["ReturnValue"].as_u64() {
        Some(0) | None => {}
        Some(INVALID_TRANSITION) => return impossible(client, device, plan).await,
        Some(value) => {
            let (code, why) = match value {
                1 => (Code::AmtRefused, "this PC does not support it"),
                5 => (Code::AmtRefused, "a value is not valid"),
                6 => (Code::AmtRefused, "a redirection of it is in use"),
                BUSY => (Code::AmtRefused, "it is still busy with the change before"),
                _ => (Code::AmtRefused, "it gives no reason"),
            };
            let detail = format!("{}: AMT answered {value}: {why}", device.name);
            let failure = Failure::new(code, detail);
            return Err(if value == BUSY {
                failure.next("Try again in a few seconds.")
            } else {
                failure
            });
        }
    }
    let Some(patience) = wait else { return Ok((None, "accepted".to_owned())) };
    let mut story = Story::begin(device, plan.verb);
    story.follow(client, device, plan, patience).await
}

/// Sends the order. When the server takes no more orders of this person for a moment, nothing was done, so that it can be
/// sent again.
async fn send(client: &Client, device: &Device, path: &str, plan: &Plan) -> Result<Value> {
    let began = Instant::now();
    let mut told = false;
    loop {
        match client.post_once(path, &plan.body, plan.request_id.as_deref()).await {
            Err(failure)
                if failure.code() == Some(Code::TooMany) && began.elapsed() < TURN_PATIENCE =>
            {
                if !std::mem::replace(&mut told, true) {
                    let why = "the server takes only so many orders of one person in a minute";
                    note(&format!("{} waits for its turn: {why}", inert(&device.name)));
                }
                sleep(TURN_PAUSE).await;
            }
            other => return other,
        }
    }
}

/// Starts a PC from the image in its redirected drive, once: on, or by a reset when it is on.
pub(super) async fn start_from_image(client: &Client, device: &Device) -> Result<()> {
    let verb = "boot from the image";
    if !device.connection_status {
        return Err(away(device, verb));
    }
    let now = power_of(client, device).await.map_err(|failure| failure.about(&device.name))?;
    let on = ON.contains(&now);
    let action = if on { 202 } else { 203 };
    let body = json!({ "action": action, "useSOL": false });
    let route = "power/bootOptions";
    let plan = Plan { verb, route, body, interrupts: on, until: ON, request_id: None, through: on };
    tell(client, device, &plan, None).await.map(drop)
}

/// The device is not here, so that nothing was sent.
fn away(device: &Device, verb: &str) -> Failure {
    let name = inert(&device.name);
    let seen = match device.last_seen {
        Some(_) => format!("last seen {}", ago(device.last_seen)),
        None => "never seen".to_owned(),
    };
    let detail = format!("{name} has no tunnel now ({seen}), so nothing was sent to {verb} it");
    Failure::new(Code::DeviceAway, detail)
        .next(format!("`viaduct devices why-offline {name}` says what was seen of it."))
}

/// AMT does not lead from the state that the PC is in to the one that was asked for; it may be there already.
async fn impossible(client: &Client, device: &Device, plan: &Plan) -> Result<Told> {
    let now = power_of(client, device).await.map_err(|f| f.about(&device.name))?;
    if plan.until.contains(&now) && !plan.through && plan.route == "power/action" {
        return Ok((Some(now), format!("is {} already", words(now))));
    }
    let detail = format!(
        "{}: it is {}, and from there AMT does not do this: {}",
        device.name,
        words(now),
        plan.verb
    );
    let next = match words(now) {
        "on" => {
            "Graceful verbs and hibernation need Intel's management service (LMS) in the operating system; off, cycle and reset do not."
        }
        _ => "Switch it on first: `viaduct power on DEVICE`.",
    };
    Err(Failure::new(Code::AmtRefused, detail).next(next))
}

pub(super) async fn power_of(client: &Client, device: &Device) -> Result<u64> {
    let answer: Value = client.get(&format!("/amt/power/state/{}", device.guid)).await?;
    Ok(answer["powerstate"].as_u64().unwrap_or_default())
}

async fn state(desk: &Desk, select: &Select) -> Result<()> {
    let devices = select.find(desk).await?;
    let client = &desk.client;
    let work = |device: Device| {
        let client = client.clone();
        async move {
            if !device.connection_status {
                return Err(away(&device, "ask"));
            }
            let state = power_of(&client, &device).await.map_err(|f| f.about(&device.name))?;
            Ok((Some(state), words(state).to_owned()))
        }
    };
    let asked = each(desk, named(devices), &Pace::default(), work, streamed(desk)).await;
    report(desk, asked)
}

fn row(device: &Device, outcome: &Outcome<Told>) -> Row {
    let (powerstate, result) = match outcome {
        Outcome::Done((powerstate, result)) => (*powerstate, result.clone()),
        Outcome::Failed(failure) => (None, failure.word().to_owned()),
        Outcome::NotBegun => (None, "not begun".to_owned()),
    };
    let code = match outcome {
        Outcome::Failed(failure) => failure.code().map(Code::as_str),
        _ => None,
    };
    Row { guid: device.guid.to_string(), name: device.name.clone(), powerstate, result, code }
}

/// In NDJSON each line comes as soon as its device is through.
fn streamed(desk: &Desk) -> impl FnMut(&Device, &Outcome<Told>) {
    let printer = desk.printer;
    move |device, outcome| {
        if printer.format == Format::Ndjson {
            // What cannot be written is found out at the end as well.
            drop(printer.list(&[row(device, outcome)], &[]));
        }
    }
}

fn report(desk: &Desk, told: Vec<(Device, Outcome<Told>)>) -> Result<()> {
    let rows: Vec<Row> = told.iter().map(|(device, outcome)| row(device, outcome)).collect();
    let done = told.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).count();
    if desk.printer.format == Format::Ndjson {
        let left = told.iter().zip(&rows).filter(|((_, o), _)| matches!(o, Outcome::NotBegun));
        let left: Vec<&Row> = left.map(|(_, row)| row).collect();
        desk.printer.list(&left, &[])?;
    } else if done > 0 || rows.len() > 1 {
        // With one device a failure leaves the output empty.
        print(desk, &rows)?;
    }
    if rows.len() > 1 {
        note(&format!("{done} of {} done", rows.len()));
    }
    many::sum_up(|device: &Device| device.name.clone(), told)
}

fn print(desk: &Desk, rows: &[Row]) -> Result<()> {
    desk.printer.list(
        rows,
        &[
            ("NAME", &|row| row.name.clone()),
            ("RESULT", &|row| inert(&row.result)),
            ("GUID", &|row| row.guid.clone()),
        ],
    )
}

/// A power state as CIM counts it.
pub(super) fn words(state: u64) -> &'static str {
    match state {
        1 => "other",
        2 => "on",
        3 => "light sleep",
        4 => "asleep",
        5 => "cycling",
        6 | 8 => "off",
        7 => "hibernating",
        9 => "cycling",
        10 | 11 => "resetting",
        12 | 13 => "shutting down",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_sends_the_number_of_the_api() {
        let order = |power| BootOrder {
            select: Select::of("pc-1"),
            power,
            sol: false,
            manner: Manner { wait: false, timeout: 1, request_id: None, pace: Pace::default() },
        };
        let plan = Plan::boot("x", [401, 400], &order(Begin::On), Value::Null);
        assert_eq!((&plan.body["action"], plan.interrupts), (&json!(401), false));
        let plan = Plan::boot("x", [401, 400], &order(Begin::Reset), json!({ "url": "u" }));
        assert_eq!((&plan.body["action"], plan.interrupts), (&json!(400), true));
        assert_eq!(plan.body["bootDetails"]["url"], "u");
        assert!(!Plan::power("on", 2, ON).interrupts && Plan::power("off", 8, OFF).interrupts);
    }
}
