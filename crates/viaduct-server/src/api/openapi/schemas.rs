//! The named shapes of the document.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

/// Shapes that no type stands for: Open AMT's, put together from what a platform says.
const SHAPES: &str = include_str!("shapes.json");

/// Collects the shapes that are referred to.
pub(super) struct Schemas {
    shown: SchemaGenerator,
    taken: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            shown: settings().for_serialize().into_generator(),
            taken: settings().for_deserialize().into_generator(),
        }
    }

    /// A type as it is sent.
    pub(super) fn shown<T: JsonSchema>(&mut self) -> Value {
        self.shown.subschema_for::<T>().to_value()
    }

    /// A type as it is read.
    pub(super) fn taken<T: JsonSchema>(&mut self) -> Value {
        self.taken.subschema_for::<T>().to_value()
    }

    /// All of them by name. A name stands for one shape: a test sees to it.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        self.shown::<viaduct_api::Problem>();
        let mut all: Map<String, Value> = serde_json::from_str(SHAPES).unwrap_or_default();
        for generator in [&mut self.taken, &mut self.shown] {
            for (name, schema) in generator.take_definitions(true) {
                let known = all.insert(name.clone(), schema.clone());
                debug_assert!(known.is_none_or(|known| known == schema), "two shapes for {name}");
            }
        }
        all
    }
}
