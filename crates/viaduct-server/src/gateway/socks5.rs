//! SOCKS5 (RFC 1928) with user and password (RFC 1929); CONNECT only, targets are devices.

use super::{Gateway, Refusal, Target, target::shown};
use crate::{access::Principal, tunnel::Channel};
use bytes::Bytes;
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

const NO_SIGN_IN: u8 = 0x00;
const USER_AND_PASSWORD: u8 = 0x02;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 0x01;
const COMMAND_NOT_SUPPORTED: u8 = 0x07;

/// What a console asks for once it is signed in.
struct Asked {
    principal: Option<Principal>,
    command: u8,
    /// The destination as bytes; `None` for an address, which is never dialled.
    host: Option<Vec<u8>>,
    port: u16,
}

/// Serves one console to its end.
pub(super) async fn serve<S>(gateway: &Gateway, mut io: S, peer: SocketAddr, sign_in: bool)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let deadline = gateway.0.limits.greeting_deadline.0;
    let greeted = timeout(deadline, greet(gateway, &mut io, peer, sign_in)).await;
    // Otherwise it was told why, or left, or was too slow to be a proxy client.
    let Ok(Ok(Some(asked))) = greeted else { return };
    let user = asked.principal.as_ref().map(|p| p.name.clone());
    match connect(gateway, &asked, peer).await {
        Ok(channel) => {
            if io.write_all(&reply(0)).await.is_ok() {
                channel.relay(io, Bytes::new()).await;
            }
        }
        Err((code, refusal)) => {
            let host = asked.host.as_deref().map_or("an address".to_owned(), shown);
            gateway.refused(peer, user, &format!("{host}:{}", asked.port), &refusal);
            // A console that left does not need the answer.
            drop(io.write_all(&reply(code)).await);
            drop(io.shutdown().await);
        }
    }
}

async fn connect(
    gateway: &Gateway,
    asked: &Asked,
    peer: SocketAddr,
) -> Result<Channel, (u8, Refusal)> {
    if asked.command != CONNECT {
        let why = "only CONNECT is supported, not BIND or UDP ASSOCIATE";
        return Err((COMMAND_NOT_SUPPORTED, Refusal::Grammar(why.into())));
    }
    let target = match &asked.host {
        Some(host) => Target::new(host, asked.port).map_err(Refusal::from),
        None => Err(Refusal::Grammar(
            "addresses are never dialled; name a device (let the proxy resolve: --socks5-hostname, proxy_dns)"
                .into(),
        )),
    };
    let reached = match target {
        Ok(target) => gateway.reach(asked.principal.as_ref(), &target, Some(peer)).await,
        Err(refusal) => Err(refusal),
    };
    reached.map_err(|refusal| (refusal.socks_reply(), refusal))
}

/// Greeting, sign-in and request. `None` when the console was turned away before a reply exists.
async fn greet<S>(
    gateway: &Gateway,
    io: &mut S,
    peer: SocketAddr,
    sign_in: bool,
) -> io::Result<Option<Asked>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if io.read_u8().await? != 5 {
        return Ok(None);
    }
    let mut methods = vec![0; usize::from(io.read_u8().await?)];
    io.read_exact(&mut methods).await?;
    let method = match sign_in {
        false if methods.contains(&NO_SIGN_IN) => NO_SIGN_IN,
        _ if methods.contains(&USER_AND_PASSWORD) => USER_AND_PASSWORD,
        _ => NO_METHOD,
    };
    io.write_all(&[5, method]).await?;
    let principal = match method {
        NO_SIGN_IN => None,
        USER_AND_PASSWORD => match sub_negotiate(gateway, io, peer).await? {
            Some(principal) => Some(principal),
            None => return Ok(None),
        },
        _ => {
            gateway.refused(peer, None, "", &Refusal::NotSignedIn(None));
            io.shutdown().await?;
            return Ok(None);
        }
    };
    let mut head = [0; 4];
    io.read_exact(&mut head).await?;
    if head[0] != 5 {
        return Ok(None);
    }
    let host = match head[3] {
        1 => skip(io, 4).await?,
        4 => skip(io, 16).await?,
        3 => {
            let mut name = vec![0; usize::from(io.read_u8().await?)];
            io.read_exact(&mut name).await?;
            Some(name)
        }
        _ => {
            io.write_all(&reply(0x08)).await?;
            io.shutdown().await?;
            return Ok(None);
        }
    };
    let port = io.read_u16().await?;
    Ok(Some(Asked { principal, command: head[1], host, port }))
}

async fn skip<S: AsyncRead + Unpin>(io: &mut S, bytes: usize) -> io::Result<Option<Vec<u8>>> {
    let mut address = [0; 16];
    io.read_exact(&mut address[..bytes]).await?;
    Ok(None)
}

/// RFC 1929: version 1, user, password; status 0 is success, everything else ends the connection.
async fn sub_negotiate<S>(
    gateway: &Gateway,
    io: &mut S,
    peer: SocketAddr,
) -> io::Result<Option<Principal>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if io.read_u8().await? != 1 {
        return Ok(None);
    }
    let mut user = vec![0; usize::from(io.read_u8().await?)];
    io.read_exact(&mut user).await?;
    let mut password = vec![0; usize::from(io.read_u8().await?)];
    io.read_exact(&mut password).await?;
    let name = shown(&user);
    let signed_in = match (String::from_utf8(user), String::from_utf8(password)) {
        (Ok(user), Ok(password)) => gateway.sign_in(&user, password, peer).await,
        _ => Err(crate::access::SignInError::Wrong),
    };
    match signed_in {
        Ok(principal) => {
            io.write_all(&[1, 0]).await?;
            Ok(Some(principal))
        }
        Err(error) => {
            gateway.refused(peer, Some(name), "", &Refusal::NotSignedIn(Some(error)));
            io.write_all(&[1, 1]).await?;
            io.shutdown().await?;
            Ok(None)
        }
    }
}

/// A reply with an empty bound address: nothing here has one.
fn reply(code: u8) -> [u8; 10] {
    [5, code, 0, 1, 0, 0, 0, 0, 0, 0]
}
