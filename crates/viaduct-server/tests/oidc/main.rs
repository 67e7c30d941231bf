//! Signing in at a real OpenID provider (npm oidc-provider), as a browser does it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};
use viaduct_server::{
    Config, Running, Server,
    access::Role,
    config::{OidcRole, Secret},
};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oidc/provider.mjs");
/// Runs with the Node.js 18 of Debian 12 as well.
const PACKAGE: &str = "oidc-provider@8.8.1";
const REDIRECT: &str = "http://viaduct.test/api/v1/oidc/callback";
const SECRET: &str = "a secret between two servers";
const PATIENCE: Duration = Duration::from_secs(90);

struct Site {
    running: Running,
    plain: SocketAddr,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _node: Child,
    _data: tempfile::TempDir,
}

/// Where npm put the package, once for this run of the tests.
fn modules() -> &'static PathBuf {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(install)
}

fn install() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oidc");
    if !directory.join("node_modules/oidc-provider/lib/index.js").exists() {
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("package.json"), "{\"private\":true}").unwrap();
        let quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save"];
        let install = Command::new("npm")
            .args(["install", "--prefix"])
            .arg(&directory)
            .arg(PACKAGE)
            .args(quiet)
            .status();
        assert!(install.unwrap().success(), "npm installs {PACKAGE}");
    }
    directory
}

impl Site {
    async fn start() -> Self {
        let task = json!({ "modules": modules(), "redirect": REDIRECT, "secret": SECRET });
        let mut node = tokio::process::Command::new("node")
            .arg(DRIVER)
            .arg(task.to_string())
            .env("NODE_NO_WARNINGS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let input = node.stdin.take().unwrap();
        let mut output = BufReader::new(node.stdout.take().unwrap()).lines();
        let first = json_line(&mut output).await;
        let data = tempfile::tempdir().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config { data: data.path().join("data"), ..Config::default() };
        for listen in [
            &mut config.cira.listen,
            &mut config.web.listen,
            &mut config.socks.listen,
            &mut config.http_proxy.listen,
            &mut config.metrics.listen,
        ] {
            *listen = any;
        }
        config.web.plain_listen = Some(any);
        config.oidc.issuer = Some(first["issuer"].as_str().unwrap().to_owned());
        config.oidc.client_id = "viaduct".into();
        config.oidc.client_secret = Some(Secret::new(SECRET.into()));
        config.oidc.redirect = REDIRECT.into();
        let rule = |group: &str, role: Role, tenant: &str| OidcRole {
            group: group.into(),
            role: role.name().into(),
            tenant: tenant.into(),
        };
        config.oidc.roles = vec![
            rule("admins", Role::Owner, ""),
            rule("helpdesk", Role::Helpdesk, ""),
            rule("red", Role::TenantAdmin, "red"),
        ];
        let running = Server::start(config, String::new()).await.unwrap();
        let plain = running.addresses().web_plain.unwrap();
        Self { running, plain, input, output, _node: node, _data: data }
    }

    /// What the browser of `user`, who is in these groups, ends up with.
    async fn sign_in(&mut self, user: &str, of: &[&str], meddle: &str) -> Value {
        self.sign_in_for(user, of, meddle, "").await
    }

    /// The same, begun with this query of a program.
    async fn sign_in_for(&mut self, user: &str, of: &[&str], meddle: &str, begin: &str) -> Value {
        let plain = self.plain.to_string();
        let wish =
            json!({ "user": user, "of": of, "plain": plain, "meddle": meddle, "begin": begin });
        self.input.write_all(format!("{wish}\n").as_bytes()).await.unwrap();
        let answer = json_line(&mut self.output).await;
        assert!(answer["error"].is_null(), "{answer}");
        answer
    }

    async fn whoami(&self, cookie: &str) -> (u16, Value) {
        self.ask(&format!("GET /api/v1/whoami HTTP/1.1\r\nCookie: {cookie}\r\n"), "").await
    }

    /// What a program does with the code.
    async fn redeem(&self, code: &str, verifier: &str) -> (u16, Value) {
        let body = json!({ "code": code, "verifier": verifier }).to_string();
        let head = "POST /api/v1/oidc/token HTTP/1.1\r\nContent-Type: application/json\r\n";
        self.ask(head, &body).await
    }

    async fn ask(&self, head: &str, body: &str) -> (u16, Value) {
        let length = body.len();
        let request = format!(
            "{head}Host: viaduct.test\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        let text = self.raw(&request).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap())
    }

    async fn raw(&self, request: &str) -> String {
        let mut io = TcpStream::connect(self.plain).await.unwrap();
        io.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        timeout(PATIENCE, io.read_to_string(&mut text)).await.unwrap().unwrap();
        text
    }
}

async fn json_line(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let search = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the driver is running");
            // The provider says in plain words that it is set up for tests.
            if line.starts_with('{') {
                return serde_json::from_str(&line).unwrap();
            }
        }
    };
    timeout(PATIENCE, search).await.expect("an answer in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_at_the_provider_become_roles_here() {
    let mut site = Site::start().await;
    let answer = site.sign_in("ines", &["staff", "helpdesk"], "").await;
    assert_eq!((&answer["status"], &answer["location"]), (&303.into(), &"/".into()), "{answer}");
    let named = "http://viaduct.test/api/v1/oidc/login?sent=1";
    assert_eq!(answer["named"], named, "the browser has come by an address");
    let first = answer["first"].as_str().unwrap();
    for word in ["code_challenge_method=S256", "nonce=", "state=", "client_id=viaduct"] {
        assert!(first.contains(word), "{first}");
    }
    assert!(!first.contains("secret"), "{first}");
    let old = answer["cookie"].as_str().unwrap().to_owned();
    let (status, me) = site.whoami(&old).await;
    assert_eq!((status, &me["name"], &me["role"]), (200, &"ines".into(), &"helpdesk".into()));

    let answer = site.sign_in("ines", &["admins"], "").await;
    let (_, me) = site.whoami(answer["cookie"].as_str().unwrap()).await;
    assert_eq!(me["role"], "owner", "another group, another role");
    assert_eq!(site.whoami(&old).await.0, 401, "what was issued for the old role is worth nothing");

    let answer = site.sign_in("rita", &["red"], "").await;
    let (_, me) = site.whoami(answer["cookie"].as_str().unwrap()).await;
    assert_eq!((&me["tenantId"], &me["role"]), (&"red".into(), &"tenant-admin".into()));
    let users = site.running.access().users();
    assert!(users.len() == 2 && users.iter().all(|user| user.provider));
    let password = Secret::new("-".to_owned());
    let by_password = site.running.access().sign_in("ines", &password, [192, 0, 2, 1].into()).await;
    assert!(by_password.is_err(), "such a user has no password here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_begins_under_the_name_that_it_comes_back_by() {
    let site = Site::start().await;
    let begin = async |host: &str, query: &str| {
        let head = format!("GET /api/v1/oidc/login{query} HTTP/1.1\r\nHost: {host}\r\n");
        let answer = site.raw(&format!("{head}Connection: close\r\n\r\n")).await;
        let fields = answer.split("\r\n").filter_map(|line| line.split_once(": "));
        let get = |name: &str| {
            let mut fields = fields.clone();
            fields.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
        };
        (get("location").expect(&answer), get("set-cookie"))
    };
    let right = "http://viaduct.test/api/v1/oidc/login?sent=1";
    for other in ["10.0.0.7:8443", "viaduct.test:8443", "other.test", "viaduct.test.evil.example"] {
        let (place, cookie) = begin(other, "").await;
        assert_eq!((place.as_str(), cookie), (right, None), "{other}");
    }
    for (host, query) in [
        ("viaduct.test", ""),
        ("VIADUCT.test:80", ""),
        // Whatever a gateway makes of the name, nobody is sent round in circles.
        ("10.0.0.7:8443", "?sent=1"),
    ] {
        let (place, cookie) = begin(host, query).await;
        assert!(place.contains("code_challenge_method=S256"), "{host}: {place}");
        assert!(cookie.unwrap().starts_with("__Host-viaduct-oidc="), "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_group_or_no_answer_to_an_own_question_stays_out() {
    let mut site = Site::start().await;
    let taken = Secret::new("correct horse".to_owned());
    site.running.access().add_user("root", taken, Role::Owner).await.unwrap();
    for (user, of, meddle, status) in [
        ("eve", &["staff"][..], "", 403),
        ("eve", &[], "", 403),
        ("root", &["admins"], "", 409),
        ("ines", &["admins"], "state", 400),
        ("ines", &["admins"], "browser", 400),
        ("ines", &["admins"], "code", 502),
    ] {
        let answer = site.sign_in(user, of, meddle).await;
        assert_eq!(answer["status"], status, "{user} {meddle}: {answer}");
        let cookie = answer["cookie"].as_str().unwrap();
        assert!(!cookie.contains("__Host-viaduct="), "{cookie}");
        assert!(answer["body"].as_str().unwrap().contains("Not signed in"));
    }
    let answer = site.sign_in("ines", &["admins"], "twice").await;
    assert_eq!(
        (&answer["status"], &answer["again"]),
        (&303.into(), &400.into()),
        "each answer once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_gets_a_code_that_is_good_once_and_for_nobody_else() {
    let mut site = Site::start().await;
    // RFC 7636, appendix B.
    let (verifier, challenge) = (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
    let state = "state-of-the-program";
    let begin = format!("?port=40123&challenge={challenge}&state={state}");
    let place = |answer: &Value| answer["location"].as_str().unwrap().to_owned();
    let code = |answer: &Value| {
        let place = place(answer);
        let query = place.strip_prefix("http://127.0.0.1:40123/?code=").expect(&place).to_owned();
        query.strip_suffix(&format!("&state={state}")).expect(&place).to_owned()
    };
    let answer = site.sign_in_for("ines", &["helpdesk"], "", &begin).await;
    let cookie = answer["cookie"].as_str().unwrap();
    assert!(!cookie.contains("__Host-viaduct="), "the browser itself is not signed in: {cookie}");
    let good = code(&answer);
    let (status, issued) = site.redeem(&good, verifier).await;
    assert_eq!(status, 200, "{issued}");
    let token = Secret::new(issued["token"].as_str().unwrap().to_owned());
    let who = site.running.access().bearer(&token).unwrap();
    assert_eq!((who.name.as_str(), who.rights.name()), ("ines", "helpdesk"));
    assert_eq!(site.redeem(&good, verifier).await.0, 401, "once");
    // Whoever saw the address without having begun has nothing, and spoils it.
    let seen = code(&site.sign_in_for("ines", &["helpdesk"], "", &begin).await);
    assert_eq!(site.redeem(&seen, "another-verifier").await.0, 401);
    assert_eq!(site.redeem(&seen, verifier).await.0, 401);
    // Who does not get in is told where they wait.
    let refused = place(&site.sign_in_for("eve", &["staff"], "", &begin).await);
    assert!(refused.starts_with("http://127.0.0.1:40123/?error=eve%20is%20in%20none"), "{refused}");
    assert!(refused.ends_with(&format!("&state={state}")), "{refused}");
}
