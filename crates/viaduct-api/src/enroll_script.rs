//! What somebody runs on a PC that the server cannot reach.

use crate::DeviceId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// For which PC (`POST /enroll/scripts`). It must be known with this credential (`POST /devices`); nothing is changed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewEnrollScripts {
    /// Its AMT UUID.
    pub guid: DeviceId,
    /// What it is called here.
    pub name: String,
    /// Where it dials, `HOST[:PORT][=COMMON-NAME]`; absent: this server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mps: Option<String>,
    /// CIRA user; absent: `admin`, as rpc-go wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// CIRA password: 8 to 16 visible ASCII characters without quotes and backslashes.
    pub password: String,
}

impl fmt::Debug for NewEnrollScripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEnrollScripts").field("guid", &self.guid).finish_non_exhaustive()
    }
}

/// The ways for one PC. All of them hold its CIRA password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollScripts {
    /// Address that the PC dials.
    pub mps: String,
    /// Its port.
    pub port: u16,
    /// Common name that the PC expects in the certificate.
    #[serde(default)]
    pub common_name: Option<String>,
    /// CIRA user.
    pub user: String,
    /// Script for a POSIX shell, with rpc-go.
    pub shell: String,
    /// Script for PowerShell, with rpc-go.
    pub powershell: String,
    /// File for MeshCommander (`.mescript`).
    pub mescript: String,
    /// Steps in front of the PC, with the values.
    pub mebx: String,
    /// What rpc-go would do otherwise than is wanted here.
    #[serde(default)]
    pub warnings: Vec<String>,
}

impl fmt::Debug for EnrollScripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollScripts").field("mps", &self.mps).finish_non_exhaustive()
    }
}
