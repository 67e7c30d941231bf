//! The smaller operator's commands: status, tokens, certificates, forward, proxy.

use crate::{
    client::{Client, Failure},
    output::{Format, list, one},
    say::{data, note},
};
use hyper::Method;
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};
use tokio::{io::copy_bidirectional, net::TcpListener};
use viaduct_api::{CertificateInfo, Code, Device, Reloaded, Status, Token, TokenIssued};

/// Verbs of `viaduct tokens`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum TokenVerb {
    /// Make a token; it is printed alone on the last line, once
    Create {
        name: String,
        /// What it may do
        #[arg(long, value_parser = ["proxy", "read", "operate", "admin"])]
        scope: String,
        /// How long it lives, for example 90d
        #[arg(long, default_value = "90d")]
        expires: String,
    },
    /// List the tokens, without their values
    Ls,
    /// Take a token back
    Revoke { name: String },
}

/// Verbs of `viaduct cert`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum CertVerb {
    /// Show the certificates in use
    Show,
    /// Print the root certificate as PEM
    Export,
    /// Read the certificate files again, without dropping a tunnel
    Reload,
}

/// `viaduct status`.
pub(crate) async fn status(client: &Client, format: Format) -> Result<(), Failure> {
    let status: Status = client.get("/api/v1/status").await?;
    one(format, &status, |s| {
        let mut lines = vec![
            format!("viaduct {}  pid {}  since {}", s.version, s.pid, s.started),
            format!("devices      {} connected of {} known", s.counts.connected, s.counts.devices),
            format!(
                "channels     {}   bytes {} from devices, {} to devices",
                s.counts.channels, s.counts.bytes.from_device, s.counts.bytes.to_device
            ),
            format!("unclaimed    {}   blocked {}", s.counts.unclaimed, s.counts.blocked),
            format!("listening    devices {}  web {}", s.addresses.cira.join(" "), s.addresses.web),
        ];
        let proxies = [("SOCKS5", &s.addresses.socks), ("HTTP proxy", &s.addresses.http_proxy)];
        for (name, address) in proxies {
            if let Some(address) = address {
                lines.push(format!("             {name} {address}"));
            }
        }
        for certificate in s.certificates.iter().take(4) {
            let until = certificate.not_after.map(|t| t.to_string()).unwrap_or_default();
            lines.push(format!(
                "certificate  {} {} until {until}",
                certificate.listener, certificate.subject
            ));
        }
        for attention in s.attention.iter().take(8) {
            lines.push(format!(
                "attention    {} ({}) → {}",
                attention.detail, attention.code, attention.next
            ));
        }
        lines
    });
    Ok(())
}

/// `viaduct tokens`.
pub(crate) async fn tokens(
    client: &Client,
    format: Format,
    verb: TokenVerb,
) -> Result<(), Failure> {
    match verb {
        TokenVerb::Create { name, scope, expires } => {
            let body = json!({ "name": name, "scope": scope, "expires": expires });
            let issued: TokenIssued =
                client.json(Method::POST, "/api/v1/tokens", Some(body)).await?;
            match format {
                Format::Table => {
                    note(&format!("token {} with scope {scope}, shown once:", issued.about.name));
                    data(&issued.token);
                }
                _ => one(format, &issued, |_| Vec::new()),
            }
            Ok(())
        }
        TokenVerb::Ls => {
            let all: Vec<Token> = client.get("/api/v1/tokens").await?;
            list(format, &all, &["name", "scope", "created", "expires", "last used"], |t| {
                let shown = |time: Option<time::OffsetDateTime>| {
                    time.map_or("never".to_owned(), |t| t.to_string())
                };
                vec![
                    t.name.clone(),
                    t.scope.as_str().to_owned(),
                    t.created.to_string(),
                    shown(t.expires),
                    shown(t.last_used),
                ]
            });
            Ok(())
        }
        TokenVerb::Revoke { name } => {
            let path = format!("/api/v1/tokens/{}", crate::client::segment(&name));
            client.text(Method::DELETE, &path, None).await?;
            note(&format!("token {name} is revoked"));
            Ok(())
        }
    }
}

/// `viaduct cert`.
pub(crate) async fn cert(client: &Client, format: Format, verb: CertVerb) -> Result<(), Failure> {
    match verb {
        CertVerb::Show => {
            let all: Vec<CertificateInfo> = client.get("/api/v1/certificates").await?;
            list(format, &all, &["listener", "subject", "key", "until", "sha256"], |c| {
                vec![
                    c.listener.clone(),
                    c.subject.clone(),
                    c.key_bits.to_string(),
                    c.not_after.map(|t| t.to_string()).unwrap_or_default(),
                    c.sha256.chars().take(16).collect(),
                ]
            });
            Ok(())
        }
        CertVerb::Export => {
            data(client.text(Method::GET, "/api/v1/ciracert", None).await?.trim_end());
            Ok(())
        }
        CertVerb::Reload => {
            let done: Reloaded =
                client.json(Method::POST, "/api/v1/certificates/reload", Some(json!({}))).await?;
            note(&format!("reloaded: {}", done.reloaded.join(", ")));
            Ok(())
        }
    }
}

/// `viaduct forward DEVICE:PORT [LOCAL]`.
pub(crate) async fn forward(client: Client, target: &str, local: &str) -> Result<(), Failure> {
    let bad = |why: String| Failure::new(Code::BadRequest, why);
    let (device, port) = target
        .rsplit_once(':')
        .and_then(|(device, port)| Some((device.to_owned(), port.parse().ok()?)))
        .ok_or_else(|| bad(format!("`{target}` is not DEVICE:PORT")))?;
    let address = if local.contains(':') { local.to_owned() } else { format!("127.0.0.1:{local}") };
    let address: SocketAddr =
        address.parse().map_err(|_| bad(format!("`{local}` is no address")))?;
    // A typo is told at once, not to the first program that connects.
    let _known: Value =
        client.get(&format!("/api/v1/devices/{}", crate::client::segment(&device))).await?;
    let listener = TcpListener::bind(address).await.map_err(|e| bad(format!("{address}: {e}")))?;
    let address = listener.local_addr().map_err(|e| bad(e.to_string()))?;
    data(&format!("{address}"));
    note(&format!("forwarding {address} to {device}:{port}; Ctrl-C ends it"));
    let client = Arc::new(client);
    loop {
        let (mut console, _) = tokio::select! {
            accepted = listener.accept() => accepted.map_err(|e| bad(e.to_string()))?,
            _ = tokio::signal::ctrl_c() => return Ok(()),
        };
        let (client, device) = (Arc::clone(&client), device.clone());
        tokio::spawn(async move {
            match client.stream(&device, port).await {
                // Either side may end it; there is nobody else to tell.
                Ok(mut stream) => drop(copy_bidirectional(&mut console, &mut stream).await),
                Err(failure) => crate::report(&failure),
            }
        });
    }
}

/// `viaduct proxy env [DEVICE]`.
pub(crate) async fn proxy_env(client: &Client, device: Option<String>) -> Result<(), Failure> {
    let status: Status = client.get("/api/v1/status").await?;
    let device = match device {
        Some(name) => {
            let path = format!("/api/v1/devices/{}", crate::client::segment(&name));
            client.get::<Device>(&path).await?.name
        }
        None => "DEVICE".into(),
    };
    if let Some(proxy) = &status.addresses.http_proxy {
        data(&format!("export http_proxy=http://token:$VIADUCT_TOKEN@{proxy}"));
        data(&format!("export https_proxy=http://token:$VIADUCT_TOKEN@{proxy}"));
    }
    if let Some(socks) = &status.addresses.socks {
        data(&format!("export all_proxy=socks5h://token:$VIADUCT_TOKEN@{socks}"));
        data(&format!(
            "# curl --digest -u admin --proxy-user token:$VIADUCT_TOKEN --socks5-hostname {socks} http://{device}:16992/"
        ));
    }
    note("VIADUCT_TOKEN holds a token: viaduct tokens create NAME --scope proxy");
    Ok(())
}
