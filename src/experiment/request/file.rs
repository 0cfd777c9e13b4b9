//! How is a request read from an experiment file?
//!
//! The keys are those of the table of axes and the fields below.

use std::fmt;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
};

use super::{CommandRequest, Request};
use crate::experiment::loose::Loose;
use crate::experiment::{Axes, Axis, Count, Margin, Span};

/// The keys that are no axes, as a text.
const OTHERS: &str =
    "name, rounds, reps, warmups, limit, seed, until, wait-for-quiet, command and simulate";

/// The keys that are no axes.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rest {
    name: Option<String>,
    rounds: Option<Count>,
    reps: Option<Count>,
    warmups: Option<u32>,
    limit: Option<f64>,
    seed: Option<u64>,
    until: Option<Margin>,
    #[serde(rename = "wait-for-quiet", alias = "wait_for_quiet")]
    wait_for_quiet: Option<Span>,
    #[serde(deserialize_with = "table")]
    command: Option<CommandRequest>,
    simulate: Option<IgnoredAny>,
}

/// A command from a table alone: a list would be taken for the values of its fields in their order.
fn table<'de, D: Deserializer<'de>>(input: D) -> Result<Option<CommandRequest>, D::Error> {
    struct Table;

    impl<'de> Visitor<'de> for Table {
        type Value = CommandRequest;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(CommandRequest::FORM)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CommandRequest, A::Error> {
            CommandRequest::deserialize(de::value::MapAccessDeserializer::new(map))
        }
    }

    input.deserialize_map(Table).map(Some)
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let mut axes = Axes::default();
        let rest = input.deserialize_map(Keys { axes: &mut axes })?;
        Ok(Self {
            name: rest.name,
            axes,
            rounds: rest.rounds,
            reps: rest.reps,
            warmups: rest.warmups,
            limit: rest.limit,
            seed: rest.seed,
            until: rest.until,
            wait_for_quiet: rest.wait_for_quiet,
            command: rest.command,
            simulate: rest.simulate,
        })
    }
}

/// Takes the axes out of a map and leaves the rest.
struct Keys<'a> {
    axes: &'a mut Axes,
}

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = Rest;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the keys of an experiment")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rest, A::Error> {
        let Self { axes } = self;
        Rest::deserialize(de::value::MapAccessDeserializer::new(Others { map, axes }))
    }
}

/// A map without its axes, which it puts aside.
struct Others<'a, A> {
    map: A,
    axes: &'a mut Axes,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Others<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let mut seed = Some(seed);
        loop {
            match self.map.next_key_seed(KeySeed(&mut seed))? {
                None => return Ok(None),
                Some(Key::Other(key)) => return Ok(Some(key)),
                Some(Key::Axis(axis)) => self.map.next_value_seed(AxisSeed {
                    axis,
                    axes: self.axes,
                })?,
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

enum Key<T> {
    Axis(Axis),
    Other(T),
}

/// Reads a key, by the given seed where it is no axis. Inside the reader of the file, which then knows
/// where a wrong key stands.
struct KeySeed<'a, K>(&'a mut Option<K>);

impl<'de, K: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<'_, K> {
    type Value = Key<K::Value>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        let key = String::deserialize(input)?;
        if let Ok(axis) = key.parse() {
            return Ok(Key::Axis(axis));
        }
        let seed = self.0.take();
        let seed = seed.ok_or_else(|| D::Error::custom("a key was read twice"))?;
        let text: StrDeserializer<'_, D::Error> = key.as_str().into_deserializer();
        let other: Result<K::Value, D::Error> = seed.deserialize(text);
        other.map(Key::Other).map_err(|_| {
            let axes = Axis::ALL.map(Axis::key).join(", ");
            D::Error::custom(format!(
                "unknown key '{key}'; the keys are {axes}, {OTHERS}"
            ))
        })
    }
}

/// Reads the values of an axis.
struct AxisSeed<'a> {
    axis: Axis,
    axes: &'a mut Axes,
}

impl<'de> DeserializeSeed<'de> for AxisSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        let Loose(text) = Loose::deserialize(input)?;
        self.axes.read(self.axis, &text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_and_other_keys_may_be_mixed() {
        let request: Request =
            toml::from_str("rounds = 3\nn = [8, 9]\nname = \"a\"\nwait = \"active\"").unwrap();
        let said: Vec<String> = request
            .axes
            .iter()
            .map(|(a, v)| format!("{a}={v}"))
            .collect();
        assert_eq!(said, ["n=8,9", "wait=active"]);
        assert_eq!(request.name.as_deref(), Some("a"));
        assert!(request.rounds.is_some());
    }

    #[test]
    fn a_wrong_key_or_value_is_found_where_it_stands() {
        for (line, why) in [
            ("speed = 3", "unknown key 'speed'; the keys are workload"),
            ("wait = \"pasive\"", "spin-then-park.N"),
            ("rounds = 0", "whole number"),
        ] {
            let text = format!("n = 8\n{line}\nseed = 1");
            let error = toml::from_str::<Request>(&text).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert_eq!(
                error.span().unwrap().start.min(12),
                if line.starts_with("speed") { 6 } else { 12 }
            );
        }
    }
}
