//! A console inside the tunnel, without the tunnel: WS-Man asked of a running platform.

use crate::mps::soon;
use amt::{
    credentials::Credentials,
    http::digest::DigestLogin,
    wsman::{Exchange, Fault, Operation, Outcome, Output, Request, Target},
};
use amt_sim::{RunningPlatform, services::Host};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// One WS-Man operation on the one instance of a class.
pub(crate) async fn ask(
    platform: &RunningPlatform,
    password: &str,
    class: &str,
    operation: Operation,
) -> Outcome {
    let asked = ask_for(platform, password, Target::class(class).unwrap(), operation).await;
    asked.unwrap()
}

fn connect(host: &Arc<Host>) -> DuplexStream {
    let (ours, theirs) = duplex(16 * 1024);
    tokio::spawn(Arc::clone(host).serve(16992, theirs));
    ours
}

/// The same on a chosen instance.
pub(crate) async fn ask_for(
    platform: &RunningPlatform,
    password: &str,
    target: Target,
    operation: Operation,
) -> Result<Outcome, Fault> {
    let host = platform.host();
    let request = Request::new("1", target, operation);
    let login = DigestLogin::new(Credentials::new("admin", password));
    let mut exchange = Exchange::new(&request, "pc:16992", login, [3; 16]);
    let mut io = connect(&host);
    loop {
        if let Some(bytes) = exchange.poll_transmit() {
            io.write_all(&bytes).await.unwrap();
        }
        let mut buffer = [0; 4096];
        match soon("an answer", io.read(&mut buffer)).await.unwrap() {
            0 => exchange.handle_end(),
            n => exchange.handle_bytes(&buffer[..n]),
        }
        match exchange.poll_output() {
            Some(Output::Reopen) => {
                io = connect(&host);
                exchange.handle_reopened();
            }
            Some(Output::Done(answered)) => return answered.reply.result,
            Some(Output::Failed(error)) => panic!("{error}"),
            None => {}
        }
    }
}
