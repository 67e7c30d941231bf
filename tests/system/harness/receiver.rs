//! Who is told what happens: a webhook's receiver that answers as it is told, and Mosquitto with a subscriber.

use super::{Directory, PATIENCE, Process};
use serde_json::Value;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::Command,
    sync::mpsc,
    thread,
};

/// A request that came in.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// An HTTP server that notes what it gets and answers what `answer` says to it: status line and body.
pub(crate) struct Receiver {
    pub(crate) url: String,
    told: mpsc::Receiver<Told>,
}

impl Receiver {
    pub(crate) fn start(
        answer: impl Fn(&Told) -> (&'static str, String) + Send + Sync + Clone + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (send, told) = mpsc::channel();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (send, answer) = (send.clone(), answer.clone());
                // A client that goes away in the middle is part of some tests.
                thread::spawn(move || serve(client.ok()?, &send, &answer));
            }
        });
        Self { url, told }
    }

    /// The next request whose body is about an event of this type.
    pub(crate) fn next(&self, kind: &str) -> Told {
        loop {
            let told = self.told.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no {kind}"));
            if told.json()["type"] == kind {
                return told;
            }
        }
    }
}

fn serve(
    client: TcpStream,
    send: &mpsc::Sender<Told>,
    answer: &impl Fn(&Told) -> (&'static str, String),
) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut writer = client;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length")?.parse().ok()?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let told = Told { headers, body: String::from_utf8(body).ok()? };
        let (status, text) = answer(&told);
        // Noted first, so that whoever sees the answer's effect finds the request.
        send.send(told).ok()?;
        write!(writer, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{text}", text.len()).ok()?;
    }
}

/// A certificate of a CA of its own, as files.
pub(crate) struct Issued {
    pub(crate) ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    _directory: Directory,
}

impl Issued {
    pub(crate) fn new(address: &str) -> Self {
        let directory = Directory::new();
        let file = |name: &str| directory.join(name);
        let script = "set -e; cd \"$1\"
            openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout ca.key -out ca.pem -subj /CN=ca
            openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj \"/CN=$2\" \
                -addext \"subjectAltName=IP:$2\"
            openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
                -copy_extensions copy -out certificate.pem";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(directory.path()).arg(address);
        super::process::succeed(&mut command);
        let (ca, certificate, key) = (file("ca.pem"), file("certificate.pem"), file("key.pem"));
        Self { ca, certificate, key, _directory: directory }
    }
}

/// Mosquitto with one user, with or without TLS.
pub(crate) struct Broker {
    process: Process,
    pub(crate) port: u16,
    directory: Directory,
    ca: Option<PathBuf>,
}

impl Broker {
    pub(crate) const USER: &str = "viaduct";
    pub(crate) const PASSWORD: &str = "Br0ker-Password";

    pub(crate) fn start(port: u16, certificate: Option<&Issued>) -> Self {
        let directory = Directory::new();
        let passwords = directory.join("passwords");
        let mut made = Command::new("mosquitto_passwd");
        made.args(["-b", "-c"]).arg(&passwords).args([Self::USER, Self::PASSWORD]);
        super::process::succeed(&mut made);
        let tls = certificate.map(|certificate| {
            format!(
                "certfile {}\nkeyfile {}\n",
                certificate.certificate.display(),
                certificate.key.display()
            )
        });
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\nuser root\n{}",
            passwords.display(),
            tls.unwrap_or_default()
        );
        let config = directory.write("mosquitto.conf", &text);
        let mut command = Command::new("mosquitto");
        command.arg("-v").arg("-c").arg(config);
        // Debian keeps it where only root's PATH looks.
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{path}:/usr/local/sbin:/usr/sbin:/sbin"));
        let process = Process::start(&command);
        process.any_line(|line| line.ends_with(" running"));
        let ca = certificate.map(|certificate| certificate.ca.clone());
        Self { process, port, directory, ca }
    }

    /// Subscribed to everything.
    pub(crate) fn subscribe(&self) -> Subscriber {
        let mut command = Command::new("mosquitto_sub");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-t", "#", "-q", "1", "-v"]);
        command.args(["-u", Self::USER, "-P", Self::PASSWORD, "-i", "reader"]);
        if let Some(ca) = &self.ca {
            command.arg("--cafile").arg(ca);
        }
        let process = Process::start(&command);
        self.process.any_line(|line| line.contains("Sending SUBACK to reader"));
        Subscriber(process)
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.process.terminate();
        drop(self.directory);
    }
}

/// What a subscriber gets.
pub(crate) struct Subscriber(Process);

impl Subscriber {
    /// The first message with this method: its topic and its payload.
    pub(crate) fn message(&self, method: &str) -> (String, Value) {
        self.with(&format!("\"methods\":[\"{method}\"]"))
    }

    /// Topic and payload of the message about the event with this id.
    pub(crate) fn about(&self, event: &Value) -> (String, Value) {
        self.with(&format!("\"id\":{event},"))
    }

    fn with(&self, text: &str) -> (String, Value) {
        let line = self.0.line(|line| line.contains(text));
        let (topic, payload) = line.split_once(' ').unwrap();
        (topic.to_owned(), serde_json::from_str(payload).unwrap())
    }
}
