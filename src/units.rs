//! How are times and other quantities turned into disk fields and into words?
//!
//! In memory a span is a [`Duration`]; on disk it is an integer column whose name ends in `_ns`.

pub mod range;

use std::time::Duration;

/// Whole nanoseconds of `span`, saturating after 584 years [ns].
pub fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// `span` with three significant digits and the unit that suits it: `1.23 ms`.
pub fn human_span(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    let (value, unit) = match seconds {
        s if s >= 1.0 => (s, "s"),
        s if s >= 1e-3 => (s * 1e3, "ms"),
        s if s >= 1e-6 => (s * 1e6, "us"),
        s => (s * 1e9, "ns"),
    };
    format!("{} {unit}", three_digits(value))
}

/// `value` with three significant digits, without exponent below a million.
pub fn three_digits(value: f64) -> String {
    match value.abs() {
        v if !v.is_finite() => value.to_string(),
        v if v >= 1e6 => format!("{value:.2e}"),
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `value` with at least four significant digits, without exponent: `4024147`, `23.46`, `0.01235`.
pub fn four_digits(value: f64) -> String {
    const MOST: i32 = 12;
    let magnitude = match value.abs() {
        size if size.is_finite() && size > 0.0 => size.log10().floor() as i32,
        _ => return value.to_string(),
    };
    let decimals = (3 - magnitude).clamp(0, MOST) as usize;
    format!("{value:.decimals$}")
}

/// `count` with `noun` in its number: `1 task`, `2 tasks`, `3 processes`.
pub fn counted(count: impl Into<u64>, noun: &str) -> String {
    let count = count.into();
    let ending = match (count, noun.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {noun}{ending}")
}

/// `cpus` with its noun: `1 CPU`, `1.5 CPUs`, `0.004 CPUs`.
pub fn human_cpus(cpus: f64) -> String {
    let unit = if cpus == 1.0 { "CPU" } else { "CPUs" };
    let scale = if cpus.abs() < 0.01 { 1e4 } else { 1e2 };
    format!("{} {unit}", (cpus * scale).round() / scale)
}

/// `bytes` in binary units: `2 MiB`, `32 KiB`.
pub fn human_bytes(bytes: u64) -> String {
    const STEPS: [(u64, &str); 4] = [
        (1 << 40, "TiB"),
        (1 << 30, "GiB"),
        (1 << 20, "MiB"),
        (1 << 10, "KiB"),
    ];
    match STEPS.iter().find(|(step, _)| bytes >= *step) {
        Some((step, unit)) if bytes.is_multiple_of(*step) => format!("{} {unit}", bytes / step),
        Some((step, unit)) => format!("{} {unit}", three_digits(bytes as f64 / *step as f64)),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_digits_whatever_the_size() {
        let numbers = [4_024_147.0, 1234.5, 23.456, 0.012_345_6, 0.0, -2.0];
        let said = numbers.map(four_digits);
        assert_eq!(said, ["4024147", "1234", "23.46", "0.01235", "0", "-2.000"]);
    }

    #[test]
    fn one_is_no_plural() {
        let said = [
            counted(0_u32, "task"),
            counted(1_u32, "process"),
            counted(2_u32, "process"),
        ];
        assert_eq!(said, ["0 tasks", "1 process", "2 processes"]);
    }

    #[test]
    fn a_small_part_of_a_cpu_is_not_none() {
        let said = [2.0, 1.0, 1.504, 0.05, 0.001].map(human_cpus);
        assert_eq!(
            said,
            ["2 CPUs", "1 CPU", "1.5 CPUs", "0.05 CPUs", "0.001 CPUs"]
        );
    }

    #[test]
    fn spans_keep_three_digits_in_the_unit_that_suits_them() {
        let spans = [12_345_678_900, 1_234_567, 999, 45_600].map(Duration::from_nanos);
        assert_eq!(
            spans.map(human_span),
            ["12.3 s", "1.23 ms", "999 ns", "45.6 us"]
        );
    }

    #[test]
    fn whole_binary_sizes_have_no_fraction() {
        let sizes = [48 << 10, 2 << 20, 1536, 100];
        assert_eq!(
            sizes.map(human_bytes),
            ["48 KiB", "2 MiB", "1.50 KiB", "100 B"]
        );
    }
}
