//! Fleets: many platforms in one process.

use crate::mps::{Manners, Mps, NAME, soon};
use amt_sim::{Fleet, FleetConfig, Identity, State};
use apf::{EndReason, server::Event};
use std::{collections::HashSet, net::IpAddr};

#[tokio::test]
async fn twenty_five_platforms_settle_and_say_goodbye() {
    let mut mps = Mps::start(Manners::default()).await;
    let identities = Identity::fleet(25, "seed", "pc", "demo.example").unwrap();
    let root = mps.authority.root_pem();
    let mut config = FleetConfig::new(identities.clone(), mps.address.into(), root);
    assert_eq!(config.identities(), identities);
    config.setup.common_name = Some(NAME.into());
    config.sources = vec!["127.0.0.1".parse().unwrap(), "127.0.0.2".parse().unwrap()];
    let fleet = Fleet::start(config).unwrap();
    soon("the fleet is ready", fleet.ready()).await.unwrap();

    let (mut seen, mut sources, mut tunnels) = (HashSet::new(), HashSet::new(), Vec::new());
    for _ in 0..25 {
        let mut tunnel = mps.tunnel().await;
        let Event::Greeted { uuid, .. } = tunnel.event().await else { panic!() };
        seen.insert(uuid);
        sources.insert(tunnel.peer.ip());
        tunnels.push(tunnel);
    }
    assert_eq!(seen, identities.iter().map(|identity| identity.guid).collect());
    assert_eq!(
        sources,
        HashSet::from(["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse::<IpAddr>().unwrap()))
    );
    assert_eq!(fleet.find("pc-07").unwrap().identity().guid, identities[6].guid);
    assert!(fleet.find(&identities[6].guid.to_string().to_uppercase()).is_some());
    assert!(fleet.find("pc-99").is_none());

    soon("the fleet ends", fleet.shutdown()).await;
    for tunnel in &mut tunnels {
        assert!(matches!(tunnel.ended().await, EndReason::ByPeer(_)));
    }
    assert!(fleet.platforms().iter().all(|p| *p.state().borrow() == State::Stopped));
}

#[tokio::test]
async fn a_fleet_that_is_dropped_goes_away() {
    let mut mps = Mps::start(Manners::default()).await;
    let identities = Identity::fleet(2, "seed", "pc", "").unwrap();
    let mut config = FleetConfig::new(identities, mps.address.into(), mps.authority.root_pem());
    config.setup.common_name = Some(NAME.into());
    let fleet = Fleet::start(config).unwrap();
    let (mut one, mut two) = (mps.settled().await, mps.settled().await);
    drop(fleet);
    assert!(matches!(one.ended().await, EndReason::ByPeer(_)));
    assert!(matches!(two.ended().await, EndReason::ByPeer(_)));
}
