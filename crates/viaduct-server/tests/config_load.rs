//! Settings: who wins, what is refused, and what the messages say.

#![expect(clippy::unwrap_used, reason = "set-up that fails shall fail the test")]

use std::{collections::BTreeSet, fs, path::Path};
use viaduct_server::config::{Config, ConfigError, LoadArgs, Loaded, Origin, Profile, Span};

const EXAMPLE: &str = include_str!("../../../docs/viaduct.toml");

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, text: &str) -> LoadArgs {
        let file = self.0.path().join("given.toml");
        fs::write(&file, text).unwrap();
        LoadArgs { file: Some(file), data: Some(self.0.path().join("data")), ..LoadArgs::default() }
    }
}

fn load(text: &str) -> Result<Loaded, Vec<ConfigError>> {
    let place = Place::new();
    Config::load(place.file(text))
}

fn messages(result: Result<Loaded, Vec<ConfigError>>) -> Vec<String> {
    result.expect_err("this must be refused").iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_file_gives_the_defaults_and_the_data_directory() {
    let place = Place::new();
    let loaded = Config::load(place.file("")).unwrap();
    assert_eq!(loaded.config.data, place.0.path().join("data"));
    assert_eq!(Config { data: "".into(), ..loaded.config }, Config::default());
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn the_example_file_is_the_default_and_names_every_setting() {
    let loaded = load(EXAMPLE).unwrap();
    assert_eq!(Config { data: "".into(), ..loaded.config }, Config::default());

    // Settings that are absent by default are written as `#key = value`; with them every key is there.
    let bare: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let written = keys(&toml::from_str(&bare).unwrap());
    load(&bare).expect("the absent settings of the example are valid too");
    for key in keys(&toml::Value::try_from(complete()).unwrap()) {
        assert!(written.contains(&key), "the example does not mention {key}");
    }
    for line in EXAMPLE.lines().filter(|l| !l.is_empty()) {
        assert!(line.len() <= 130, "too long: {line}");
    }
}

/// A configuration in which everything optional is there.
fn complete() -> Config {
    let text = r#"
        [cira]
        client_ca = "/a.pem"
        certificates = [{ certificate = "/c.pem", key = "/c.key" }]
        [[cira.extra]]
        listen = "127.0.0.1:4434"
        [web]
        plain_listen = "127.0.0.1:8442"
        certificate = { certificate = "/c.pem", key = "/c.key" }
        [store]
        url = "sqlite:///a.db"
        [events]
        mqtt = { url = "mqtt://b", user = "u", password_file = "/p", client_id = "c", ca = "/a.pem" }
        webhooks = [{ url = "https://h", secret_file = "/s", types = ["tunnel"], ca = "/a.pem" }]
    "#;
    load(text).unwrap().config
}

/// Dotted keys of all settings, tables in lists included.
fn keys(value: &toml::Value) -> BTreeSet<String> {
    fn walk(path: &str, value: &toml::Value, keys: &mut BTreeSet<String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    walk(format!("{path}.{name}").trim_start_matches('.'), value, keys);
                }
            }
            toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
                // The certificates of a list are explained in words, not key by key.
                keys.insert(path.to_owned());
                if path == "cira.extra" {
                    items.iter().for_each(|item| walk(path, item, keys));
                }
            }
            _ => {
                keys.insert(path.to_owned());
            }
        }
    }
    let mut keys = BTreeSet::new();
    walk("", value, &mut keys);
    keys
}

#[test]
fn the_list_of_settings_and_the_structs_know_the_same_keys() {
    // Every key of the structs can be set (the example sets it, above); and every key that is listed exists in the
    // structs, or loading the listed key would fail. The rendered form lists them all.
    let rendered = complete().render(&load("").unwrap().origins);
    let reread = keys(&toml::from_str(&rendered).unwrap());
    assert_eq!(reread, keys(&toml::Value::try_from(complete()).unwrap()));
}

#[test]
fn the_rendered_settings_load_again_and_name_where_each_came_from() {
    let place = Place::new();
    let mut args = place.file("[keepalive]\ninterval = \"20s\"\n");
    args.set.push("cira.profile=legacy".into());
    args.env.push(("VIADUCT_WEB_LISTEN".into(), "127.0.0.1:0".into()));
    let loaded = Config::load(args).unwrap();
    let text = loaded.config.render(&loaded.origins);
    let line = |key: &str| text.lines().find(|l| l.starts_with(key)).unwrap().to_owned();
    assert!(line("interval = \"20s\"").contains("given.toml line 2 column 12"), "{text}");
    assert!(line("profile").contains("command line"), "{text}");
    assert!(line("wait").contains("default"), "{text}");
    assert!(text.contains("\"127.0.0.1:0\"  # environment variable VIADUCT_WEB_LISTEN"), "{text}");
    assert!(text.contains("# plain_listen is not set"), "{text}");
    let again = load(&text).unwrap().config;
    assert_eq!(Config { data: "".into(), ..again }, Config { data: "".into(), ..loaded.config });
}

#[test]
fn the_command_line_goes_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    let text = "[cira]\nlisten = \"127.0.0.1:1\"\nprofile = \"modern\"\nnames = [\"file\"]\n";
    let mut args = place.file(text);
    args.env.push(("VIADUCT_CIRA_LISTEN".into(), "127.0.0.1:2".into()));
    args.env.push(("VIADUCT_CIRA_PROFILE".into(), "legacy".into()));
    args.set.push("cira.listen=127.0.0.1:3".into());
    let Loaded { config, origins, .. } = Config::load(args).unwrap();
    assert_eq!(config.cira.listen.port(), 3);
    assert_eq!(config.cira.profile, Profile::Legacy);
    assert_eq!(config.cira.names, ["file"]);
    assert_eq!(origins.get("cira.listen"), Origin::CommandLine);
    assert_eq!(origins.get("cira.profile"), Origin::Environment("VIADUCT_CIRA_PROFILE".into()));
    assert_eq!(origins.get("keepalive.wait"), Origin::Default);
}

#[test]
fn a_value_on_the_command_line_may_be_bare_text_a_list_with_commas_or_toml() {
    let place = Place::new();
    let mut args = place.file("");
    for set in [
        "cira.names=a.example, 192.0.2.7",
        "cira.listen=:4499",
        "web.names=[\"b.example\"]",
        "cira.proxy_protocol=192.0.2.0/24",
        "limits.ports=16992,16993",
        "limits.tunnels=7",
        "limits.wsman_window=16KiB",
        "keepalive.wait=\"2m\"",
        "socks.enabled=false",
        "cira.client_ca=/etc/ca.pem",
        "cira.extra=[{listen=\"127.0.0.1:4434\", tls=false}]",
        "log.level=info,viaduct_server=debug",
    ] {
        args.set.push(set.into());
    }
    let config = Config::load(args).unwrap().config;
    assert_eq!(config.cira.names, ["a.example", "192.0.2.7"]);
    assert_eq!(config.cira.listen.to_string(), "[::]:4499");
    assert_eq!(config.web.names, ["b.example"]);
    assert_eq!(config.cira.proxy_protocol, ["192.0.2.0/24"]);
    assert_eq!(config.limits.ports, [16992, 16993]);
    assert_eq!(config.limits.tunnels, 7);
    assert_eq!(config.limits.wsman_window.0, 16 << 10);
    assert_eq!(config.keepalive.wait, "2m".parse::<Span>().unwrap());
    assert!(!config.socks.enabled);
    assert_eq!(config.cira.client_ca.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(config.cira.extra.len(), 1);
    assert_eq!(config.log.level, "info,viaduct_server=debug");
}

#[test]
fn relative_paths_in_a_file_count_from_the_directory_of_that_file() {
    let place = Place::new();
    let loaded = Config::load(place.file("[cira]\nclient_ca = \"ca/x.pem\"\n")).unwrap();
    assert_eq!(loaded.config.cira.client_ca, Some(place.0.path().join("ca/x.pem")));
}

#[test]
fn all_problems_are_reported_at_once_each_with_its_place() {
    let errors = messages(load(
        "[cira]\nlistn = \"[::]:4433\"\nprofile = \"fast\"\n[keepalive]\nwait = 5\n[limits]\ntunnels = 0\n\
         wsman_window = \"2MiB\"\nports = [16992, 70000, \"x\"]\n[metric]\nenabled = true\n",
    ));
    let expected = [
        ("line 2 column 1", "`cira.listn`", "`cira.listen`"),
        ("line 3 column 11", "\"fast\"", "\"modern\", \"default\", \"legacy\""),
        ("line 5 column 8", "the number 5", "30s"),
        ("line 7 column 11", "= 0 is too small", "from 1 to 1000000"),
        ("line 8 column 16", "too large", "from 4KiB to 1MiB"),
        ("line 9 column 17", "70000 is too large", "65535"),
        ("line 9 column 24", "\"x\"", "65535"),
        ("line 10 column 2", "`metric`", "`[metrics]`"),
    ];
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for (place, what, accepted) in expected {
        let found = errors.iter().find(|e| e.contains(place)).unwrap_or_else(|| {
            panic!("nothing at {place}: {errors:#?}");
        });
        assert!(found.contains(what) && found.contains(accepted), "{found}");
        assert!(found.starts_with("E1012 /") && found.contains("given.toml"), "{found}");
    }
}

#[test]
fn a_syntax_error_names_the_line_and_the_rest_is_still_checked() {
    let errors = messages(load("[cira]\nlisten = = 5\n[web]\nlisten = \"nowhere\"\n"));
    assert!(errors.iter().any(|e| e.contains("line 2") && e.contains("not TOML")), "{errors:#?}");
    assert!(errors.iter().any(|e| e.contains("line 4") && e.contains("nowhere")), "{errors:#?}");
}

#[test]
fn every_wrong_value_is_refused() {
    let wrong = [
        "[cira]\nlisten = 4433",
        "[cira]\nlisten = \"127.0.0.1\"",
        "[cira]\nlisten = \"localhost:4433\"",
        "[cira]\nlisten = \"127.0.0.1:99999\"",
        "[cira]\nnames = \"mps.example\"",
        "[cira]\nnames = [\"https://mps.example\"]",
        "[cira]\nnames = [\"mps.example:4433\"]",
        "[cira]\nnames = [\"\"]",
        "[cira]\nproxy_protocol = [\"192.0.2.7/24\"]",
        "[cira]\nproxy_protocol = [\"balancer\"]",
        "[cira]\ncertificates = [{ certificate = \"a.pem\" }]",
        "[cira]\ncertificates = [{ certificate = \"a.pem\", key = \"a.key\", chain = \"c\" }]",
        "[cira]\ncertificates = [\"a.pem\"]",
        "[cira]\nclient_ca = \"\"",
        "[[cira.extra]]\nprofile = \"legacy\"",
        "[[cira.extra]]\nlisten = \"127.0.0.1:4434\"\nport = 1",
        "[[cira.extra]]\nlisten = \"127.0.0.1:4434\"\ntls = false\nclient_certificates = \"required\"",
        "[web]\ncertificate = \"a.pem\"",
        "[socks]\nenabled = \"yes\"",
        "[keepalive]\ninterval = \"30\"",
        "[keepalive]\ninterval = \"30 seconds\"",
        "[keepalive]\ninterval = \"1500ms\"",
        "[keepalive]\ninterval = \"100s\"",
        "[keepalive]\ninterval = \"0s\"",
        "[limits]\nports = []",
        "[limits]\nports = [0]",
        "[limits]\nchannels = -1",
        "[limits]\nchannels = 2.5",
        "[limits]\nchannels = 2",
        "[limits]\nwsman_window = \"1KiB\"",
        "[limits]\nwsman_window = 65536",
        "[limits]\ntls_deadline = \"0s\"",
        "[limits]\nlogin_deadline = \"1s\"",
        "[limits]\npending = 5",
        "[store]\nurl = \"viaduct.db\"",
        "[store]\nurl = \"postgres://u:geheim@h/d\"",
        "[store]\nurl = \"mysql://u:geheim@h/d\"",
        "[log]\nlevel = \"loud\"",
        "[log]\nlevel = \"\"",
        "[log]\nformat = \"xml\"",
        "[socks]\nlisten = \"127.0.0.1:8080\"",
        "[web]\nlisten = \"0.0.0.0:4433\"",
        "[[cira]]\nlisten = \":1\"",
        "cira = 5",
        "listen = 5",
    ];
    for text in wrong {
        let errors = messages(load(text));
        assert_eq!(errors.len(), 1, "{text}: {errors:#?}");
        assert!(errors[0].contains("given.toml line"), "{text}: {}", errors[0]);
        assert!(errors[0].contains("; "), "{text}: says nothing about what to do: {}", errors[0]);
        assert!(!errors[0].contains("geheim"), "{}", errors[0]);
    }
}

#[test]
fn a_contradiction_blames_the_setting_that_somebody_wrote() {
    let errors = load("[keepalive]\nwait = \"10s\"\n").unwrap_err();
    assert_eq!(errors[0].key.as_deref(), Some("keepalive.wait"));
    assert!(errors[0].to_string().contains("line 2"), "{}", errors[0]);
}

#[test]
fn listeners_that_are_switched_off_or_let_the_system_choose_do_not_collide() {
    load("[socks]\nenabled = false\nlisten = \"127.0.0.1:8080\"\n").unwrap();
    load("[socks]\nlisten = \"127.0.0.1:0\"\n[http_proxy]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    load("[socks]\nlisten = \"127.0.0.2:8080\"\n").unwrap();
}

#[test]
fn a_named_file_must_exist_and_a_wrong_option_says_how_to_write_it() {
    let place = Place::new();
    let mut args = place.file("");
    args.file = Some(place.0.path().join("missing.toml"));
    args.set = vec!["cira.listen".into(), "cira.lisen=:1".into(), "limits.tunnels=many".into()];
    let errors = messages(Config::load(args));
    assert_eq!(errors.len(), 4, "{errors:#?}");
    assert!(errors[0].contains("missing.toml"), "{errors:#?}");
    assert!(errors[1].contains("KEY=VALUE"), "{errors:#?}");
    assert!(errors[2].contains("`cira.listen`"), "{errors:#?}");
    assert!(errors[3].contains("limits.tunnels"), "{errors:#?}");
}

#[test]
fn a_file_that_others_override_is_still_checked() {
    let place = Place::new();
    let mut args = place.file("[cira]\nlisten = \"nowhere\"\n");
    args.set.push("cira.listen=127.0.0.1:0".into());
    let errors = messages(Config::load(args));
    assert!(errors.len() == 1 && errors[0].contains("nowhere"), "{errors:#?}");
}

#[test]
fn the_file_in_the_data_directory_is_read_when_no_other_is_named() {
    let place = Place::new();
    let data = place.0.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("viaduct.toml"), "[limits]\ntunnels = 11\n").unwrap();
    let args = LoadArgs { data: Some(data.clone()), ..LoadArgs::default() };
    let loaded = Config::load(args).unwrap();
    assert_eq!(loaded.config.limits.tunnels, 11);
    assert!(loaded.files.contains(&data.join("viaduct.toml")));
}

#[test]
fn variables_of_the_command_line_are_ignored_and_unknown_ones_only_warn() {
    let place = Place::new();
    let mut args = place.file("");
    for name in ["VIADUCT_SERVER", "VIADUCT_TOKEN", "VIADUCT_CIRA_LISTN", "OTHER"] {
        args.env.push((name.into(), "x".into()));
    }
    let loaded = Config::load(args).unwrap();
    assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].contains("VIADUCT_CIRA_LISTEN"), "{:?}", loaded.warnings);
}

#[test]
fn risky_but_possible_settings_warn() {
    let text = "[[cira.extra]]\nlisten = \"0.0.0.0:4434\"\ntls = false\n[web]\nplain_listen = \"0.0.0.0:80\"\n\
                [socks]\nlisten = \"0.0.0.0:1080\"\nsign_in = false\n[keepalive]\nwait = \"40s\"\n";
    assert_eq!(load(text).unwrap().warnings.len(), 4);
}
