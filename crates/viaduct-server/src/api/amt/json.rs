//! WS-Man values as JSON, in the way that Open AMT's clients expect: prefixes and attributes dropped, a name that occurs
//! again becomes an array, whole numbers and truth values are typed, an empty element is an empty text.
//!
//! A text becomes a number only when writing the number gives the same text again, so serial numbers keep their zeros.

use amt::{
    status,
    wsman::{Element, Instance, Properties, Reference, Value, XmlLimits, names},
};
use serde_json::{Map, Value as Json, json};

/// Whole numbers beyond this are not exact in every JSON reader.
const EXACT: i64 = 1 << 53;
/// Names are texts, whatever they look like.
const TEXTS: [&str; 4] = ["ElementName", "InstanceID", "SSID", "SerialNumber"];

/// The properties of an instance.
pub(in crate::api) fn object(instance: &Instance) -> Json {
    properties(&instance.properties)
}

/// All instances.
pub(in crate::api) fn objects<'a>(instances: impl IntoIterator<Item = &'a Instance>) -> Json {
    instances.into_iter().map(object).collect()
}

/// Names and values.
pub(in crate::api) fn properties(properties: &Properties) -> Json {
    let mut object = Map::new();
    for (name, value) in properties {
        let value = one(name, value);
        match object.get_mut(name) {
            None => drop(object.insert(name.clone(), value)),
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    Json::Object(object)
}

fn one(name: &str, value: &Value) -> Json {
    match value {
        Value::Null => Json::String(String::new()),
        Value::Text(text) if TEXTS.contains(&name) => Json::String(text.clone()),
        Value::Text(text) => typed(text),
        Value::DateTime(text) if text.starts_with('P') => json!({ "Interval": text }),
        Value::DateTime(text) => json!({ "Datetime": text }),
        Value::Reference(reference) => self::reference(reference),
        Value::Object(instance) => object(instance),
    }
}

/// A number or truth value when the text is exactly that.
fn typed(text: &str) -> Json {
    match text {
        "true" => return Json::Bool(true),
        "false" => return Json::Bool(false),
        _ => {}
    }
    match text.parse::<i64>() {
        Ok(number) if number.abs() <= EXACT && number.to_string() == text => number.into(),
        _ => Json::String(text.to_owned()),
    }
}

/// An endpoint reference; the names of its keys are attributes, so only their values are left.
fn reference(reference: &Reference) -> Json {
    let mut values: Vec<Json> = reference
        .selectors
        .iter()
        .map(|(_, value)| match value {
            Value::Reference(inner) => json!({ "EndpointReference": self::reference(inner) }),
            other => Json::String(other.as_text().unwrap_or_default().to_owned()),
        })
        .collect();
    let selector = if values.len() == 1 { values.remove(0) } else { Json::Array(values) };
    json!({
        "Address": names::ANONYMOUS,
        "ReferenceParameters": {
            "ResourceURI": reference.resource.as_str(),
            "SelectorSet": { "Selector": selector },
        },
    })
}

/// The header of an answer.
pub(in crate::api) fn header(envelope: &[u8]) -> Json {
    let root = Element::parse(envelope, XmlLimits::default()).unwrap_or_default();
    let mut header = Map::new();
    for child in
        root.child(names::SOAP, "Header").map(|h| h.children.as_slice()).unwrap_or_default()
    {
        let value = match child.name.as_str() {
            "RelatesTo" => typed(child.trimmed()),
            _ => Json::String(child.trimmed().to_owned()),
        };
        header.insert(child.name.clone(), value);
    }
    Json::Object(header)
}

/// The answer of a method: its header, its results, and its status by name.
pub(in crate::api) fn method(envelope: &[u8], value: u32) -> Json {
    json!({ "Header": header(envelope), "Body": result(value) })
}

/// A status with its name.
pub(in crate::api) fn result(value: u32) -> Json {
    json!({ "ReturnValue": value, "ReturnValueStr": status::name(value) })
}

/// The text of a property, empty when there is none.
pub(in crate::api) fn text<'a>(instance: &'a Instance, name: &str) -> &'a str {
    instance.text(name).unwrap_or_default()
}

/// A property as a number; 0 when there is none.
pub(in crate::api) fn number(instance: &Instance, name: &str) -> i64 {
    instance.text(name).and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// A property as a truth value; false when there is none.
pub(in crate::api) fn flag(instance: &Instance, name: &str) -> bool {
    matches!(instance.text(name).map(str::trim), Some("true" | "1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::ResourceUri;

    fn instance(values: &[(&str, &str)]) -> Instance {
        let mut instance = Instance::new(ResourceUri::of_class("CIM_Chassis").unwrap());
        for (name, value) in values {
            instance.properties.push(((*name).to_owned(), (*value).into()));
        }
        instance
    }

    #[test]
    fn numbers_and_truth_values_are_typed_when_nothing_is_lost() {
        let object = object(&instance(&[
            ("PackageType", "3"),
            ("CanBeFRUed", "true"),
            ("Tag", "0x10"),
            ("Version", "1E5"),
            ("Model", "007"),
            ("Negative", "-1"),
            ("Large", "18446744073709551615"),
            ("ElementName", "42"),
            ("Empty", ""),
        ]));
        assert_eq!(
            object,
            json!({
                "PackageType": 3, "CanBeFRUed": true, "Tag": "0x10", "Version": "1E5", "Model": "007",
                "Negative": -1, "Large": "18446744073709551615", "ElementName": "42", "Empty": "",
            })
        );
    }

    #[test]
    fn a_name_that_occurs_again_is_an_array() {
        let object = object(&instance(&[("LinkPolicy", "1"), ("A", "x"), ("LinkPolicy", "14")]));
        assert_eq!(object, json!({ "LinkPolicy": [1, 14], "A": "x" }));
    }

    #[test]
    fn a_reference_keeps_the_values_of_its_keys() {
        let reference =
            Reference::of_class("CIM_Chassis", &[("CreationClassName", "a"), ("Tag", "b")]);
        let json = one("Antecedent", &reference.unwrap().into());
        assert_eq!(json["ReferenceParameters"]["SelectorSet"]["Selector"], json!(["a", "b"]));
    }

    #[test]
    fn the_header_of_an_answer_has_its_five_words() {
        let resource = ResourceUri::of_class("IPS_OptInService");
        let outcome = amt::wsman::Outcome::Invoked {
            method: "StartOptIn".into(),
            output: vec![("ReturnValue".into(), 0.into())],
        };
        let reply = amt::wsman::Reply { relates_to: "7".into(), resource, result: Ok(outcome) };
        let json = method(reply.to_xml(3).as_bytes(), 0);
        assert_eq!(json["Header"]["RelatesTo"], 7);
        let action = json["Header"]["Action"].as_str().unwrap();
        assert!(action.ends_with("/StartOptInResponse"), "{action}");
        for key in ["To", "MessageID", "ResourceURI"] {
            assert!(json["Header"][key].is_string(), "{key}");
        }
        assert_eq!(json["Body"], json!({ "ReturnValue": 0, "ReturnValueStr": "SUCCESS" }));
    }
}
