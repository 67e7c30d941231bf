//! The statements of Intel's pages about a platform's behaviour, one by one, under a clock that jumps.

mod world;

use super::*;
use crate::remote_access::{Environment, Limits, MpsType, Schedule};
use world::{
    DAY, FIRST,
    Meets::{NoAnswer, Welcome, WrongName, WrongPassword, WrongRoot},
    SECOND,
    Seen::{Dialled, HungUp},
    World, at, every, policy, remote,
};

#[test]
fn mps_are_tried_in_order_with_one_repeat_for_every_combination_of_servers_and_triggers() {
    let all = [Welcome, NoAnswer, WrongRoot, WrongName, WrongPassword];
    for trigger in [Trigger::User, Trigger::Alert, Trigger::Periodic] {
        for first in all {
            for second in all {
                let mut world = World::new([policy(trigger, 0, &[FIRST, SECOND])])
                    .meets(FIRST, first)
                    .meets(SECOND, second);
                if trigger != Trigger::Periodic {
                    world.fire(trigger).unwrap();
                }
                // Up to just before the next interval.
                world.until(3600);
                let one = (trigger, FIRST, first);
                let two = (trigger, SECOND, second);
                let expected = match (first, second) {
                    (Welcome, _) => vec![one],
                    (_, Welcome) => vec![one, two],
                    _ => vec![one, two, one, two],
                };
                let case = format!("{trigger} {first:?} {second:?}");
                assert_eq!(world.attempts(), expected, "{case}");
                let up = match (first, second) {
                    (Welcome, _) => Some((trigger, FIRST)),
                    (_, Welcome) => Some((trigger, SECOND)),
                    _ => None,
                };
                assert_eq!(world.connected(), up, "{case}");
            }
        }
    }
}

#[test]
fn a_failed_round_is_repeated_once_and_then_it_is_silent_until_a_new_trigger() {
    let mut world = World::new([policy(Trigger::User, 0, &[FIRST])]).meets(FIRST, NoAnswer);
    world.until(DAY);
    assert_eq!(world.seen, []);
    world.fire(Trigger::User).unwrap();
    world.until(5 * DAY);
    let dialled = Dialled(Trigger::User, FIRST, NoAnswer);
    assert_eq!(world.seen, [(DAY, dialled), (DAY + 1, dialled)]);
    world.fire(Trigger::User).unwrap();
    world.until(6 * DAY);
    assert_eq!(world.seen.len(), 4);
}

#[test]
fn a_periodic_policy_dials_when_it_is_added_and_then_at_each_interval() {
    let mut world = World::new([every(25, 0, &[FIRST])]).meets(FIRST, NoAnswer);
    world.until(80);
    let seconds: Vec<u64> = world.seen.iter().map(|(second, _)| *second).collect();
    assert_eq!(seconds, [1, 2, 26, 27, 51, 52, 76, 77]);
}

#[test]
fn a_day_of_a_periodic_policy_passes_in_milliseconds() {
    let mut world = World::new([every(25, 10, &[FIRST])]);
    world.until(DAY);
    // Every 25 seconds a tunnel, which is dropped after ten without traffic.
    let tunnels = world.attempts().len() as u64;
    assert_eq!(tunnels, (DAY - 1) / 25 + 1);
    let dropped = world.seen.iter().filter(|(_, seen)| *seen == HungUp(HangUp::LifeTime)).count();
    assert_eq!(dropped as u64, tunnels);
}

#[test]
fn a_daily_policy_dials_at_its_time_of_day() {
    let daily = Schedule::Daily { hour: 6, minute: 30 };
    let mut world = World::new([Policy::new(Trigger::Periodic, 60, Some(daily), [FIRST])]);
    world.until(3 * DAY);
    let dialled = Dialled(Trigger::Periodic, FIRST, Welcome);
    let half_past_six = 6 * 3600 + 30 * 60;
    let expected: Vec<_> = (0..3)
        .flat_map(|day| {
            let second = day * DAY + half_past_six;
            [(second, dialled), (second + 60, HungUp(HangUp::LifeTime))]
        })
        .collect();
    assert_eq!(world.seen, expected);
}

#[test]
fn inactivity_drops_the_tunnel_after_the_life_time() {
    let mut world = World::new([policy(Trigger::User, 300, &[FIRST])]);
    world.fire(Trigger::User).unwrap();
    world.until(299);
    world.engine.handle_activity(world.now);
    world.until(598);
    assert!(world.connected().is_some());
    world.until(599);
    assert_eq!(world.seen.last(), Some(&(599, HungUp(HangUp::LifeTime))));
    assert_eq!(world.connected(), None);
}

#[test]
fn a_life_time_of_zero_is_for_ever() {
    let mut world = World::new([policy(Trigger::User, 0, &[FIRST])]);
    world.fire(Trigger::User).unwrap();
    world.until(365 * DAY);
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
}

#[test]
fn priorities_a_higher_trigger_that_needs_another_server_drops_the_tunnel_and_moves() {
    let policies = [every(3600, 0, &[FIRST]), policy(Trigger::User, 300, &[SECOND])];
    let mut world = World::new(policies);
    world.until(10);
    world.fire(Trigger::User).unwrap();
    assert_eq!(
        world.seen,
        [
            (1, Dialled(Trigger::Periodic, FIRST, Welcome)),
            (10, HungUp(HangUp::Superseded)),
            (10, Dialled(Trigger::User, SECOND, Welcome)),
        ]
    );
}

#[test]
fn a_higher_trigger_keeps_a_server_that_its_policy_names() {
    let policies = [every(3600, 60, &[FIRST]), policy(Trigger::User, 300, &[SECOND, FIRST])];
    let mut world = World::new(policies);
    world.until(10);
    world.fire(Trigger::User).unwrap();
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
    // The longer life time counts.
    world.until(300);
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
    world.until(301);
    assert_eq!(world.seen.last(), Some(&(301, HungUp(HangUp::LifeTime))));
}

#[test]
fn a_lower_trigger_with_a_longer_life_time_keeps_the_server_and_extends_it() {
    let policies = [every(100, 1000, &[SECOND]), policy(Trigger::User, 150, &[FIRST])];
    let mut world = World::new(policies);
    world.fire(Trigger::User).unwrap();
    world.until(151);
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
    world.until(999);
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
    world.until(1000);
    assert_eq!(world.seen.last(), Some(&(1000, HungUp(HangUp::LifeTime))));
}

#[test]
fn a_lower_trigger_with_a_shorter_life_time_changes_nothing() {
    let policies = [every(100, 10, &[SECOND]), policy(Trigger::User, 150, &[FIRST])];
    let mut world = World::new(policies);
    world.fire(Trigger::User).unwrap();
    world.until(149);
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
    world.until(150);
    assert_eq!(world.connected(), None);
}

#[test]
fn an_alert_opens_a_tunnel_only_if_none_is_up() {
    let policies = [every(3600, 0, &[FIRST]), policy(Trigger::Alert, 60, &[SECOND])];
    let mut world = World::new(policies);
    world.until(1);
    world.fire(Trigger::Alert).unwrap();
    assert_eq!(world.attempts(), [(Trigger::Periodic, FIRST, Welcome)]);
    world.lose();
    world.fire(Trigger::Alert).unwrap();
    assert_eq!(world.connected(), Some((Trigger::Alert, SECOND)));
}

#[test]
fn a_higher_trigger_interrupts_a_round_and_the_lower_one_waits_for_its_turn() {
    let policies = [every(3600, 0, &[FIRST]), policy(Trigger::User, 60, &[SECOND])];
    let mut world = World::new(policies).meets(FIRST, NoAnswer).meets(SECOND, NoAnswer);
    world.until(1);
    // Between the two passes of the periodic round.
    world.fire(Trigger::User).unwrap();
    world.until(100);
    let (periodic, user) = (Trigger::Periodic, Trigger::User);
    let order: Vec<_> = world.attempts().iter().map(|(t, server, _)| (*t, *server)).collect();
    assert_eq!(
        order,
        [(periodic, FIRST), (user, SECOND), (user, SECOND), (periodic, FIRST), (periodic, FIRST)]
    );
}

#[test]
fn a_lost_tunnel_comes_back_with_the_next_trigger_and_moves_to_the_second_server() {
    let mut world = World::new([every(30, 0, &[FIRST, SECOND])]);
    world.until(10);
    world.servers.insert(FIRST, NoAnswer);
    world.lose();
    world.until(30);
    assert_eq!(world.connected(), None);
    world.until(31);
    assert_eq!(world.connected(), Some((Trigger::Periodic, SECOND)));
}

#[test]
fn it_connects_only_when_outside() {
    let mut world = World::new([every(60, 0, &[FIRST]), policy(Trigger::User, 0, &[FIRST])]);
    world.enter(Network::Suffix("berlin.corp.example".into()));
    assert_eq!(world.fire(Trigger::User), Err(Ignored::Inside));
    world.until(600);
    assert_eq!(world.seen, []);
    world.enter(Network::Suffix("hotel.example".into()));
    world.until(601);
    assert_eq!(world.connected(), Some((Trigger::Periodic, FIRST)));
    world.until(700);
    world.enter(Network::Inside);
    assert_eq!(world.seen.last(), Some(&(700, HungUp(HangUp::NotOutside))));
    world.until(7000);
    assert_eq!(world.connected(), None);
}

#[test]
fn an_ipv6_prefix_tells_the_inside_as_a_suffix_does() {
    let mut world = World::new([policy(Trigger::User, 0, &[FIRST])]);
    world.change(|remote| {
        remote.environment = Environment::new(Vec::new(), vec!["2001:db8::/32".into()]).unwrap();
    });
    let at_work = Network::Address("2001:db8:1::5".parse().unwrap());
    world.enter(at_work.clone());
    assert_eq!(world.fire(Trigger::User), Err(Ignored::Inside));
    world.enter("2a00:1450::5".parse().unwrap());
    world.fire(Trigger::User).unwrap();
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
    world.enter(at_work);
    assert_eq!(world.seen.last().unwrap().1, HungUp(HangUp::NotOutside));
}

#[test]
fn without_environment_detection_it_takes_itself_to_be_inside() {
    let mut world = World::new([every(60, 0, &[FIRST])]);
    world.change(|remote| remote.environment = Environment::default());
    world.until(600);
    assert_eq!(world.seen, []);
    world.change(|remote| remote.environment.suffixes = vec!["corp.example".into()]);
    world.until(601);
    assert_eq!(world.connected(), Some((Trigger::Periodic, FIRST)));
}

#[test]
fn a_user_trigger_that_is_switched_off_or_has_no_policy_does_nothing() {
    let mut world = World::new([policy(Trigger::User, 0, &[FIRST])]);
    assert_eq!(world.fire(Trigger::Alert), Err(Ignored::NoPolicy));
    world.change(|remote| remote.user_initiated = crate::remote_access::UserInitiated::default());
    assert_eq!(world.fire(Trigger::User), Err(Ignored::UserOff));
    world.change(|remote| remote.user_initiated.bios = true);
    assert_eq!(world.fire(Trigger::User), Ok(()));
}

#[test]
fn internal_servers_are_not_dialled() {
    let mut user = policy(Trigger::User, 0, &[FIRST, SECOND]);
    user.applies[0].mps_type = MpsType::Internal;
    user.applies[1].mps_type = MpsType::Both;
    let mut world = World::new([user]);
    world.fire(Trigger::User).unwrap();
    assert_eq!(world.attempts(), [(Trigger::User, SECOND, Welcome)]);
}

#[test]
fn closing_ends_the_tunnel_whatever_opened_it() {
    for trigger in [Trigger::User, Trigger::Alert, Trigger::Periodic] {
        let mut world = World::new([policy(trigger, 0, &[FIRST])]);
        world.until(1);
        if trigger != Trigger::Periodic {
            world.fire(trigger).unwrap();
        }
        assert!(world.connected().is_some());
        world.engine.handle_close();
        world.act();
        assert_eq!(world.seen.last().unwrap().1, HungUp(HangUp::Asked));
        world.until(3600);
        assert_eq!(world.connected(), None, "{trigger}");
    }
}

#[test]
fn firmware_that_gives_up_waits_for_a_user_or_another_network() {
    let policies = [every(60, 0, &[FIRST]), policy(Trigger::User, 0, &[FIRST])];
    let mut world = World::of(RetryProfile::GivesUp, policies).meets(FIRST, NoAnswer);
    world.until(DAY);
    assert_eq!(world.attempts().len(), 1);
    assert_eq!(world.engine.poll_timeout(), None);
    world.fire(Trigger::User).unwrap();
    assert_eq!(world.attempts().len(), 2);
    world.until(2 * DAY);
    assert_eq!(world.attempts().len(), 2);
    world.servers.insert(FIRST, Welcome);
    world.enter(Network::Down);
    world.enter(Network::Outside);
    world.until(2 * DAY + 1);
    assert_eq!(world.connected(), Some((Trigger::Periodic, FIRST)));
}

#[test]
fn firmware_that_must_see_its_link_go_down_dials_after_that_and_not_before() {
    let mut world = World::new([]);
    world.change(|remote| remote.policies.push(every(60, 0, &[FIRST])));
    world.engine.handle_unnoticed();
    world.until(600);
    assert_eq!((world.attempts().len(), world.engine.poll_timeout()), (0, None));
    assert_eq!(world.fire(Trigger::Periodic), Err(Ignored::Unaware));
    world.enter(Network::Down);
    world.enter(Network::Outside);
    world.until(601);
    assert_eq!(world.connected(), Some((Trigger::Periodic, FIRST)));
}

#[test]
fn an_eager_platform_comes_back_by_itself() {
    let mut world = World::of(RetryProfile::Eager, [policy(Trigger::User, 0, &[FIRST])]);
    world.fire(Trigger::User).unwrap();
    world.servers.insert(FIRST, NoAnswer);
    world.lose();
    world.until(300);
    assert!(world.attempts().len() > 10);
    world.servers.insert(FIRST, Welcome);
    world.until(340);
    assert_eq!(world.connected(), Some((Trigger::User, FIRST)));
}

#[test]
fn a_removed_policy_fires_no_more() {
    let mut world = World::new([every(60, 10, &[FIRST])]);
    world.until(30);
    world.change(|remote| remote.policies.clear());
    world.until(DAY);
    assert_eq!(world.attempts().len(), 1);
    assert_eq!(world.engine.poll_timeout(), None);
}

#[test]
fn a_dial_that_nobody_has_begun_is_taken_back() {
    let mut engine = Engine::new(RetryProfile::Spec, Network::Outside, 7);
    let mut remote = remote();
    remote.add_policy(policy(Trigger::Alert, 0, &[FIRST]), &Limits::default()).unwrap();
    remote.add_policy(policy(Trigger::User, 0, &[SECOND]), &Limits::default()).unwrap();
    engine.handle_configured(&remote, at(0));
    engine.handle_trigger(Trigger::Alert, at(0)).unwrap();
    engine.handle_trigger(Trigger::User, at(0)).unwrap();
    let user = Action::Dial { trigger: Trigger::User, server: SECOND };
    assert_eq!(engine.poll_action(), Some(user));
    assert_eq!(engine.poll_action(), None);
    engine.handle_close();
    assert_eq!(engine.poll_action(), Some(Action::HangUp(HangUp::Asked)));
    engine.handle_over(at(1));
    assert_eq!(engine.standing(), Standing::Away);
}
