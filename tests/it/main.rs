//! The program and the library from outside, one binary for all.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod background;
mod between;
mod blas;
mod browser;
mod calibrate;
mod command;
mod compare;
mod coverage;
mod doctor;
mod explain;
mod figures;
mod files;
mod folder;
mod gallery;
mod host;
mod install;
mod lesson;
mod limits;
mod memory;
mod messages;
mod pages;
mod plot;
mod processes;
mod program;
mod published;
mod recommend;
mod report;
mod runtimes;
mod scripted;
mod simulate;
mod standstill;
mod sweep;
mod trace;
mod validate;
mod watch;
