//! What the metrics listener tells load balancers.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use viaduct_server::{Config, Running, Server};

async fn ask(running: &Running, path: &str) -> String {
    let mut io = TcpStream::connect(running.addresses().metrics.unwrap()).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    io.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    io.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_server_whose_database_takes_nothing_is_alive_and_not_ready() {
    let data = tempfile::tempdir().unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut config = Config { data: data.path().join("data"), ..Config::default() };
    config.cira.listen = any;
    config.web.listen = any;
    config.socks.listen = any;
    config.http_proxy.listen = any;
    config.metrics.listen = any;
    let running = Server::start(config, String::new()).await.unwrap();
    assert!(ask(&running, "/readyz").await.starts_with("HTTP/1.1 200 "));

    let options = SqliteConnectOptions::new().filename(data.path().join("data/viaduct.db"));
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("BEGIN EXCLUSIVE").await.unwrap();
    let stranger = "4c4c4544-0042-3510-8052-000000000001".parse().unwrap();
    running.inventory().note_unclaimed(stranger, "203.0.113.7:50000".parse().unwrap(), None);
    running.inventory().flush().await;
    let answer = ask(&running, "/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("locked"), "{answer}");
    assert!(ask(&running, "/livez").await.starts_with("HTTP/1.1 200 "));

    other.execute("ROLLBACK").await.unwrap();
    running.inventory().flush().await;
    assert!(ask(&running, "/readyz").await.starts_with("HTTP/1.1 200 "));
    running.shutdown().await;
}
