//! People sign in at the identity provider of their organisation, in a browser and from a shell.

use crate::harness::{
    Curl, Directory, Process, Provider, Scenario, Server, Settings, clean, output, own, viaduct,
};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

#[test]
fn people_sign_in_with_the_button_of_their_organisation() {
    let redirect = "https://viaduct.test/api/v1/oidc/callback";
    let provider = Provider::start(redirect, &json!({ "noor": ["admins"] }));
    let toml = format!(
        "[oidc]\nissuer = \"{}\"\nclient_secret = \"{}\"\nredirect = \"{redirect}\"\n\
         [[oidc.roles]]\ngroup = \"admins\"\nrole = \"owner\"\n",
        provider.issuer,
        Provider::SECRET
    );
    let server = Server::start(&Settings { toml });
    let mut task = own(&server);
    task["user"] = "noor".into();
    task["address"] = server.address("web and API").into();
    task["dashboard"] = "https://viaduct.test/".into();
    Scenario::start("provider", task).done();
}

#[test]
fn people_of_the_provider_sign_in_from_a_shell_by_the_browser_beside_it() {
    let redirect = "https://viaduct.test/api/v1/oidc/callback";
    let provider = Provider::start(redirect, &json!({ "noor": ["admins"], "eve": [] }));
    let toml = format!(
        "[oidc]\nissuer = \"{}\"\nclient_secret = \"{}\"\nredirect = \"{redirect}\"\n\
         [[oidc.roles]]\ngroup = \"admins\"\nrole = \"owner\"\n",
        provider.issuer,
        Provider::SECRET
    );
    let server = Server::start(&Settings { toml });
    let (home, root) = (Directory::new(), server.root_certificate());
    let url = format!("https://{}", server.address("web and API"));
    let cli = |args: &[&str]| {
        let mut command = Command::new(viaduct());
        command.args(args).env("HOME", home.path()).env_remove("XDG_CONFIG_HOME");
        for screen in ["DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(screen);
        }
        command.stdin(Stdio::null());
        clean(&mut command);
        command
    };
    let base = own(&server);
    let by_browser = |user: &str, end: &str, says: &str| {
        let ca = root.to_str().unwrap();
        let login = Process::start(&cli(&["login", &url, "--provider", "--ca", ca]));
        let line = login.any_line(|line| line.contains("/api/v1/oidc/login?port="));
        let mut task = base.clone();
        task["user"] = user.into();
        task["address"] = server.address("web and API").into();
        task["dashboard"] = "https://viaduct.test/".into();
        task["program"] = line.trim().into();
        task["end"] = end.into();
        task["says"] = says.into();
        Scenario::start("program", task).done();
        login
    };
    let refused = by_browser("eve", "Not signed in", "none of the groups");
    refused.any_line(|line| line.contains("E3001"));
    refused.any_line(|line| line.contains("eve is in none of the groups"));
    assert_eq!(refused.wait().code(), Some(4));
    let login = by_browser("noor", "Signed in", "close this page");
    let line = login.any_line(|line| line.contains("signed in to"));
    assert!(line.contains("as noor"), "{line}");
    assert!(login.wait().success());
    // Remembered, as a sign-in with a password is; and it opens the proxies by a line that can be pasted.
    let me = output(&mut cli(&["whoami", "-o", "json"]));
    let me: Value = serde_json::from_slice(&me.stdout).unwrap();
    assert_eq!((&me["name"], &me["role"]), (&"noor".into(), &"owner".into()));
    let lines = output(&mut cli(&["proxy", "env"]));
    let lines = String::from_utf8(lines.stdout).unwrap();
    let through = |device: &str| {
        let script = format!(
            "unset no_proxy NO_PROXY\n{lines}\ncurl -s -o /dev/null -w '%{{http_connect}} %{{http_code}}' --proxytunnel http://{device}:16992/; curl -s --noproxy '' -x \"$ALL_PROXY\" -o /dev/null http://{device}:16992/; echo \" $?\""
        );
        let mut sh = Command::new("sh");
        sh.args(["-c", &script]);
        String::from_utf8(output(clean(&mut sh)).stdout).unwrap()
    };
    let token = lines.split("token:").nth(1).and_then(|rest| rest.split('@').next()).unwrap();
    let api = Curl::new(&format!("{url}/api/v1/whoami"))
        .arg("--insecure")
        .arg("--header")
        .arg(&format!("Authorization: Bearer {token}"))
        .run();
    assert_eq!((api.status, token.len() <= 255), (401, true), "good for the proxies only");
    // Unknown to whoever may ask; a sign-in is asked of all others.
    assert_eq!(through("no-such-pc").trim(), "404 000 97", "signed in");
    assert!(output(&mut cli(&["logout"])).status.success());
    assert_eq!(through("no-such-pc").trim(), "407 000 97", "signed out");
}
