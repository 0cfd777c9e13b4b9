//! Which part of a whole is mine? See [`crate::share`].

pub use crate::share::Share;
