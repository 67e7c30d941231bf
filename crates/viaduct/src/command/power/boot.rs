//! `viaduct boot`: what PCs boot next, and booting it.

use super::{
    Manner, carry_out,
    order::{ON, Plan, away, power_of, tell},
};
use crate::{
    client::{Client, segment},
    command::{Desk, secret, select::Select},
    failure::Result,
    say::inert,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use viaduct_api::Device;

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
        #[command(flatten)]
        recovery: Recovery,
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
    /// Boot the recovery environment of Windows (one-click recovery)
    #[command(name = "winre")]
    WinRe {
        #[command(flatten)]
        order: BootOrder,
        #[command(flatten)]
        recovery: Recovery,
        /// Which one, where the PC has several: its boot string, as `viaduct boot sources` lists it
        #[arg(long, value_name = "BOOT-STRING", default_value = "", hide_default_value = true)]
        path: String,
    },
    /// Boot an image that is kept on the PC (one-click recovery)
    Local {
        #[command(flatten)]
        order: BootOrder,
        #[command(flatten)]
        recovery: Recovery,
        /// Its boot string, as `viaduct boot sources` lists it
        #[arg(long, value_name = "BOOT-STRING")]
        path: String,
    },
    /// Boot from the mounted image (see `viaduct ider`)
    Ider(BootOrder),
    /// Boot from the first hard disk
    Disk(BootOrder),
    /// List what a PC can boot from
    Sources {
        /// Name, domain name or GUID
        device: String,
    },
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

/// What one-click recovery asks besides.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Recovery {
    /// Boot also what Secure Boot would refuse, this once; a PC in client control mode does not do it
    #[arg(long)]
    no_secure_boot: bool,
}

impl Recovery {
    fn details(self, mut details: Value) -> Value {
        if self.no_secure_boot {
            details["enforceSecureBoot"] = false.into();
        }
        details
    }
}

/// How a boot begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Begin {
    /// By switching on
    On,
    /// By a reset
    Reset,
}

fn plan(verb: &'static str, actions: [u32; 2], order: &BootOrder, details: Value) -> Plan {
    let [on, reset] = actions;
    let action = if order.power == Begin::On { on } else { reset };
    let mut body = json!({ "action": action, "useSOL": order.sol });
    if !details.is_null() {
        body["bootDetails"] = details;
    }
    let interrupts = order.power == Begin::Reset;
    let route = "power/bootOptions";
    Plan { verb, route, body, interrupts, until: ON, request_id: None, through: interrupts }
}

pub(crate) async fn run(desk: &Desk, command: Boot) -> Result<()> {
    let (order, plan) = match command {
        Boot::Sources { device } => return sources(desk, &device).await,
        Boot::Bios(order) => {
            let plan = plan("boot into the BIOS of", [100, 101], &order, Value::Null);
            (order, plan)
        }
        Boot::Pxe(order) => {
            let plan = plan("boot from the network", [401, 400], &order, Value::Null);
            (order, plan)
        }
        Boot::Ider(order) => {
            let plan = plan("boot from the image", [203, 202], &order, Value::Null);
            (order, plan)
        }
        Boot::Disk(order) => {
            let plan = plan("boot from the disk", [403, 402], &order, Value::Null);
            (order, plan)
        }
        Boot::Https { order, recovery, url, user, password_file } => {
            let password = password_file.as_deref().map(secret::from_file).transpose()?;
            let details = recovery.details(json!({
                "url": url,
                "username": user.unwrap_or_default(),
                "password": password.unwrap_or_default(),
            }));
            (order.clone(), plan("boot over HTTPS", [106, 105], &order, details))
        }
        Boot::Local { order, recovery, path } => {
            let details = recovery.details(json!({ "bootPath": path }));
            (order.clone(), plan("boot the image kept on", [108, 107], &order, details))
        }
        Boot::WinRe { order, recovery, path } => {
            let details = recovery.details(json!({ "bootPath": path }));
            (order.clone(), plan("boot the recovery environment of", [110, 109], &order, details))
        }
    };
    carry_out(desk, &order.select, &order.manner, plan).await
}

async fn sources(desk: &Desk, device: &str) -> Result<()> {
    let path = format!("/amt/power/bootSources/{}", segment(device));
    let sources: Vec<Value> = desk.client.get(&path).await?;
    let text = |source: &Value, key: &str| inert(source[key].as_str().unwrap_or_default());
    desk.printer.list(
        &sources,
        &[
            ("NAME", &|source| text(source, "instanceID")),
            ("IN THE BIOS", &|source| text(source, "biosBootString")),
            ("BOOT STRING", &|source| text(source, "bootString")),
        ],
    )
}

/// Starts a PC from the image in its redirected drive, once: on, or by a reset when it is on.
pub(in crate::command) async fn start_from_image(client: &Client, device: &Device) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::many::Pace;

    #[test]
    fn every_verb_sends_the_number_of_the_api() {
        let order = |power| BootOrder {
            select: Select::of("pc-1"),
            power,
            sol: false,
            manner: Manner { wait: false, timeout: 1, request_id: None, pace: Pace::default() },
        };
        let made = plan("x", [401, 400], &order(Begin::On), Value::Null);
        assert_eq!((&made.body["action"], made.interrupts), (&json!(401), false));
        let made = plan("x", [401, 400], &order(Begin::Reset), json!({ "url": "u" }));
        assert_eq!((&made.body["action"], made.interrupts), (&json!(400), true));
        assert_eq!(made.body["bootDetails"]["url"], "u");
        let recovery = |no_secure_boot| Recovery { no_secure_boot }.details(json!({}));
        assert_eq!(recovery(true), json!({ "enforceSecureBoot": false }));
        assert_eq!(recovery(false), json!({}));
    }
}
