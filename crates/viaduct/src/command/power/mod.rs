//! `viaduct power` (and `viaduct boot`): many devices at once, each told exactly once.

mod boot;
mod order;
mod rows;

pub(super) use boot::start_from_image;
pub(crate) use boot::{Boot, run as boot};
pub(super) use order::{Plan, Told, power_of};
pub(super) use rows::words;

use super::{
    Desk,
    many::{Pace, each},
    select::{Select, confirm},
};
use crate::failure::Result;
use order::{OFF, ON, away, tell};
use rows::{Row, print, report, streamed};
use std::{sync::Arc, time::Duration};
use viaduct_api::Device;

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
