//! Is any text a run, or an error by line?

use std::io::Cursor;

use super::super::form::{Form, Layout};
use super::super::samples::scan;
use super::damaged::Run;
use super::*;
use crate::text::any_text::survives;

#[test]
fn any_text_is_a_samples_csv_or_an_error() {
    let written: Vec<Record> = Run::records().into_iter().take(4).collect();
    let mut corpus = Vec::new();
    for form in [Form::Plain, Form::Summed] {
        let layout = Layout::own(form);
        let lines = written.iter().map(|record| layout.line(record).unwrap());
        corpus.push(layout.names() + "\n" + &lines.collect::<String>());
    }
    let plan = Run::plan();
    survives(&corpus, |text| {
        for form in [None, Some(Form::Plain), Some(Form::Summed)] {
            for plan in [None, Some(&plan)] {
                let summed = form == Some(Form::Summed);
                let mut bytes = 0;
                let read = scan(Cursor::new(text), (form, plan), &mut |line| {
                    bytes += line.text.len();
                    // With checksums there is no record but those that were written; one that an
                    // edit repeats is refused by who takes them in.
                    if let (Ok(Some(record)), true) = (line.found, summed) {
                        assert!(written.contains(&record), "{record:?}");
                    }
                });
                let _ = read.unwrap();
                assert!(bytes <= text.len());
            }
        }
    });
}

#[test]
fn any_text_is_a_run_json_or_an_error() {
    let header = RunHeader::bare("test", Run::plan());
    let corpus = [serde_json::to_string_pretty(&header).unwrap()];
    survives(&corpus, |text| {
        if let Ok(header) = serde_json::from_slice::<RunHeader>(text) {
            let _ = header.plan.cells.len();
            let _ = header.circumstances();
        }
    });
}
