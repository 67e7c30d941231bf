//! Commands through the whole server: real TLS, a tunnel, and the platform's own web server behind it.

use crate::site::{PATIENCE, Site};
use amt::wsman::Target;
use std::{sync::Arc, time::Duration};
use tokio::{sync::broadcast, time::timeout};
use viaduct_server::{command::CommandError, config::Span, events::Event};

async fn event<T>(
    events: &mut broadcast::Receiver<Arc<Event>>,
    wanted: impl Fn(&Event) -> Option<T>,
) -> T {
    let search = async {
        loop {
            if let Some(found) = wanted(&events.recv().await.unwrap()) {
                return found;
            }
        }
    };
    timeout(PATIENCE, search).await.expect("the event is published")
}

#[tokio::test]
async fn classes_are_read_and_listed_and_methods_called() {
    let site = Site::start().await;
    let mut events = site.running.events().subscribe();
    let mut device = site.commands().await.unwrap();
    let settings = device.get("AMT_GeneralSettings").await.unwrap();
    assert_eq!(settings.text("HostName"), Some("pc-01"));
    let software = device.enumerate("CIM_SoftwareIdentity").await.unwrap();
    assert!(software.len() > 3, "{software:?}");
    let identity = device.identify().await.unwrap();
    assert_eq!(identity.vendor, "Intel(r)");
    let reset = vec![("PowerState".into(), 10.into())];
    let done = device.call("CIM_PowerManagementService", "RequestPowerStateChange", reset).await;
    assert_eq!(done.unwrap().value, 0);
    drop(device);
    let requests = event(&mut events, |event| match event {
        Event::CommandEnded { what: "test", requests, code: None, .. } => Some(*requests),
        _ => None,
    });
    assert!(requests.await >= 5);
}

#[tokio::test]
async fn an_unknown_class_is_a_fault_that_says_so() {
    let site = Site::start().await;
    let mut device = site.commands().await.unwrap();
    let error = device.get("AMT_NoSuchThing").await.unwrap_err();
    assert!(error.is_absent(), "{error}");
    let selected = Target::class("AMT_GeneralSettings").unwrap().with("InstanceID", "none");
    assert!(device.get_at(selected).await.unwrap_err().is_absent());
    assert!(matches!(device.get("Win32_Process").await, Err(CommandError::Unusable(_))));
}

#[tokio::test]
async fn tls_inside_the_tunnel_is_used_where_only_that_is_forwarded_and_its_certificate_is_pinned()
{
    let site = Site::with(|faults| faults.missing_ports = vec![16992], |_| {}).await;
    let mut events = site.running.events().subscribe();
    let mut device = site.commands().await.unwrap();
    assert!(device.get("AMT_GeneralSettings").await.is_ok());
    let seen = event(&mut events, |event| match event {
        Event::AmtCertificatePinned { seen, .. } => Some(seen.clone()),
        _ => None,
    });
    let seen = seen.await;
    drop(device);
    let mut device = site.commands().await.unwrap();
    assert!(device.get("AMT_GeneralSettings").await.is_ok(), "the same certificate again");
    drop(device);

    site.running.inventory().pin_amt(site.id(), Some([7; 32])).await.unwrap();
    let mut device = site.commands().await.unwrap();
    let error = device.get("AMT_GeneralSettings").await.unwrap_err();
    let known = "07".repeat(32);
    assert_eq!(error, CommandError::CertificateChanged { known: known.clone(), seen });
    let alarm = event(&mut events, |event| match event {
        Event::AmtCertificateChanged { known, .. } => Some(known.clone()),
        _ => None,
    });
    assert_eq!(alarm.await, known);
}

#[tokio::test]
async fn a_device_that_falls_silent_costs_the_deadline_and_no_more() {
    let site =
        Site::with(|_| {}, |config| config.limits.command_deadline = Span(Duration::from_secs(5)))
            .await;
    let mut device = site.commands().await.unwrap();
    assert!(device.get("AMT_GeneralSettings").await.is_ok());
    site.platform.fault("silence=true").unwrap();
    let ended = timeout(PATIENCE, device.get("AMT_GeneralSettings")).await.unwrap();
    assert_eq!(ended.unwrap_err(), CommandError::Silent);
    let beside = timeout(PATIENCE, site.commands()).await.unwrap();
    assert!(beside.is_ok(), "others still get a place");
    site.platform.fault("silence=off").unwrap();
    assert!(timeout(PATIENCE, device.get("AMT_GeneralSettings")).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_device_that_is_away_or_blocked_is_not_asked() {
    let site = Site::start().await;
    let opener = viaduct_server::tunnel::Opener { user: "test".into(), console: None };
    let stranger = "11111111-2222-3333-4444-555555555555".parse().unwrap();
    let away = site.running.commands().device(stranger, opener, "test").await;
    assert!(matches!(away, Err(CommandError::Away { .. })));
    site.running.inventory().set_blocked(site.id(), true).await.unwrap();
    assert!(matches!(site.commands().await, Err(CommandError::Away { .. })));
}
