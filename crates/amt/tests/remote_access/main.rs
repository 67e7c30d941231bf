//! Plans against a platform that obeys them: whatever is there before and wherever it breaks off,
//! running it again ends in what was wanted, and others are left alone.

#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod platform;

use amt::remote_access::{
    Coverage, Edit, Inside, NewMps, Own, Plan, PlanError, Rotation, Step, Trigger, UserInitiated,
    Wish, coverage, never_matching, plan, plan_edit, plan_put_back, plan_removal, plan_rotation,
    trigger_list,
};
use platform::{Platform, instance};

const ROOT: &[u8] = b"our root";

fn server(address: &str) -> NewMps {
    NewMps {
        address: address.into(),
        port: 4433,
        common_name: Some("mps.example".into()),
        user: "u1b2c3".into(),
        password: "Ab1!Ab1!Ab1!Ab1!".into(),
    }
}

fn wish(servers: &[&str], triggers: &str) -> Wish {
    Wish {
        roots: vec![("Viaduct root".into(), ROOT.to_vec())],
        servers: servers.iter().map(|address| server(address)).collect(),
        policies: trigger_list(triggers).unwrap(),
        inside: Inside::Nowhere(never_matching([9; 16])),
    }
}

const ALL: &str = "user,periodic=25s,alert";

fn run(platform: &mut Platform, wish: &Wish) -> Plan {
    let plan = plan(&platform.read(), wish).unwrap();
    platform.take(&plan.steps, usize::MAX, |_| {});
    plan
}

fn words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(Step::describe).collect()
}

#[test]
fn a_fresh_platform_gets_everything_and_the_environment_last() {
    let mut platform = Platform::fresh();
    let plan = run(&mut platform, &wish(&["mps.example", "192.0.2.2"], ALL));
    let words = words(&plan);
    assert_eq!(words.first().unwrap(), "trust the root Viaduct root");
    assert!(words.last().unwrap().starts_with("let the PC be at home only under "), "{words:?}");
    let state = platform.read();
    assert_eq!((state.mps.len(), state.policies.len()), (2, 3));
    assert!(state.trusts(ROOT) && state.environment.never_matches());
    assert_eq!(state.user_initiated, Some(UserInitiated::Both));
    for policy in &state.policies {
        let places: Vec<String> = state
            .servers_of(&policy.name)
            .iter()
            .map(|name| state.entry(name).unwrap().to_string())
            .collect();
        assert_eq!(places, ["mps.example:4433", "192.0.2.2:4433"], "{}", policy.name);
    }
    assert_eq!(plan.cuts, None);
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let mut platform = Platform::fresh();
    let wish = wish(&["mps.example"], ALL);
    run(&mut platform, &wish);
    let again = Wish { inside: Inside::Nowhere(never_matching([8; 16])), ..wish };
    assert_eq!(plan(&platform.read(), &again), Ok(Plan::default()));
}

#[test]
fn work_that_broke_off_anywhere_is_resumed() {
    let wish = wish(&["mps.example", "mps2.example"], ALL);
    let calls = {
        let mut count = 0;
        let mut whole = Platform::fresh();
        let plan = plan(&whole.read(), &wish).unwrap();
        whole.take(&plan.steps, usize::MAX, |_| count += 1);
        count
    };
    for done in 0..calls {
        let mut platform = Platform::fresh();
        let plan = plan(&platform.read(), &wish).unwrap();
        platform.take(&plan.steps, done, |_| {});
        run(&mut platform, &wish);
        let state = platform.read();
        assert!(platform.finds("mps.example", ROOT), "after {done} calls");
        assert_eq!((state.mps.len(), state.policies.len(), state.roots.len()), (2, 3, 1));
    }
}

#[test]
fn what_others_have_stays() {
    let mut platform = Platform::fresh();
    let theirs = Wish {
        roots: vec![("Theirs".into(), b"theirs".to_vec())],
        ..wish(&["other.example"], "alert")
    };
    run(&mut platform, &theirs);
    run(&mut platform, &wish(&["mps.example"], "user,periodic=25s"));
    assert!(platform.finds("other.example", b"theirs"));
    assert!(platform.finds("mps.example", ROOT));
    let alert = platform.read();
    let alert = alert.servers_of(&alert.policy(Trigger::Alert).unwrap().name).len();
    assert_eq!(alert, 1);

    let own = Own { servers: vec![("mps.example".into(), 4433)], roots: vec![ROOT.to_vec()] };
    let removal = plan_removal(&platform.read(), &own);
    platform.take(&removal.steps, usize::MAX, |_| {});
    assert!(platform.finds("other.example", b"theirs"), "{:?}", words(&removal));
    assert!(!platform.read().trusts(ROOT));
    assert_eq!(platform.read().mps.len(), 1);
}

#[test]
fn a_policy_of_others_for_the_same_trigger_is_replaced_and_this_is_said() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["other.example"], "periodic=60s"));
    let plan = plan(&platform.read(), &wish(&["mps.example"], "periodic=25s")).unwrap();
    assert!(plan.notes.iter().any(|note| note.contains("other.example:4433")), "{:?}", plan.notes);
    platform.take(&plan.steps, usize::MAX, |_| {});
    assert!(platform.finds("mps.example", ROOT));
    assert_eq!(platform.read().mps.len(), 2, "their entry stays, nobody else is harmed by it");
}

#[test]
fn changing_schedules_never_leaves_it_without_a_policy_when_it_has_several() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["mps.example"], ALL));
    let slower = wish(&["mps.example"], "user/60s,periodic=10m,alert/90s");
    let plan = plan(&platform.read(), &slower).unwrap();
    assert_eq!(plan.steps.len(), 3);
    platform.take(&plan.steps, usize::MAX, |now| assert!(now.finds("mps.example", ROOT)));
}

#[test]
fn a_policy_that_could_not_be_added_again_comes_back_as_it_was() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["mps.example"], "periodic=25s"));
    let plan = plan(&platform.read(), &wish(&["mps.example"], "periodic=10m")).unwrap();
    let [step] = &plan.steps[..] else { panic!("{:?}", words(&plan)) };
    let added = amt::remote_access::Added::default();
    let calls = step.calls(&added).unwrap();
    platform.call(&calls[0]).unwrap();
    assert!(!platform.finds("mps.example", ROOT));
    platform.call(&step.undo(&added).unwrap().unwrap()).unwrap();
    assert!(platform.finds("mps.example", ROOT));
}

#[test]
fn a_full_table_is_said_with_its_entries_before_anything_is_changed() {
    let mut platform = Platform::fresh();
    for name in ["a.example", "b.example", "c.example", "d.example"] {
        run(&mut platform, &wish(&[name], "periodic=25s"));
    }
    let error = plan(&platform.read(), &wish(&["mps.example"], ALL)).unwrap_err();
    assert!(matches!(error, PlanError::TableFull { max: 4, .. }));
    assert!(error.to_string().contains("a.example:4433"), "{error}");
    assert!(
        plan(&platform.read(), &wish(&["d.example"], ALL)).is_ok(),
        "a known one needs no room"
    );
}

#[test]
fn another_user_is_put_in_place_and_another_common_name_makes_the_entry_anew() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["192.0.2.1"], ALL));
    let mut changed = wish(&["192.0.2.1"], ALL);
    changed.servers[0].user = "newuser".into();
    let plan = plan(&platform.read(), &changed).unwrap();
    assert_eq!(words(&plan), ["set the credential for 192.0.2.1:4433 (user newuser)"]);
    platform.take(&plan.steps, usize::MAX, |_| {});

    changed.servers[0].common_name = Some("renamed.example".into());
    changed.policies = trigger_list("periodic=25s").unwrap();
    let plan = run(&mut platform, &changed);
    assert!(plan.cuts.is_some());
    let state = platform.read();
    assert_eq!(state.mps[0].common_name.as_deref(), Some("renamed.example"));
    assert_eq!(state.policies.len(), 3, "the policies that were not named came back");
}

#[test]
fn what_a_broken_off_plan_took_away_comes_back_wherever_that_was() {
    let named = |name: &str, triggers| {
        let mut wish = wish(&["192.0.2.2", "other.example"], triggers);
        wish.servers[0].common_name = Some(name.into());
        wish
    };
    let mut whole = Platform::fresh();
    run(&mut whole, &named("old.example", ALL));
    let mut calls = 0;
    let plan = plan(&whole.read(), &named("mps.example", "alert")).unwrap();
    whole.clone().take(&plan.steps, usize::MAX, |_| calls += 1);
    assert!(calls > 5, "{:?}", words(&plan));
    let before = whole.read();
    for done in 0..=calls {
        let mut platform = whole.clone();
        platform.take(&plan.steps, done, |_| {});
        let steps = plan_put_back(&before, &platform.read(), ("user", "Ab1!Ab1!Ab1!Ab1!"));
        platform.take(&steps, usize::MAX, |_| {});
        let state = platform.read();
        for policy in &before.policies {
            let again = state.policy(policy.trigger.unwrap()).unwrap();
            assert_eq!((again.schedule, again.life_time), (policy.schedule, policy.life_time));
            let places = |state: &amt::remote_access::RemoteAccess, name: &str| -> Vec<String> {
                let names = state.servers_of(name);
                names.iter().map(|name| state.entry(name).unwrap().to_string()).collect()
            };
            let (then, now) = (places(&before, &policy.name), places(&state, &again.name));
            assert_eq!(now, then, "after {done} calls");
        }
        let nothing = plan_put_back(&before, &state, ("user", "Ab1!Ab1!Ab1!Ab1!"));
        assert_eq!((state.mps.len(), nothing), (2, Vec::new()), "after {done} calls");
    }
}

#[test]
fn removal_makes_the_platform_reachable_at_home_before_it_takes_anything() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["mps.example"], ALL));
    let own = Own { servers: vec![("mps.example".into(), 4433)], roots: vec![ROOT.to_vec()] };
    let removal = plan_removal(&platform.read(), &own);
    assert!(
        matches!(removal.steps.first(), Some(Step::Environment { suffixes, .. }) if suffixes.is_empty())
    );
    platform.take(&removal.steps, usize::MAX, |now| {
        assert!(now.read().environment.is_always_inside());
    });
    let state = platform.read();
    assert!(state.mps.is_empty() && state.policies.is_empty() && state.roots.is_empty());
    assert_eq!(plan_removal(&state, &own), Plan::default());
}

#[test]
fn an_unprovisioned_or_ancient_platform_is_left_alone() {
    let mut platform = Platform::fresh();
    *platform.all("AMT_SetupAndConfigurationService") =
        vec![instance("AMT_SetupAndConfigurationService", &[("ProvisioningState", "0")])];
    let wish = wish(&["mps.example"], ALL);
    assert_eq!(plan(&platform.read(), &wish), Err(PlanError::NotActivated));
    let mut platform = Platform::fresh();
    *platform.all("CIM_SoftwareIdentity") = vec![instance(
        "CIM_SoftwareIdentity",
        &[("InstanceID", "AMT"), ("VersionString", "5.2.0")],
    )];
    assert!(matches!(plan(&platform.read(), &wish), Err(PlanError::TooOld(_))));
}

#[test]
fn a_pc_in_client_control_mode_gets_its_plan_and_a_word_about_consent() {
    let mut platform = Platform::fresh();
    *platform.all("IPS_HostBasedSetupService") =
        vec![instance("IPS_HostBasedSetupService", &[("CurrentControlMode", "1")])];
    let plan = plan(&platform.read(), &wish(&["mps.example"], ALL)).unwrap();
    assert!(!plan.steps.is_empty());
    assert!(plan.notes.iter().any(|note| note.contains("consent")), "{:?}", plan.notes);
}

#[test]
fn no_trigger_at_all_is_no_way_to_dial_in() {
    let none = wish(&["mps.example"], "");
    assert_eq!(plan(&Platform::fresh().read(), &none), Err(PlanError::NoTrigger));
    assert!(matches!(
        plan(&Platform::fresh().read(), &wish(&[], ALL)),
        Err(PlanError::Servers { most: 2, given: 0 })
    ));
}

#[test]
fn a_new_root_and_a_new_name_are_added_beside_the_old_ones() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["old.example"], ALL));
    let coming = Rotation {
        root: Some(("next".into(), b"next root".to_vec())),
        rename: Some((("old.example".into(), 4433), server("new.example"))),
    };
    assert_eq!(coverage(&platform.read(), &coming), Coverage::Lacking);
    let plan = plan_rotation(&platform.read(), &coming).unwrap();
    platform.take(&plan.steps, usize::MAX, |now| assert!(now.finds("old.example", ROOT)));
    assert!(platform.finds("new.example", b"next root"));
    let state = platform.read();
    for policy in &state.policies {
        let first = state.servers_of(&policy.name)[0];
        assert_eq!(state.entry(first).unwrap().address, "old.example");
    }
    assert_eq!(coverage(&state, &coming), Coverage::Ready);
    assert_eq!(plan_rotation(&state, &coming), Ok(Plan::default()));
}

fn here() -> Own {
    Own { servers: vec![("mps.example".into(), 4433)], roots: Vec::new() }
}

#[test]
fn a_second_server_is_added_behind_the_first_and_taken_away_again() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["mps.example"], ALL));
    let edit = Edit { add: vec![server("second.example")], ..Edit::default() };
    let plan = plan_edit(&platform.read(), &edit, &here()).unwrap();
    assert_eq!(plan.cuts, None);
    platform.take(&plan.steps, usize::MAX, |now| assert!(now.finds("mps.example", ROOT)));
    assert!(platform.finds("second.example", ROOT));
    assert_eq!(plan_edit(&platform.read(), &edit, &here()), Ok(Plan::default()));

    let third = Edit { add: vec![server("third.example")], ..Edit::default() };
    let full = plan_edit(&platform.read(), &third, &here());
    assert_eq!(full, Err(PlanError::Servers { most: 2, given: 3 }));

    let edit = Edit { remove: vec![("second.example".into(), 4433)], ..Edit::default() };
    let plan = plan_edit(&platform.read(), &edit, &here()).unwrap();
    assert_eq!(plan.cuts, None, "the first one still leads here");
    platform.take(&plan.steps, usize::MAX, |now| assert!(now.finds("mps.example", ROOT)));
    assert_eq!(platform.read().mps.len(), 1);
}

#[test]
fn a_change_that_cuts_the_only_way_back_says_so() {
    let mut platform = Platform::fresh();
    run(&mut platform, &wish(&["mps.example"], ALL));
    let state = platform.read();
    let cuts = |edit: &Edit| plan_edit(&state, edit, &here()).unwrap().cuts.unwrap_or_default();
    let removed = Edit { remove: vec![("mps.example".into(), 4433)], ..Edit::default() };
    assert!(cuts(&removed).contains("no policy would lead"));
    let elsewhere = Edit { servers: Some(vec![server("other.example")]), ..Edit::default() };
    assert!(cuts(&elsewhere).contains("no policy would lead"));
    let no_timer = Edit { remove_policies: vec![Trigger::Periodic], ..Edit::default() };
    assert!(cuts(&no_timer).contains("by itself"));
    let home = Edit { inside: Some(Inside::Under(vec!["corp.example".into()])), ..Edit::default() };
    assert!(cuts(&home).contains("corp.example"));
    let slower = Edit { policies: trigger_list("periodic=10m").unwrap(), ..Edit::default() };
    assert_eq!(cuts(&slower), "");
    let more = Edit { add: vec![server("second.example")], ..Edit::default() };
    assert_eq!(cuts(&more), "");
}
