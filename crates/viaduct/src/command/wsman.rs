//! `viaduct wsman`: any class of a PC's management engine.

use super::Desk;
use crate::{
    client::segment,
    failure::{Failure, Result},
    render::Format,
    say::data,
};
use amt::wsman::{Operation, Outcome, Reply, Request};
use hyper::{Method, header};
use serde_json::{Map, Value, json};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};
use viaduct_api::Code;

/// The server takes no larger envelope.
const ENVELOPE_MAX: u64 = 1 << 20;
/// Items asked for at once, and how often.
const PULL: u32 = 999;
const PULLS_MAX: usize = 4096;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Ask the platform who it is
    Identify {
        /// Name, domain name or GUID
        device: String,
    },
    /// Read an instance; KEY=VALUE chooses it where a class has several
    Get(Call),
    /// List all instances of a class
    Enum(Call),
    /// Change properties of an instance: KEY=VALUE, KEY:=JSON; --key chooses the instance
    Put(Call),
    /// Call a method: METHOD, then its arguments as KEY=VALUE or KEY:=JSON
    Invoke(Call),
    /// Send an envelope as it is and print the answer; the pulls that an Enumerate needs follow by themselves
    Raw {
        /// Name, domain name or GUID
        device: String,
        /// File with the SOAP envelope, `-` for standard input
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Send nothing after it
        #[arg(long)]
        once: bool,
    },
}

/// What is asked of which class.
#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// Name, domain name or GUID
    device: String,
    /// Class, for example `AMT_GeneralSettings`
    class: String,
    /// Method and KEY=VALUE pairs; KEY:=JSON for what has parts; a key that comes twice makes an array
    #[arg(value_name = "ARGUMENT")]
    arguments: Vec<String>,
    /// Key of the instance (repeatable)
    #[arg(long = "key", value_name = "KEY=VALUE")]
    keys: Vec<String>,
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    let (device, wish) = match command {
        Command::Identify { device } => (device, json!({ "operation": "identify" })),
        Command::Get(call) => {
            let mut wish = call.wish("get");
            wish["selectors"] = pairs(call.keys.iter().chain(&call.arguments))?;
            (call.device, wish)
        }
        Command::Enum(call) => {
            let mut wish = call.wish("enumerate");
            wish["selectors"] = pairs(call.keys.iter().chain(&call.arguments))?;
            (call.device, wish)
        }
        Command::Put(call) => {
            let mut wish = call.wish("put");
            wish["merge"] = true.into();
            wish["selectors"] = pairs(&call.keys)?;
            wish["properties"] = pairs(&call.arguments)?;
            if call.arguments.is_empty() {
                return Err(Failure::usage(
                    "nothing to change: give properties as KEY=VALUE or KEY:=JSON",
                ));
            }
            (call.device, wish)
        }
        Command::Invoke(call) => {
            let mut wish = call.wish("invoke");
            let Some((method, arguments)) = call.arguments.split_first() else {
                return Err(Failure::usage("which method? give its name after the class"));
            };
            wish["method"] = method.as_str().into();
            wish["selectors"] = pairs(&call.keys)?;
            wish["arguments"] = pairs(arguments)?;
            (call.device, wish)
        }
        Command::Raw { device, file, once } => return raw(desk, &device, &file, once).await,
    };
    // Its next step is to be copied, and of several PCs one must know which it was.
    send(desk, &device, &wish).await.map_err(|failure| failure.about(&device))
}

impl Call {
    fn wish(&self, operation: &str) -> Value {
        json!({ "operation": operation, "class": self.class })
    }
}

async fn send(desk: &Desk, device: &str, wish: &Value) -> Result<()> {
    let path = format!("/wsman/{}", segment(device));
    let accept = match desk.printer.format {
        Format::Xml => "application/soap+xml",
        _ => "application/json",
    };
    let answer =
        desk.client.call(Method::POST, &path, Some(wish), &[(header::ACCEPT, accept)]).await?;
    let text = String::from_utf8_lossy(&answer.body);
    if desk.printer.format == Format::Xml {
        data(&text);
        return Ok(());
    }
    let value: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(Code::NotViaduct, error.to_string()))?;
    match (&value, desk.printer.format) {
        (Value::Array(items), Format::Ndjson) => {
            for item in items {
                data(&item.to_string());
            }
        }
        (_, Format::Csv) => return Err(Failure::usage("this has no columns; use -o json or xml")),
        (_, Format::Ndjson) => data(&value.to_string()),
        _ => data(
            &serde_json::to_string_pretty(&value).map_err(|error| Failure::local("JSON", error))?,
        ),
    }
    match value["ReturnValue"].as_u64() {
        None | Some(0) => Ok(()),
        Some(status) => {
            let name = value["ReturnValueStr"].as_str().unwrap_or_default();
            let detail = format!("the method answered {status} {name}");
            Err(Failure::new(Code::AmtRefused, detail.trim_end()))
        }
    }
}

/// Sends somebody's own envelope. Each answer is printed as it came, one after the other.
async fn raw(desk: &Desk, device: &str, file: &Path, once: bool) -> Result<()> {
    let path = format!("/wsman/{}", segment(device));
    let envelope = envelope(file)?;
    let target = Request::parse(&envelope).ok().map(|request| request.target);
    let mut next = ask(desk, &path, envelope).await?;
    let Some(target) = target.filter(|_| !once) else { return Ok(()) };
    for number in 0..PULLS_MAX {
        let Some(context) = next else { return Ok(()) };
        let pull = Operation::Pull { context, most: PULL };
        let request = Request::new(format!("pull-{number}"), target.clone(), pull);
        next = ask(desk, &path, request.to_xml().into_bytes()).await?;
    }
    Err(Failure::new(Code::AmtUnusable, format!("there is no end after {PULLS_MAX} pulls")))
}

/// Prints the answer; gives the context to pull with, when there is more.
async fn ask(desk: &Desk, path: &str, envelope: Vec<u8>) -> Result<Option<String>> {
    let answer = desk.client.soap(path, envelope).await?;
    data(&String::from_utf8_lossy(&answer.body));
    let reply = Reply::parse(&answer.body)
        .map_err(|error| Failure::new(Code::AmtUnusable, error.to_string()))?;
    match reply.result {
        Ok(Outcome::Enumerating(context)) => Ok(Some(context)),
        Ok(Outcome::Pulled { next, .. }) => Ok(next),
        Ok(outcome) => match outcome.return_value() {
            None | Some(0) => Ok(None),
            Some(value) => {
                Err(Failure::new(Code::AmtRefused, format!("the method answered {value}")))
            }
        },
        Err(fault) => Err(Failure::new(Code::AmtRefused, fault.to_string())),
    }
}

fn envelope(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => io::stdin().take(ENVELOPE_MAX).read_to_end(&mut bytes),
        false => {
            fs::File::open(file).and_then(|file| file.take(ENVELOPE_MAX).read_to_end(&mut bytes))
        }
    };
    read.map_err(|error| Failure::local(file.display(), error))?;
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::usage(format!("{} holds no envelope", file.display())));
    }
    Ok(bytes)
}

/// `KEY=VALUE` is text, `KEY:=JSON` is what the JSON says.
fn pairs<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<Value> {
    let mut all = Map::new();
    for text in texts {
        let (key, value) = pair(text)?;
        let value = match all.remove(key) {
            None => value,
            Some(before) => Value::Array([list(before), list(value)].concat()),
        };
        all.insert(key.to_owned(), value);
    }
    Ok(Value::Object(all))
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        one => vec![one],
    }
}

fn pair(text: &str) -> Result<(&str, Value)> {
    let (key, value) = text.split_once('=').unwrap_or_default();
    let (key, value) = match key.strip_suffix(':') {
        None => (key, value.into()),
        Some(key) => (key, serde_json::from_str(value).map_err(|error| no_json(text, &error))?),
    };
    match key.is_empty() {
        true => Err(Failure::usage(format!("`{text}` is not KEY=VALUE or KEY:=JSON"))),
        false => Ok((key, value)),
    }
}

fn no_json(text: &str, error: &serde_json::Error) -> Failure {
    Failure::usage(format!("what is behind := in `{text}` is no JSON: {error}"))
        .next("Put it in quotes, so that the shell leaves it whole; text needs only KEY=VALUE.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_become_an_object_and_a_repeated_key_an_array() {
        let texts = ["A=1", "B=x=y", "A=2", "A=3"].map(str::to_owned);
        assert_eq!(pairs(&texts).unwrap(), json!({ "A": ["1", "2", "3"], "B": "x=y" }));
        for wrong in ["=x", "x", ":=1", "A:={", "A:=", ""] {
            assert!(pairs(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_behind_a_colon_is_json() {
        let texts = [
            r#"Job:={"class":"CIM_ConcreteJob","selectors":{"InstanceID":"x=y"}}"#,
            "Flags=0",
            "Flags:=[1,true]",
            "Flags:=null",
            "Name=a:=b",
        ];
        let expected = json!({
            "Job": { "class": "CIM_ConcreteJob", "selectors": { "InstanceID": "x=y" } },
            "Flags": ["0", 1, true, null],
            "Name": "a:=b",
        });
        assert_eq!(pairs(&texts.map(str::to_owned)).unwrap(), expected);
    }
}
