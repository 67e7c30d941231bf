//! Whole-system tests: `viaduct` and `amt-sim` as processes, curl, amtterm, OpenSSL and stunnel as
//! what people put around them. One file for each promise, named as a sentence.
//!
//! Whatever a test needs it starts itself: on loopback, on free ports, in a directory of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests may panic: that is how a test fails"
)]

mod harness;

mod a_bad_line_is_lived_with;
mod a_challenge_serves_many_calls;
mod a_change_is_sent_once;
mod a_change_that_cuts_the_way_back_asks_first;
mod a_changed_audit_log_is_noticed;
mod a_credential_that_may_not_have_arrived_strands_nobody;
mod a_device_that_misbehaves_harms_one_call;
mod a_failing_disk_is_survived;
mod a_foreign_device_is_served;
mod a_half_enrolled_pc_is_completed;
mod a_kill_leaves_nothing_to_repair;
mod a_new_root_reaches_the_devices_before_it_is_used;
mod a_newcomer_sees_a_picture_by_the_readme;
mod a_pc_that_takes_nothing_loses_its_drive;
mod a_platform_moves_to_the_second_server;
mod a_platform_reports_events_through_its_tunnel;
mod a_power_state_costs_few_requests;
mod a_python_console_switches_a_pc;
mod a_refusal_says_why;
mod a_right_that_is_taken_away_ends_what_is_open;
mod a_silent_screen_is_not_shown_as_live;
mod a_slow_console_stops_only_itself;
mod a_small_image_boots_from_the_network;
mod amtterm_reaches_the_serial_console;
mod an_activated_pc_is_made_to_dial_in;
mod an_empty_digest_reaches_no_pc;
mod an_error_says_what_why_and_what_next;
mod an_external_terminator_can_stand_in_front;
mod callers_of_one_device_take_turns;
mod consoles_learn_when_a_tunnel_ends;
mod consoles_of_open_amt_find_every_field;
mod consoles_reach_a_device_by_every_way;
mod devices_are_known_before_they_are_let_in;
mod each_end_of_a_redirection_says_why;
mod each_log_line_says_which_pc;
mod each_profile_offers_what_it_promises;
mod each_stage_of_setting_up_may_fail;
mod every_command_of_the_documentation_runs;
mod every_failure_has_its_exit_code;
mod every_line_of_the_drop_in_checklist_holds;
mod every_route_is_as_it_is_described;
mod every_write_of_the_compatible_api_changes_the_pc;
mod images_are_mounted_from_the_library;
mod many_consoles_share_one_device;
mod many_devices_are_told_at_once;
mod nobody_smuggles_a_request;
mod one_person_interrupts_only_so_many_pcs;
mod one_server_owns_a_data_directory;
mod open_amts_own_messages_go_through_the_raw_route;
mod orders_are_followed_to_their_end;
mod pages_of_other_sites_change_nothing;
mod pages_use_screen_serial_console_and_drives;
mod people_sign_in_at_their_provider;
mod provisioning_works_as_with_open_amts_mps;
mod receivers_are_told;
mod scripts_for_pcs_do_what_they_say;
mod the_certificate_of_a_pc_is_remembered;
mod the_command_line_uses_screen_serial_console_and_drives;
mod the_dashboard_bears_whatever_is_answered;
mod the_dashboard_works_in_a_browser;
mod the_demo_can_be_pasted;
mod the_doctor_finds_what_is_wrong;
mod the_first_start_prints_a_setup_link;
mod the_host_interface_asks_for_help;
mod the_keys_of_the_ca_are_sealed_at_rest;
mod the_package_installs_and_starts_nothing;
mod the_person_at_a_pc_is_asked;
mod the_proxies_dial_nobody;
mod the_serial_console_is_a_terminal;
mod what_a_role_may_not_do_is_not_on_offer;
mod what_is_filled_in_on_the_dashboard_comes_true;
mod who_may_not_is_told_what_is_missing;
