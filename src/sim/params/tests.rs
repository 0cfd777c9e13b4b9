//! Parameter files: what is read, and what is refused.

use super::*;
use crate::text::any_text::survives_text;

#[test]
fn every_preset_can_be_read_and_is_complete() {
    for (name, _) in PRESETS {
        let preset = Parameters::preset(name).unwrap();
        assert_eq!(preset.name, name);
        let optional = ["quantum", "yield_share"];
        let optional = |name: &&str| optional.contains(name) || name.starts_with("region_");
        let known = UNITS.map(|(name, ..)| name).into_iter();
        let known = known.filter(|name| !optional(name));
        assert!(preset.parameters.keys().eq(known), "{name}");
        assert!(
            !preset.is_calibrated(),
            "{name} was not measured on the user's machine"
        );
    }
}

#[test]
fn what_a_file_does_not_say_is_a_default() {
    let text = "format_version = 2\nname = 'mine'\nmachine = 'here'\n[parameters]\n\
         switch = { value = 2000, interval = [1800, 2300], unit = 'ns', provenance = 'measured', source = 'calibrate' }";
    let mine = Parameters::read("mine.toml", text).unwrap();
    assert_eq!(
        (mine.value("switch"), mine.provenance("switch")),
        (2000.0, Provenance::Measured)
    );
    assert_eq!(mine.provenance("take"), Provenance::Default);
    assert_eq!(mine.summary(), "1 measured, 34 default");
}

#[test]
fn files_that_mean_nothing_are_refused_with_the_reason() {
    let file = |version: u32, line: &str| {
        format!("format_version = {version}\nname = 'x'\nmachine = 'x'\n[parameters]\n{line}")
    };
    let parameter = |name: &str, value: &str, unit: &str| {
        let rest = "provenance = 'user', source = 'x'";
        file(
            2,
            &format!("{name} = {{ value = {value}, interval = [1, 9], unit = '{unit}', {rest} }}"),
        )
    };
    for (text, why) in [
        (file(1, ""), "format version 1"),
        (parameter("switch", "5", "us"), "unit 'us' must be 'ns'"),
        (parameter("swich", "5", "ns"), "'swich': unknown"),
        (parameter("switch", "10", "ns"), "must lie in its interval"),
        (
            file(
                2,
                "switch = { value = 5, interval = [1, 9], provenance = 'user', source = 'x' }",
            ),
            "line 5: missing field `unit`",
        ),
        ("[[".to_owned(), "is no parameter file"),
    ] {
        let error = Parameters::read("x.toml", &text).unwrap_err().to_string();
        assert!(error.contains(why) && error.lines().count() == 1, "{error}");
    }
    assert!(
        Parameters::preset("pdp-11")
            .unwrap_err()
            .to_string()
            .contains("generic")
    );
}

#[test]
fn any_text_is_a_parameter_file_or_an_error() {
    let corpus = [PRESETS[0].1, PRESETS[1].1, PRESETS[4].1];
    survives_text(&corpus, |text| {
        if let Ok(parameters) = Parameters::read("any", text) {
            let _ = parameters.summary();
            for parameter in parameters.parameters.values() {
                assert!(parameter.value.is_finite() && parameter.value >= 0.0);
            }
        }
    });
}
