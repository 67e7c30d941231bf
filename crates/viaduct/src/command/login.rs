//! `viaduct login` and `logout`: a server to remember, with a token and the certificate to believe.

use super::{browser, secret};
use crate::{
    cli::Global,
    client::{
        Client, Context, Place, Remote, Trust, fingerprint_of, look, parse_fingerprint, vouched,
    },
    failure::{Failure, Result},
    say::{ask, can_ask, inert, note},
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use viaduct_api::{Code, SignInWays, WhoAmI};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The server, such as `https://mps.example.com:8443`
    url: String,
    /// SHA-256 of the server's certificate, instead of a CA (`viaduct cert show` on the server prints it)
    #[arg(long, value_name = "SHA256", conflicts_with = "ca")]
    fingerprint: Option<String>,
    /// Sign in as this user, with a password, instead of with a token
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// File with the password in its first line; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Sign in at the server's identity provider, with a browser on this machine; the default on a terminal where the
    /// server has one
    #[arg(long, conflicts_with = "user")]
    provider: bool,
    /// Sign in with a token from standard input, also where the server has an identity provider
    #[arg(long, conflicts_with_all = ["user", "provider"])]
    token: bool,
}

/// Signs in with a password, at an identity provider, or with a token from standard input, and remembers what came of it
/// with the server.
pub(crate) async fn login(global: &Global, options: Options) -> Result<()> {
    let mut context = Context {
        server: Remote::parse(&options.url, Trust::System)?.url(),
        token: String::new(),
        ca: None,
        fingerprint: None,
    };
    let remote = believe(global, &options, &mut context).await?;
    context.token = match &options.user {
        Some(user) => {
            let password = match &options.password_file {
                Some(file) => secret::from_file(file)?,
                None => secret::asked("password", "--password-file FILE")?,
            };
            let signed_in = authorize(&remote, user, &password).await;
            match signed_in {
                Err(failure) if failure.code() == Some(Code::NotSignedIn) => {
                    return Err(match has_provider(&remote).await {
                        true => failure.next(of_provider(&remote)),
                        false => failure,
                    });
                }
                other => other?,
            }
        }
        None if options.provider => {
            if !has_provider(&remote).await {
                let detail = format!("{} has no identity provider", remote.url());
                return Err(Failure::usage(detail).next(
                    "Use --user NAME, or a token; [oidc] in viaduct.toml names a provider.",
                ));
            }
            browser::sign_in(&remote).await?
        }
        None if !options.token && can_ask() && has_provider(&remote).await => {
            note("To sign in with a token instead, use --token; with a password, --user NAME.");
            browser::sign_in(&remote).await?
        }
        None => {
            note("Paste a token (viaduct tokens create on the server).");
            secret::asked("token", "--user NAME with a password")?.trim().to_owned()
        }
    };
    let client = Client::at(Place::Remote(remote.clone()), Some(context.token.clone()));
    let me: WhoAmI = client.get("/whoami").await?;
    if context.fingerprint.is_some() {
        adopt_root(&client, &remote, &mut context).await;
    }
    let file = context.save()?;
    note(&format!(
        "signed in to {} as {} (scope {}); remembered in {}",
        context.server,
        inert(&me.name),
        me.scope,
        file.display()
    ));
    Ok(())
}

/// Whether people sign in at an identity provider there. A server that does not say so has none.
async fn has_provider(remote: &Remote) -> bool {
    let client = Client::at(Place::Remote(remote.clone()), None);
    client.get::<SignInWays>("/session").await.is_ok_and(|ways| ways.provider)
}

/// What people of the identity provider do: they have no password here.
fn of_provider(remote: &Remote) -> String {
    format!(
        "People of the identity provider have no password here: `viaduct login {} --provider` signs them in with a browser.",
        remote.url()
    )
}

/// A token for a user and password; the one-time code is asked for when there is a second factor.
async fn authorize(remote: &Remote, user: &str, password: &str) -> Result<String> {
    let client = Client::at(Place::Remote(remote.clone()), None);
    let mut wish = json!({ "username": user, "password": password });
    let answer: Result<Value> = client.post("/authorize", &wish).await;
    let answer = match answer {
        Err(failure) if failure.code() == Some(Code::SecondFactor) => {
            let code = secret::asked("one-time code", "a token in place of --user")?;
            wish["code"] = code.trim().into();
            client.post("/authorize", &wish).await?
        }
        other => other?,
    };
    match answer["token"].as_str() {
        Some(token) => Ok(token.to_owned()),
        None => Err(Failure::new(Code::NotViaduct, "the answer has no token")),
    }
}

/// Finds out which certificate to believe; on a terminal a person may compare fingerprints.
async fn believe(global: &Global, options: &Options, context: &mut Context) -> Result<Remote> {
    let file = global
        .ca
        .clone()
        .or_else(|| std::env::var_os("VIADUCT_CA").filter(|file| !file.is_empty()).map(Into::into));
    if let Some(file) = file {
        let pem =
            fs::read_to_string(&file).map_err(|error| Failure::local(file.display(), error))?;
        let trust = Trust::from_pem(pem.as_bytes())?;
        context.ca = Some(pem);
        return Remote::parse(&options.url, trust);
    }
    if let Some(text) = &options.fingerprint {
        let trust = Trust::Fingerprint(parse_fingerprint(text)?);
        context.fingerprint = Some(text.clone());
        return Remote::parse(&options.url, trust);
    }
    let remote = Remote::parse(&options.url, Trust::System)?;
    if remote.trust.is_none() {
        return Ok(remote);
    }
    // Any refusal of the server proves that its certificate was believed.
    let asked = Client::at(Place::Remote(remote.clone()), None).text("/version").await;
    match asked {
        Err(failure) if failure.code() == Some(Code::Untrusted) => {}
        Err(failure) if failure.code() == Some(Code::Unreachable) => return Err(failure),
        _ => return Ok(remote),
    }
    let shown = fingerprint_of(&look(&remote).await?);
    let question = format!(
        "The certificate of {} is not known here. Its SHA-256 is\n  {shown}\nDoes `viaduct cert show` on the server print the same? [y/N] ",
        remote.url()
    );
    match ask(&question).as_deref() {
        Some("y" | "Y" | "yes") => {}
        Some(_) => return Err(Failure::new(Code::Untrusted, "it was not confirmed")),
        None => {
            let detail = format!("the certificate of {} has SHA-256 {shown}", remote.url());
            return Err(Failure::new(Code::Untrusted, detail).next(
                "Give the root with --ca FILE, or, when `viaduct cert show` on the server prints the same, --fingerprint SHA256.",
            ));
        }
    }
    context.fingerprint = Some(shown.clone());
    Remote::parse(&options.url, Trust::Fingerprint(parse_fingerprint(&shown)?))
}

/// A root outlives a certificate: when the server's own root vouches for what it showed, that is remembered instead.
async fn adopt_root(client: &Client, remote: &Remote, context: &mut Context) {
    let (Ok(root), Ok(shown)) = (client.text("/ciracert").await, look(remote).await) else {
        return;
    };
    let expected = context.fingerprint.as_deref().and_then(|text| parse_fingerprint(text).ok());
    let same = expected.is_some() && parse_fingerprint(&fingerprint_of(&shown)).ok() == expected;
    if same && vouched(&root, &shown, &remote.host) {
        context.ca = Some(root);
        context.fingerprint = None;
    }
}

/// Ends a sign-in at the server too. A token made with `viaduct tokens create` is others' as well and lives on.
pub(crate) async fn logout() -> Result<()> {
    let signed_in = Context::load()?.is_some_and(|context| !context.token.starts_with("vdt_"));
    if signed_in {
        let ended = match Client::remembered() {
            Ok(Some(client)) => client.delete("/session").await,
            Ok(None) => Ok(()),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = ended {
            failure.print();
            note("the server was not told; the sign-in ends there within a day");
        }
    }
    match Context::forget()? {
        true if signed_in => note("signed out"),
        true => note("signed out; the token itself lives on until it is revoked"),
        false => note("no server was remembered"),
    }
    Ok(())
}
