//! AMT_EnvironmentDetectionSettingData.

use crate::{
    remote_access::Environment,
    services::{
        group::{Class, ClassGroup, instance, invalid, texts},
        host::Host,
    },
};
use amt::wsman::{Fault, Instance};
use std::sync::Arc;

const CLASS: &str = "AMT_EnvironmentDetectionSettingData";
const STRINGS: &str = "DetectionStrings";
const PREFIXES: &str = "DetectionIPv6LocalPrefixes";

/// The one setting of environment detection.
pub(in crate::services) struct EnvironmentDetection;

impl ClassGroup for EnvironmentDetection {
    fn classes(&self) -> &'static [Class] {
        const { &[Class::new(CLASS)] }
    }

    fn instances(&self, host: &Arc<Host>, _class: &str) -> Vec<Instance> {
        vec![read(&host.shared().read().remote_access.environment)]
    }

    fn put(&self, host: &Arc<Host>, current: &Instance, new: &Instance) -> Result<Instance, Fault> {
        let algorithm = new.text("DetectionAlgorithm").unwrap_or("0");
        if algorithm != "0"
            || new.text("InstanceID").is_some_and(|id| current.text("InstanceID") != Some(id))
        {
            return Err(invalid("only the strings and prefixes can be changed"));
        }
        let wanted = Environment::new(texts(new, STRINGS), texts(new, PREFIXES));
        let wanted = wanted.map_err(|error| invalid(error.to_string()))?;
        let now = read(&wanted);
        let changed = host.shared().configure(|configuration, _| {
            configuration.remote_access.environment = wanted;
            Ok(())
        });
        changed.map(|()| now).map_err(|code| invalid(code.to_string()))
    }
}

fn read(environment: &Environment) -> Instance {
    let mut read = instance(
        CLASS,
        [
            ("DetectionAlgorithm", "0"),
            ("ElementName", "Intel(r) AMT Environment Detection Settings"),
            ("InstanceID", "Intel(r) AMT Environment Detection Settings"),
        ],
    );
    read.set(STRINGS, environment.suffixes.iter().map(|s| s.as_str().into()));
    read.set(PREFIXES, environment.ipv6_prefixes.iter().map(|s| s.as_str().into()));
    read
}
