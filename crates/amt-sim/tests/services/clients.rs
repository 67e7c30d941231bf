//! Programs that we did not write: curl and Debian's amtterm, against a platform on loopback.
//!
//! They must be installed (`scripts/prerequisites test`); a missing one fails.

use std::{process::Stdio, sync::Arc};

use amt_sim::services::Host;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    process::Command,
    time::timeout,
};

use crate::console::{DEADLINE, PASSWORD, config};

const GET: &str = "<?xml version=\"1.0\"?><s:Envelope \
    xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
    xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\"><s:Header>\
    <a:Action>http://schemas.xmlsoap.org/ws/2004/09/transfer/Get</a:Action>\
    <a:To>/wsman</a:To><w:ResourceURI>\
    http://intel.com/wbem/wscim/1/amt-schema/1/AMT_GeneralSettings</w:ResourceURI>\
    <a:MessageID>1</a:MessageID><a:ReplyTo><a:Address>\
    http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>\
    </s:Header><s:Body/></s:Envelope>";

/// Offers one of a platform's ports as a port of this machine, and says which.
async fn offer(host: Arc<Host>, service: u16) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(Arc::clone(&host).serve(service, stream));
        }
    });
    port
}

async fn curl(arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new("curl");
    // Nothing of the user's own settings may come between.
    command.args(["-q", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20"]);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(DEADLINE, command.output()).await.expect("curl ends").expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text.into_owned())
}

#[tokio::test]
async fn curl_logs_in_with_digest_and_reads_settings() {
    let port = offer(Host::new(config()), 16992).await;
    let url = format!("http://127.0.0.1:{port}/wsman");
    let user = format!("admin:{PASSWORD}");
    let (ended_well, text) =
        curl(&["--digest", "-u", &user, "--data", GET, "-w", "<<%{http_code}>>", &url]).await;
    assert!(ended_well, "{text}");
    assert!(text.ends_with("<<200>>"), "{text}");
    assert!(text.contains("HostName>pc-01</"), "{text}");
    let (_, text) = curl(&["--digest", "-u", "admin:wrong", "-w", "<<%{http_code}>>", &url]).await;
    assert!(text.ends_with("<<401>>"), "{text}");
}

#[tokio::test]
async fn curl_reads_the_page_over_tls() {
    let port = offer(Host::new(config()), 16993).await;
    let url = format!("https://127.0.0.1:{port}/");
    let user = format!("admin:{PASSWORD}");
    let (ended_well, text) = curl(&["-k", "--digest", "-u", &user, &url]).await;
    assert!(ended_well, "{text}");
    assert!(text.contains("<td>pc-01</td>"), "{text}");
}

/// amtterm wants a terminal, which `script` gives it.
#[tokio::test]
async fn amtterm_reaches_the_shell_of_a_lenient_platform() {
    let mut config = config();
    config.lenient = true;
    let port = offer(Host::new(config), 16994).await;
    let mut command = Command::new("script");
    command
        .args(["--quiet", "--return", "--command"])
        .arg(format!("amtterm -u admin -p {PASSWORD} 127.0.0.1 {port}"))
        .arg("/dev/null")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("script and amtterm run");
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let mut text = String::new();
    for (wanted, keys) in [
        ("pc-01 login-free shell> ", "echo through amtterm\r"),
        ("\nthrough amtterm\n", "power\r"),
        ("power: on (2)", "exit\r"),
        ("bye", ""),
    ] {
        while !text.contains(wanted) {
            let mut buffer = [0; 256];
            let read = timeout(DEADLINE, screen.read(&mut buffer)).await;
            let n = read.unwrap_or_else(|_| panic!("no {wanted:?} in {text:?}")).unwrap();
            assert_ne!(n, 0, "amtterm ended without {wanted:?}: {text:?}");
            // A terminal may add carriage returns of its own.
            text.push_str(&String::from_utf8_lossy(&buffer[..n]).replace('\r', ""));
        }
        keyboard.write_all(keys.as_bytes()).await.unwrap();
    }
    timeout(DEADLINE, child.wait()).await.expect("amtterm ends by itself").unwrap();
}
