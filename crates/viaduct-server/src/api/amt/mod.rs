//! Open AMT's routes for a device that is connected (`/amt/*`): the same paths, shapes and statuses, one file for each
//! area.

mod alarms;
mod boot;
mod certificates;
mod consent;
mod displays;
mod erase;
mod explorer;
mod features;
mod hardware;
pub(super) mod json;
mod logs;
mod network;
mod power;
mod service;
pub(super) mod visit;
mod wifi;
mod wireless;

pub use consent::Tries as ConsentTries;
pub(super) use power::right_of as power_right;

use super::{
    guard::{Asks, Guard},
    routes::Routes,
};
use crate::access::Action;
use axum::http::Method;

const READ: Guard = Guard::Needs(Action::ReadDevices);
const LOGS: Guard = Guard::Needs(Action::ReadDeviceLogs);
const CHANGE: Guard = Guard::Needs(Action::ChangeAmt);
const ASK: Guard = Guard::Needs(Action::Consent);
const FEATURES: Guard = Guard::Needs(Action::ChangeFeatures);
/// Booting and power need further rights, which the handlers ask for.
const BOOT: Guard = Guard::Depends(Asks::Boot);
const POWER: Guard = Guard::Depends(Asks::Power);
const ERASE: Guard = Guard::Needs(Action::Erase);

/// All of them.
pub(super) fn routes(routes: Routes) -> Routes {
    networks(engine(records(power(platform(routes)))))
}

fn platform(routes: Routes) -> Routes {
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    routes
        .add(&get, "/api/v1/amt/version/{device}", READ, hardware::version)
        .add(&get, "/api/v1/amt/generalSettings/{device}", READ, hardware::general)
        .add(&get, "/api/v1/amt/hardwareInfo/{device}", READ, hardware::hardware)
        .add(&get, "/api/v1/amt/diskInfo/{device}", READ, hardware::disks)
        .add(&get, "/api/v1/amt/features/{device}", READ, features::show)
        .add(&post, "/api/v1/amt/features/{device}", FEATURES, features::change)
        .add(&get, "/api/v1/amt/kvm/displays/{device}", READ, displays::show)
        .add(&put, "/api/v1/amt/kvm/displays/{device}", CHANGE, displays::change)
        .add(&get, "/api/v1/amt/explorer", READ, explorer::list)
        .add(
            &get,
            "/api/v1/amt/explorer/{device}/{item}",
            Guard::Needs(Action::ReadWsman),
            explorer::run,
        )
}

fn power(routes: Routes) -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    routes
        .add(&get, "/api/v1/amt/power/state/{device}", READ, power::state)
        .add(&post, "/api/v1/amt/power/action/{device}", POWER, power::action)
        .add(&get, "/api/v1/amt/power/capabilities/{device}", READ, power::capabilities)
        .add(&post, "/api/v1/amt/power/bootOptions/{device}", BOOT, boot::options)
        .add(&get, "/api/v1/amt/power/bootSources/{device}", READ, boot::sources)
        .add(&get, "/api/v1/amt/boot/remoteErase/{device}", READ, erase::capabilities)
        .add(&post, "/api/v1/amt/boot/remoteErase/{device}", ERASE, erase::erase)
        .add(&get, "/api/v1/amt/userConsentCode/{device}", ASK, consent::start)
        .add(&post, "/api/v1/amt/userConsentCode/{device}", ASK, consent::send)
        .add(&get, "/api/v1/amt/userConsentCode/cancel/{device}", ASK, consent::cancel)
}

fn records(routes: Routes) -> Routes {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    let alarms = "/api/v1/amt/alarmOccurrences/{device}";
    routes
        .add(&get, "/api/v1/amt/log/audit/{device}", LOGS, logs::audit)
        .add(&get, "/api/v1/amt/log/event/{device}", LOGS, logs::events)
        .add(&get, "/api/v1/amt/log/audit/{device}/download", LOGS, logs::audit_csv)
        .add(&get, "/api/v1/amt/log/event/{device}/download", LOGS, logs::events_csv)
        .add(&get, alarms, READ, alarms::list)
        .add(&post, alarms, CHANGE, alarms::add)
        .add(&delete, alarms, CHANGE, alarms::remove)
}

fn engine(routes: Routes) -> Routes {
    let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
    routes
        .add(&delete, "/api/v1/amt/deactivate/{device}", ERASE, service::deactivate)
        .add(&get, "/api/v1/amt/certificates/{device}", READ, certificates::list)
        .add(&post, "/api/v1/amt/certificates/{device}", CHANGE, certificates::add)
        .add(&delete, "/api/v1/amt/certificates/{device}/{item}", CHANGE, certificates::remove)
        .add(&get, "/api/v1/amt/tls/{device}", READ, service::tls)
        .add(&get, "/api/v1/amt/time/{device}", READ, service::time)
        .add(&post, "/api/v1/amt/time/{device}", CHANGE, service::set_time)
        .add(&get, "/api/v1/amt/users/{device}", READ, service::users)
        .add(&get, "/api/v1/devices/cert/{device}", READ, service::pin)
        .add(
            &delete,
            "/api/v1/devices/cert/{device}",
            Guard::Needs(Action::ChangeDevices),
            service::forget_pin,
        )
}

fn networks(routes: Routes) -> Routes {
    let (get, post, patch, delete) = (Method::GET, Method::POST, Method::PATCH, Method::DELETE);
    let state = "/api/v1/amt/networkSettings/wireless/state/{device}";
    let sync = "/api/v1/amt/networkSettings/wireless/profileSync/{device}";
    let profile = "/api/v1/amt/networkSettings/wireless/profile/{device}";
    let one = "/api/v1/amt/networkSettings/wireless/profile/{device}/{item}";
    routes
        .add(&post, "/api/v1/amt/network/linkPreference/{device}", CHANGE, wireless::prefer)
        .add(&get, "/api/v1/amt/networkSettings/{device}", READ, network::show)
        .add(&get, "/api/v1/amt/networkSettings/wired/{device}", READ, network::wired)
        .add(&patch, "/api/v1/amt/networkSettings/wired/{device}", CHANGE, network::change_wired)
        .add(&get, state, READ, wireless::state)
        .add(&post, state, CHANGE, wireless::change_state)
        .add(&get, sync, READ, wireless::sync)
        .add(&post, sync, CHANGE, wireless::change_sync)
        .add(&get, profile, READ, wifi::list)
        .add(&post, profile, CHANGE, wifi::add)
        .add(&patch, profile, CHANGE, wifi::update)
        .add(&delete, one, CHANGE, wifi::remove)
}
