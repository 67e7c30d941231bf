//! Scripts for MeshCommander (`.mescript`): the text, and what its interpreter runs.
//!
//! A file is JSON with the text (`scriptText`, for its editor) and the compiled form (`mescript`, in Base64, which is what
//! runs). Compiled, a script is a magic number and a version, then commands one after the other: number of the command,
//! length of all of it, count of arguments, and each argument with its length and kind. All numbers are big-endian.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use std::collections::HashMap;

const MAGIC: u32 = 0x247D_2945;
const VERSION: u16 = 1;
/// The commands that are used here, by their numbers.
const COMMANDS: [(&str, u16); 15] = [
    ("jump", 1),
    ("set", 2),
    ("print", 3),
    ("getitem", 5),
    ("split", 8),
    ("length", 10),
    ("jsonparse", 11),
    ("jsonstr", 12),
    ("add", 13),
    ("substract", 14),
    ("wsbatchenum", 16),
    ("wsput", 17),
    ("wsdelete", 19),
    ("wsexec", 20),
    ("scriptspeed", 21),
];
const VARIABLE: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const LABEL: u8 = 3;

/// Policies as door A makes them: name, trigger, idle limit in seconds, and `ExtendedData` (every 25 seconds).
const POLICIES: [(&str, u32, u32, Option<&str>); 3] = [
    ("Periodic", 2, 0, Some("AAAAAAAAABk=")),
    ("User Initiated", 0, 300, None),
    ("Alert", 1, 300, None),
];

/// What a script sets up.
pub(super) struct Setup<'a> {
    /// Roots to trust, DER.
    pub(super) roots: Vec<&'a [u8]>,
    /// Where the PC dials.
    pub(super) host: &'a str,
    /// 3, 4 or 201, as `AddMpServer` has it.
    pub(super) format: u32,
    pub(super) port: u16,
    pub(super) common_name: Option<&'a str>,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    /// A DNS suffix that no network has.
    pub(super) suffix: &'a str,
}

/// The file.
pub(super) fn file(setup: &Setup<'_>) -> Result<String, String> {
    let text = text(setup);
    let compiled = BASE64_STANDARD.encode(compile(&text)?);
    Ok(json!({ "scriptText": text, "mescript": compiled, "scriptBlocks": [], "blocks": {} })
        .to_string())
}

/// The script. Running it again changes nothing for the worse: a root that is there is left, an entry for the same place
/// and the policies are made anew.
fn text(setup: &Setup<'_>) -> String {
    let Setup { host, port, .. } = *setup;
    let roots: String = setup.roots.iter().enumerate().map(|(n, der)| root(n, der)).collect();
    let policies: String = POLICIES
        .iter()
        .map(|(name, trigger, life, data)| policy(name, *trigger, *life, *data))
        .collect();
    let (old, added) = (old_ones(host, port), new_entry(setup));
    let end = ending(setup.suffix);
    format!(
        r#"# Makes this PC dial in to {host}:{port}. It holds a password: delete the file when it has run.
scriptspeed 5
print "Begun."
set code 0
{roots}
{old}{added}{policies}{end}"#
    )
}

/// Removes the policies, of which AMT has one of each kind, and an entry for the same place, of an earlier run. Only what
/// is there is removed: a page of MeshCommander sends nothing more after a refusal while it waits for something else.
fn old_ones(host: &str, port: u16) -> String {
    let (policies, servers) =
        (listed("AMT_RemoteAccessPolicyRule"), listed("AMT_ManagementPresenceRemoteSAP"));
    format!(
        r#"set stage "reading policies and servers"
split query "AMT_RemoteAccessPolicyRule,AMT_ManagementPresenceRemoteSAP" ","
wsbatchenum "found" query
jump :failed wsman_result "!=" 200

{policies}:nextpolicy
jump :nopolicy i ">=" count
jsonparse key "%7B%7D"
set key.PolicyRuleName all.{{i}}.PolicyRuleName
set stage "removing the old policies"
wsdelete "AMT_RemoteAccessPolicyRule" key
add i i 1
jump :nextpolicy
:nopolicy

{servers}:nextserver
jump :noserver i ">=" count
jump :otherserver all.{{i}}.AccessInfo "!=" "{host}"
jump :otherserver all.{{i}}.Port "!=" {port}
jsonparse key "%7B%7D"
set key.Name all.{{i}}.Name
set stage "removing the old entry of this server"
wsdelete "AMT_ManagementPresenceRemoteSAP" key
:otherserver
add i i 1
jump :nextserver
:noserver

"#
    )
}

/// Makes `all` the instances of a class that were found, `count` their number and `i` 0. The list has a name that differs
/// between the builds of MeshCommander (one shortens the names of its program): it is the first thing found that is a list.
fn listed(class: &str) -> String {
    format!(
        r#"jsonstr told found.{class}
split parts told "%22:["
split names parts.0 "%22"
length last names
substract last last 1
set list names.{{last}}
set all found.{class}.{{list}}
set count 0
length count all
set i 0
"#
    )
}

/// Adds the server, and remembers how to refer to it.
fn new_entry(setup: &Setup<'_>) -> String {
    let Setup { host, port, .. } = *setup;
    let mut server = json!({
        "AccessInfo": xml(host), "InfoFormat": setup.format, "Port": port, "AuthMethod": 2,
        "Username": xml(setup.user), "Password": xml(setup.password),
    });
    if let (Some(name), Some(server)) = (setup.common_name, server.as_object_mut()) {
        server.insert("CN".to_owned(), xml(name).into());
    }
    let server = literal(&server.to_string());
    let reference = literal(concat!(
        r#"<Address xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing">/wsman</Address>"#,
        r#"<ReferenceParameters xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing">"#,
        r#"<ResourceURI xmlns="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">"#,
        "http://intel.com/wbem/wscim/1/amt-schema/1/AMT_ManagementPresenceRemoteSAP</ResourceURI>",
        r#"<SelectorSet xmlns="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd">"#,
        r#"<Selector Name="Name">NAME</Selector></SelectorSet></ReferenceParameters>"#,
    ))
    .replace("NAME", "{name}");
    format!(
        r#"set stage "adding the server"
jsonparse server "{server}"
wsexec "AMT_RemoteAccessService" "AddMpServer" server
set code AMT_RemoteAccessService.Body.ReturnValue
jump :failed code "!=" 0
print "Server {host}:{port} added."

set keys AMT_RemoteAccessService.Body.MpServer.ReferenceParameters.SelectorSet.Selector
set at 0
getitem at keys "@Name" "Name"
set name keys.{{at}}.Value
# One key alone is no list.
jump :named name "!="
set name keys.Value
:named
set reference "{reference}"
"#
    )
}

/// What makes it dial in at last, and the places where the script ends.
fn ending(suffix: &str) -> String {
    format!(
        r#"
set stage "letting BIOS and operating system ask for the tunnel"
jsonparse wish "%7B%22RequestedState%22:32771%7D"
wsexec "AMT_UserInitiatedConnectionService" "RequestStateChange" wish
set code AMT_UserInitiatedConnectionService.Body.ReturnValue
jump :failed code "!=" 0

set stage "setting environment detection"
split query "*AMT_EnvironmentDetectionSettingData" ","
wsbatchenum "found" query
jump :failed wsman_result "!=" 200
set detection found.AMT_EnvironmentDetectionSettingData.response
split suffixes "{suffix}" ","
set detection.DetectionStrings suffixes
wsput "AMT_EnvironmentDetectionSettingData" detection
jump :failed wsman_result "!=" 200
print "Environment detection set: this PC is at home nowhere."
print "Done: it dials in within a minute."
jump :end
:failed
print "Stopped at: {{stage}} (HTTP {{wsman_result}}, code of AMT {{code}}). What was done stays done; run it again when the reason is gone."
:end
print "Ended."
"#
    )
}

fn root(number: usize, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    format!(
        r#"
set stage "adding the root"
jsonparse root "%7B%7D"
set root.CertificateBlob "{base64}"
wsexec "AMT_PublicKeyManagementService" "AddTrustedRootCertificate" root
set code AMT_PublicKeyManagementService.Body.ReturnValue
# 2058: it is there already.
jump :rooted{number} code "=" 2058
jump :failed code "!=" 0
:rooted{number}
print "Root trusted."
"#
    )
}

fn policy(name: &str, trigger: u32, life: u32, data: Option<&str>) -> String {
    let mut wish = json!({ "Trigger": trigger, "TunnelLifeTime": life });
    if let (Some(data), Some(wish)) = (data, wish.as_object_mut()) {
        wish.insert("ExtendedData".to_owned(), data.into());
    }
    let wish = literal(&wish.to_string());
    format!(
        r#"
set stage "adding the policy {name}"
jsonparse policy "{wish}"
set policy.MpServer reference
wsexec "AMT_RemoteAccessService" "AddRemoteAccessPolicyRule" policy
set code AMT_RemoteAccessService.Body.ReturnValue
jump :failed code "!=" 0
print "Policy {name} added."
"#
    )
}

/// A text in quotes, as the interpreter takes it: quotes, braces (variables) and signs of percent are escaped.
fn literal(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '{' | '}' | '%' | '<' | '>' | ' ' => format!("%{:02X}", u32::from(c)),
        _ => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// The interpreter puts arguments into its envelopes as they are.
fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The form that runs.
fn compile(text: &str) -> Result<Vec<u8>, String> {
    let (mut code, mut labels, mut uses) = (Vec::new(), HashMap::new(), Vec::new());
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(label) = line.strip_prefix(':') {
            labels.insert(label, number(code.len())?);
            continue;
        }
        let words = words(line);
        let (name, arguments) = words.split_first().ok_or("an empty line")?;
        let known = COMMANDS.iter().find(|(known, _)| known == name);
        let (_, command) = known.ok_or_else(|| format!("no command `{name}`"))?;
        let mut body = short(arguments.len())?.to_vec();
        for argument in arguments {
            let (kind, bytes) = read(argument);
            body.extend(short(bytes.len() + 1)?);
            body.push(kind);
            if kind == LABEL {
                // 4 bytes of command and length stand before the body.
                uses.push((
                    code.len() + 4 + body.len(),
                    argument.trim_start_matches(':').to_owned(),
                ));
            }
            body.extend(bytes);
        }
        code.extend(command.to_be_bytes());
        code.extend(short(body.len() + 4)?);
        code.extend(body);
    }
    for (at, label) in uses {
        let target: &u32 = labels.get(&*label).ok_or_else(|| format!("no label `{label}`"))?;
        let place = code.get_mut(at..at + 4).ok_or("a label out of place")?;
        place.copy_from_slice(&target.to_be_bytes());
    }
    Ok([&MAGIC.to_be_bytes()[..], &VERSION.to_be_bytes(), &code].concat())
}

fn short(length: usize) -> Result<[u8; 2], String> {
    let length = u16::try_from(length).map_err(|_| format!("{length} bytes are too long"))?;
    Ok(length.to_be_bytes())
}

fn number(length: usize) -> Result<u32, String> {
    u32::try_from(length).map_err(|_| "the script is too long".to_owned())
}

/// Words of a line; what stands in quotes is one, with its quotes.
fn words(line: &str) -> Vec<&str> {
    let (mut words, mut rest) = (Vec::new(), line.trim_start());
    while !rest.is_empty() {
        let end = match rest.strip_prefix('"').and_then(|inner| inner.find('"')) {
            Some(end) => end + 2,
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after.trim_start();
    }
    words
}

fn read(word: &str) -> (u8, Vec<u8>) {
    if word.starts_with(':') {
        return (LABEL, vec![0xFF; 4]);
    }
    if let Ok(number) = word.parse::<i32>() {
        return (NUMBER, number.to_be_bytes().to_vec());
    }
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(text) => (TEXT, text.as_bytes().to_vec()),
        None => (VARIABLE, word.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_labels_and_texts_are_compiled_as_the_interpreter_reads_them() {
        let code = compile("# no\nprint \"a b\"\n:End\njump :End i \"<\" 2\n").unwrap();
        let expected = [
            &[0x24, 0x7D, 0x29, 0x45, 0, 1][..],
            &[0, 3, 0, 12, 0, 1, 0, 4, TEXT, b'a', b' ', b'b'],
            &[0, 1, 0, 28, 0, 4, 0, 5, LABEL, 0, 0, 0, 12, 0, 2, VARIABLE, b'i'],
            &[0, 2, TEXT, b'<', 0, 5, NUMBER, 0, 0, 0, 2],
        ]
        .concat();
        assert_eq!(code[..], expected[..], "{code:?}");
        assert!(compile("jump :nowhere").unwrap_err().contains("nowhere"));
        assert!(compile("dance").unwrap_err().contains("dance"));
    }

    #[test]
    fn what_the_interpreter_would_take_for_its_own_is_escaped() {
        assert_eq!(literal(r#"{"a": "5%"}"#), "%7B%22a%22:%20%225%25%22%7D");
        let setup = Setup {
            roots: vec![&[1, 2, 3]],
            host: "192.0.2.7",
            format: 3,
            port: 4433,
            common_name: Some("mps"),
            user: "admin",
            password: "a<b&c%{d}\"",
            suffix: "nowhere.invalid",
        };
        let file = file(&setup).unwrap();
        assert!(
            file.contains("a&lt;b&amp;c%25%7Bd%7D%5C%22")
                || file.contains("a&lt;b&amp;c%25%7Bd%7D\\\\%22"),
            "{file}"
        );
    }
}
