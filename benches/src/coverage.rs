//! How often are the claims of the analysis right where the truth is known?

mod bootstrap;
pub mod model;

use model::{Chance, Noise, agreed, best_is_tied, best_is_tied_until, covered};

const ROUNDS: [u32; 5] = [6, 7, 9, 11, 15];

/// Prints, for each kind of noise, how often intervals hold the truth, tie sets the best cell, and
/// two runs of the same cells agree.
pub fn table() {
    let chance = &mut Chance(20_261_121);
    println!("95 % interval of a cell's median holds it [%], 20 000 trials each");
    rows(|noise, rounds| format!("{:5.1}", 100.0 * covered(noise, rounds, 20_000, chance)));
    println!("\nthe same of a bootstrap of rounds and of repetitions within [%], 2000 trials each");
    rows(|noise, rounds| {
        let held = bootstrap::covered(noise, rounds, 2000, chance);
        format!("{:5.1}", 100.0 * held)
    });
    let near: Vec<f64> = (0..16)
        .map(|i| f64::from(i) * if i < 5 { 0.01 } else { 0.1 })
        .collect();
    for (what, levels) in [("equal", vec![0.0; 16]), ("four within 4 %", near.clone())] {
        println!("\nbest of 16 cells, {what}, is in the tie set [%] (mean size), 2000 trials each");
        rows(|noise, rounds| {
            let (held, size) = best_is_tied((noise, &levels), rounds, 2000, chance);
            format!("{:5.1} ({size:4.1})", 100.0 * held)
        });
    }
    println!(
        "\nthe same under --until 2%, from 7 up to 60 rounds (mean further visits), 300 trials"
    );
    for noise in Noise::ALL {
        let (held, further) = best_is_tied_until((noise, &near), 300, chance);
        println!(
            "{:10} {:5.1} ({further:4.0})",
            format!("{noise:?}"),
            100.0 * held
        );
    }
    println!("\ntwo runs of 16 cells agree [% of cells], 2000 trials each");
    rows(|noise, rounds| {
        format!(
            "{:5.1}",
            100.0 * agreed((noise, &near), rounds, 2000, chance)
        )
    });
}

fn rows(mut value: impl FnMut(Noise, u32) -> String) {
    let heads: Vec<String> = ROUNDS.iter().map(|n| format!("{n} rounds")).collect();
    println!("{:10} {}", "", heads.join("  "));
    for noise in Noise::ALL {
        let values: Vec<String> = ROUNDS.iter().map(|n| value(noise, *n)).collect();
        println!("{:10} {}", format!("{noise:?}"), values.join("  "));
    }
}
